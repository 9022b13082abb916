# SPDX-License-Identifier: MIT
"""A pytest plugin. It runs one VM for each target, all at once; a test looks at the result of one module in one VM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from scons_kmod.base.directories import cache_directory
from scons_kmod.base.run_log import RunLog
from scons_kmod.vm.accelerator import choose_accelerator
from scons_kmod.vm.boot import Limits
from scons_kmod.vm.packed_tests import ModuleTest
from scons_kmod.vm.plan import VmPlan, load_plan
from scons_kmod.vm.qemu import X86_64
from scons_kmod.vm.runner import ModuleResult, run_module_tests

Results = dict[str, ModuleResult]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option by which `scons test` names the plans."""
    parser.addoption(
        "--vm-plan",
        action="append",
        default=[],
        metavar="FILE",
        help="run the VM tests of the target that this file describes (`scons test` writes it)",
    )


def load_plans(config: pytest.Config) -> list[VmPlan]:
    """The plans that the command line names, one for each target."""
    return [load_plan(Path(name)) for name in config.getoption("--vm-plan")]


def run_tests(plan: VmPlan, tests: Sequence[ModuleTest], limits: Limits | None = None) -> list[ModuleResult]:
    """Run tests in VMs with a target's kernel; returns their results, in their order.

    Prints which accelerator QEMU uses, and why. Raises what `run_module_tests` raises.
    """
    log = RunLog(plan.target)
    accelerator = choose_accelerator(X86_64, plan.kernel, cache_directory() / "accelerator.json", log)
    print(f"{plan.target}: {plan.release} under {accelerator}")
    return run_module_tests(
        X86_64, plan.kernel, tests, accelerator=accelerator, log=log, unit=plan.target, limits=limits
    )


@pytest.fixture(scope="session")
def vm_results(pytestconfig: pytest.Config) -> Iterator[dict[str, Future[Results]]]:
    """For each target, the results of its modules' tests by module. All VMs start when a test first asks for this."""

    def run(plan: VmPlan) -> Results:
        return {result.name: result for result in run_tests(plan, [test.module_test() for test in plan.tests])}

    plans = load_plans(pytestconfig)
    with ThreadPoolExecutor(max_workers=max(1, len(plans))) as pool:
        yield {plan.target: pool.submit(run, plan) for plan in plans}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with a `vm_target` for each target, and one that also has a `vm_module` for each module of it."""
    plans = load_plans(metafunc.config)
    names = set(metafunc.fixturenames)
    if {"vm_target", "vm_module"} <= names:
        pairs = [(plan.target, test.name) for plan in plans for test in plan.tests]
        metafunc.parametrize(("vm_target", "vm_module"), pairs, ids=[f"{target}-{module}" for target, module in pairs])
    elif "vm_target" in names:
        metafunc.parametrize("vm_target", [plan.target for plan in plans])
