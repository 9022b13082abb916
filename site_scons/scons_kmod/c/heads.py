# SPDX-License-Identifier: MIT
"""What many of a module's C sources begin with: headers that are read once for all of them, as precompiled headers.

A source begins with macros and headers of the kernel, up to the first line that is something else. Sources that have
such lines in common are compiled with these precompiled; they have the lines still, and no effect of them any more: a
header that is guarded against a second inclusion is empty, and a macro may be defined again as it was.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.engine.digests import text_digest
from scons_kmod.manifest.sections.c import CCode

# So many sources pay for the precompilation of what they share.
FEWEST = 6
BLANK = re.compile(r"(?:\s|//[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
INCLUDE = re.compile(r"#[ \t]*include[ \t]*<([^>\n]+)>[ \t]*(?://[^\n]*|/\*[^\n]*?\*/[ \t]*)?\n")
# On one line, and without a comment in it.
DEFINE = re.compile(r"#[ \t]*define[ \t]+\w(?:[^\n\\/]|/(?![/*]))*\n")
ONCE = re.compile(r"#[ \t]*pragma[ \t]+once\b")
GUARD = re.compile(r"#[ \t]*ifndef[ \t]+(\w+)\s*\n\s*#[ \t]*define[ \t]+\1\b")
CONDITION = re.compile(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|endif)\b[^\n]*", re.MULTILINE)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Head:
    """Lines that sources begin with."""

    lines: tuple[str, ...]
    sources: tuple[Path, ...]

    @property
    def name(self) -> str:
        """What tells it from a module's other heads."""
        return text_digest("".join(self.lines))[:16]


@functools.cache
def find_heads(code: CCode, searched: tuple[str, ...]) -> tuple[Head, ...]:
    """What enough of the sources have in common; each source is in one at most."""
    plain = {one.source for one in code.files}
    begun = {
        source: tuple(guarded_lines(leading_lines(source), searched))
        for source in code.sources
        if source.suffix == ".c" and source not in plain
    }
    by_first: dict[str, list[Path]] = {}
    for source, lines in begun.items():
        if lines:
            by_first.setdefault(lines[0], []).append(source)
    groups = (group for group in by_first.values() if len(group) >= FEWEST)
    found = (Head(common_beginning([begun[source] for source in group]), tuple(group)) for group in groups)
    return tuple(head for head in found if any(INCLUDE.fullmatch(line) for line in head.lines))


def leading_lines(source: Path) -> list[str]:
    """The macros and the kernel's headers that a source begins with, a line each."""
    try:
        text = source.read_text()
    except (OSError, UnicodeDecodeError):
        return []
    found: list[str] = []
    blank = BLANK.match(text)
    at = blank.end() if blank else 0
    while line := INCLUDE.match(text, at) or DEFINE.match(text, at):
        include = INCLUDE.fullmatch(line[0])
        found.append(f"#include <{include[1]}>\n" if include else line[0])
        blank = BLANK.match(text, line.end())
        at = blank.end() if blank else line.end()
    return found


def guarded_lines(lines: Iterable[str], searched: tuple[str, ...]) -> Iterable[str]:
    """The lines up to a header that is not there, or not guarded against a second inclusion."""
    for line in lines:
        include = INCLUDE.fullmatch(line)
        if include and not is_guarded(include[1], searched):
            return
        yield line


@functools.cache
def is_guarded(name: str, searched: tuple[str, ...]) -> bool:
    """Whether nothing is in a header the second time that it is included."""
    place = next((path for path in (Path(one, name) for one in searched) if path.is_file()), None)
    if place is None:
        return False
    text = COMMENT.sub(" ", place.read_text(errors="replace")).strip()
    return bool(ONCE.match(text) or (GUARD.match(text) and first_block_end(text) == len(text)))


def first_block_end(text: str) -> int:
    """Where the block ends that the first condition begins."""
    depth = 0
    for condition in CONDITION.finditer(text):
        depth += -1 if condition[1] == "endif" else 1
        if depth == 0:
            return condition.end()
    return -1


def common_beginning(several: list[tuple[str, ...]]) -> tuple[str, ...]:
    """What all of them begin with."""
    pairs = itertools.takewhile(lambda each: len(set(each)) == 1, zip(*several, strict=False))
    return tuple(each[0] for each in pairs)
