# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest

from scons_kmod.vm.guest_report import GuestReport
from scons_kmod.vm.lost_vm import LAST_LINES, Hang, NeverBooted, Panic, Vanished, VmLost, how_lost, last_lines

PANIC = b"[ 2.68] Kernel panic - not syncing: Fatal exception\r\n"


@pytest.mark.parametrize(
    ("report", "console", "overdue", "loss"),
    [
        (GuestReport("6.1", done=True), b"", False, None),
        (GuestReport("6.1", done=True), b"", True, Hang),
        (GuestReport("6.1"), b"", True, Hang),
        (GuestReport("6.1"), b"", False, Vanished),
        (GuestReport(), b"", False, NeverBooted),
        (GuestReport(), b"", True, NeverBooted),
        (GuestReport("6.1"), PANIC, True, Panic),
        (GuestReport(), PANIC, False, Panic),
    ],
    ids=["done", "no power-off", "overdue", "gone", "no boot", "no boot in time", "panic", "panic at boot"],
)
def test_how_a_vm_was_lost(report: GuestReport, console: bytes, overdue: bool, loss: type[VmLost] | None) -> None:
    lost = how_lost(report, console, b"", overdue=overdue, seconds=1.0)
    assert (type(lost) if lost else None) is loss


def test_the_last_lines_are_those_of_the_console_and_then_of_qemu_without_control_characters() -> None:
    assert last_lines(b"one\r\n\r\n\x1b[1mtwo", b"qemu: three\n") == ("one", "[1mtwo", "qemu: three")
    assert len(last_lines(b"line\n" * 500, b"")) == LAST_LINES
