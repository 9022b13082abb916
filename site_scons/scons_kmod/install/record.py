# SPDX-License-Identifier: MIT
"""The record of installed files: the owner and digest of each, and the directories that were created for them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from scons_kmod.base.atomic import write_text
from scons_kmod.base.errors import MachineError, UserError

NAME_WRITABLE_DIRECTORY = "name a directory that can be written: DESTDIR="


@dataclasses.dataclass(frozen=True)
class RecordEntry:
    """An installed file: the module that owns it, and its digest. While the file is replaced, also the old digests."""

    owner: str
    digests: tuple[str, ...]


class InstallRecord:
    """The files that were installed below the directory `root`, and the directories that were created for them.

    `files` and `directories` have paths relative to `root`. The record is itself a file below `root`.
    """

    def __init__(self, root: Path, path: str) -> None:
        """Read the record, whose `path` is relative to `root`. Raises `UserError` if it is damaged, `MachineError`."""
        self.root = root
        self.path = root / path
        self.files, self.directories = read_record(self.path)

    def owners(self) -> set[str]:
        """The modules that own a file."""
        return {entry.owner for entry in self.files.values()}

    def save(self, new_directories: list[Path]) -> None:
        """Write the record, with the directories that were created since; if it has no files, remove it instead.

        Recorded directories that are empty now are removed. Raises `OSError`.
        """
        if not self.files:
            self.path.unlink(missing_ok=True)
        remove_empty_directories([self.root / path for path in self.directories])
        if self.files:
            create_directory(self.path.parent, new_directories)
            below_root = (path for path in new_directories if path.is_relative_to(self.root) and path != self.root)
            existing = (path for path in self.directories if (self.root / path).is_dir())
            self.directories = sorted({*existing, *(str(path.relative_to(self.root)) for path in below_root)})
            write_text(self.path, json.dumps(self.to_json(), indent=1) + "\n")

    def to_json(self) -> dict[str, Any]:
        """The record as JSON types."""
        files = {path: {"owner": entry.owner, "sha256": entry.digests} for path, entry in sorted(self.files.items())}
        return {"files": files, "directories": self.directories}


def read_record(path: Path) -> tuple[dict[str, RecordEntry], list[str]]:
    """The files and directories of a record, by their paths below the root; none if there is no record.

    Raises `UserError` if the record is damaged, and `MachineError`.
    """
    try:
        record: Any = json.loads(path.read_text())
        files = {str(name): RecordEntry(str(e["owner"]), tuple(e["sha256"])) for name, e in record["files"].items()}
        return files, list(map(str, record["directories"]))
    except FileNotFoundError:
        return {}, []
    except NotADirectoryError as error:
        raise MachineError("Not a directory", where=str(path), fix=NAME_WRITABLE_DIRECTORY) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        fix = "remove it, and the files that it lists, by hand"
        raise UserError("this record of installed files can't be read", where=str(path), fix=fix) from error


def create_directory(directory: Path, new_directories: list[Path]) -> None:
    """Create a directory and its parents, and append those that did not exist to `new_directories`."""
    if not directory.is_dir():
        create_directory(directory.parent, new_directories)
        directory.mkdir()
        directory.chmod(0o755)
        new_directories.append(directory)


def remove_empty_directories(directories: Iterable[Path]) -> None:
    """Remove those of the directories that are empty, the inner ones first."""
    for directory in sorted(directories, key=lambda path: -len(path.parts)):
        with suppress(OSError):
            directory.rmdir()


def content_digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
