# SPDX-License-Identifier: MIT
"""One boot: a QEMU process that is watched until it ends, and how a VM can be lost."""

from __future__ import annotations

import dataclasses
import os
import re
import selectors
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.vm.guest_report import GuestReport, ModuleReport, read_line
from scons_kmod.vm.qemu import Machine, qemu_argv, require_qemu

# How many of its last lines a lost VM shows: an Oops with its trace, and the panic that follows, have about a hundred.
LAST_LINES = 120

# After the first line of a panic come its trace and the restart that ends QEMU, in a fraction of this.
PANIC_GRACE_SECONDS = 3.0

PANIC = re.compile(rb"Kernel panic - not syncing")

# QEMU reports these and then keeps the guest paused for ever.
QEMU_GAVE_UP = re.compile(rb"KVM internal error|emulation failure|KVM: entry failed")

# What QEMU says when it gets the SIGINT of a Ctrl-C, which goes to all processes of a terminal.
QEMU_INTERRUPTED = b"terminating on signal 2"


@dataclasses.dataclass(frozen=True)
class Limits:
    """Wall-clock limits of a boot, in seconds; a test has its own.

    `boot` is for the time until the guest's init runs, `grace` for what init does between tests and at power-off, and
    what a test may take beyond its own limit, at which the guest ends it.
    """

    boot: float = 60.0
    grace: float = 10.0


@dataclasses.dataclass(frozen=True)
class VmLost:
    """The VM was lost: this says nothing about what the test tested. `last_lines` are those of console and QEMU."""

    after_seconds: float
    last_lines: tuple[str, ...]

    what = "the VM was lost"

    def __str__(self) -> str:
        return f"{self.what} (after {self.after_seconds:.1f} s)"


class Panic(VmLost):
    """The kernel panicked, be it by an Oops."""

    what = "the kernel panicked"


class Hang(VmLost):
    """The kernel was up, and then there was no end within the time limit."""

    what = "the VM hung: no end within the time limit"


class NeverBooted(VmLost):
    """The guest's init never ran."""

    what = "the VM never booted"


class Vanished(VmLost):
    """QEMU ended in the middle of the work: killed, or the guest turned itself off."""

    what = "the VM went away: QEMU ended before the tests did"


@dataclasses.dataclass(frozen=True)
class Boot:
    """How a boot went: the guest's report, how the VM was lost, if it was, and wall seconds in all and per test."""

    report: GuestReport
    lost: VmLost | None
    seconds: float
    test_seconds: dict[str, float]


@dataclasses.dataclass
class Watch:
    """What is known of a running QEMU: output of its three streams so far, the parsed report, and the deadline."""

    limits: Limits
    test_limits: dict[str, float]
    started: float
    deadline: float
    console: bytearray = dataclasses.field(default_factory=bytearray)
    errors: bytearray = dataclasses.field(default_factory=bytearray)
    unread: bytearray = dataclasses.field(default_factory=bytearray)
    report: GuestReport = dataclasses.field(default_factory=GuestReport)
    begun: dict[str, float] = dataclasses.field(default_factory=dict)
    test_seconds: dict[str, float] = dataclasses.field(default_factory=dict)
    panicked: bool = False
    overdue: bool = False


def boot_guest(
    machine: Machine,
    accelerator: str,
    kernel: Path,
    initramfs: Path,
    *,
    log: RunLog,
    unit: str,
    test_limits: dict[str, float],
    limits: Limits,
    enough: Callable[[ModuleReport], bool] = lambda _: False,
) -> Boot:
    """Boot a guest and watch it until its tests are done, it is lost, or `enough` says so of a test that has ended.

    `test_limits` gives each test's limit in seconds. QEMU is gone when this returns or raises. Raises `MachineError`
    if QEMU can't be started and `KeyboardInterrupt` if a Ctrl-C ended QEMU.
    """
    require_qemu(machine)
    started = time.monotonic()
    watch = Watch(limits, test_limits, started, started + limits.boot)
    with log.recorded("QEMU", unit) as status, ExitStack() as stack:
        (console, console_end), (report, report_end), (errors, errors_end) = (pipe(stack) for _ in range(3))
        ends = (console_end, report_end)
        argv = qemu_argv(machine, accelerator, kernel, initramfs, *(f"/dev/fd/{end}" for end in ends))
        try:
            process = stack.enter_context(running(argv, pass_fds=ends, output=errors_end, status=status))
        finally:
            # Only QEMU holds them now, so that they end when it does.
            for end in (*ends, errors_end):
                os.close(end)
        selector = stack.enter_context(selectors.DefaultSelector())
        for stream, take in ((console, take_console), (report, take_report), (errors, take_errors)):
            selector.register(stream, selectors.EVENT_READ, take)
        stopped = follow(watch, selector, enough)
        if not stopped and not watch.overdue:
            with suppress(subprocess.TimeoutExpired):
                process.wait(limits.grace)
    if QEMU_INTERRUPTED in watch.errors:
        raise KeyboardInterrupt
    now = time.monotonic()
    for name, begun in watch.begun.items():
        watch.test_seconds.setdefault(name, now - begun)
    seconds = now - started
    return Boot(watch.report, None if stopped else how_lost(watch, seconds), seconds, watch.test_seconds)


def pipe(stack: ExitStack) -> tuple[int, int]:
    """A pipe whose reading end is closed by `stack`; the writing end is the caller's to close."""
    reading, writing = os.pipe()
    stack.callback(os.close, reading)
    return reading, writing


@contextmanager
def running(
    argv: tuple[str, ...], *, pass_fds: tuple[int, ...], output: int, status: list[int]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run QEMU for as long as the body runs: whatever ends the body, be it our own death, ends QEMU."""
    # setpriv has the kernel kill QEMU when the thread that waits here dies, even of SIGKILL.
    guard = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()
    try:
        process = subprocess.Popen(
            [*guard, *argv], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, pass_fds=pass_fds
        )
    except OSError as error:
        raise MachineError(f"{argv[0]} can't be started: {error.strerror}") from error
    try:
        yield process
    finally:
        process.kill()
        status.append(process.wait())


def follow(watch: Watch, selector: selectors.BaseSelector, enough: Callable[[ModuleReport], bool]) -> bool:
    """Read all streams until they end, the deadline passes, or `enough` is true; return whether it is."""
    while selector.get_map():
        ready = selector.select(max(0.0, watch.deadline - time.monotonic()))
        if not ready and time.monotonic() >= watch.deadline:
            watch.overdue = True
            return False
        for key, _ in ready:
            data = os.read(key.fd, 1 << 16)
            if not data:
                selector.unregister(key.fd)
            take: Callable[[Watch, bytes], None] = key.data
            take(watch, data)
        if any(module.ended and enough(module) for module in watch.report.modules):
            return True
    return False


def take_console(watch: Watch, data: bytes) -> None:
    """Keep console output; from a panic on, only a short time is left."""
    watch.console += data
    if not watch.panicked and PANIC.search(watch.console):
        watch.panicked = True
        watch.deadline = min(watch.deadline, time.monotonic() + PANIC_GRACE_SECONDS)


def take_errors(watch: Watch, data: bytes) -> None:
    """Keep QEMU's own messages; where they say that the guest is stuck, there is nothing to wait for."""
    watch.errors += data
    if QEMU_GAVE_UP.search(watch.errors):
        watch.deadline = time.monotonic()


def take_report(watch: Watch, data: bytes) -> None:
    """Parse the whole lines of the guest's report and move the deadline on with its progress."""
    watch.unread += data
    *lines, rest = bytes(watch.unread).split(b"\n")
    watch.unread[:] = rest
    now = time.monotonic()
    for raw in lines:
        before = progress(watch.report)
        read_line(watch.report, raw.decode(errors="replace"))
        if progress(watch.report) != before and not watch.panicked:
            advance(watch, now)


def progress(report: GuestReport) -> tuple[bool, int, bool, bool]:
    """What of a report moves the deadline: up, number of tests begun, whether the last has ended, all done."""
    ended = bool(report.modules) and report.modules[-1].ended
    return report.release is not None, len(report.modules), ended, report.done


def advance(watch: Watch, now: float) -> None:
    """Set the deadline for what the guest does next."""
    watch.deadline = now + watch.limits.grace
    if not watch.report.modules:
        return
    current = watch.report.modules[-1]
    if current.ended:
        watch.test_seconds.setdefault(current.name, now - watch.begun[current.name])
    else:
        watch.begun[current.name] = now
        watch.deadline += watch.test_limits.get(current.name, 0.0)


def how_lost(watch: Watch, seconds: float) -> VmLost | None:
    """How the VM was lost, None if it ended as it should."""
    lines = last_lines(watch.console, watch.errors)
    if watch.panicked:
        return Panic(seconds, lines)
    if watch.report.release is None:
        return NeverBooted(seconds, lines)
    if watch.overdue:
        return Hang(seconds, lines)
    if not watch.report.done:
        return Vanished(seconds, lines)
    return None


def last_lines(console: bytearray, errors: bytearray) -> tuple[str, ...]:
    """The last lines of the console and all that QEMU itself said, as text without control characters."""
    text = console.decode(errors="replace").replace("\r", "") + "\n" + errors.decode(errors="replace")
    printable = ("".join(char for char in line if char.isprintable() or char == "\t") for line in text.split("\n"))
    return tuple(line for line in printable if line.strip())[-LAST_LINES:]
