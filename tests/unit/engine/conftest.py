# SPDX-License-Identifier: MIT
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from step_workshop import TwoSteps, Workshop

UNIT = """\
extern int imported(void);
extern int weak(void) __attribute__((weak));
extern int unused(void);
static int local(void) { return 1; }
int exported(void) { return imported() + (weak ? weak() : local()); }
int data = 1;
int common __attribute__((common));
"""


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An object with symbols of each kind."""
    source = tmp_path_factory.mktemp("object") / "unit.c"
    source.write_text(UNIT)
    object_file = source.with_suffix(".o")
    subprocess.run(("gcc", "-fno-pic", "-c", "-o", object_file, source), check=True)
    return object_file


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
