# SPDX-License-Identifier: MIT
"""How a VM can be lost: a panic, a hang, no boot, or QEMU gone. Such a loss is told from a failed test here.

A test fails if it has ended and something is wrong with it: complaints.py.
"""

from __future__ import annotations

import dataclasses
import re

from scons_kmod.vm.guest_report import GuestReport

# How many of its last lines a lost VM shows. An Oops with its trace, and the panic that follows, have about a hundred.
LAST_LINES = 120

PANIC = re.compile(rb"Kernel panic - not syncing")


@dataclasses.dataclass(frozen=True)
class VmLost:
    """The VM was lost. This says nothing about the code under test.

    `last_lines` are the last lines of the console and of QEMU's messages.
    """

    after_seconds: float
    last_lines: tuple[str, ...]

    description = "the VM was lost"

    def __str__(self) -> str:
        return f"{self.description} (after {self.after_seconds:.1f} s)"


class Panic(VmLost):
    """The kernel panicked. With oops=panic, an Oops is a panic, too."""

    description = "the kernel panicked"


class Hang(VmLost):
    """The kernel was up, but the work did not end within the time limit."""

    description = "the VM hung: no end within the time limit"


class NeverBooted(VmLost):
    """The guest's init never ran."""

    description = "the VM never booted"


class Vanished(VmLost):
    """QEMU ended before the tests did: somebody killed it, or the guest turned itself off."""

    description = "the VM went away: QEMU ended before the tests did"


def how_lost(
    report: GuestReport, console: bytes, qemu_messages: bytes, *, overdue: bool, seconds: float
) -> VmLost | None:
    """Decide how the VM of a boot that is over was lost; None if it ended as it should.

    `report` is all that the guest reported, and `console` what it printed. `overdue` says whether the time limit has
    passed. The boot took `seconds`.
    """
    lines = last_lines(console, qemu_messages)
    if has_panicked(console):
        return Panic(seconds, lines)
    if report.release is None:
        return NeverBooted(seconds, lines)
    if overdue:
        return Hang(seconds, lines)
    if not report.done:
        return Vanished(seconds, lines)
    return None


def has_panicked(console: bytes | bytearray) -> bool:
    """Whether the console shows that the kernel panicked."""
    return PANIC.search(console) is not None


def last_lines(console: bytes, qemu_messages: bytes) -> tuple[str, ...]:
    """The last lines of the console and all of QEMU's own messages, as text without control characters."""
    text = console.decode(errors="replace").replace("\r", "") + "\n" + qemu_messages.decode(errors="replace")
    printable = ("".join(char for char in line if char.isprintable() or char == "\t") for line in text.split("\n"))
    return tuple(line for line in printable if line.strip())[-LAST_LINES:]
