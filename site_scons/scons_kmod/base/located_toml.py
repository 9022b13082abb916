# SPDX-License-Identifier: MIT
"""TOML files with the line of each key, and a reader that checks every key of a table."""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar, overload

from scons_kmod.base.errors import UserError

# The path of a value in a file: names of keys, and indices in arrays.
Key = tuple[str | int, ...]
Default = TypeVar("Default")

_REQUIRED: Any = object()
_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_NAME = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*'""")
_STRING = re.compile(
    r'''"""(?:\\[\s\S]|[^\\])*?"""(?:"{0,2})'''
    r"""|'''[\s\S]*?'''(?:'{0,2})"""
    r'''|"(?:\\.|[^"\\\n])*"'''
    r"""|'[^'\n]*'"""
)
_OTHER = re.compile(r"[^,\]}#\n]+")


@dataclasses.dataclass(frozen=True)
class Located:
    """A TOML file's content, and the line of each key, table and array element."""

    # The file, as the user has named it.
    path: Path
    data: Mapping[str, Any]
    # From 1.
    lines: Mapping[Key, int]

    def line_of(self, key: Key) -> int:
        """The line of a key, from 1. For a key that is not in the file, the line of the innermost table around it."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)

    def where(self, key: Key) -> str:
        """Where a key is, as errors say it: ``file:line: [table] key``."""
        return f"{self.path}:{self.line_of(key)}: {key_label(key)}" if key else f"{self.path}:1"


def read_toml(path: Path) -> Located:
    """Read a TOML file. Raises `UserError` with file, line and column if it can't be read or isn't TOML."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"can't be read: {error.strerror}", where=str(path)) from error
    try:
        text = raw.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        where = position(path, raw[: error.start].decode())
        raise UserError("this is not UTF-8, as TOML must be", where=where) from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise syntax_error(path, text, str(error)) from error
    return Located(path, data, _Scanner(text).scan())


def position(path: Path, before: str) -> str:
    """``file:line:column`` of what follows the text `before`."""
    return f"{path}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def syntax_error(path: Path, text: str, message: str) -> UserError:
    """The error for a message of tomllib, which ends in ``(at line 3, column 5)`` or ``(at end of document)``."""
    what_is_wrong, _, location = message.rpartition(" (at ")
    numbers = re.findall(r"\d+", location)
    where = f"{path}:{numbers[0]}:{numbers[1]}" if len(numbers) == 2 else position(path, text)
    return UserError(f"invalid TOML: {what_is_wrong[:1].lower()}{what_is_wrong[1:]}", where=where)


def key_label(key: Key) -> str:
    """A key as errors say it: ``[table] key``, or ``key`` at the top level."""
    *table, name = key
    index = f"element {name + 1}" if isinstance(name, int) else name
    return f"[{'.'.join(str(part) for part in table)}] {index}" if table else str(index)


class _Scanner:
    """Finds the lines of keys. The text must be valid TOML, so most of it need not be parsed."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Key, int] = {}
        self.arrays: dict[Key, int] = {}  # index of the last table of each array of tables

    def scan(self) -> dict[Key, int]:
        table: Key = ()
        while self.skip_blank() < len(self.text):
            if self.text.startswith("[", self.at):
                table = self.header()
            else:
                self.pair(table)
        return self.lines

    def skip_blank(self) -> int:
        self.at = self.take(_BLANK).end()
        return self.at

    def take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise AssertionError(f"valid TOML that is not understood at offset {self.at}")
        self.at = match.end()
        return match

    def note(self, key: Key) -> None:
        self.lines.setdefault(key, self.text.count("\n", 0, self.at) + 1)

    def names(self) -> list[str]:
        """A dotted key."""
        found: list[str] = []
        while True:
            self.skip_blank()
            name = self.take(_NAME).group()
            found.append(tomllib.loads(f"x = {name}")["x"] if name[0] in "\"'" else name)
            self.skip_blank()
            if not self.text.startswith(".", self.at):
                return found
            self.at += 1

    def header(self) -> Key:
        width = 2 if self.text.startswith("[[", self.at) else 1
        self.at += width
        key: Key = ()
        for name in self.names():
            if key in self.arrays:
                key = (*key, self.arrays[key])
            key = (*key, name)
            self.note(key)
        self.at += width
        if width == 2:
            self.arrays[key] = self.arrays.get(key, -1) + 1
            key = (*key, self.arrays[key])
        self.lines[key] = self.text.count("\n", 0, self.at) + 1
        return key

    def pair(self, table: Key) -> None:
        key = table
        for name in self.names():
            key = (*key, name)
            self.note(key)
        self.at += 1  # the equals sign
        self.value(key)

    def value(self, key: Key) -> None:
        opening = self.text[self.skip_blank()]
        if opening in "[{":
            self.at += 1
            self.elements(key, opening)
        else:
            self.take(_STRING if opening in "\"'" else _OTHER)

    def elements(self, key: Key, opening: str) -> None:
        """The elements of an array or an inline table, and its closing bracket."""
        index = 0
        while self.text[self.skip_blank()] not in "]}":
            if opening == "[":
                self.note((*key, index))
                self.value((*key, index))
                index += 1
            else:
                self.pair(key)
            if self.text[self.skip_blank()] == ",":
                self.at += 1
        self.at += 1


class Table:
    """Reads one table key by key. A wrong value raises `UserError`. So does `done` for keys that nobody has read."""

    def __init__(self, located: Located, key: Key) -> None:
        """The table at `key`. If it is not in the file, it counts as empty."""
        value: Any = located.data
        for part in key:
            value = value[part] if isinstance(part, int) else value.get(part, {})
        if not isinstance(value, dict):
            raise UserError(f"must be a table, not {described(value)}", where=located.where(key))
        self.located = located
        self.key = key
        self.values = value
        self.asked: list[str] = []

    def where(self, name: str) -> str:
        """Where a key of this table is, as errors say it: ``file:line: [table] key``."""
        return self.located.where((*self.key, name))

    def wrong(self, name: str, message: str, fix: str | None = None) -> NoReturn:
        """Raise `UserError` for the value of a key."""
        raise UserError(message, where=self.where(name), fix=fix)

    @overload
    def string(self, name: str) -> str: ...
    @overload
    def string(self, name: str, *, default: Default) -> str | Default: ...
    def string(self, name: str, *, default: Any = _REQUIRED) -> Any:
        """A string that is not empty, or `default` if the key is absent."""
        value = self._get(name, default)
        if name not in self.values:
            return value
        if not isinstance(value, str):
            self.wrong(name, f"must be a string, not {described(value)}")
        return value or self.wrong(name, "must not be empty")

    def boolean(self, name: str, *, default: bool) -> bool:
        """true or false, or `default` if the key is absent."""
        value = self._get(name, default)
        if not isinstance(value, bool):
            self.wrong(name, f"must be true or false, not {described(value)}")
        return value

    def integer(self, name: str, *, default: int) -> int:
        """A whole number, or `default` if the key is absent."""
        value = self._get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            self.wrong(name, f"must be a whole number, not {described(value)}")
        return value

    def date(self, name: str) -> datetime.date:
        """A day, without a time."""
        value = self._get(name, _REQUIRED)
        if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
            self.wrong(name, f"must be a date, not {described(value)}", "write it without quotes: 2026-01-31")
        return value

    @overload
    def strings(self, name: str) -> tuple[str, ...]: ...
    @overload
    def strings(self, name: str, *, default: Default) -> tuple[str, ...] | Default: ...
    def strings(self, name: str, *, default: Any = _REQUIRED) -> Any:
        """An array of strings, or `default` if the key is absent."""
        value = self._get(name, default)
        if name not in self.values:
            return value
        if not isinstance(value, list):
            self.wrong(name, f"must be an array of strings, not {described(value)}")
        for index, element in enumerate(value):
            if not isinstance(element, str):
                where = self.located.where((*self.key, name, index))
                raise UserError(f"must be a string, not {described(element)}", where=where)
        return tuple(value)

    @overload
    def table(self, name: str) -> Table: ...
    @overload
    def table(self, name: str, *, default: Default) -> Table | Default: ...
    def table(self, name: str, *, default: Any = _REQUIRED) -> Any:
        """The table at a key, or `default` if it is absent."""
        value = self._get(name, default)
        return Table(self.located, (*self.key, name)) if name in self.values else value

    def done(self) -> None:
        """Raise `UserError` for the first key that was not read."""
        for name in self.values:
            if name not in self.asked:
                self.wrong(name, "unknown key", suggestion(name, self.asked))

    def _get(self, name: str, default: Any) -> Any:
        self.asked.append(name)
        if name not in self.values and default is _REQUIRED:
            # A misspelt key is more likely than a missing one.
            unasked = [other for other in self.values if other not in self.asked]
            for misspelt in difflib.get_close_matches(name, unasked, 1, 0.75):
                self.wrong(misspelt, "unknown key", f'did you mean "{name}"?')
            self.wrong(name, "is missing")
        return self.values.get(name, default)


def suggestion(name: str, known: Iterable[str]) -> str:
    """The second line of an error about an unknown name: the nearest known name, or all of them."""
    names = list(known)
    near = difflib.get_close_matches(name, names, 1)
    return f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(names) or 'nothing'}"


def described(value: object) -> str:
    """A TOML value as errors say it: its type, and the value if it is short."""
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name if isinstance(value, (dict, list)) else f"{name} {_short(value)}"
    raise AssertionError(f"no TOML value: {value!r}")


def _short(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


_KINDS: tuple[tuple[type, str], ...] = (
    (str, "the string"),
    (int, "the integer"),
    (float, "the number"),
    (dict, "a table"),
    (list, "an array"),
    (datetime.date, "the date"),
    (datetime.time, "the time"),
)
