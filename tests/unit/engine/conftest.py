# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from step_workshop import TwoSteps, Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    workshop = Workshop(tmp_path)
    workshop.run()
    return workshop


@pytest.fixture
def two(tmp_path: Path) -> TwoSteps:
    two = TwoSteps(Workshop(tmp_path))
    assert two.build() == [1, 1]
    assert two.reasons() == [[], []]
    return two
