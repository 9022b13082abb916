# SPDX-License-Identifier: MIT
"""Expansion of texts in GNU make's syntax to words, and assignment of variables."""

from __future__ import annotations

import re

from scons_kmod.adopt.config_condition import ALWAYS, ConfigCondition, conjunction, is_enabled, negation
from scons_kmod.adopt.make_functions import FunctionCall, evaluate
from scons_kmod.adopt.statements import Assignment, StatementLocation
from scons_kmod.adopt.variables import (
    CONSTANTS,
    KERNEL_TREES,
    KERNEL_VARIABLES,
    MODULE_DIRECTORIES,
    DeferredText,
    MakeVariable,
    Variables,
)
from scons_kmod.adopt.words import (
    DIRECTORY,
    KERNEL,
    UNKNOWN,
    Y_OR_M,
    Case,
    Piece,
    Reference,
    Word,
    concatenated,
    only_text,
    split_words,
    text_cases,
)


def expand(variables: Variables, text: str, location: StatementLocation) -> list[Word]:
    """The words of a text in the statement at `location`."""
    found: list[Word] = []
    for word in split_words(text):
        if len(word) == 1 and isinstance(word[0], Reference):
            found += expand_reference(variables, word[0].body, location)
        else:
            for case in word_cases(variables, word, location):
                # An empty word stays if it has a note.
                texts = case.text.split() or ([""] if case.note else [])
                found += [Word(text, case.condition, location, case.note) for text in texts]
    return found


def word_cases(variables: Variables, pieces: list[Piece], location: StatementLocation) -> list[Case]:
    """All texts that the pieces of a word can have together."""
    return concatenated(
        [Case(piece, ALWAYS)]
        if isinstance(piece, str)
        else text_cases(expand_reference(variables, piece.body, location))
        for piece in pieces
    )


def expand_reference(variables: Variables, body: str, location: StatementLocation) -> list[Word]:
    """The words of ``$(BODY)``: a function call, a substitution reference, or a variable."""
    function, blank, arguments = body.partition(" ")
    if blank and re.fullmatch(r"[a-z-]+", function):
        return call_function(variables, FunctionCall(function, arguments.strip(), location))
    if match := re.fullmatch(r"([^:=]+):([^=]*)=(.*)", body):
        old, new = (part if "%" in match[2] else f"%{part}" for part in (match[2], match[3]))
        return call_function(variables, FunctionCall("patsubst", f"{old},{new},$({match[1]})", location))
    name = only_text(expand(variables, body, location))
    if UNKNOWN in name:
        return [Word(UNKNOWN, ALWAYS, location, f"the variable's name in $({body}) depends on the kernel")]
    return look_up(variables, name, location)


def call_function(variables: Variables, call: FunctionCall) -> list[Word]:
    """The words that a function of make returns."""
    return evaluate(call, lambda text: expand(variables, text, call.location), variables.directory)


def look_up(variables: Variables, name: str, location: StatementLocation) -> list[Word]:
    """The words of a variable that the statement at `location` uses."""
    if name in variables.given:
        return [Word(text, ALWAYS, location) for text in variables.given[name].split()]
    if name in variables.in_file:
        return expand_variable(variables, name)
    if name in MODULE_DIRECTORIES:
        return [Word(DIRECTORY, ALWAYS, location)]
    if name == "MAKEFILE_LIST":
        return [Word(f"{DIRECTORY}/Makefile", ALWAYS, location)]
    if name in KERNEL_TREES:
        return [Word(KERNEL, ALWAYS, location)]
    if name in CONSTANTS:
        return [Word(text, ALWAYS, location) for text in CONSTANTS[name].split()]
    if name.startswith("CONFIG_"):
        return [Word(Y_OR_M, is_enabled(name), location)]
    if name in KERNEL_VARIABLES:
        return [Word(UNKNOWN + name, ALWAYS, location, f"only the kernel's makefiles know $({name})")]
    return [Word("", ALWAYS, location, f"$({name}) is not set in this file: it is empty, as in make")]


def expand_variable(variables: Variables, name: str) -> list[Word]:
    """The words of a variable that the file sets; none if the variable refers to itself."""
    if name in variables.expanding:
        return []
    variables.expanding.append(name)
    found: list[Word] = []
    for part in variables.in_file[name].parts:
        if isinstance(part, Word):
            found.append(part)
        else:
            words = expand(variables, part.text, part.location)
            found += [limited for word in words if (limited := word.under(part.condition)).condition]
    variables.expanding.pop()
    return found


def assign(variables: Variables, name: str, assignment: Assignment, condition: ConfigCondition) -> None:
    """Carry out an assignment to the variable `name` where a condition holds."""
    variable = variables.in_file.get(name) or MakeVariable(False, [])
    operator, location = assignment.operator, assignment.location
    if operator == "?=":
        condition = conjunction(condition, negation(variable.defined))
    simple = variable.simple if operator in ("+=", "?=") else ":" in operator
    # The value may use the variable, so it is expanded before the old value is removed.
    parts: list[Word | DeferredText]
    if operator == "!=":
        parts = [Word(UNKNOWN, ALWAYS, location, "adopt runs no program")]
    elif simple:
        parts = [*expand(variables, assignment.value, location)]
    else:
        parts = [DeferredText(assignment.value, ALWAYS, location)]
    if operator not in ("+=", "?="):
        variable.remove(condition)
    variable.simple = simple
    variable.add(condition, *parts)
    variables.in_file[name] = variable
