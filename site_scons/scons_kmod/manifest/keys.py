# SPDX-License-Identifier: MIT
"""How a manifest's keys are declared, and the one reader for all tables.

The class of a table is a frozen dataclass. Each of its fields that stands for a key is declared with `key`:

    flags: tuple[str, ...] = key(Texts(), "More flags for C.", default=())

All else comes from that: reading and checking (here), the suggestion for a misspelt key (here), the page
docs/reference/manifest-keys.md (reference.py) and the schema for editors (schema.py).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from scons_kmod.base.located_toml import Table, suggestion
from scons_kmod.manifest.kinds import Form, Kind, forms_schema

Record = TypeVar("Record")
# Completes the record of a table with what goes beyond single keys: checks between keys, what other files say. It gets
# the record, the table (for errors) and the manifest's directory. What it returns takes the record's place.
Complete = Callable[[Any, Table, Path], Any]

_REQUIRED: Any = object()
_DECLARED: dict[type[Any], Mapping[str, Key]] = {}


class Key:
    """The declaration of a key.

    `kind` is what its value may be. `doc` says in sentences what the key is for. `default_text` says what holds without
    the key, in Markdown; if it is empty, `default` says so. `name` is how the manifest spells it, `field` the field
    that holds its value; `declared_keys` fills in both.
    """

    def __init__(self, kind: Kind, doc: str, default: Any, default_text: str, name: str) -> None:
        self.kind = kind
        self.doc = doc
        self.default = default
        self.default_text = default_text
        self.name = name
        self.field = ""

    @property
    def required(self) -> bool:
        """Whether a table without the key is an error."""
        return self.default is _REQUIRED


def key(kind: Kind, doc: str, *, default: Any = _REQUIRED, default_text: str = "", name: str = "") -> Any:
    """A field that stands for a key. A key without a `default` is required.

    The key is spelled as the field, with ``-`` for ``_``, unless `name` gives its spelling.
    """
    metadata = {"key": Key(kind, doc, default, default_text, name)}
    if default is _REQUIRED:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def declared_keys(section: type[Any]) -> Mapping[str, Key]:
    """The keys of a table's class by their names: the required ones first, else in the order of the fields."""
    if section not in _DECLARED:
        keys = []
        for field in dataclasses.fields(section):
            if "key" in field.metadata:
                declared: Key = field.metadata["key"]
                declared.field = field.name
                declared.name = declared.name or field.name.replace("_", "-")
                keys.append(declared)
        _DECLARED[section] = {declared.name: declared for declared in sorted(keys, key=lambda key: not key.required)}
    return _DECLARED[section]


def read_section(section: type[Record], table: Table, directory: Path, *names: str) -> Record:
    """The record of a table: each of its keys, read and checked.

    `directory` is the one of the manifest. `names` are values for the first fields, which are no keys. Raises
    `UserError`, with file, line and key, for a key that is unknown, malformed or missing.
    """
    keys = declared_keys(section)
    values: dict[str, Any] = {}
    for name in table.values:
        if name not in keys:
            table.wrong(name, "unknown key", suggestion(name, keys))
        values[keys[name].field] = keys[name].kind.read(table, name, directory)
    for name, declared in keys.items():
        if declared.required and declared.field not in values:
            table.wrong(name, "is missing")
    return section(*names, **values)


class Section(Kind):
    """A table with declared keys: those of the class `section`."""

    label = "table"

    def __init__(self, section: type[Any], complete: Complete | None = None) -> None:
        self.section = section
        self.complete = complete

    def read(self, table: Table, name: str, directory: Path) -> Any:
        """The table's record, completed."""
        own_table = table.table(name)
        record = read_section(self.section, own_table, directory)
        return self.complete(record, own_table, directory) if self.complete else record

    def schema(self) -> dict[str, Any]:
        """An object with these properties and no others."""
        return section_schema(self.section)


class NamedSections(Kind):
    """Tables with declared keys, below names of the author's choice, which have each of the `forms`: [crates.NAME].

    The first field of the class `section` is a table's name. `placeholder` stands for it in the reference.
    """

    label = "tables"

    def __init__(
        self, section: type[Any], placeholder: str, forms: tuple[Form, ...] = (), complete: Complete | None = None
    ) -> None:
        self.section = section
        self.placeholder = placeholder
        self.forms = forms
        self.complete = complete

    def read(self, table: Table, name: str, directory: Path) -> tuple[Any, ...]:
        """The records of all tables, completed, in the order of the manifest."""
        tables = table.table(name)
        return tuple(self._read_table(tables, own_name, directory) for own_name in tables.values)

    def _read_table(self, tables: Table, name: str, directory: Path) -> Any:
        table = tables.table(name)
        for form in self.forms:
            form.check(tables, name, name)
        record = read_section(self.section, table, directory, name)
        return self.complete(record, table, directory) if self.complete else record

    def schema(self) -> dict[str, Any]:
        """An object with properties of these forms."""
        names = {"propertyNames": forms_schema(self.forms)} if self.forms else {}
        return {"type": "object", **names, "additionalProperties": section_schema(self.section)}


def section_schema(section: type[Any]) -> dict[str, Any]:
    """The keys of a table's class as JSON schema (draft 7)."""
    keys = declared_keys(section).values()
    required = [declared.name for declared in keys if declared.required]
    return {
        "type": "object",
        "additionalProperties": False,
        **({"required": required} if required else {}),
        "properties": {declared.name: key_schema(declared) for declared in keys},
    }


def key_schema(declared: Key) -> dict[str, Any]:
    """What a key is for, its default and its values as JSON schema."""
    literal = isinstance(declared.default, bool | int | str) and declared.default != ""
    default = {"default": declared.default} if literal else {}
    return {"description": declared.doc, **default, **declared.kind.schema()}
