# SPDX-License-Identifier: MIT
"""Modules that take their kernel down: each is reported as what it did, and the next test gets a kernel of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkout import Checkout
from scons_kmod.vm.boot import Limits
from scons_kmod.vm.lost_vm import Hang, Panic
from scons_kmod.vm.packed_tests import ModuleTest
from scons_kmod.vm.pytest_plugin import load_plans, run_tests

SOURCE = """// SPDX-License-Identifier: GPL-2.0
#![no_std]
use kernel::prelude::*;
module! {{ type: Lost, name: b"{name}", author: b"The tests", license: b"GPL", }}
struct Lost;
impl KernelModule for Lost {{
    fn init() -> Result<Self> {{
        {body}
        Ok(Lost)
    }}
}}
"""
BODIES = {
    "panics": 'let nothing: Option<u32> = core::hint::black_box(None);\nnothing.expect("the module\'s own panic");',
    "hangs": "while core::hint::black_box(true) {}",
    # With a header of its own choice, which the bundled bindings do not cover.
    "is_fine": 'pr_info!("a LED has {} bytes\\n", core::mem::size_of::<kernel::bindings::led_classdev>());',
}


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    for name, body in BODIES.items():
        directory = tmp_path / "modules" / name
        directory.mkdir(parents=True)
        headers = '[bindings]\nheaders = ["linux/leds.h"]\n' if name == "is_fine" else ""
        (directory / "module.toml").write_text(f'[module]\nname = "{name}"\n{headers}')
        (directory / f"{name}.rs").write_text(SOURCE.format(name=name, body=body))
    return tmp_path / "modules"


def test_a_panic_a_hang_and_a_good_module_have_different_results(
    pytestconfig: pytest.Config, other_checkout: Checkout, modules: Path
) -> None:
    plan = load_plans(pytestconfig)[0]
    other_checkout.scons(f"MODULES={modules}", plan.selection)
    tests = [
        ModuleTest(name, (other_checkout.target / f"modules/{name}/{name}.ko",), seconds=2) for name in sorted(BODIES)
    ]
    hangs, is_fine, panics = run_tests(plan, tests, Limits(grace=5))
    assert isinstance(hangs.lost, Hang), str(hangs)
    assert is_fine.passed, str(is_fine)
    assert is_fine.fresh_boot
    assert isinstance(panics.lost, Panic), str(panics)
    assert any("the module's own panic" in line for line in panics.lost.last_lines), str(panics)
