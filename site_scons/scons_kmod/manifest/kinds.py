# SPDX-License-Identifier: MIT
"""What the value of a manifest's key may be: a string of some form, a boolean, a list of strings, ...

A kind reads and checks values, and describes them in JSON schema. Kinds of files are in paths.py, tables in keys.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Table


class Kind:
    """What the value of a key may be. `label` is its type, as the reference names it."""

    label: str

    def read(self, table: Table, name: str, directory: Path) -> Any:
        """The value of a key that is in the table. `directory` is the one of the manifest. Raises `UserError`."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        """The values that are accepted, as JSON schema, as far as it can say so."""
        raise NotImplementedError


class Form:
    """How a string must look: `pattern` is a regular expression for all of it, compiled when it is first needed.

    `error` is what is said of a string that does not match; ``{!r}`` in it stands for the string. `fix` says what to
    write instead.
    """

    def __init__(self, pattern: str, error: str, fix: str | None = None) -> None:
        self.pattern = pattern
        self.error = error
        self.fix = fix

    def fits(self, value: str) -> bool:
        """Whether a string looks like this."""
        return re.fullmatch(self.pattern, value) is not None

    def check(self, table: Table, name: str, value: str) -> None:
        """Raise `UserError`, with the line of a key, if the string does not look like this."""
        if not self.fits(value):
            table.wrong(name, self.error.format(value), self.fix)

    def schema(self) -> dict[str, Any]:
        """The form as JSON schema."""
        return {"pattern": f"^(?:{self.pattern})$"}


class ReservedNames(Form):
    """Names that have another meaning, and so can't be chosen."""

    def __init__(self, names: Iterable[str], error: str, fix: str) -> None:
        super().__init__("", error, fix)
        self.names = frozenset(names)

    def fits(self, value: str) -> bool:
        """Whether a string is none of the names."""
        return value not in self.names

    def schema(self) -> dict[str, Any]:
        """The names as JSON schema."""
        return {"not": {"enum": sorted(self.names)}}


def forms_schema(forms: tuple[Form, ...]) -> dict[str, Any]:
    """Several forms, each of which a string must have, as JSON schema."""
    return {"allOf": [form.schema() for form in forms]} if len(forms) > 1 else forms[0].schema() if forms else {}


class Text(Kind):
    """A string that is not empty, and has each of the `forms`."""

    label = "string"

    def __init__(self, *forms: Form) -> None:
        self.forms = forms

    def read(self, table: Table, name: str, directory: Path) -> str:
        """The string."""
        value = table.string(name)
        for form in self.forms:
            form.check(table, name, value)
        return value

    def schema(self) -> dict[str, Any]:
        """A string, and its forms."""
        return {"type": "string", "minLength": 1, **forms_schema(self.forms)}


class Choice(Kind):
    """One of some strings. `error` is what is said of another; ``{}`` in it stands for that string."""

    label = "string"

    def __init__(self, choices: tuple[str, ...], error: str) -> None:
        self.choices = choices
        self.error = error

    def read(self, table: Table, name: str, directory: Path) -> str:
        """The string."""
        value = table.string(name)
        self.check(table, name, value)
        return value

    def check(self, table: Table, name: str, value: str) -> None:
        """Raise `UserError`, with the line of a key, if the string is not one of them."""
        if value not in self.choices:
            table.wrong(name, self.error.format(value), f"write one of {', '.join(self.choices)}")

    def schema(self) -> dict[str, Any]:
        """An enumeration."""
        return {"enum": list(self.choices)}


class Boolean(Kind):
    """True or false."""

    label = "boolean"

    def read(self, table: Table, name: str, directory: Path) -> bool:
        """The value."""
        return table.boolean(name, default=False)

    def schema(self) -> dict[str, Any]:
        """A boolean."""
        return {"type": "boolean"}


class Integer(Kind):
    """A whole number that is no smaller than `minimum`; `unit` says what it counts."""

    label = "integer"

    def __init__(self, minimum: int, unit: str) -> None:
        self.minimum = minimum
        self.unit = unit

    def read(self, table: Table, name: str, directory: Path) -> int:
        """The number."""
        value = table.integer(name, default=self.minimum)
        if value < self.minimum:
            table.wrong(name, f"must be at least {self.minimum}, in {self.unit}")
        return value

    def schema(self) -> dict[str, Any]:
        """An integer, with its bound."""
        return {"type": "integer", "minimum": self.minimum}


class Date(Kind):
    """A day, which TOML writes without quotes."""

    label = "date"

    def read(self, table: Table, name: str, directory: Path) -> Any:
        """The day, a `datetime.date`."""
        return table.date(name)

    def schema(self) -> dict[str, Any]:
        """A date. JSON has none: what validates TOML gives it as a string."""
        return {"type": "string", "format": "date"}


class Texts(Kind):
    """An array of strings, each of which has the `form`.

    `empty` is the error for an array without elements, if there must be one. With `names_element`, an error about an
    element gives its number and line, else the key's.
    """

    label = "array of strings"

    def __init__(self, form: Form | None = None, *, empty: str = "", names_element: bool = False) -> None:
        self.form = form
        self.empty = empty
        self.names_element = names_element

    def read(self, table: Table, name: str, directory: Path) -> tuple[str, ...]:
        """The strings."""
        values = table.strings(name)
        if self.empty and not values:
            table.wrong(name, self.empty)
        for number, value in enumerate(values):
            if self.form is None or self.form.fits(value):
                continue
            if self.names_element:
                where = table.located.where((*table.key, name, number))
                raise UserError(self.form.error.format(value), where=where, fix=self.form.fix)
            self.form.check(table, name, value)
        return values

    def schema(self) -> dict[str, Any]:
        """An array, and the form of its elements."""
        elements = {"type": "string", **(self.form.schema() if self.form else {})}
        return {"type": "array", "items": elements, **({"minItems": 1} if self.empty else {})}


class RegularExpressions(Kind):
    """An array of regular expressions, as Python has them."""

    label = "array of regular expressions"

    def read(self, table: Table, name: str, directory: Path) -> tuple[str, ...]:
        """The regular expressions, not compiled."""
        values = table.strings(name)
        for value in values:
            try:
                re.compile(value)
            except re.error as error:
                table.wrong(name, f"{value!r} is not a regular expression: {error}")
        return values

    def schema(self) -> dict[str, Any]:
        """An array of strings of that format."""
        return {"type": "array", "items": {"type": "string", "format": "regex"}}


class TextTable(Kind):
    """A table with names of any choice, which have a `form`, and strings as values. It is read as pairs."""

    label = "table of strings"

    def __init__(self, form: Form) -> None:
        self.form = form

    def read(self, table: Table, name: str, directory: Path) -> tuple[tuple[str, str], ...]:
        """The names and their values, in the order of the manifest."""
        values = table.table(name)
        pairs = tuple((key, values.string(key)) for key in values.values)
        for key, _ in pairs:
            self.form.check(values, key, key)
        return pairs

    def schema(self) -> dict[str, Any]:
        """An object."""
        strings = {"type": "string", "minLength": 1}
        return {"type": "object", "propertyNames": self.form.schema(), "additionalProperties": strings}
