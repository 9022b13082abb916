# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest

from scons_kmod.vm.complaints import complaints_about
from scons_kmod.vm.guest_report import ModuleReport


def good(**changes: object) -> ModuleReport:
    report = ModuleReport("a", status=0, log=["[ 1.0] scons-kmod: test of a begins"], taint=12288, ended=True)
    for name, value in changes.items():
        setattr(report, name, value)
    return report


BEGIN = good().log[0]


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (good(), ()),
        (good(status=None), ("the test ended with status None",)),
        (
            good(status=1, output=["first", "insmod of a failed", ""]),
            ("the test ended with status 1: insmod of a failed",),
        ),
        (good(status=None, timed_out=True), ("the test was killed after 30 s",)),
        (good(left=["a", "b"]), ("a is still loaded", "b is still loaded")),
        (good(taint=12288 | 512), ("the kernel is tainted: W (kernel issued a warning)",)),
        (
            good(log=[]),
            ("the kernel log does not reach back to the beginning of the test: it was cleared, or it is too long",),
        ),
        (good(stray=["noise"]), ("something else wrote to the port of the reports: 'noise'",)),
        (
            good(log=[BEGIN, *(f"WARNING: {number}" for number in range(7))]),
            (*(f"kernel log: WARNING: {number}" for number in range(5)), "kernel log: 2 more such lines"),
        ),
    ],
    ids=["good", "no status", "status", "timeout", "left", "taint", "log cleared", "stray", "warnings"],
)
def test_each_thing_that_is_wrong_with_a_test_is_a_complaint(report: ModuleReport, expected: tuple[str, ...]) -> None:
    assert complaints_about(report, 30) == expected
