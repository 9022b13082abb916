# SPDX-License-Identifier: MIT
"""All modules of a target, loaded and unloaded 110 times in a VM of their own: nothing is lost."""

from __future__ import annotations

import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from scons_kmod.vm.initramfs import GuestFile
from scons_kmod.vm.packed_tests import ModuleTest
from scons_kmod.vm.plan import GUEST_PROGRAM_DIRECTORY, PROGRAM_FLAGS, VmPlan
from scons_kmod.vm.pytest_plugin import load_plans, run_tests
from scons_kmod.vm.runner import ModuleResult

HERE = Path(__file__).parent
# A limit against hangs: four VMs at once on a slow computer take minutes.
SECONDS = 600


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("reload") / "reload"
    subprocess.run(["gcc", *PROGRAM_FLAGS, "-o", str(program), str(HERE / "reload.c")], check=True)
    return program


@pytest.fixture(scope="module")
def reloads(pytestconfig: pytest.Config, program: Path) -> dict[str, Future[list[ModuleResult]]]:
    def reload(plan: VmPlan) -> list[ModuleResult]:
        files = tuple(dict.fromkeys(path for test in plan.tests for path in (*test.needs, test.ko)))
        order = "".join(f"/modules/{path.name}\n" for path in files).encode()
        extra = {f"{GUEST_PROGRAM_DIRECTORY}/reload": GuestFile(program, 0o755), "/tests/order": GuestFile(order)}
        test = ModuleTest("reload", files, script=HERE / "reload.sh", extra=extra, seconds=SECONDS)
        return run_tests(plan, [test])

    plans = load_plans(pytestconfig)
    with ThreadPoolExecutor(max_workers=max(1, len(plans))) as pool:
        return {plan.target: pool.submit(reload, plan) for plan in plans}


def test_many_loads_and_unloads_lose_no_memory(vm_target: str, reloads: dict[str, Future[list[ModuleResult]]]) -> None:
    (result,) = reloads[vm_target].result()
    if not result.passed:
        pytest.fail(str(result), pytrace=False)
