# SPDX-License-Identifier: MIT
"""A plugin for pytest: one VM for each target, all at once; a test looks at the result of one module in one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from scons_kmod.base.cache import cache_directory
from scons_kmod.base.run_log import RunLog
from scons_kmod.vm.accelerator import choose_accelerator
from scons_kmod.vm.guest_boot import Limits
from scons_kmod.vm.plan import VmPlan, load_plan
from scons_kmod.vm.qemu import X86_64
from scons_kmod.vm.runner import ModuleResult, ModuleTest, run_module_tests

Results = dict[str, ModuleResult]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option by which `scons test` hands over what it has built."""
    parser.addoption(
        "--vm-plan",
        action="append",
        default=[],
        metavar="FILE",
        help="run the VM tests of the target that this file describes (`scons test` writes it)",
    )


def load_plans(config: pytest.Config) -> list[VmPlan]:
    """What was handed over, a plan for each target."""
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
    """By target, the results of its modules' tests, which run from now on."""

    def run(plan: VmPlan) -> Results:
        return {result.name: result for result in run_tests(plan, [test.module_test() for test in plan.tests])}

    plans = load_plans(pytestconfig)
    with ThreadPoolExecutor(max_workers=max(1, len(plans))) as pool:
        yield {plan.target: pool.submit(run, plan) for plan in plans}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that take a `vm_target` run for each one, those that take a `vm_module` too for each module of it."""
    plans = load_plans(metafunc.config)
    names = set(metafunc.fixturenames)
    if {"vm_target", "vm_module"} <= names:
        pairs = [(plan.target, test.name) for plan in plans for test in plan.tests]
        metafunc.parametrize(("vm_target", "vm_module"), pairs, ids=[f"{target}-{module}" for target, module in pairs])
    elif "vm_target" in names:
        metafunc.parametrize("vm_target", [plan.target for plan in plans])
