# SPDX-License-Identifier: MIT
"""``[c]`` of a manifest: the C and assembly sources of a module, and what is added to the kernel's flags for them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.base.located_toml import Table
from scons_kmod.manifest.paths import matches, matching_files, own_paths

DEFINE = re.compile(r"[A-Za-z_]\w*(=.*)?", re.DOTALL)
# What a flag may be: nothing that names a file to read or to write, so that all that is read is known.
FLAG = re.compile(r"-(W(?![pal],)|O|D|U|m|std=|ansi$|pedantic$|f)\S*")
# Those of the form -f... that do.
FILES = re.compile(
    r"-f(plugin|dump|profile|auto-profile|callgraph|stack-usage|test-coverage|opt-info|save-|module|syntax-only"
    r"|randomize-layout-seed-file|sanitize-(blacklist|ignorelist)|diagnostics-format)"
)
ENDINGS = (".c", ".S")


@dataclasses.dataclass(frozen=True)
class FileFlags:
    """What differs for one source: `flags` are added after all others, flags in `without` are not given."""

    source: Path
    flags: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class CCode:
    """`sources` are C (``.c``) and assembly (``.S``). `include` are directories of headers, `first` headers that each
    source includes before anything else; `defines` are macros, NAME or NAME=VALUE, for both languages. `flags` are for
    C alone, `asm_flags` for assembly. `without` are flags of the kernel's that are not given.
    """

    sources: tuple[Path, ...] = ()
    include: tuple[Path, ...] = ()
    first: tuple[Path, ...] = ()
    defines: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    asm_flags: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    files: tuple[FileFlags, ...] = ()

    def of(self, source: Path) -> FileFlags:
        """What differs for a source, from all entries that name it."""
        some = [one for one in self.files if one.source == source]
        return FileFlags(
            source, tuple(f for one in some for f in one.flags), tuple(f for one in some for f in one.without)
        )


def read_c(table: Table, directory: Path) -> CCode:
    """Read and check the table. Raises `UserError`."""
    sources = matching_files(table, directory, "sources", default=())
    for source in sources:
        if source.suffix not in ENDINGS:
            table.wrong(
                "sources", f"{source.name} is neither C nor assembly", f"name files that end in {' or '.join(ENDINGS)}"
            )
    code = CCode(
        sources=sources,
        include=own_paths(table, directory, "include", Path.is_dir, default=()),
        first=own_paths(table, directory, "include-first", default=()),
        defines=read_defines(table),
        flags=read_flags(table, "flags"),
        asm_flags=read_flags(table, "asm-flags"),
        without=table.strings("without-flags", default=()),
        files=read_file_flags(table, directory, sources),
    )
    table.done()
    check_objects(table, directory, sources)
    return code


def read_defines(table: Table) -> tuple[str, ...]:
    """The macros that a table defines."""
    defines = table.strings("defines", default=())
    for one in defines:
        if not DEFINE.fullmatch(one):
            table.wrong("defines", f"{one!r} is no macro", 'write "NAME" or "NAME=VALUE"')
    return defines


def read_flags(table: Table, key: str) -> tuple[str, ...]:
    """Compiler flags of which none can bring in files, or write any."""
    flags = table.strings(key, default=())
    for flag in flags:
        if not FLAG.fullmatch(flag) or FILES.match(flag):
            fix = "use include, include-first and defines; other flags may begin with -W, -O, -f, -m, -D, -U and -std="
            table.wrong(key, f"{flag!r} can't be given here", fix)
    return flags


def read_file_flags(table: Table, directory: Path, sources: Iterable[Path]) -> tuple[FileFlags, ...]:
    """The tables ``[c.files.'PATTERN']``. Each must match one of the sources, as a pattern in `sources` would."""
    files = table.table("files", default=None)
    found: list[FileFlags] = []
    for pattern in files.values if files else ():
        own = files.table(pattern) if files else table
        flags, without = read_flags(own, "flags"), own.strings("without-flags", default=())
        own.done()
        named = matches(table.located, directory, own.key, pattern)
        matched = [path for path in sources if path in named]
        if not matched and files:
            files.wrong(pattern, "matches none of the sources", "name a source as [c] sources does")
        found += [FileFlags(path, flags, without) for path in matched]
    return tuple(found)


def check_objects(table: Table, directory: Path, sources: Iterable[Path]) -> None:
    """Raise `UserError` if two sources would make one object: a.c and a.S."""
    known: dict[Path, Path] = {}
    for source in sources:
        other = known.setdefault(source.with_suffix(""), source)
        if other != source:
            names = f"{other.relative_to(directory)} and {source.relative_to(directory)}"
            table.wrong("sources", f"{names} would make one object", "rename one of them")
