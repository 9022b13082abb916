# SPDX-License-Identifier: MIT
"""Each module, in its target's own stock kernel."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from scons_kmod.vm.runner import ModuleResult


def test_module_works_in_the_kernel(
    vm_target: str, vm_module: str, vm_results: dict[str, Future[dict[str, ModuleResult]]]
) -> None:
    """What the module's own test says, or loading and unloading it where it has none."""
    result = vm_results[vm_target].result()[vm_module]
    if not result.passed:
        pytest.fail(str(result), pytrace=False)
