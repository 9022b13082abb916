# SPDX-License-Identifier: MIT
"""One VM for each target, all at once; every test below looks at the result of one module in one of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from checkout import Checkout
from scons_kmod.accelerator import choose_accelerator
from scons_kmod.cache import cache_directory
from scons_kmod.qemu import X86_64
from scons_kmod.run_log import RunLog
from scons_kmod.vm import ModuleResult, run_module_tests
from scons_kmod.vm_plan import VmPlan, load_plan

Results = dict[str, ModuleResult]


def run_plan(plan: VmPlan) -> Results:
    log = RunLog(plan.target)
    accelerator = choose_accelerator(X86_64, plan.kernel, cache_directory() / "accelerator.json", log)
    print(f"{plan.target}: {plan.release} under {accelerator}")
    tests = [test.module_test() for test in plan.tests]
    results = run_module_tests(X86_64, plan.kernel, tests, accelerator=accelerator, log=log, unit=plan.target)
    return {result.name: result for result in results}


@pytest.fixture(scope="session")
def vm_results(pytestconfig: pytest.Config) -> Iterator[dict[str, Future[Results]]]:
    plans = [load_plan(Path(name)) for name in pytestconfig.getoption("--vm-plan")]
    with ThreadPoolExecutor(max_workers=max(1, len(plans))) as pool:
        yield {plan.target: pool.submit(run_plan, plan) for plan in plans}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if {"target", "module"} <= set(metafunc.fixturenames):
        plans = [load_plan(Path(name)) for name in metafunc.config.getoption("--vm-plan")]
        pairs = [(plan.target, test.name) for plan in plans for test in plan.tests]
        metafunc.parametrize(("target", "module"), pairs, ids=[f"{target}-{module}" for target, module in pairs])


@pytest.fixture
def other_checkout(tmp_path: Path) -> Checkout:
    """A checkout to build other modules in."""
    return Checkout(tmp_path / "checkout")
