# SPDX-License-Identifier: MIT
from __future__ import annotations

from scons_kmod.doctor.finding import LINE, Finding, row_lines, table


def test_names_are_aligned_and_text_is_wrapped() -> None:
    long = " ".join(["word"] * 60)
    lines = list(table([Finding("A", "x", "1"), Finding("B", "long-name", long), Finding("A", "y", "2", "do this")]))
    assert lines[:5] == ["A", "  x          1", "! y          MISSING: 2", "             do this", "B"]
    assert lines[5].startswith("  long-name  word")
    assert max(map(len, lines)) <= LINE


def test_a_path_is_never_broken() -> None:
    path = "/a-long/path" * 20
    assert list(row_lines(Finding("A", "x", path), 1)) == [f"  x  {path}"]
