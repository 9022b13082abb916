# SPDX-License-Identifier: MIT
"""A manifest under construction: its tables, those under a condition, and the remarks about what it lacks."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from scons_kmod.adopt.config_condition import ALWAYS, ConfigCondition, Term, conjunction
from scons_kmod.adopt.remarks import Remarks
from scons_kmod.adopt.words import Word


@dataclasses.dataclass(frozen=True)
class Source:
    """A source of the module: the name of its object, its path in the module's directory, when it belongs to it."""

    object_name: str
    path: str
    condition: ConfigCondition

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


class ManifestDraft:
    """What is known so far about the module in `directory`.

    `crate_keys` are keys of ``[module]`` that describe its crate. `required` are the symbols of ``[requires] config``.
    `tables` are the other tables, by the condition under which they apply.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.name = ""
        self.crate_keys: dict[str, Any] = {}
        self.sources: list[Source] = []
        self.required: list[str] = []
        self.depends: list[str] = []
        self.tables: dict[Term, dict[str, Any]] = {frozenset(): {}}
        self.remarks = Remarks()

    @property
    def root(self) -> Source | None:
        """The crate root, if the module has a crate."""
        return next((source for source in self.sources if source.is_rust), None)

    def require(self, module: Word) -> None:
        """Set which kernels the module is for, from the condition of its word in ``obj-m``."""
        if module.condition == ALWAYS:
            return
        term = module.condition[0]
        if len(module.condition) > 1 or any(literal.startswith("!") for literal in term):
            message = "[requires] cannot express this condition: the module is built for every kernel"
            self.remarks.add(module.location, message)
        else:
            self.required = sorted(term)

    def beyond_required(self, condition: ConfigCondition) -> ConfigCondition:
        """What is left of a condition for the kernels that the module is for."""
        for_these_kernels = conjunction(condition, (frozenset(self.required),))
        return tuple(term - set(self.required) for term in for_these_kernels)

    def add_value(self, condition: ConfigCondition, key: tuple[str, ...], value: str) -> None:
        """Add a value to the list of a key, once."""
        for term in self.beyond_required(condition):
            table = self.tables.setdefault(term, {})
            for name in key[:-1]:
                table = table.setdefault(name, {})
            values = table.setdefault(key[-1], [])
            if value not in values:
                values.append(value)

    def add_crate_value(self, condition: ConfigCondition, key: str, value: str) -> None:
        """Add a value for the crate root."""
        if key == "edition":
            self.crate_keys[key] = value
        else:
            self.add_value(condition, ("module", key), value)

    def add_file_value(self, source: Source, condition: ConfigCondition, key: str, value: str) -> None:
        """Add a value for one C or assembly source."""
        condition = conjunction(source.condition, condition)
        if self.beyond_required(source.condition) != ALWAYS:
            # A table under a condition names the source as well: each such table is checked without the others.
            self.add_value(condition, ("c", "sources"), source.path)
        self.add_value(condition, ("c", "files", source.path, key), value)

    def add_source(self, source: Source) -> None:
        """Add a C or assembly source, if it belongs to the module for any kernel."""
        if self.beyond_required(source.condition):
            self.sources.append(source)
            self.add_value(source.condition, ("c", "sources"), source.path)

    def depend(self, name: str) -> None:
        """Add a module that must be loaded first."""
        if name not in self.depends:
            self.depends.append(name)

    def data(self) -> dict[str, Any]:
        """The manifest as nested tables."""
        base = self.tables[frozenset()]
        module = {"name": self.name, **self.root_key(), **self.crate_keys, **base.get("module", {})}
        manifest: dict[str, Any] = {"module": module}
        if self.required:
            manifest["requires"] = {"config": self.required}
        if self.depends:
            manifest["depends"] = {"modules": self.depends}
        manifest |= {name: table for name, table in base.items() if name != "module"}
        conditions = {condition_text(term): table for term, table in self.tables.items() if term}
        return {**manifest, **({"when": conditions} if conditions else {})}

    def root_key(self) -> dict[str, str]:
        """The key ``root``, unless the crate root is the one that follows from the module's name."""
        if self.root is None or (self.root.path == f"{self.name}.rs" and len(self.sources) == 1):
            return {}
        return {"root": self.root.path}


def condition_text(term: Term) -> str:
    """A condition in a manifest's syntax: first the symbols that must be set, then those that must not."""
    return ", ".join(sorted(term, key=lambda literal: (literal.startswith("!"), literal)))
