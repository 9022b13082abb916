# SPDX-License-Identifier: MIT
"""Reading a Kbuild file: its variables and rules, for all settings of the kernel's CONFIG_ symbols at once.

Nothing in the file is run. What cannot be known is skipped with a remark, or marked in the words of a value: so whoever
uses the value can tell the user.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from scons_kmod.adopt.conditionals import Conditionals
from scons_kmod.adopt.config_condition import conjunction
from scons_kmod.adopt.expansion import assign, expand, look_up, word_cases
from scons_kmod.adopt.remarks import Remarks
from scons_kmod.adopt.statements import (
    Assignment,
    ConditionalDirective,
    Include,
    MakeRule,
    OtherStatement,
    Statement,
    StatementLocation,
    read_statements,
)
from scons_kmod.adopt.variables import Variables
from scons_kmod.adopt.words import DIRECTORY, UNKNOWN, Y_OR_M, Word, split_words, text_cases
from scons_kmod.base.errors import UserError

# Files include each other only so deep: a file may include itself.
DEEPEST_INCLUDE = 8
# Characters that words.py gives a meaning. They mean nothing in a Kbuild file.
SPECIAL_CHARACTERS = re.compile("[\\0-\\4]")


def kbuild_path(directory: Path) -> Path:
    """The file that Kbuild reads in a directory: ``Kbuild`` or ``Makefile``. Raises `UserError` if there is none."""
    for name in ("Kbuild", "Makefile"):
        if (directory / name).is_file():
            return directory / name
    fix = "name the directory of a module: scons adopt DIR=path"
    raise UserError("the directory has no Kbuild file and no Makefile", where=str(directory), fix=fix)


class KbuildFile:
    """A Kbuild file and the files that it includes.

    `variables` and `rules` are what they define, `texts` their texts, `remarks` what was skipped.
    """

    def __init__(self, path: Path, directory: Path, given: dict[str, str]) -> None:
        """Read the file `path` of a module's directory. The command line or the kernel sets the variables `given`.

        Raises `OSError`.
        """
        self.variables = Variables(directory, given)
        self.rules: list[MakeRule] = []
        self.texts: list[str] = []
        self.remarks = Remarks()
        self.conditionals = Conditionals()
        self.read(path, path.name, 0)

    def read(self, path: Path, shown: str, depth: int) -> None:
        """Read a file, which messages call `shown`, and the files that it includes."""
        text = SPECIAL_CHARACTERS.sub("?", path.read_bytes().decode(errors="replace"))
        self.texts.append(text)
        for statement in read_statements(text, shown):
            if isinstance(statement, ConditionalDirective):
                self.conditionals.follow(statement, self.variables, self.remarks)
            elif self.conditionals.condition:
                self.read_statement(statement, depth)

    def read_statement(self, statement: Statement, depth: int) -> None:
        """Read a statement that applies to some kernels at least."""
        if isinstance(statement, Include):
            self.include(statement, depth)
        elif isinstance(statement, Assignment):
            self.assign(statement)
        elif isinstance(statement, MakeRule):
            self.rules.append(statement)
        elif isinstance(statement, OtherStatement):
            self.remarks.add(statement.location, "adopt does not read such a statement: write by hand what it is for")

    def include(self, statement: Include, depth: int) -> None:
        """Read the included files that are in the module's directory."""
        directory = self.variables.directory
        for case in text_cases(expand(self.variables, statement.names, statement.location)):
            for name in case.text.split():
                path = Path(name.replace(DIRECTORY, str(directory)))
                if path.is_file() and path.resolve().is_relative_to(directory) and depth < DEEPEST_INCLUDE:
                    self.read(path, os.path.relpath(path, directory), depth + 1)
                elif UNKNOWN in name or not path.is_absolute() or path.exists() or not statement.optional:
                    reason = case.note or "adopt reads only files in the module's directory, included as $(src)/NAME"
                    fix = "copy what the included file says about the module into this file"
                    self.remarks.add(statement.location, f"{reason}: {fix}")

    def assign(self, statement: Assignment) -> None:
        """Set a variable, or several if its name depends on the configuration."""
        pieces = [piece for word in split_words(statement.name) for piece in word]
        for case in word_cases(self.variables, pieces, statement.location):
            name = case.text.replace(Y_OR_M, "m" if case.text.startswith("obj-") else "y")
            if UNKNOWN in name:
                self.remarks.add(statement.location, f"{case.note}: write the variable's name in full")
            elif condition := conjunction(self.conditionals.condition, case.condition):
                assign(self.variables, name, statement, condition)

    def value(self, name: str) -> list[Word]:
        """The words of a variable; none if neither the file nor the command line sets it."""
        if name not in self.variables.in_file and name not in self.variables.given:
            return []
        return look_up(self.variables, name, StatementLocation("make's command line", 0, name))
