# SPDX-License-Identifier: MIT
"""The result of a check, and the table of all results."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Iterable, Iterator

from scons_kmod.base.directories import sources_directory
from scons_kmod.base.errors import KmodError

# A checkout has this file, the installed package lacks it.
BOOTSTRAP = sources_directory() / "bootstrap"
# The width of the table in columns. Only paths may be longer.
LINE = 120


@dataclasses.dataclass(frozen=True)
class Finding:
    """The result of one check, in the table below `heading`. `missing` says what to do if the thing is missing."""

    heading: str
    name: str
    text: str
    missing: str | None = None


def error_finding(heading: str, name: str, error: KmodError) -> Finding:
    """The finding that something is missing, from the error that says so."""
    return Finding(heading, name, error.message, error.fix or "see above")


def table(findings: Iterable[Finding]) -> Iterator[str]:
    """The lines of a table: the findings below their headings, with their names and texts aligned."""
    rows = list(findings)
    width = max((len(row.name) for row in rows), default=0)
    for heading in dict.fromkeys(row.heading for row in rows):
        yield heading
        for row in rows:
            if row.heading == heading:
                yield from row_lines(row, width)


def row_lines(row: Finding, width: int) -> Iterator[str]:
    """The lines of one finding: its name in `width` columns, and beside it the text and what to do."""
    text = f"MISSING: {row.text}\n{row.missing}" if row.missing else row.text
    wrapper = textwrap.TextWrapper(LINE - width - 4, break_long_words=False, break_on_hyphens=False)
    lines = [part for line in text.splitlines() for part in wrapper.wrap(line.strip())]
    for number, line in enumerate(lines):
        yield f"{'!' if row.missing and not number else ' '} {'' if number else row.name:<{width}}  {line}"


def summary(findings: Iterable[Finding]) -> list[str]:
    """The last lines of the report: what is missing."""
    missing = [row.name for row in findings if row.missing]
    if not missing:
        return ["", "Nothing is missing."]
    hint = " On Debian 12, ./bootstrap scons installs what it needs." if BOOTSTRAP.is_file() else ""
    return ["", f"Missing: {', '.join(missing)}.{hint}"]
