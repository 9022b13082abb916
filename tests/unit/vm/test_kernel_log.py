# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest

from scons_kmod.vm.kernel_log import trouble_lines
from scons_kmod.vm.taint import unexpected_taint

# The log of a module that loads and unloads well, from 6.12.
GOOD = """\
[    2.084164] scons-kmod: test of good begins
[    2.116947] good: loading out-of-tree module taints kernel.
[    2.117311] good: module verification failed: signature and/or required key missing - tainting kernel
[    2.123540] good: debug clocks unlocked, 3 warnings skipped
[    2.511968] tsc: Refined TSC clocksource calibration: 2596.111 MHz
[    2.155149] bye from good
"""


def test_the_log_of_a_good_module_has_no_trouble() -> None:
    assert trouble_lines(GOOD.splitlines()) == ()


@pytest.mark.parametrize(
    "line",
    [
        "------------[ cut here ]------------",
        "WARNING: CPU: 0 PID: 133 at /build/warn.c:7 vt_init+0x11/0x1000 [warn]",
        "kernel BUG at /build/bug.c:6!",
        "BUG: kernel NULL pointer dereference, address: 0000000000000000",
        "Oops: 0002 [#1] PREEMPT SMP NOPTI",
        "Call Trace:",
        "general protection fault, probably for non-canonical address 0xdead000000000122: 0000 [#1] SMP",
        "invalid opcode: 0000 [#1] PREEMPT SMP NOPTI",
        "refcount_t: underflow; use-after-free.",
        "UBSAN: array-index-out-of-bounds in /build/a.c:3:4",
        "sysfs: cannot create duplicate filename '/class/misc/x'",
        "Device 'x' does not have a release() function, it is broken and must be fixed.",
        "unregister_netdevice: waiting for x to become free. Usage count = 1",
        "x: disagrees about version of symbol module_layout",
        "x: Unknown symbol rust_eh_personality (err -2)",
        "x: module license 'Proprietary' taints kernel.",
        "Disabling lock debugging due to kernel taint",
        "watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [insmod:137]",
        "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
        "INFO: task insmod:99 blocked for more than 120 seconds.",
        "Unpatched return thunk in use. This should not happen!",
        "Please remove unsupported %A in format string",
    ],
)
def test_a_sign_of_trouble_is_found(line: str) -> None:
    stamped = f"[    2.300000] {line}"
    assert trouble_lines([*GOOD.splitlines(), stamped]) == (stamped,)


def test_only_the_taints_of_an_unsigned_module_from_outside_the_tree_are_expected() -> None:
    assert unexpected_taint(0, 12288) == ()
    assert unexpected_taint(0, 12289) == ("P (proprietary module was loaded)",)
    assert unexpected_taint(12288, 12800) == ("W (kernel issued a warning)",)


def test_a_taint_from_before_the_test_is_not_reported() -> None:
    assert unexpected_taint(512, 12800) == ()


def test_an_unknown_taint_is_shown_by_its_bit() -> None:
    assert unexpected_taint(0, 1 << 40) == ("? (unknown taint, bit 40)",)
