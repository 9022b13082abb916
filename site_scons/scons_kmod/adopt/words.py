# SPDX-License-Identifier: MIT
"""Text in GNU make's syntax as words. Some words apply to some kernels only.

GNU make's manual calls each piece of text between white space a word.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence

from scons_kmod.adopt.config_condition import ALWAYS, ConfigCondition, conjunction, negation
from scons_kmod.adopt.statements import StatementLocation

# These characters stand for what is unknown before a build. No file name contains them: the module's directory, the
# kernel tree, the value of a symbol that is y or m, anything else.
DIRECTORY, KERNEL, Y_OR_M, UNKNOWN = "\x01", "\x02", "\x03", "\x04"
# How messages show them.
DISPLAYED = str.maketrans({DIRECTORY: "$(src)", KERNEL: "$(srctree)", Y_OR_M: "$(CONFIG_...)", UNKNOWN: "?"})
# If the text of one word depends on more symbols than this, it is unknown: the cases double with each symbol.
MOST_SYMBOLS = 6


@dataclasses.dataclass(frozen=True)
class Word:
    """A word, the condition under which it applies, and the statement that it comes from.

    If its `text` contains `UNKNOWN`, the word is unusable and `note` gives the reason. Otherwise `note` is a remark for
    the user, or "".
    """

    text: str
    condition: ConfigCondition
    location: StatementLocation
    note: str = ""

    def under(self, condition: ConfigCondition) -> Word:
        """The word if it applies only where this condition holds, too."""
        return dataclasses.replace(self, condition=conjunction(self.condition, condition))

    def with_text(self, text: str) -> Word:
        """A word with another text, and otherwise the same."""
        return dataclasses.replace(self, text=text)


@dataclasses.dataclass(frozen=True)
class Reference:
    """``$(BODY)``."""

    body: str


@dataclasses.dataclass(frozen=True)
class Case:
    """The text that something has under a condition, and the note of the words in it."""

    text: str
    condition: ConfigCondition
    note: str = ""


Piece = str | Reference


def split_pieces(text: str) -> Iterator[Piece]:
    """The plain texts and the references of a text, in order."""
    plain, at = "", 0
    while at < len(text):
        if text[at] != "$" or at + 1 == len(text):
            plain, at = plain + text[at], at + 1
        elif text[at + 1] == "$":
            plain, at = plain + "$", at + 2
        else:
            if plain:
                yield plain
            plain = ""
            end = closing_bracket(text, at + 1)
            yield Reference(text[at + 2 : end] if text[at + 1] in "({" else text[at + 1])
            at = end + 1
    if plain:
        yield plain


def closing_bracket(text: str, at: int) -> int:
    """The index of the bracket that closes the one at `at`; the text's length if there is none.

    If there is no bracket at `at`, the result is `at`.
    """
    closing = {"(": ")", "{": "}"}.get(text[at])
    depth = 0
    for index in range(at, len(text) if closing else at):
        depth += (text[index] == text[at]) - (text[index] == closing)
        if not depth:
            return index
    return len(text) if closing else at


def split_words(text: str) -> list[list[Piece]]:
    """The words of a text, each as its pieces. White space inside a reference separates nothing."""
    words: list[list[Piece]] = [[]]
    for piece in split_pieces(text):
        if isinstance(piece, Reference):
            words[-1].append(piece)
            continue
        for part in re.findall(r"\s+|\S+", piece):
            if part.isspace():
                words.append([])
            else:
                words[-1].append(part)
    return [word for word in words if word]


def split_arguments(text: str, most: int = 0) -> list[str]:
    """The texts between commas that are in no brackets. If `most` is not 0, there are at most so many."""
    arguments, depth = [""], 0
    for character in text:
        depth += (character in "({") - (character in ")}")
        if character == "," and not depth and (not most or len(arguments) < most):
            arguments.append("")
        else:
            arguments[-1] += character
    return arguments


def text_cases(words: Sequence[Word]) -> list[Case]:
    """All texts that the words, joined by blanks, can have. No two of these cases hold at once."""
    symbols = {literal.lstrip("!") for word in words for term in word.condition for literal in term}
    if len(symbols) > MOST_SYMBOLS:
        return [Case(UNKNOWN, ALWAYS, f"the value depends on more than {MOST_SYMBOLS} CONFIG_ symbols")]
    cases = [Case("", ALWAYS)]
    for word in words:
        extended: list[Case] = []
        for case in cases:
            if inside := conjunction(case.condition, word.condition):
                extended.append(Case(f"{case.text} {word.text}".strip(), inside, case.note or word.note))
            if outside := conjunction(case.condition, negation(word.condition)):
                extended.append(dataclasses.replace(case, condition=outside))
        cases = extended
    return cases


def concatenated(parts: Iterable[Sequence[Case]]) -> list[Case]:
    """All texts that a word can have, from the cases of each of its parts."""
    cases = [Case("", ALWAYS)]
    for part in parts:
        cases = [
            Case(head.text + tail.text, condition, head.note or tail.note)
            for head in cases
            for tail in part
            if (condition := conjunction(head.condition, tail.condition))
        ]
    return cases


def only_text(words: Sequence[Word]) -> str:
    """The text of words that is the same for all kernels; `UNKNOWN` if it differs between kernels."""
    cases = text_cases(words)
    return cases[0].text if len(cases) == 1 else UNKNOWN
