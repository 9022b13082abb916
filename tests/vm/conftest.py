# SPDX-License-Identifier: MIT
"""A checkout to build other modules in."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkout import Checkout


@pytest.fixture
def other_checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")
