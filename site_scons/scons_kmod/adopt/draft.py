# SPDX-License-Identifier: MIT
"""A manifest in the making: its tables, those under conditions, and what is to be said of lines that it lacks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scons_kmod.adopt.kbuild_file import Remark
from scons_kmod.adopt.make_syntax import Place
from scons_kmod.adopt.make_words import SHOWN, Word
from scons_kmod.adopt.when_config import ALWAYS, Term, When, both

# Takes a remark on a statement.
Say = Callable[[Place, str], None]


@dataclasses.dataclass(frozen=True)
class Source:
    """A source of the module: the object that Kbuild makes of it, its path below the directory, when it counts."""

    object: str
    path: str
    when: When

    @property
    def is_rust(self) -> bool:
        """It is a crate root."""
        return self.path.endswith(".rs")

    @property
    def is_asm(self) -> bool:
        """It is assembly."""
        return self.path.endswith(".S")

    @property
    def is_c(self) -> bool:
        """It is C."""
        return self.path.endswith(".c")


class Draft:
    """What is known so far of a module in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.name = ""
        self.module: dict[str, Any] = {}
        self.sources: list[Source] = []
        self.required: list[str] = []
        self.depends: list[str] = []
        self.tables: dict[Term, dict[str, Any]] = {frozenset(): {}}
        self.remarks: list[Remark] = []

    def say(self, place: Place, why: str) -> None:
        """Remark something of a statement, once."""
        if (one := Remark(place, why.translate(SHOWN))) not in self.remarks:
            self.remarks.append(one)

    @property
    def root(self) -> Source | None:
        """The crate root."""
        return next((source for source in self.sources if source.is_rust), None)

    def require(self, module: Word) -> None:
        """Take over for which kernels the module is."""
        if module.when == ALWAYS:
            return
        term = module.when[0]
        if len(module.when) > 1 or any(literal.startswith("!") for literal in term):
            self.say(module.place, "such a condition can't be in [requires]: the module is built for every kernel")
        else:
            self.required = sorted(term)

    def unmet(self, when: When) -> When:
        """When something counts, for kernels that the module is for."""
        known = both(when, (frozenset(self.required),))
        return tuple(term - set(self.required) for term in known)

    def put(self, when: When, key: tuple[str, ...], value: str) -> None:
        """Add a value to a list."""
        for term in self.unmet(when):
            table = self.tables.setdefault(term, {})
            for name in key[:-1]:
                table = table.setdefault(name, {})
            values = table.setdefault(key[-1], [])
            if value not in values:
                values.append(value)

    def put_module(self, when: When, key: str, value: str) -> None:
        """Add what is for the crate root."""
        if key == "edition":
            self.module[key] = value
        else:
            self.put(when, ("module", key), value)

    def put_file(self, source: Source, when: When, key: str, value: str) -> None:
        """Add a value for one source."""
        together = both(source.when, when)
        if self.unmet(source.when) != ALWAYS:
            # Each table under a condition names what it is about: it is checked without the others.
            self.put(together, ("c", "sources"), source.path)
        self.put(together, ("c", "files", source.path, key), value)

    def add_source(self, source: Source) -> None:
        """Add C or assembly."""
        if self.unmet(source.when):
            self.sources.append(source)
            self.put(source.when, ("c", "sources"), source.path)

    def depend(self, name: str) -> None:
        """Add a module that must be loaded before."""
        if name not in self.depends:
            self.depends.append(name)

    def missing(self, stem: str) -> str:
        """Why an object without a source is not carried over."""
        if (self.directory / f"{stem}.o_shipped").exists():
            return ".o_shipped is an object that is there already: only what is compiled from a source can be linked"
        return ".c, .rs and .S are not there: if a program writes it, write [generate.NAME] with it in outputs"

    def rooted(self) -> dict[str, str]:
        """The crate root, where it is not the one that the module's name says."""
        plain = self.root is None or (self.root.path == f"{self.name}.rs" and len(self.sources) == 1)
        return {"root": self.root.path} if self.root and not plain else {}

    def data(self) -> dict[str, Any]:
        """The manifest."""
        base = self.tables[frozenset()]
        found: dict[str, Any] = {
            "module": {"name": self.name, **self.rooted(), **self.module, **base.get("module", {})}
        }
        if self.required:
            found["requires"] = {"config": self.required}
        if self.depends:
            found["depends"] = {"modules": self.depends}
        found |= {name: table for name, table in base.items() if name != "module"}
        conditions = {spelled(term): table for term, table in self.tables.items() if term}
        return {**found, **({"when": conditions} if conditions else {})}


def spelled(term: Term) -> str:
    """A condition as a manifest has it."""
    return ", ".join(sorted(term, key=lambda literal: (literal.startswith("!"), literal)))
