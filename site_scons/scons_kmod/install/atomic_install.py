# SPDX-License-Identifier: MIT
"""Install files below a root directory, all or none, and remove them again with the help of a record."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from scons_kmod.base.errors import MachineError, UserError
from scons_kmod.install.record import (
    NAME_WRITABLE_DIRECTORY,
    InstallRecord,
    RecordEntry,
    content_digest,
    create_directory,
    remove_empty_directories,
)


@dataclasses.dataclass(frozen=True)
class NewFile:
    """A file to install at `path`, relative to the root, for the module `owner`.

    A `shared` file lies in a directory where other people may have a file of that name. Theirs is not replaced.
    """

    path: str
    data: bytes
    owner: str
    shared: bool = False


def install_files(record: InstallRecord, files: Sequence[NewFile]) -> list[Path]:
    """Install the files, and remove what their owners had installed before; returns the paths of the new files.

    Installation is atomic: if one file can't be written, nothing is changed. Raises `UserError` and `MachineError`.
    """
    for file in files:
        check_free(record, file)
    before = dict(record.files)
    owners, paths = {file.owner for file in files}, {file.path for file in files}
    old = [path for path, entry in record.files.items() if entry.owner in owners and path not in paths]
    new = {file.path: RecordEntry(file.owner, (content_digest(file.data),)) for file in files}
    temporary: list[tuple[Path, Path]] = []
    new_directories: list[Path] = []
    try:
        for file in files:
            path = record.root / file.path
            temporary.append((write_beside(path, file.data, new_directories), path))
        # The record comes first, so that after a killed run, too, all that it has written can be removed.
        record.files |= {
            path: RecordEntry(entry.owner, entry.digests + recorded_digests(before, path))
            for path, entry in new.items()
        }
        record.save(new_directories)
        for source, path in temporary:
            source.replace(path)
    except OSError as error:
        for source, _ in temporary:
            source.unlink(missing_ok=True)
        record.files = before
        with suppress(OSError):
            record.save([])
        remove_empty_directories(new_directories)
        raise install_error(record, error) from error
    record.files |= new
    remove_paths(record, old)
    return [path for _, path in temporary]


def check_free(record: InstallRecord, file: NewFile) -> None:
    """Raise `UserError` if the file would replace something that scons did not install."""
    path = record.root / file.path
    if path.is_dir():
        raise UserError("a directory has the path of a file to install", where=str(path), fix="move it away")
    if not file.shared or not path.exists():
        return
    existing = content_digest(path.read_bytes())
    if existing != content_digest(file.data) and existing not in recorded_digests(record.files, file.path):
        raise UserError("scons did not write this file, or it has changed since", where=str(path), fix="move it away")


def remove_files(
    record: InstallRecord, owners: set[str], is_needed: Callable[[str], bool]
) -> tuple[list[Path], list[Path]]:
    """Remove the files of these owners, except those for which `is_needed` is true of the path below the root.

    Returns the paths that were removed, and those that were left as somebody has changed them. Raises `MachineError`.
    """
    return remove_paths(record, [path for path, entry in record.files.items() if entry.owner in owners], is_needed)


def remove_paths(
    record: InstallRecord, paths: Sequence[str], is_needed: Callable[[str], bool] = lambda _: False
) -> tuple[list[Path], list[Path]]:
    """Remove the files at `paths` that nobody has changed, and recorded directories that are empty then.

    None of `paths` is in the record afterwards. Returns the same as `remove_files`.
    """
    removed, changed = [], []
    try:
        for path in paths:
            entry, installed = record.files.pop(path), record.root / path
            if not installed.exists() or is_needed(path):
                continue
            if content_digest(installed.read_bytes()) in entry.digests:
                installed.unlink()
                removed.append(installed)
            else:
                changed.append(installed)
        record.save([])
    except OSError as error:
        raise install_error(record, error) from error
    return removed, changed


def recorded_digests(files: Mapping[str, RecordEntry], path: str) -> tuple[str, ...]:
    """The digests that the file at `path` may have if nobody has changed it; none if it is not in `files`."""
    return files[path].digests if path in files else ()


def write_beside(path: Path, data: bytes, new_directories: list[Path]) -> Path:
    """Write a temporary file in the directory of `path`; returns its path.

    Directories that had to be created are appended to `new_directories`. Raises `OSError`.
    """
    create_directory(path.parent, new_directories)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.chmod(0o644)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def install_error(record: InstallRecord, error: OSError) -> MachineError:
    """The error to raise if a file below the root can't be written or removed."""
    return MachineError(f"{error.strerror}", where=str(error.filename or record.root), fix=NAME_WRITABLE_DIRECTORY)
