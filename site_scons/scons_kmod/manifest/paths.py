# SPDX-License-Identifier: MIT
"""Keys that name files and directories, which all lie within the directory of the manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Key, Located, Table
from scons_kmod.manifest.kinds import Kind

GLOB = frozenset("*?[")
# Directories of a module that hold no sources. Hidden directories hold none either.
NO_SOURCES = ("build", "__pycache__")


class MissingFileError(UserError):
    """A file that a manifest names is not there, or none that matches a pattern: `path`."""

    def __init__(self, path: Path, message: str, *, where: str, fix: str) -> None:
        super().__init__(message, where=where, fix=fix)
        self.path = path


# What `missing_files` collects; None if a missing file is an error.
_missing: ContextVar[list[MissingFileError] | None] = ContextVar("missing", default=None)


@contextmanager
def missing_files() -> Iterator[list[MissingFileError]]:
    """Collect the files that are missing while the body reads manifests, instead of raising an error for the first."""
    errors: list[MissingFileError] = []
    token = _missing.set(errors)
    try:
        yield errors
    finally:
        _missing.reset(token)


def report_missing(error: MissingFileError) -> None:
    """Raise the error, unless `missing_files` collects it."""
    errors = _missing.get()
    if errors is None:
        raise error
    errors.append(error)


def missing_count() -> int:
    """How many errors `missing_files` has collected so far. Other errors may follow from them."""
    return len(_missing.get() or ())


class ExistingPath(Kind):
    """The path of a file, or of what `exists` asks for."""

    def __init__(self, exists: Callable[[Path], bool] = Path.is_file, label: str = "path of a file") -> None:
        self.exists = exists
        self.label = label

    def read(self, table: Table, name: str, directory: Path) -> Path:
        """The path, absolute and without symbolic links."""
        return path_within(table.located, directory, (*table.key, name), table.string(name), self.exists)

    def schema(self) -> dict[str, Any]:
        """A string: whether the file exists can't be said."""
        return {"type": "string", "minLength": 1}


class ExistingPaths(Kind):
    """The paths of files, or of what `exists` asks for, named one by one."""

    def __init__(self, exists: Callable[[Path], bool] = Path.is_file, label: str = "array of files") -> None:
        self.exists = exists
        self.label = label

    def read(self, table: Table, name: str, directory: Path) -> tuple[Path, ...]:
        """The paths, absolute and without symbolic links."""
        return tuple(
            path_within(table.located, directory, (*table.key, name, number), path, self.exists)
            for number, path in enumerate(table.strings(name))
        )

    def schema(self) -> dict[str, Any]:
        """An array of strings."""
        return {"type": "array", "items": {"type": "string", "minLength": 1}}


class MatchingFiles(Kind):
    """Files that an array names or that its patterns (``src/*.c``, ``**``) match; each once, those of one by name."""

    label = "array of files or patterns"

    def read(self, table: Table, name: str, directory: Path) -> tuple[Path, ...]:
        """The files' paths, absolute and without symbolic links."""
        files: dict[Path, None] = {}
        for number, pattern in enumerate(table.strings(name)):
            files |= dict.fromkeys(matching_files(table.located, directory, (*table.key, name, number), pattern))
        return tuple(files)

    def schema(self) -> dict[str, Any]:
        """An array of strings."""
        return {"type": "array", "items": {"type": "string", "minLength": 1}}


def path_within(
    located: Located, directory: Path, key: Key, value: str, exists: Callable[[Path], bool] = Path.is_file
) -> Path:
    """What a key names, which must exist within the directory: a file, unless `exists` asks for something else.

    Raises `UserError`, with the line of the key.
    """
    where = located.where(key)
    path = (directory / value).resolve()
    if not path.is_relative_to(directory):
        raise UserError(f"{value} is outside of the module's directory", where=where, fix=f"move it into {directory}")
    if not exists(path):
        fix = f"create {path}, or name another file"
        report_missing(MissingFileError(path, f"{value} does not exist", where=where, fix=fix))
    return path


def matching_files(located: Located, directory: Path, key: Key, pattern: str) -> list[Path]:
    """The files that a name or a pattern stands for. Raises `UserError` if there is none."""
    if not GLOB & set(pattern) or (directory / pattern).is_file():
        return [path_within(located, directory, key, pattern)]
    where = located.where(key)
    if pattern.startswith("/"):
        raise UserError(f"{pattern} is outside of the module's directory", where=where, fix=f"begin at {directory}")
    try:
        paths = [path for path in directory.glob(pattern) if path.is_file() and is_source(path.relative_to(directory))]
    except ValueError as error:
        raise UserError(
            f"{pattern} is not a valid pattern: {error}", where=where, fix="write src/*.c or src/**/*.c"
        ) from error
    files = sorted(path.resolve() for path in paths)
    if not files:
        fix = f"create one below {directory}, or leave it out"
        report_missing(MissingFileError(directory / pattern, f"{pattern} matches no file", where=where, fix=fix))
    for path in files:
        path_within(located, directory, key, str(path))
    return files


def is_source(path: Path) -> bool:
    """Whether a file, by its path below the module's directory, may be one of its sources: neither hidden nor built."""
    return not any(part.startswith(".") or part in NO_SOURCES for part in path.parts if part != "..")
