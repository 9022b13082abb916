# SPDX-License-Identifier: MIT
"""Files of which a step depends on a part alone: the rest of the file may change without running the step.

* ``symbols``: the lines of a Module.symvers file that are about the symbols which an object names.
* ``identifiers``: which of the names that the kernel's headers declare some sources mention.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from scons_kmod.engine.digests import Digests, text_digest
from scons_kmod.engine.identifiers import names_in_source

SYMBOLS = "symbols"
IDENTIFIERS = "identifiers"
# modpost gives every module the CRC of this one, though no object names it (scripts/mod/modpost.c).
ALWAYS_IMPORTED = ("module_layout",)


@dataclasses.dataclass(frozen=True)
class View:
    """The part of the files at `paths` that is about what the file at `by` names: an object, or a list of names.

    `into` are files for the step to read in place of `paths`: that part alone of each, written before the step runs.
    """

    kind: str
    paths: tuple[Path, ...]
    by: Path
    into: tuple[Path, ...] = ()

    def texts(self) -> Iterator[tuple[Path, str]]:
        """What to write into each of `into`. Raises `OSError` if one of the files can't be read."""
        names = imported(self.by) if self.into else ()
        for path, made in zip(self.paths, self.into, strict=False):
            lines = (symbol_line(Version.now(str(path)), name) for name in names)
            yield made, "".join(f"{line}\n" for line in lines if line)


@dataclasses.dataclass(frozen=True)
class Seen:
    """A part as it was when a step ran: of which files, about which names or the file that lists them, and digests.

    `raw` are the digests of the whole files: while they are the same, the part need not be looked at. `pieces` are
    those of what each file adds to the part: while these are the same, the others need not be looked at.
    """

    kind: str
    paths: tuple[str, ...]
    names: tuple[str, ...]
    by: str
    raw: tuple[str | None, ...]
    pieces: tuple[str, ...]
    part: str

    def to_json(self) -> list[Any]:
        """The record in types that JSON has."""
        return list(dataclasses.astuple(self))

    @classmethod
    def from_json(cls, raw: list[Any]) -> Seen:
        """The record that `to_json` made `raw` of. Raises `TypeError` or `ValueError` for anything else."""
        kind, paths, names, by, whole, pieces, part = raw
        if not len(paths) == len(whole) == len(pieces):
            raise ValueError("a view of another form")
        return cls(kind, tuple(paths), tuple(names), by, tuple(whole), tuple(pieces), part)

    def changed(self, digests: Digests) -> list[str]:
        """The files that make the part differ from what the step saw; none if it does not differ."""
        known = zip(self.paths, self.raw, self.pieces, strict=True)
        others = [path for path, raw, piece in known if digests.of(path) != raw and piece_digest(self, path) != piece]
        return others if others and self.part_now() != self.part else []

    def piece(self, path: str) -> set[str]:
        """What one of the files adds to the part. Raises `OSError`."""
        if self.kind == SYMBOLS:
            file = Version.now(path)
            return {f"{path} {name} {symbol_line(file, name)}" for name in self.names}
        words = names_in_source(path, Path(path).read_text(errors="surrogateescape"))
        return words & names_in(Version.now(self.by))

    def part_now(self) -> str:
        """The digest of the part as it is now; empty if a file can't be read."""
        try:
            return text_digest("\n".join(sorted({line for path in self.paths for line in self.piece(path)})))
        except OSError:
            return ""


def piece_digest(seen: Seen, path: str) -> str:
    """The digest of what one of the files adds to the part; empty if it can't be read."""
    try:
        return text_digest("\n".join(sorted(seen.piece(path))))
    except OSError:
        return ""


def look(view: View, digests: Digests) -> Seen:
    """The part of some files as it is now. Raises `OSError` if the object that names symbols can't be read."""
    names = imported(view.by) if view.kind == SYMBOLS else ()
    for path in view.paths:
        digests.again(path)
    raw = tuple(digests.of(path) for path in view.paths)
    paths = tuple(map(str, view.paths))
    seen = Seen(view.kind, paths, names, str(view.by), raw, (), "")
    return dataclasses.replace(seen, pieces=tuple(piece_digest(seen, path) for path in paths), part=seen.part_now())


class Version(NamedTuple):
    """A file at one time of its life."""

    path: str
    changed_ns: int

    @classmethod
    def now(cls, path: str) -> Version:
        """The file as it is now. Raises `OSError`."""
        return cls(path, Path(path).stat().st_ctime_ns)


@functools.lru_cache(maxsize=8)
def content(file: Version) -> str:
    """A file's text."""
    return Path(file.path).read_text(errors="surrogateescape")


# Modules name many of the same symbols.
@functools.lru_cache(maxsize=4096)
def symbol_line(file: Version, name: str) -> str:
    """A symbol's line in a Module.symvers, empty if there is none: CRC, name, module, kind of export, namespace.

    (scripts/mod/modpost.c.) A module names few of 30,000 symbols, so they are searched for.
    """
    text = content(file)
    at = text.find(f"\t{name}\t")
    begin, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
    return text[begin : end if end >= 0 else len(text)] if at >= 0 else ""


@functools.lru_cache(maxsize=8)
def names_in(file: Version) -> frozenset[str]:
    """The names in a file, one a line."""
    return frozenset(Path(file.path).read_text(errors="surrogateescape").split())


def imported(path: Path) -> tuple[str, ...]:
    """The symbols that modpost looks up for an object, and some more. Raises `OSError`."""
    return tuple(sorted({*object_symbols(path), *ALWAYS_IMPORTED}))


def object_symbols(path: Path) -> tuple[str, ...]:
    """The names of an object's global symbols: what it imports, and what it may export. Raises `OSError`."""
    return tuple(sorted({name for name, _ in global_symbols(path)}))


def defined_symbols(path: Path) -> tuple[str, ...]:
    """The names of the global symbols that an object has itself. Raises `OSError`."""
    return tuple(sorted({name for name, defined in global_symbols(path) if defined}))


def global_symbols(path: Path) -> list[tuple[str, bool]]:
    """The names of an object's global symbols, and whether it has them itself. Raises `OSError`."""
    # Slow to import, and a build with nothing to do never gets here.
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    with path.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        symbols: Iterable[Any] = table.iter_symbols() if isinstance(table, SymbolTableSection) else ()
        named = (symbol for symbol in symbols if symbol["st_info"]["bind"] != "STB_LOCAL" and symbol.name)
        return [(symbol.name, symbol["st_shndx"] != "SHN_UNDEF") for symbol in named]
