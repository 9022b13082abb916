# SPDX-License-Identifier: MIT
"""The statements of a file in GNU make's syntax, read and not run (GNU make manual, 3.1 and 3.8)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

REFERENCE = r"\$\([^()]*\)|\$\{[^{}]*\}"
NAME = rf"(?:{REFERENCE}|[^\s:#=+?!$])+"
ASSIGNMENT = re.compile(
    rf"((?:(?:export|override|private)\s+)*)({NAME})\s*(:::=|::=|:=|\+=|\?=|!=|=)\s*(.*)", re.DOTALL
)
BRANCH = re.compile(r"(ifdef|ifndef|ifeq|ifneq|else|endif)\b\s*(.*)", re.DOTALL)
INCLUDE = re.compile(r"(-include|sinclude|include)\s+(.*)", re.DOTALL)
EXPORT = re.compile(r"(?:un)?export\b")
DEFINE = re.compile(r"(?:(?:export|override)\s+)*define\b")
COMMENT = re.compile(r"(?<!\\)#.*", re.DOTALL)
RULE = re.compile(rf"((?:{REFERENCE}|[^:$])*)::?(?!=)(.*)", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Place:
    """A statement as messages name it: `file` as it is shown, `line` from 1, its `text` on one line."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


@dataclasses.dataclass(frozen=True)
class Statement:
    """One of a file's statements, and where it stands."""

    place: Place


@dataclasses.dataclass(frozen=True)
class Assignment(Statement):
    """``NAME SIGN VALUE``."""

    name: str
    sign: str
    value: str


@dataclasses.dataclass(frozen=True)
class Branch(Statement):
    """``ifdef``, ``ifndef``, ``ifeq``, ``ifneq``, ``else``, ``endif``; `rest` of ``else`` may be another."""

    word: str
    rest: str


@dataclasses.dataclass(frozen=True)
class Include(Statement):
    """``include``; with `optional`, a file that is not there is no error."""

    names: str
    optional: bool


@dataclasses.dataclass(frozen=True)
class Rule(Statement):
    """``TARGETS: PREREQUISITES`` and its commands."""

    targets: str
    prerequisites: str
    recipe: list[str]


@dataclasses.dataclass(frozen=True)
class Other(Statement):
    """What is none of these: ``define``, ``vpath``, a function called for what it does."""


def read_statements(text: str, file: str) -> list[Statement]:
    """The statements of a file's text; exports of variables, which say nothing to Kbuild, are left out."""
    found: list[Statement] = []
    rule: Rule | None = None
    depth = rule_depth = 0
    lines = logical_lines(text)
    for number, line in lines:
        if line.startswith("\t") and rule:
            rule.recipe.append(line.strip())
            continue
        plain = COMMENT.sub("", line).replace("\\#", "#").strip()
        if not plain or (EXPORT.match(plain) and not ASSIGNMENT.fullmatch(plain)):
            continue
        shown = "".join(character if character.isprintable() else "?" for character in " ".join(plain.split()))
        place = Place(file, number, shown)
        if DEFINE.match(plain):
            skip_definition(lines)
        statement = statement_of(plain, place)
        found.append(statement)
        if isinstance(statement, Branch):
            # A rule ends with the branch that it began in; conditionals within its recipe don't end it.
            rule = rule if statement.word.startswith("if") or rule_depth < depth else None
            depth += statement.word.startswith("if") - (statement.word == "endif")
        else:
            rule, rule_depth = (statement if isinstance(statement, Rule) else None), depth
    return found


def statement_of(text: str, place: Place) -> Statement:
    """One statement, comments left out."""
    if match := BRANCH.fullmatch(text):
        return Branch(place, match[1], match[2].strip())
    if match := INCLUDE.fullmatch(text):
        return Include(place, match[2], match[1] != "include")
    if match := ASSIGNMENT.fullmatch(text):
        return Assignment(place, match[2], match[3], match[4])
    if not DEFINE.match(text) and (match := RULE.fullmatch(text)):
        before, _, command = match[2].partition(";")
        return Rule(place, match[1].strip(), before.strip(), [command.strip()] if command.strip() else [])
    return Other(place)


def skip_definition(lines: Iterator[tuple[int, str]]) -> None:
    """Go on to the end of a ``define``."""
    for _, line in lines:
        if line.split("#")[0].strip() == "endef":
            return


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with those that continue them, each with the number of its first; the ends are read as make reads them."""
    whole, first = "", 1
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        whole = f"{whole} {line.lstrip()}" if whole else line
        if line.endswith("\\") and not line.endswith("\\\\"):
            whole = whole[:-1].rstrip() or " "
            continue
        yield first, whole
        whole, first = "", number + 1
    if whole.strip():
        yield first, whole
