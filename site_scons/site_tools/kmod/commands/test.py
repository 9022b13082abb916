# SPDX-License-Identifier: MIT
"""``test``: the VM tests of modules, by pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from scons_kmod.base.directories import LIBRARY, sources_directory
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.vm.plan import make_plan, program_steps, save_plan

from ..graph import nodes
from ..modules import buildable_modules, ko_files
from ..registry import SconsCommand
from ..session import Session

# All tests of this project. Two processes: builds and VMs take turns at waiting. The tests of a file may share a
# build, so they stay in one process.
PROJECT_ARGS = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
# Nothing but the VM tests of modules.
MODULE_TESTS = LIBRARY / "vm/module_tests"
MODULE_ARGS = (
    *("-p", "scons_kmod.vm.pytest_plugin", "-p", "no:cacheprovider"),
    *("-c", str(MODULE_TESTS / "pytest.ini"), str(MODULE_TESTS)),
)


def tested_files(env: Any, modules: list[Manifest]) -> list[Any]:
    """The modules' .ko files, and the nodes of the programs that their tests run."""
    session: Session = env["KMOD"]
    steps = [
        session.add(env, target.name, step)
        for target in session.targets
        for module in buildable_modules(session, target, modules)
        if module.programs
        for step in program_steps(target, module)
    ]
    return [*ko_files(env, modules), *nodes(env, *steps)]


def run(session: Session, modules: list[Manifest]) -> int:
    """Run pytest with the VM tests of the modules on every target. Returns pytest's exit status.

    In this project's own checkout pytest runs all other tests too, unless MODULE= names a module.
    """
    argv = [sys.executable, "-m", "pytest", f"--junitxml={session.build / 'test-results.xml'}"]
    argv += PROJECT_ARGS if session.top == sources_directory() and not session.settings.module else MODULE_ARGS
    for target, kernel in zip(session.targets, session.chosen, strict=True):
        path = target.build / "vm-plan.json"
        tested = buildable_modules(session, target, modules)
        save_plan(make_plan(target, kernel, tested, session.log(target.name)), path)
        argv.append(f"--vm-plan={path}")
    with session.log(session.targets[0].name).recorded("TEST", "pytest") as status:
        status.append(subprocess.run(argv, cwd=session.top, env=pytest_environment(), check=False).returncode)
    return status[0]


def pytest_environment() -> dict[str, str]:
    """The environment for pytest, which finds the library in it: in site_scons or in an installed package."""
    path = os.pathsep.join(filter(None, (str(LIBRARY.parent), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


COMMAND = SconsCommand(
    "builds, then runs the modules' tests in the VM",
    run,
    needs=tested_files,
    variables=("MODULE",),
    guide="vm-tests.md",
)
