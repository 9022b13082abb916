# SPDX-License-Identifier: MIT
"""Views: parts of files on which a step depends. The rest of such a file may change without running the step.

There are three kinds:

* ``symbols``: the lines of a Module.symvers file for the symbols that an object names.
* ``identifiers``: the names in sources that are among the names that the kernel's headers declare.
* ``members``: the members of an archive that a link of objects may take (archive.py).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from scons_kmod.engine.archive import needed_symbols, read_archive
from scons_kmod.engine.digests import Digests, text_digest
from scons_kmod.engine.file_version import FileVersion
from scons_kmod.engine.identifiers import listed, names_in_source
from scons_kmod.engine.object_symbols import object_symbols

SYMBOLS = "symbols"
IDENTIFIERS = "identifiers"
MEMBERS = "members"
# modpost gives every module the CRC of this symbol, though no object names it (scripts/mod/modpost.c).
ALWAYS_IMPORTED = ("module_layout",)


@dataclasses.dataclass(frozen=True)
class View:
    """What of the files at `paths` a step depends on."""

    # SYMBOLS, IDENTIFIERS or MEMBERS.
    kind: str
    # For MEMBERS, one archive.
    paths: tuple[Path, ...]
    # Where the names are that choose the part: an object, a file with a list of names, or for MEMBERS all objects that
    # are linked before the archive.
    names_from: tuple[Path, ...]
    # Files that the step reads instead of `paths`, in the same order, each with the part alone. They are written before
    # the step runs.
    extracts: tuple[Path, ...] = ()

    def extract_texts(self) -> Iterator[tuple[Path, str]]:
        """The content of each of `extracts`. Raises `OSError` if one of the files can't be read."""
        names = looked_up_symbols(self.names_from) if self.extracts else ()
        for path, extract in zip(self.paths, self.extracts, strict=False):
            lines = (symbol_line(FileVersion.now(str(path)), name) for name in names)
            yield extract, "".join(f"{line}\n" for line in lines if line)


@dataclasses.dataclass(frozen=True)
class ViewSeen:
    """A view as it was when a step ran, in the step's trace."""

    kind: str
    paths: tuple[str, ...]
    # The symbols that the objects named. Empty for IDENTIFIERS.
    names: tuple[str, ...]
    # The file with the list of names. Empty for the other kinds.
    names_from: str
    # Digests of the whole files. While a file has this digest, it need not be read.
    raw: tuple[str | None, ...]
    # Digests of what each file adds to the part. While they are the same, the part is the same.
    pieces: tuple[str, ...]
    # The digest of the part. If a name only moved from one file to another, it is the same though their pieces differ.
    part: str

    def to_json(self) -> list[Any]:
        """The record in types that JSON has."""
        return list(dataclasses.astuple(self))

    @classmethod
    def from_json(cls, raw: list[Any]) -> ViewSeen:
        """The record of which `raw` is the JSON. Raises `TypeError` or `ValueError` for anything else."""
        kind, paths, names, names_from, whole, pieces, part = raw
        if not len(paths) == len(whole) == len(pieces):
            raise ValueError("a view of another form")
        return cls(kind, tuple(paths), tuple(names), names_from, tuple(whole), tuple(pieces), part)

    def changed_files(self, digests: Digests) -> list[str]:
        """The files because of which the part differs now. There are none if it is the same."""
        if self.kind == IDENTIFIERS:
            digests.look_at((self.names_from,))
        recorded = zip(self.paths, self.raw, self.pieces, strict=True)
        changed = [p for p, raw, piece in recorded if digests.of(p) != raw and self.piece_digest(p) != piece]
        return changed if changed and self.part_digest() != self.part else []

    def piece(self, path: str) -> set[str]:
        """The lines, names or members that one of the files adds to the part. Raises `OSError`."""
        if self.kind == SYMBOLS:
            file = FileVersion.now(path)
            return {f"{path} {name} {symbol_line(file, name)}" for name in self.names}
        if self.kind == MEMBERS:
            return read_archive(FileVersion.now(path)).lines(self.names)
        return listed(source_names(FileVersion.now(path)), listed_names(FileVersion.now(self.names_from)))

    def piece_digest(self, path: str) -> str:
        """The digest of what one of the files adds to the part now. Empty if it can't be read."""
        try:
            return text_digest("\n".join(sorted(self.piece(path))))
        except OSError:
            return ""

    def part_digest(self) -> str:
        """The digest of the part as it is now. Empty if a file can't be read."""
        try:
            return text_digest("\n".join(sorted({line for path in self.paths for line in self.piece(path)})))
        except OSError:
            return ""


def view_now(view: View, digests: Digests) -> ViewSeen:
    """The view as it is now. Raises `OSError` if an object that names symbols, or an archive, can't be read."""
    for path in view.paths:
        digests.forget(path)
    raw = tuple(digests.of(path) for path in view.paths)
    paths = tuple(map(str, view.paths))
    names_from = str(view.names_from[0]) if view.kind == IDENTIFIERS else ""
    seen = ViewSeen(view.kind, paths, named_symbols(view), names_from, raw, (), "")
    pieces = tuple(seen.piece_digest(path) for path in paths)
    return dataclasses.replace(seen, pieces=pieces, part=seen.part_digest())


# Several steps look at the same sources, and a step looks at each twice.
@functools.lru_cache(maxsize=4096)
def source_names(file: FileVersion) -> frozenset[str]:
    """The names in a source. Raises `OSError`."""
    return frozenset(names_in_source(file.path, Path(file.path).read_text(errors="surrogateescape")))


@functools.lru_cache(maxsize=8)
def file_text(file: FileVersion) -> str:
    """A file's text. Raises `OSError`."""
    return Path(file.path).read_text(errors="surrogateescape")


# Different modules name the same symbols.
@functools.lru_cache(maxsize=4096)
def symbol_line(file: FileVersion, name: str) -> str:
    """A symbol's line in a Module.symvers: CRC, name, module, kind of export, namespace (scripts/mod/modpost.c).

    Empty if there is none. Raises `OSError`. The text is searched, not parsed: a module names few of 30,000 symbols.
    """
    text = file_text(file)
    at = text.find(f"\t{name}\t")
    begin, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
    return text[begin : end if end >= 0 else len(text)] if at >= 0 else ""


@functools.lru_cache(maxsize=8)
def listed_names(file: FileVersion) -> frozenset[str]:
    """The names that a file lists, one a line. Raises `OSError`."""
    return frozenset(Path(file.path).read_text(errors="surrogateescape").split())


def named_symbols(view: View) -> tuple[str, ...]:
    """The symbols that choose a view's part. Raises `OSError`."""
    if view.kind == MEMBERS:
        (archive,) = view.paths
        return needed_symbols(archive, view.names_from)
    return looked_up_symbols(view.names_from) if view.kind == SYMBOLS else ()


def looked_up_symbols(objects: Iterable[Path]) -> tuple[str, ...]:
    """The symbols that modpost looks up for objects, and some more. Raises `OSError`."""
    return tuple(sorted({*(name for path in objects for name in object_symbols(path)), *ALWAYS_IMPORTED}))
