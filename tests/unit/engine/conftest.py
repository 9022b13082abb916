# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from step_workshop import TwoSteps, Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    made = Workshop(tmp_path)
    made.run()
    return made


@pytest.fixture
def two(tmp_path: Path) -> TwoSteps:
    made = TwoSteps(Workshop(tmp_path))
    assert made.build() == [1, 1]
    assert made.reasons() == [[], []]
    return made
