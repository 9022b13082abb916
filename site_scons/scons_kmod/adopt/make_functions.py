# SPDX-License-Identifier: MIT
"""The functions of GNU make and of Kbuild whose results can be known without running a program."""

from __future__ import annotations

import dataclasses
import glob
import re
from collections.abc import Callable
from pathlib import Path

from scons_kmod.adopt.config_condition import ALWAYS
from scons_kmod.adopt.statements import StatementLocation
from scons_kmod.adopt.words import DIRECTORY, UNKNOWN, Y_OR_M, Word, only_text, split_arguments

# Expands a text to its words.
Expand = Callable[[str], list[Word]]
COMPILER_OPTION = re.compile(r"(cc-option|cc-option-yn|cc-disable-warning)\s*,")


@dataclasses.dataclass(frozen=True)
class FunctionCall:
    """``$(NAME ARGUMENTS)`` in a statement."""

    name: str
    arguments: str
    location: StatementLocation

    def unknown(self, note: str) -> list[Word]:
        """The result if it cannot be known, with the reason."""
        return [Word(UNKNOWN, ALWAYS, self.location, note)]


def evaluate(call: FunctionCall, expand: Expand, directory: Path) -> list[Word]:
    """The words that a function returns. `directory` is the module's."""
    if call.name == "shell" and call.arguments == "pwd":
        return [Word(DIRECTORY, ALWAYS, call.location)]
    if call.name == "wildcard":
        return wildcard_words(call, only_text(expand(call.arguments)), directory)
    if call.name == "call" and COMPILER_OPTION.match(call.arguments):
        return compiler_option(call, expand)
    if call.name == "lastword":
        return expand(call.arguments)[-1:]
    if call.name in WORD_FUNCTIONS:
        return transformed_words(call, expand)
    return call.unknown(f"adopt does not evaluate $({call.name} ...)")


def transformed_words(call: FunctionCall, expand: Expand) -> list[Word]:
    """The words that one of the `WORD_FUNCTIONS` returns."""
    count, transform = WORD_FUNCTIONS[call.name]
    *first, last = split_arguments(call.arguments, count)
    texts = [only_text(expand(argument.strip())) for argument in first]
    if len(texts) + 1 != count or UNKNOWN in "".join(texts):
        return call.unknown(f"the value of $({call.name} ...) depends on the kernel")
    found: list[Word] = []
    for word in expand(last):
        text = word.text if UNKNOWN in word.text else transform(*texts, word.text)
        if text is not None:
            found.append(word.with_text(text))
    return found


def compiler_option(call: FunctionCall, expand: Expand) -> list[Word]:
    """The flag of Kbuild's ``cc-option``, which asks the compiler for it (scripts/Makefile.compiler)."""
    function, option, *_ = map(str.strip, split_arguments(call.arguments))
    if function == "cc-option":
        return [
            dataclasses.replace(word, note=f"adopt does not ask the compiler: {word.text} is always passed")
            for word in expand(option)
        ]
    if function == "cc-disable-warning":
        return [Word(f"-Wno-{option}", ALWAYS, call.location)]
    return call.unknown("adopt does not ask the compiler")


def wildcard_words(call: FunctionCall, patterns: str, directory: Path) -> list[Word]:
    """The files of the module's directory that a pattern matches, except for those that Kbuild writes there."""
    if UNKNOWN in patterns or not all(pattern.startswith(f"{DIRECTORY}/") for pattern in patterns.split()):
        return call.unknown("adopt evaluates $(wildcard ...) only for patterns that begin with $(src)/")
    names: list[str] = []
    for pattern in patterns.split():
        # Path.glob does not take every pattern.
        names += sorted(glob.glob(pattern.removeprefix(DIRECTORY).lstrip("/"), root_dir=directory))  # noqa: PTH207
    return [Word(f"{DIRECTORY}/{name}", ALWAYS, call.location) for name in names if not name.endswith(".mod.c")]


def substitute_pattern(pattern: str, replacement: str, text: str) -> str:
    """``patsubst`` for one word: ``%`` matches any text."""
    if "%" not in pattern:
        return replacement if text == pattern else text
    prefix, suffix = pattern.split("%", 1)
    if not matches_pattern(pattern, text):
        return text
    return replacement.replace("%", text[len(prefix) : len(text) - len(suffix)], 1)


def matches_pattern(pattern: str, text: str) -> bool:
    """Whether a pattern of make matches a word. `Y_OR_M` matches both y and m."""
    if text == Y_OR_M and pattern in ("y", "m"):
        return True
    prefix, percent, suffix = pattern.partition("%")
    if not percent:
        return text == pattern
    return len(text) >= len(prefix) + len(suffix) and text.startswith(prefix) and text.endswith(suffix)


def matches_any_pattern(patterns: str, text: str) -> bool:
    """Whether at least one of several patterns matches a word."""
    return any(matches_pattern(pattern, text) for pattern in patterns.split())


def directory_part(text: str) -> str:
    """The directory in a path, with its slash."""
    return text[: text.rindex("/") + 1] if "/" in text else "./"


# Functions that transform each word of their last argument: the number of arguments, and the transformation. The
# arguments before the last are texts. A transformation that returns None drops the word.
WORD_FUNCTIONS: dict[str, tuple[int, Callable[..., str | None]]] = {
    "strip": (1, lambda text: text),
    "sort": (1, lambda text: text),
    "notdir": (1, lambda text: text.rpartition("/")[2]),
    "dir": (1, directory_part),
    "basename": (1, lambda text: re.sub(r"\.[^./]*$", "", text)),
    "abspath": (1, lambda text: text),
    "realpath": (1, lambda text: text),
    "addprefix": (2, lambda prefix, text: prefix + text),
    "addsuffix": (2, lambda suffix, text: text + suffix),
    "filter": (2, lambda patterns, text: text if matches_any_pattern(patterns, text) else None),
    "filter-out": (2, lambda patterns, text: None if matches_any_pattern(patterns, text) else text),
    "patsubst": (3, substitute_pattern),
    "subst": (3, lambda old, new, text: text.replace(old, new) if old else text),
}
