# SPDX-License-Identifier: MIT
"""Files and directories that a manifest names: all lie within the directory of its module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Key, Located, Table

GLOB = frozenset("*?[")
# Directories of a module that hold no sources, nor do hidden ones.
NO_SOURCES = ("build", "__pycache__")


def inside(
    located: Located, directory: Path, key: Key, value: str, there: Callable[[Path], bool] = Path.is_file
) -> Path:
    """What a key names, which must exist within the module's directory: a file, unless `there` asks otherwise."""
    where = located.where(key)
    path = (directory / value).resolve()
    if not path.is_relative_to(directory):
        raise UserError(f"{value} lies outside of the module's directory", where=where, fix=f"move it into {directory}")
    if not there(path):
        raise UserError(f"{value} is not there", where=where, fix=f"make {path}, or name another file")
    return path


def own_paths(
    table: Table, directory: Path, key: str, there: Callable[[Path], bool] = Path.is_file, **default: tuple[str, ...]
) -> tuple[Path, ...]:
    """The files, or directories, that a list of a table names one by one."""
    names = table.strings(key, **default)
    places = ((*table.key, key, number) for number in range(len(names)))
    return tuple(
        inside(table.located, directory, place, name, there) for place, name in zip(places, names, strict=True)
    )


def matching_files(table: Table, directory: Path, key: str, **default: tuple[str, ...]) -> tuple[Path, ...]:
    """The files that a list of a table names, or that its patterns (``src/*.c``, ``**``) match; each once, by name."""
    found: dict[Path, None] = {}
    for number, name in enumerate(table.strings(key, **default)):
        place = (*table.key, key, number)
        found |= dict.fromkeys(matches(table.located, directory, place, name))
    return tuple(found)


def matches(located: Located, directory: Path, key: Key, name: str) -> list[Path]:
    """The files that a name or a pattern stands for. Raises `UserError` if there is none."""
    if not GLOB & set(name) or (directory / name).is_file():
        return [inside(located, directory, key, name)]
    where = located.where(key)
    if name.startswith("/"):
        raise UserError(f"{name} lies outside of the module's directory", where=where, fix=f"begin at {directory}")
    try:
        found = [path for path in directory.glob(name) if path.is_file() and is_source(path.relative_to(directory))]
    except ValueError as error:
        raise UserError(f"{name} is no pattern: {error}", where=where, fix="write src/*.c or src/**/*.c") from error
    files = sorted(path.resolve() for path in found)
    if not files:
        raise UserError(f"{name} matches no file", where=where, fix=f"make one below {directory}, or leave it out")
    for path in files:
        inside(located, directory, key, str(path))
    return files


def is_source(path: Path) -> bool:
    """Whether a file, by its path below the module's directory, may be one of its sources: neither hidden nor built."""
    return not any(part.startswith(".") or part in NO_SOURCES for part in path.parts if part != "..")
