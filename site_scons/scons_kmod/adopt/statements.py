# SPDX-License-Identifier: MIT
"""The statements of a file in GNU make's syntax (GNU make manual, 3.1 and 3.8)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

REFERENCE = r"\$\([^()]*\)|\$\{[^{}]*\}"
NAME = rf"(?:{REFERENCE}|[^\s:#=+?!$])+"
ASSIGNMENT = re.compile(
    rf"((?:(?:export|override|private)\s+)*)({NAME})\s*(:::=|::=|:=|\+=|\?=|!=|=)\s*(.*)", re.DOTALL
)
CONDITIONAL = re.compile(r"(ifdef|ifndef|ifeq|ifneq|else|endif)\b\s*(.*)", re.DOTALL)
INCLUDE = re.compile(r"(-include|sinclude|include)\s+(.*)", re.DOTALL)
EXPORT = re.compile(r"(?:un)?export\b")
DEFINE = re.compile(r"(?:(?:export|override)\s+)*define\b")
COMMENT = re.compile(r"(?<!\\)#.*", re.DOTALL)
RULE = re.compile(rf"((?:{REFERENCE}|[^:$])*)::?(?!=)(.*)", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class StatementLocation:
    """A statement as messages name it: the `file` as the user sees it, the `line` from 1, the `text` on one line."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


@dataclasses.dataclass(frozen=True)
class Statement:
    """A statement of a file, and where it is."""

    location: StatementLocation


@dataclasses.dataclass(frozen=True)
class Assignment(Statement):
    """``NAME OPERATOR VALUE``."""

    name: str
    operator: str
    value: str


@dataclasses.dataclass(frozen=True)
class ConditionalDirective(Statement):
    """``ifdef``, ``ifndef``, ``ifeq``, ``ifneq``, ``else`` or ``endif``. After ``else``, `rest` may be another."""

    directive: str
    rest: str


@dataclasses.dataclass(frozen=True)
class Include(Statement):
    """``include``. If it is `optional`, a missing file is no error."""

    names: str
    optional: bool


@dataclasses.dataclass(frozen=True)
class MakeRule(Statement):
    """``TARGETS: PREREQUISITES`` and the commands of its recipe."""

    targets: str
    prerequisites: str
    recipe: list[str]


@dataclasses.dataclass(frozen=True)
class OtherStatement(Statement):
    """Any other statement: ``define``, ``vpath``, or a function that is called for its effect."""


def read_statements(text: str, file: str) -> list[Statement]:
    """The statements of a file's text. Exports of variables are skipped: they mean nothing to Kbuild."""
    found: list[Statement] = []
    rule: MakeRule | None = None
    depth = rule_depth = 0
    lines = logical_lines(text)
    for number, line in lines:
        if line.startswith("\t") and rule:
            rule.recipe.append(line.strip())
            continue
        plain = COMMENT.sub("", line).replace("\\#", "#").strip()
        if not plain or (EXPORT.match(plain) and not ASSIGNMENT.fullmatch(plain)):
            continue
        printable = "".join(character if character.isprintable() else "?" for character in " ".join(plain.split()))
        if DEFINE.match(plain):
            skip_definition(lines)
        statement = classify_statement(plain, StatementLocation(file, number, printable))
        found.append(statement)
        if isinstance(statement, ConditionalDirective):
            # A rule ends with the branch in which it began. Conditionals inside its recipe do not end it.
            opens = statement.directive.startswith("if")
            rule = rule if opens or rule_depth < depth else None
            depth += opens - (statement.directive == "endif")
        else:
            rule, rule_depth = (statement if isinstance(statement, MakeRule) else None), depth
    return found


def classify_statement(text: str, location: StatementLocation) -> Statement:
    """The statement that a text without comments is."""
    if match := CONDITIONAL.fullmatch(text):
        return ConditionalDirective(location, match[1], match[2].strip())
    if match := INCLUDE.fullmatch(text):
        return Include(location, match[2], match[1] != "include")
    if match := ASSIGNMENT.fullmatch(text):
        return Assignment(location, match[2], match[3], match[4])
    if not DEFINE.match(text) and (match := RULE.fullmatch(text)):
        prerequisites, _, command = match[2].partition(";")
        recipe = [command.strip()] if command.strip() else []
        return MakeRule(location, match[1].strip(), prerequisites.strip(), recipe)
    return OtherStatement(location)


def skip_definition(lines: Iterator[tuple[int, str]]) -> None:
    """Advance to the end of a ``define``."""
    for _, line in lines:
        if line.split("#")[0].strip() == "endef":
            return


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines, each joined with its continuation lines and with the number of its first. As make, it ignores CR."""
    joined, first = "", 1
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        joined = f"{joined} {line.lstrip()}" if joined else line
        if line.endswith("\\") and not line.endswith("\\\\"):
            joined = joined[:-1].rstrip() or " "
            continue
        yield first, joined
        joined, first = "", number + 1
    if joined.strip():
        yield first, joined
