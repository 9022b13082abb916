# SPDX-License-Identifier: MIT
"""Sources with the same key text compile to the same: many random pairs. It takes twenty minutes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest

from text_mutations import Compiler, pairs

COUNT = 50_000


@pytest.mark.parametrize("seed", range(10))
def test_sources_with_the_same_key_text_compile_to_the_same(tmp_path: Path, seed: int) -> None:
    compiler = Compiler(tmp_path)
    with ThreadPoolExecutor() as pool:
        different = list(filter(None, pool.map(compiler.difference, islice(pairs(seed), COUNT // 10))))
    assert different == []
