# SPDX-License-Identifier: MIT
"""``[generate.NAME]`` of a manifest: a program of the module that writes sources of the module."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.base.located_toml import Table
from scons_kmod.manifest.keys import key
from scons_kmod.manifest.kinds import Form, Integer, Texts
from scons_kmod.manifest.paths import ExistingPath, MatchingFiles

NAME = Form(r"[\w-]+", "{!r} is not a valid name of a generator", "use letters, digits, _ and -")
OUTPUT = Form(r"[\w-][\w.-]*(/[\w-][\w.-]*)*", "{!r} can't be used here", "name files by relative paths: tables/sine.h")
ENDINGS = (".py", ".c", ".rs")
DEFAULT_TIMEOUT = 60


@dataclasses.dataclass(frozen=True)
class Generator:
    """The keys of [generate.NAME], and the name.

    An argument that is one of the inputs, as the manifest names it, becomes that file's path. `where` is the table's
    line in the manifest, for errors.
    """

    name: str
    program: Path = key(ExistingPath(), "The program's source, in Python (`.py`), C (`.c`) or Rust (`.rs`).")
    outputs: tuple[str, ...] = key(
        Texts(OUTPUT, empty="must name a file"), "The files that the program writes in its working directory."
    )
    inputs: tuple[Path, ...] = key(MatchingFiles(), "Files of the module that the program reads.", default=())
    arguments: tuple[str, ...] = key(
        Texts(), "The program's args. The name of an input becomes the path to this input.", default=()
    )
    timeout: int = key(Integer(1, "seconds"), "The time limit, in seconds.", default=DEFAULT_TIMEOUT)
    where: str = ""


def complete_generator(generator: Generator, table: Table, _directory: Path) -> Generator:
    """The table with its line. Raises `UserError` if the program is not in a supported language."""
    if generator.program.suffix not in ENDINGS:
        table.wrong("program", "is not in a supported language", f"name a file that ends in {', '.join(ENDINGS)}")
    return dataclasses.replace(generator, where=table.located.where(table.key))


def check_outputs(generators: Iterable[Generator], table: Table) -> None:
    """Raise `UserError` if two generators of a module write one file. `table` is the one that holds theirs."""
    writers: dict[str, str] = {}
    for generator in generators:
        for output in generator.outputs:
            other = writers.setdefault(output, generator.name)
            if other != generator.name:
                table.wrong(generator.name, f"{output} is also written by {other}", "rename one of the files")
