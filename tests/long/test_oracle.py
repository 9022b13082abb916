# SPDX-License-Identifier: MIT
"""A short run of the oracle (oracle.py), with a fixed seed."""

from __future__ import annotations

import shutil
from pathlib import Path

import oracle


def test_random_edits_give_what_clean_builds_give(tmp_path: Path) -> None:
    tally = oracle.run(3, 20260102, tmp_path / "world", modules=("rust_kvm", "rust_miscdev", "rust_rbtree"))
    shutil.rmtree(tmp_path / "world")
    assert tally.wrong == []
    assert tally.needless == []
    assert tally.rounds == 3
