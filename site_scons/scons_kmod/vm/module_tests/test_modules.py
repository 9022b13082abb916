# SPDX-License-Identifier: MIT
"""The test of each module, in the kernel of each target."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from scons_kmod.vm.runner import ModuleResult


def test_module_works_in_the_kernel(
    vm_target: str, vm_module: str, vm_results: dict[str, Future[dict[str, ModuleResult]]]
) -> None:
    """The module's own test passes; a module without one can be loaded and unloaded."""
    result = vm_results[vm_target].result()[vm_module]
    if not result.passed:
        pytest.fail(str(result), pytrace=False)
