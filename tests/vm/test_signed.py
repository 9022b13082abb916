# SPDX-License-Identifier: MIT
"""A kernel that wants signatures takes no module without one that it can check.

The stock kernel has no key of ours and takes none without UEFI; that a signature fits its key is what openssl says
(tests/graph/test_signing.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from checkout import unpacked_headers
from scons_kmod.base.atomic import copy_file
from scons_kmod.base.run_log import RunLog
from scons_kmod.install.signing import choose_signing
from scons_kmod.kernel.kernel_tree import open_tree
from scons_kmod.target.settings import Settings
from scons_kmod.vm.packed_tests import ModuleTest
from scons_kmod.vm.pytest_plugin import load_plans, run_tests
from signing_key import make_key

SCRIPT = """
set -e
refused() {
    if insmod /modules/$1 2>/tmp/said; then
        echo "$1 was loaded"
        exit 1
    fi
    cat /tmp/said
    grep -q 'Key was rejected by service' /tmp/said
}
insmod /modules/signed.ko
rmmod rust_minimal
echo 1 >/sys/module/module/parameters/sig_enforce
refused rust_minimal.ko
refused signed.ko
"""


def test_a_kernel_that_wants_signatures_refuses_what_it_can_not_check(
    pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    plan = load_plans(pytestconfig)[0]
    (plain,) = (test.ko for test in plan.tests if test.name == "rust_minimal")
    key, certificate = make_key(tmp_path / "key")
    signing = choose_signing(
        Settings(sign_key=str(key), sign_cert=certificate), open_tree(unpacked_headers().kernel_tree)
    )
    assert signing is not None
    signed = tmp_path / "signed.ko"
    copy_file(plain, signed)
    signing.sign(signed, RunLog())
    script = tmp_path / "test.sh"
    script.write_text(SCRIPT)
    (result,) = run_tests(plan, [ModuleTest("signed", (plain, signed), script=script)])
    assert result.passed, str(result)
