# SPDX-License-Identifier: MIT
"""Files that are put below a root directory all or none, with a record by which they can be taken away again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from scons_kmod.base.atomic import write_text
from scons_kmod.base.errors import MachineError, UserError

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


@dataclasses.dataclass(frozen=True)
class Entry:
    """A file that we have put somewhere: for whom, and its digest. While it is replaced, that of the old one, too."""

    owner: str
    digests: tuple[str, ...]


class PlacedFiles:
    """What was put below `root`, by its path there, and the directories that were made for it; kept in a record."""

    def __init__(self, root: Path, record: str) -> None:
        """`record` is a path relative to the root. Raises `UserError` if it is damaged, `MachineError`."""
        self.root = root
        self.record = root / record
        self.files, self.directories = read_record(self.record)

    def put(self, files: Sequence[NewFile]) -> list[Path]:
        """Put the files in their places, and take away what their owners had before; returns the places.

        Nothing is changed unless all can be written. Raises `UserError` and `MachineError`.
        """
        for file in files:
            self.check_free(file)
        before = dict(self.files)
        owners, paths = {file.owner for file in files}, {file.path for file in files}
        old = [path for path, entry in self.files.items() if entry.owner in owners and path not in paths]
        new = {file.path: Entry(file.owner, (digest(file.data),)) for file in files}
        staged: list[tuple[str, Path]] = []
        made: list[Path] = []
        try:
            for file in files:
                staged.append((stage(self.root / file.path, file.data, made), self.root / file.path))
            # Recorded first: what a killed run leaves can be taken away, too.
            self.files |= {path: Entry(one.owner, one.digests + digests_of(before, path)) for path, one in new.items()}
            self.write(made)
            for name, place in staged:
                Path(name).replace(place)
        except OSError as error:
            for name, _ in staged:
                Path(name).unlink(missing_ok=True)
            self.files = before
            with suppress(OSError):
                self.write([])
            remove_empty(made)
            raise MachineError(f"{error.strerror}", where=str(error.filename or self.root), fix=FIX) from error
        self.files |= new
        self.take_away(old)
        return [place for _, place in staged]

    def check_free(self, file: NewFile) -> None:
        """Raise `UserError` if something that is not ours would be replaced."""
        place = self.root / file.path
        if place.is_dir():
            raise UserError("a directory is in the place of a file", where=str(place), fix="move it away")
        if not file.shared or not place.exists():
            return
        there = digest(place.read_bytes())
        if there != digest(file.data) and there not in digests_of(self.files, file.path):
            raise UserError("it is there, and not as we wrote it", where=str(place), fix="move it away")

    def owners(self) -> set[str]:
        """Whose files there are."""
        return {entry.owner for entry in self.files.values()}

    def remove(self, owners: set[str], keep: Callable[[str], bool]) -> tuple[list[Path], list[Path]]:
        """Take away the files of these owners, but for those that `keep` says are needed.

        Returns what was removed, and what was left since it is not as we wrote it. Raises `MachineError`.
        """
        return self.take_away([path for path, entry in self.files.items() if entry.owner in owners], keep)

    def take_away(
        self, paths: Sequence[str], keep: Callable[[str], bool] = lambda _: False
    ) -> tuple[list[Path], list[Path]]:
        """Remove files that are as we wrote them, and our directories that are empty then; forget all of `paths`."""
        removed, left = [], []
        try:
            for path in paths:
                entry, place = self.files.pop(path), self.root / path
                if not place.exists() or keep(path):
                    continue
                if digest(place.read_bytes()) in entry.digests:
                    place.unlink()
                    removed.append(place)
                else:
                    left.append(place)
            self.write([])
        except OSError as error:
            raise MachineError(f"{error.strerror}", where=str(error.filename or self.root), fix=FIX) from error
        return removed, left

    def write(self, made: list[Path]) -> None:
        """Write the record, with the directories that were made; or remove one of no files, and what it stands in."""
        if not self.files:
            self.record.unlink(missing_ok=True)
        remove_empty([self.root / path for path in self.directories])
        if self.files:
            make_directory(self.record.parent, made)
            below = (path for path in made if path.is_relative_to(self.root) and path != self.root)
            known = (path for path in self.directories if (self.root / path).is_dir())
            self.directories = sorted({*known, *(str(path.relative_to(self.root)) for path in below)})
            write_text(self.record, json.dumps(self.to_json(), indent=1) + "\n")

    def to_json(self) -> dict[str, Any]:
        """The record in types that JSON has."""
        files = {path: {"owner": one.owner, "sha256": one.digests} for path, one in sorted(self.files.items())}
        return {"files": files, "directories": self.directories}


def digests_of(files: Mapping[str, Entry], path: str) -> tuple[str, ...]:
    """The digests that a file of ours may have."""
    return files[path].digests if path in files else ()


def read_record(path: Path) -> tuple[dict[str, Entry], list[str]]:
    """The files in a record and the directories made for them; none if there is no record.

    Raises `UserError` for a damaged one, and `MachineError`.
    """
    try:
        record: Any = json.loads(path.read_text())
        files = {str(name): Entry(str(e["owner"]), tuple(e["sha256"])) for name, e in record["files"].items()}
        return files, list(map(str, record["directories"]))
    except FileNotFoundError:
        return {}, []
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
        directory.chmod(0o755)
        made.append(directory)


def remove_empty(paths: Iterable[Path]) -> None:
    """Remove those of the directories that have nothing in them, the inner ones first."""
    for path in sorted(paths, key=lambda path: -len(path.parts)):
        with suppress(OSError):
            path.rmdir()


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
