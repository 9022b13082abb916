# SPDX-License-Identifier: MIT
"""Rules for the Rust sources that the compiler does not check."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = [path for part in ("kernel", "rust", "modules") for path in sorted((PROJECT / part).rglob("*.rs"))]
# A block or an impl: what a caller has to keep in mind stands in the documentation of an unsafe fn instead.
UNSAFE = re.compile(r"\bunsafe\s*(\{|impl\b)")
COMMENT = re.compile(r"^\s*(//|#\[|\*)")


def undocumented(lines: list[str]) -> list[int]:
    """Line numbers of unsafe blocks and impls with no SAFETY comment above the statement that they are in."""
    found = []
    for number, line in enumerate(lines):
        code = line.split("//")[0]
        if not UNSAFE.search(code) or COMMENT.match(line):
            continue
        at = number
        # Up to the end of the statement before: what is above it does not speak of this one.
        while (
            at
            and not re.search(r"[;{}]\s*(//.*)?$", lines[at - 1].split("//")[0].rstrip() or "x")
            and lines[at - 1].strip()
        ):
            at -= 1
        if not any("SAFETY:" in text for text in lines[at : number + 1]):
            found.append(number + 1)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_unsafe_says_why_it_is_safe(path: Path) -> None:
    assert undocumented(path.read_text().splitlines()) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_file_names_its_licence(path: Path) -> None:
    assert path.read_text().startswith("// SPDX-License-Identifier: GPL-2.0\n")


def test_an_unsafe_block_without_a_comment_is_found() -> None:
    assert undocumented(["fn f() {", "    // SAFETY: it is.", "    unsafe { g() };", "    unsafe { h() };", "}"]) == [4]
