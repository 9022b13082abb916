# SPDX-License-Identifier: MIT
"""``[c]`` of a manifest: the C and assembly sources of a module, and what is added to the kernel's flags for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from scons_kmod.base.located_toml import Table
from scons_kmod.manifest.keys import NamedSections, key
from scons_kmod.manifest.kinds import Form, Texts
from scons_kmod.manifest.paths import ExistingPaths, MatchingFiles, matching_files, missing_count

DEFINE = Form(r"[A-Za-z_]\w*(=[\s\S]*)?", "{!r} is not a macro definition", 'write "NAME" or "NAME=VALUE"')
# What a flag may be: nothing that names a file to read or to write, so that all that is read is known. The first line
# has the flags of the form -f... that do.
FLAG = Form(
    r"(?!-f(plugin|dump|profile|auto-profile|callgraph|stack-usage|test-coverage|opt-info|save-|module|syntax-only"
    r"|randomize-layout-seed-file|sanitize-(blacklist|ignorelist)|diagnostics-format))"
    r"-(W(?![pal],)|O|D|U|m|std=|ansi$|pedantic$|f)\S*",
    "{!r} can't be given here",
    "use include, include-first and defines; other flags may begin with -W, -O, -f, -m, -D, -U and -std=",
)
ENDINGS = (".c", ".S")


@dataclasses.dataclass(frozen=True)
class FlagsTable:
    """The keys of [c.files.'PATTERN'], and the pattern."""

    pattern: str
    flags: tuple[str, ...] = key(
        Texts(FLAG), "More flags for the sources that match the pattern, after all other flags.", default=()
    )
    without_flags: tuple[str, ...] = key(
        Texts(), "Flags of the kernel and of `[c]` that the sources which match do not get.", default=()
    )


class FileFlags(NamedTuple):
    """What differs for one source: `flags` are added after all others, flags in `without_flags` are not given."""

    source: Path
    flags: tuple[str, ...] = ()
    without_flags: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class CCode:
    """The keys of [c], and `files`: what each of `patterns` means for each source that matches it."""

    sources: tuple[Path, ...] = key(MatchingFiles(), "Sources in C (`.c`) and in assembly (`.S`).", default=())
    include: tuple[Path, ...] = key(
        ExistingPaths(Path.is_dir, "array of directories"), "Directories of headers.", default=()
    )
    include_first: tuple[Path, ...] = key(
        ExistingPaths(), "Headers that each source includes before everything else.", default=()
    )
    defines: tuple[str, ...] = key(Texts(DEFINE), "Macros, for C and for assembly: `NAME` or `NAME=VALUE`.", default=())
    flags: tuple[str, ...] = key(Texts(FLAG), "More flags for C.", default=())
    asm_flags: tuple[str, ...] = key(Texts(FLAG), "More flags for assembly.", default=())
    without_flags: tuple[str, ...] = key(Texts(), "Flags of the kernel that the sources do not get.", default=())
    patterns: tuple[FlagsTable, ...] = key(
        NamedSections(FlagsTable, "'PATTERN'"),
        "Flags of single sources. Each pattern must match at least one of `sources`.",
        default=(),
        name="files",
    )
    files: tuple[FileFlags, ...] = ()

    def flags_of(self, source: Path) -> FileFlags:
        """What differs for a source, from all patterns that match it."""
        matching = [flags for flags in self.files if flags.source == source]
        return FileFlags(
            source,
            tuple(flag for flags in matching for flag in flags.flags),
            tuple(flag for flags in matching for flag in flags.without_flags),
        )


def complete_c(code: CCode, table: Table, directory: Path) -> CCode:
    """The table with the flags of single sources. Raises `UserError` for sources that can't be compiled together."""
    for source in code.sources:
        if source.suffix not in ENDINGS:
            what = f"{source.name} is neither C nor assembly"
            table.wrong("sources", what, f"name files that end in {' or '.join(ENDINGS)}")
    check_objects(table, directory, code.sources)
    if not code.patterns:
        return code
    files = table.table("files")
    flags = (flags for entry in code.patterns for flags in flags_by_source(entry, files, directory, code.sources))
    return dataclasses.replace(code, files=tuple(flags))


def flags_by_source(entry: FlagsTable, files: Table, directory: Path, sources: Iterable[Path]) -> tuple[FileFlags, ...]:
    """The flags of the sources that a pattern matches, as it would in `sources`. Raises `UserError` for none."""
    paths = matching_files(files.located, directory, (*files.key, entry.pattern), entry.pattern)
    matched = [source for source in sources if source in paths]
    if not matched:
        if missing_count():
            return ()
        files.wrong(entry.pattern, "matches none of the sources", "name a source as [c] sources does")
    return tuple(FileFlags(source, entry.flags, entry.without_flags) for source in matched)


def check_objects(table: Table, directory: Path, sources: Iterable[Path]) -> None:
    """Raise `UserError` if two sources would be compiled to the same object: a.c and a.S."""
    by_object: dict[Path, Path] = {}
    for source in sources:
        other = by_object.setdefault(source.with_suffix(""), source)
        if other != source:
            names = f"{other.relative_to(directory)} and {source.relative_to(directory)}"
            table.wrong("sources", f"{names} would be compiled to the same object", "rename one of them")
