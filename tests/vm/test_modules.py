# SPDX-License-Identifier: MIT
"""Each module, in its target's own stock kernel."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from scons_kmod.vm import ModuleResult


def test_module_works_in_the_kernel(
    target: str, module: str, vm_results: dict[str, Future[dict[str, ModuleResult]]]
) -> None:
    result = vm_results[target].result()[module]
    if not result.passed:
        pytest.fail(str(result), pytrace=False)
