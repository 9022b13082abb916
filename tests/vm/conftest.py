# SPDX-License-Identifier: MIT
"""One VM for each target, all at once; a test looks at the result of one module in one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from checkout import Checkout
from scons_kmod.accelerator import choose_accelerator
from scons_kmod.cache import cache_directory
from scons_kmod.qemu import X86_64
from scons_kmod.run_log import RunLog
from scons_kmod.vm import Limits, ModuleResult, ModuleTest, run_module_tests
from scons_kmod.vm_plan import VmPlan, load_plan

Results = dict[str, ModuleResult]


def load_plans(config: pytest.Config) -> list[VmPlan]:
    return [load_plan(Path(name)) for name in config.getoption("--vm-plan")]


def run_tests(plan: VmPlan, tests: Sequence[ModuleTest], limits: Limits | None = None) -> list[ModuleResult]:
    """Run tests in the kernel of a target."""
    log = RunLog(plan.target)
    accelerator = choose_accelerator(X86_64, plan.kernel, cache_directory() / "accelerator.json", log)
    print(f"{plan.target}: {plan.release} under {accelerator}")
    return run_module_tests(
        X86_64, plan.kernel, tests, accelerator=accelerator, log=log, unit=plan.target, limits=limits
    )


@pytest.fixture(scope="session")
def vm_results(pytestconfig: pytest.Config) -> Iterator[dict[str, Future[Results]]]:
    def run(plan: VmPlan) -> Results:
        return {result.name: result for result in run_tests(plan, [test.module_test() for test in plan.tests])}

    plans = load_plans(pytestconfig)
    with ThreadPoolExecutor(max_workers=max(1, len(plans))) as pool:
        yield {plan.target: pool.submit(run, plan) for plan in plans}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that take a `target` run for each one, those that take a `module` too for each module of it."""
    plans = load_plans(metafunc.config)
    names = set(metafunc.fixturenames)
    if {"target", "module"} <= names:
        pairs = [(plan.target, test.name) for plan in plans for test in plan.tests]
        metafunc.parametrize(("target", "module"), pairs, ids=[f"{target}-{module}" for target, module in pairs])
    elif "target" in names:
        metafunc.parametrize("target", [plan.target for plan in plans])


@pytest.fixture
def other_checkout(tmp_path: Path) -> Checkout:
    """A checkout to build other modules in."""
    return Checkout(tmp_path / "checkout")
