# SPDX-License-Identifier: MIT
"""Read what the guest reports over its second serial port. guest/init writes the lines and describes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable


@dataclasses.dataclass
class ModuleReport:
    """What the guest has reported about one test so far. The report is complete if `ended` is true.

    `status` is the test's exit status; None if the test has not ended, or was killed at its limit (`timed_out`). The
    taints are the kernel's bit masks. `left` names the modules that the test left loaded. `stray` are lines that the
    guest's init does not write: something else wrote to its port.
    """

    name: str
    output: list[str] = dataclasses.field(default_factory=list)
    status: int | None = None
    timed_out: bool = False
    log: list[str] = dataclasses.field(default_factory=list)
    taint_before: int = 0
    taint: int = 0
    left: list[str] = dataclasses.field(default_factory=list)
    stray: list[str] = dataclasses.field(default_factory=list)
    ended: bool = False


@dataclasses.dataclass
class GuestReport:
    """What the guest has reported in one boot so far. `release` is its kernel's; None if the kernel is not up yet."""

    release: str | None = None
    modules: list[ModuleReport] = dataclasses.field(default_factory=list)
    done: bool = False


def parse_report(lines: Iterable[str]) -> GuestReport:
    """The report in `lines`, which may be cut off anywhere."""
    report = GuestReport()
    for line in lines:
        read_line(report, line)
    return report


def read_line(report: GuestReport, line: str) -> None:
    """Add one line, without its newline, to `report`."""
    keyword, _, value = line.partition(" ")
    current = report.modules[-1] if report.modules and not report.modules[-1].ended else None
    if current is not None:
        read_module_line(current, keyword, value, line)
    elif keyword == "boot" and report.release is None:
        report.release = value
    elif keyword == "begin":
        report.modules.append(ModuleReport(value))
    elif line == "done":
        report.done = True
    elif report.modules:
        report.modules[-1].stray.append(line)


def read_module_line(module: ModuleReport, keyword: str, value: str, line: str) -> None:
    """Add one line between `begin` and `end` to the report of a test. `line` is `keyword` and `value` together."""
    match keyword:
        case "out":
            module.output.append(value)
        case "log":
            module.log.append(value)
        case "left":
            module.left.append(value)
        case "status" if value == "timeout":
            module.timed_out = True
        case "status" if value.isdecimal():
            module.status = int(value)
        case "taint-before" if value.isdecimal():
            module.taint_before = int(value)
        case "taint" if value.isdecimal():
            module.taint = int(value)
        case "end" if value == module.name:
            module.ended = True
        case _:
            module.stray.append(line)
