# SPDX-License-Identifier: MIT
"""Precompiled heads: the macros and includes that many of a module's C sources begin with.

The head of a source is its macros and the kernel's headers that it includes, up to the first line that is something
else. Sources with a common head are compiled with this head precompiled. The lines in the source then have no effect:
a header that is guarded against a second inclusion is empty, and a macro may be defined again with the same value.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from scons_kmod.engine.digests import text_digest
from scons_kmod.manifest.sections.c import CCode

# With fewer sources, precompiling their head takes more time than it saves.
FEWEST = 6
# Of the sources with the same first line, a head has at least this share. The others are compiled without a head, so an
# include that is added to one source leaves the others' head as it was.
SHARE = 2 / 3
BLANKS_AND_COMMENTS = re.compile(r"(?:\s|//[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
INCLUDE_LINE = re.compile(r"#[ \t]*include[ \t]*<([^>\n]+)>[ \t]*(?://[^\n]*|/\*[^\n]*?\*/[ \t]*)?\n")
# On one line, and without a comment in it.
DEFINE_LINE = re.compile(r"#[ \t]*define[ \t]+\w(?:[^\n\\/]|/(?![/*]))*\n")
ONCE = re.compile(r"#[ \t]*pragma[ \t]+once\b")
GUARD = re.compile(r"#[ \t]*ifndef[ \t]+(\w+)\s*\n\s*#[ \t]*define[ \t]+\1\b")
CONDITION_LINE = re.compile(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|endif)\b[^\n]*", re.MULTILINE)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Head:
    """The lines of a head, and the sources that begin with them."""

    lines: tuple[str, ...]
    sources: tuple[Path, ...]

    @property
    def name(self) -> str:
        """A name that differs from those of the module's other heads."""
        return text_digest("".join(self.lines))[:16]


@functools.cache
def find_heads(code: CCode, include_directories: tuple[str, ...]) -> tuple[Head, ...]:
    """The heads that at least `FEWEST` sources share. A source is in one head at most.

    Sources with flags of their own have none: a precompiled header is for one set of flags.
    """
    with_own_flags = {flags.source for flags in code.files}
    beginnings = {
        source: tuple(guarded_lines(leading_lines(source), include_directories))
        for source in code.sources
        if source.suffix == ".c" and source not in with_own_flags
    }
    by_first_line: dict[str, list[Path]] = {}
    for source, lines in beginnings.items():
        if lines:
            by_first_line.setdefault(lines[0], []).append(source)
    groups = (group for group in by_first_line.values() if len(group) >= FEWEST)
    heads = (common_head({source: beginnings[source] for source in group}) for group in groups)
    return tuple(head for head in heads if any(INCLUDE_LINE.fullmatch(line) for line in head.lines))


def leading_lines(source: Path) -> list[str]:
    """The macros and the kernel's headers that a source begins with, a line each; none if it can't be read as text."""
    try:
        text = source.read_text()
    except (OSError, UnicodeDecodeError):
        return []
    lines: list[str] = []
    blank = BLANKS_AND_COMMENTS.match(text)
    at = blank.end() if blank else 0
    while line := INCLUDE_LINE.match(text, at) or DEFINE_LINE.match(text, at):
        include = INCLUDE_LINE.fullmatch(line[0])
        lines.append(f"#include <{include[1]}>\n" if include else line[0])
        blank = BLANKS_AND_COMMENTS.match(text, line.end())
        at = blank.end() if blank else line.end()
    return lines


def guarded_lines(lines: Iterable[str], include_directories: tuple[str, ...]) -> Iterable[str]:
    """The lines before the first header that is missing, or not guarded against a second inclusion."""
    for line in lines:
        include = INCLUDE_LINE.fullmatch(line)
        if include and not is_guarded(include[1], include_directories):
            return
        yield line


@functools.cache
def is_guarded(name: str, include_directories: tuple[str, ...]) -> bool:
    """Whether a header is empty when it is included for the second time."""
    paths = (Path(directory, name) for directory in include_directories)
    header = next((path for path in paths if path.is_file()), None)
    if header is None:
        return False
    text = COMMENT.sub(" ", header.read_text(errors="replace")).strip()
    return bool(ONCE.match(text) or (GUARD.match(text) and first_block_end(text) == len(text)))


def first_block_end(text: str) -> int:
    """The end of the block that the first condition begins, as a position in the text; -1 if it has no end."""
    depth = 0
    for condition in CONDITION_LINE.finditer(text):
        depth += -1 if condition[1] == "endif" else 1
        if depth == 0:
            return condition.end()
    return -1


def common_head(beginnings: Mapping[Path, tuple[str, ...]]) -> Head:
    """The longest beginning that `SHARE` of the sources have, and those that have it."""
    fewest = max(FEWEST, SHARE * len(beginnings))
    lines: tuple[str, ...] = ()
    sources = tuple(beginnings)
    while True:
        longer = [source for source in sources if len(beginnings[source]) > len(lines)]
        following = Counter(beginnings[source][len(lines)] for source in longer)
        line, count = following.most_common(1)[0] if following else ("", 0)
        if count < fewest:
            return Head(lines, sources)
        sources = tuple(source for source in longer if beginnings[source][len(lines)] == line)
        lines = (*lines, line)
