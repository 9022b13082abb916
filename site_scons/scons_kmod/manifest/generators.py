# SPDX-License-Identifier: MIT
"""``[generate.NAME]`` of a manifest: a program of the module's own that writes sources of it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Table
from scons_kmod.manifest.paths import inside, matching_files

NAME = re.compile(r"[\w-]+")
OUTPUT = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*")
ENDINGS = (".py", ".c", ".rs")
# Seconds.
PATIENCE = 60


@dataclasses.dataclass(frozen=True)
class Generator:
    """`program` is a source in Python, C or Rust, for the machine that builds. It reads `inputs` and no other file of
    the module, and writes `outputs`, paths below the directory of generated sources, within `patience` seconds.

    A word of `arguments` that is one of the inputs, as the manifest names it, becomes that file's path. `where` is the
    table's place in the manifest.
    """

    name: str
    program: Path
    inputs: tuple[Path, ...]
    outputs: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    patience: int = PATIENCE
    where: str = ""


def read_generators(table: Table, directory: Path) -> tuple[Generator, ...]:
    """Read and check the tables. Raises `UserError`; also if two generators write one file."""
    found = tuple(read_generator(table.table(name), name, directory) for name in table.values)
    table.done()
    known: dict[str, str] = {}
    for one in found:
        for output in one.outputs:
            other = known.setdefault(output, one.name)
            if other != one.name:
                table.wrong(one.name, f"{output} is written by {other} too", "rename one of the files")
    return found


def read_generator(table: Table, name: str, directory: Path) -> Generator:
    """One of the tables."""
    where = table.located.where(table.key)
    if not NAME.fullmatch(name):
        raise UserError(f"{name!r} is no name for a generator", where=where, fix="use letters, digits, _ and -")
    program = inside(table.located, directory, (*table.key, "program"), table.string("program"))
    if program.suffix not in ENDINGS:
        table.wrong("program", "is in none of the languages", f"name a file that ends in {', '.join(ENDINGS)}")
    outputs = table.strings("outputs")
    for output in outputs:
        if not OUTPUT.fullmatch(output):
            table.wrong("outputs", f"{output!r} can't be used here", "name files by relative paths: tables/sine.h")
    if not outputs:
        table.wrong("outputs", "must name a file")
    patience = table.integer("timeout", default=PATIENCE)
    if patience < 1:
        table.wrong("timeout", "must be at least 1, in seconds")
    made = Generator(
        name=name,
        program=program,
        inputs=matching_files(table, directory, "inputs", default=()),
        outputs=outputs,
        arguments=table.strings("arguments", default=()),
        patience=patience,
        where=where,
    )
    table.done()
    return made
