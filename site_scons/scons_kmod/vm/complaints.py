# SPDX-License-Identifier: MIT
"""What is wrong with a test that has ended, and whether its kernel may run another test.

A test that never ended lost its VM: lost_vm.py.
"""

from __future__ import annotations

from scons_kmod.vm.guest_report import ModuleReport
from scons_kmod.vm.kernel_log import trouble_lines
from scons_kmod.vm.taint import unexpected_taint

# How many lines of the kernel log are quoted as complaints. The result has the whole log.
QUOTED_LINES = 5


def complaints_about(report: ModuleReport, seconds: int) -> tuple[str, ...]:
    """What is wrong with a test that has ended, a line each; nothing if it passed. `seconds` was its limit."""
    complaints: list[str] = []
    if report.timed_out:
        complaints.append(f"the test was killed after {seconds} s")
    elif report.status != 0:
        last = next((f": {line}" for line in reversed(report.output) if line.strip()), "")
        complaints.append(f"the test ended with status {report.status}{last}")
    trouble = trouble_lines(report.log)
    complaints += [f"kernel log: {line}" for line in trouble[:QUOTED_LINES]]
    if len(trouble) > QUOTED_LINES:
        complaints.append(f"kernel log: {len(trouble) - QUOTED_LINES} more such lines")
    if not any(line.endswith(f"scons-kmod: test of {report.name} begins") for line in report.log):
        complaints.append(
            "the kernel log does not reach back to the beginning of the test: it was cleared, or it is too long"
        )
    complaints += [f"the kernel is tainted: {taint}" for taint in unexpected_taint(report.taint_before, report.taint)]
    complaints += [f"{name} is still loaded" for name in report.left]
    if report.stray:
        complaints.append(f"something else wrote to the port of the reports: {report.stray[0]!r}")
    return tuple(complaints)


def spoils_kernel(report: ModuleReport) -> bool:
    """Whether a test that has ended left a kernel that must not run another test: tainted, or with a module loaded."""
    return report.ended and bool(unexpected_taint(report.taint_before, report.taint) or report.left)
