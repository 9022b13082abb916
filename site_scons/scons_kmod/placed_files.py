# SPDX-License-Identifier: MIT
"""Files that are put below a root directory all or none, with a record by which they can be taken away again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from scons_kmod.atomic import write_text
from scons_kmod.errors import MachineError, UserError

FIX = "name a directory that can be written: DESTDIR="


@dataclasses.dataclass(frozen=True)
class NewFile:
    """A file to put at `path`, relative to the root, for the module `owner`.

    One that is `shared` lies where others may have put a file of that name; theirs is not replaced.
    """

    path: str
    data: bytes
    owner: str
    shared: bool = False


class PlacedFiles:
    """What was put below `root`, as the record at `record` has it: of each path, its owner and the digest of it."""

    def __init__(self, root: Path, record: str) -> None:
        """`record` is a path relative to the root. Raises `UserError` if it is damaged, `MachineError`."""
        self.root = root
        self.record = root / record
        self.known: dict[str, dict[str, str]] = read_record(self.record)

    def put(self, files: Sequence[NewFile]) -> list[Path]:
        """Put the files in their places, and take away what their owners had before; returns the places.

        Nothing is changed unless all can be written. Raises `UserError` and `MachineError`.
        """
        for file in files:
            self.check_free(file)
        owners = {file.owner for file in files}
        paths = {file.path for file in files}
        old = [path for path, entry in self.known.items() if entry["owner"] in owners and path not in paths]
        staged: list[tuple[str, Path]] = []
        made: list[Path] = []
        try:
            for file in files:
                staged.append((stage(self.root / file.path, file.data, made), self.root / file.path))
            # Recorded first: what a killed run leaves can be taken away, too.
            new = {file.path: {"owner": file.owner, "sha256": digest(file.data)} for file in files}
            self.known |= new
            self.write(made)
            for name, place in staged:
                Path(name).replace(place)
        except OSError as error:
            for name, _ in staged:
                Path(name).unlink(missing_ok=True)
            remove_empty(made)
            raise MachineError(f"{error.strerror}", where=str(error.filename or self.root), fix=FIX) from error
        self.take_away(old)
        return [place for _, place in staged]

    def check_free(self, file: NewFile) -> None:
        """Raise `UserError` if a file that is not ours would be replaced."""
        place = self.root / file.path
        if not file.shared or not place.exists():
            return
        there = digest(place.read_bytes())
        if there != digest(file.data) and there != self.known.get(file.path, {}).get("sha256"):
            raise UserError("it is there, and not as we wrote it", where=str(place), fix="move it away")

    def owners(self) -> set[str]:
        """Whose files there are."""
        return {entry["owner"] for entry in self.known.values()}

    def remove(self, owners: set[str], keep: Callable[[str], bool]) -> tuple[list[Path], list[Path]]:
        """Take away the files of these owners, but for those that `keep` says are needed.

        Returns what was removed, and what was left since it is not as we wrote it. Raises `MachineError`.
        """
        return self.take_away([path for path, entry in self.known.items() if entry["owner"] in owners], keep)

    def take_away(
        self, paths: Sequence[str], keep: Callable[[str], bool] = lambda _: False
    ) -> tuple[list[Path], list[Path]]:
        """Remove files that are as we wrote them, and the directories that they leave empty; forget all of `paths`."""
        removed, left = [], []
        try:
            for path in paths:
                entry, place = self.known.pop(path), self.root / path
                if not place.exists() or keep(path):
                    continue
                if digest(place.read_bytes()) == entry["sha256"]:
                    place.unlink()
                    removed.append(place)
                else:
                    left.append(place)
            self.write([])
            remove_empty({parent for place in removed for parent in directories(self.root, place)})
        except OSError as error:
            raise MachineError(f"{error.strerror}", where=str(error.filename or self.root), fix=FIX) from error
        return removed, left

    def write(self, made: list[Path]) -> None:
        """Write the record, or remove one that would be empty."""
        if self.known:
            make_directory(self.record.parent, made)
            write_text(self.record, json.dumps({"files": dict(sorted(self.known.items()))}, indent=1) + "\n")
        else:
            self.record.unlink(missing_ok=True)


def read_record(path: Path) -> dict[str, dict[str, str]]:
    """The files in a record; none if there is no record. Raises `UserError` for a damaged one, and `MachineError`."""
    try:
        files: Any = json.loads(path.read_text())["files"]
        return {str(name): {"owner": str(e["owner"]), "sha256": str(e["sha256"])} for name, e in files.items()}
    except FileNotFoundError:
        return {}
    except NotADirectoryError as error:
        raise MachineError("Not a directory", where=str(path), fix=FIX) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        fix = "remove it; what it speaks of has to be removed by hand"
        raise UserError("this record of installed files can't be read", where=str(path), fix=fix) from error


def stage(place: Path, data: bytes, made: list[Path]) -> str:
    """Write a file beside its place; returns its name. Directories that had to be made are added to `made`."""
    make_directory(place.parent, made)
    handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return name


def make_directory(directory: Path, made: list[Path]) -> None:
    """Make a directory and those above it, and add each that was not there to `made`."""
    if not directory.is_dir():
        make_directory(directory.parent, made)
        directory.mkdir()
        made.append(directory)


def directories(root: Path, place: Path) -> list[Path]:
    """The directories between a file and the root."""
    return [parent for parent in place.parents if parent.is_relative_to(root) and parent != root]


def remove_empty(paths: Iterable[Path]) -> None:
    """Remove those of the directories that have nothing in them, the inner ones first."""
    for path in sorted(paths, key=lambda path: -len(path.parts)):
        with suppress(OSError):
            path.rmdir()


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
