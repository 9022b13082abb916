# SPDX-License-Identifier: MIT
"""Text in GNU make's syntax as words, of which some count for some kernels only."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from scons_kmod.adopt.make_syntax import Place
from scons_kmod.adopt.when_config import ALWAYS, When, both, never

# What stands in a text for what is not known before a build: no file has such characters in its name.
DIRECTORY, KERNEL, SET, UNKNOWN = "\x01", "\x02", "\x03", "\x04"
# How messages show them.
SHOWN = str.maketrans({DIRECTORY: "$(src)", KERNEL: "$(srctree)", SET: "$(CONFIG_...)", UNKNOWN: "?"})
# So many symbols of the configuration may decide what one word is.
MOST_SYMBOLS = 6


@dataclasses.dataclass(frozen=True)
class Word:
    """One word: `DIRECTORY` in it is the module's directory, `KERNEL` the kernel's, `SET` is y or m.

    With `UNKNOWN` in it, it can't be used, and `why` says the reason. Without, `why` is a remark.
    """

    text: str
    when: When
    place: Place
    why: str = ""

    def under(self, when: When) -> Word:
        """The word where this holds too."""
        return dataclasses.replace(self, when=both(self.when, when))

    def spelled(self, text: str) -> Word:
        """Another word of the same origin."""
        return dataclasses.replace(self, text=text)


@dataclasses.dataclass(frozen=True)
class Reference:
    """``$(BODY)``."""

    body: str


@dataclasses.dataclass(frozen=True)
class Case:
    """What a text is for some kernels."""

    text: str
    when: When
    why: str = ""


Piece = str | Reference


def pieces(text: str) -> Iterator[Piece]:
    """Plain text and references, by turns."""
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
            end = closing(text, at + 1)
            yield Reference(text[at + 2 : end] if text[at + 1] in "({" else text[at + 1])
            at = end + 1
    if plain:
        yield plain


def closing(text: str, at: int) -> int:
    """Where what begins at a bracket ends; there itself if it is none."""
    pair = {"(": ")", "{": "}"}.get(text[at])
    depth = 0
    for index in range(at, len(text) if pair else at):
        depth += (text[index] == text[at]) - (text[index] == pair)
        if not depth:
            return index
    return len(text) if pair else at


def split_words(text: str) -> list[list[Piece]]:
    """The words of a text, each as pieces: white space within a reference parts nothing."""
    words: list[list[Piece]] = [[]]
    for piece in pieces(text):
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
    """What commas part, but for those in brackets; no more than `most` arguments, if that is not 0."""
    found, depth = [""], 0
    for character in text:
        depth += (character in "({") - (character in ")}")
        if character == "," and not depth and (not most or len(found) < most):
            found.append("")
        else:
            found[-1] += character
    return found


def cases(words: Sequence[Word]) -> list[Case]:
    """All that the words, with blanks between, can be; no two at once."""
    symbols = {literal.lstrip("!") for word in words for term in word.when for literal in term}
    if len(symbols) > MOST_SYMBOLS:
        return [Case(UNKNOWN, ALWAYS, f"it depends on more than {MOST_SYMBOLS} symbols of the configuration")]
    found = [Case("", ALWAYS)]
    for word in words:
        grown: list[Case] = []
        for case in found:
            inside, outside = both(case.when, word.when), both(case.when, never(word.when))
            if inside:
                grown.append(Case(f"{case.text} {word.text}".strip(), inside, case.why or word.why))
            if outside:
                grown.append(dataclasses.replace(case, when=outside))
        found = grown
    return found


def joined(parts: Iterable[Sequence[Case]]) -> list[Case]:
    """What the parts of one word, put together, can be."""
    found = [Case("", ALWAYS)]
    for part in parts:
        found = [
            Case(before.text + more.text, when, before.why or more.why)
            for before in found
            for more in part
            if (when := both(before.when, more.when))
        ]
    return found


def substitute(pattern: str, replacement: str, text: str) -> str:
    """``patsubst`` for one word: ``%`` stands for any text."""
    if "%" not in pattern:
        return replacement if text == pattern else text
    before, after = pattern.split("%", 1)
    if not matches(pattern, text):
        return text
    return replacement.replace("%", text[len(before) : len(text) - len(after)], 1)


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern of make's matches a word; `SET` is both y and m."""
    if text == SET and pattern in ("y", "m"):
        return True
    before, percent, after = pattern.partition("%")
    if not percent:
        return text == pattern
    return len(text) >= len(before) + len(after) and text.startswith(before) and text.endswith(after)


def any_of(patterns: str, text: str) -> bool:
    """Whether one of several patterns matches."""
    return any(matches(one, text) for one in patterns.split())


def directory_of(text: str) -> str:
    """The directory in a path, with its slash."""
    return text[: text.rindex("/") + 1] if "/" in text else "./"


# Functions for each word of their last argument; the arguments before are texts. None leaves the word out.
WORD_BY_WORD: dict[str, tuple[int, Callable[..., str | None]]] = {
    "strip": (1, lambda text: text),
    "sort": (1, lambda text: text),
    "notdir": (1, lambda text: text.rpartition("/")[2]),
    "dir": (1, directory_of),
    "basename": (1, lambda text: re.sub(r"\.[^./]*$", "", text)),
    "abspath": (1, lambda text: text),
    "realpath": (1, lambda text: text),
    "addprefix": (2, lambda prefix, text: prefix + text),
    "addsuffix": (2, lambda suffix, text: text + suffix),
    "filter": (2, lambda patterns, text: text if any_of(patterns, text) else None),
    "filter-out": (2, lambda patterns, text: None if any_of(patterns, text) else text),
    "patsubst": (3, substitute),
    "subst": (3, lambda old, new, text: text.replace(old, new) if old else text),
}
