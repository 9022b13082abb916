# SPDX-License-Identifier: MIT
"""Sources with the same key text compile to the same: some random pairs. tests/rare has more."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from text_mutations import Compiler, pairs

COUNT = 150


def test_sources_with_the_same_key_text_compile_to_the_same(tmp_path: Path) -> None:
    compiler = Compiler(tmp_path)
    assert list(filter(None, map(compiler.difference, islice(pairs(2026), COUNT)))) == []


def test_what_is_compared_compiles_as_a_rule(tmp_path: Path) -> None:
    compiler = Compiler(tmp_path)
    outputs = [compiler.output(text, detail) for text, _, detail in islice(pairs(1), 60)]
    assert sum(output is not None for output in outputs) > 20
