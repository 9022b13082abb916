# SPDX-License-Identifier: MIT
"""Boot a guest once: run QEMU, and watch it until the tests are done, the VM is lost, or the time is up."""

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
from scons_kmod.vm.lost_vm import VmLost, has_panicked, how_lost
from scons_kmod.vm.qemu import Machine, qemu_argv, require_qemu

# After a panic the kernel prints a trace and restarts, which ends QEMU. That takes a fraction of this time.
PANIC_GRACE_SECONDS = 3.0

# QEMU reports these and then keeps the guest paused for ever.
QEMU_GAVE_UP = re.compile(rb"KVM internal error|emulation failure|KVM: entry failed")

# What QEMU says when it gets the SIGINT of a Ctrl-C, which goes to all processes of a terminal.
QEMU_INTERRUPTED = b"terminating on signal 2"


@dataclasses.dataclass(frozen=True)
class Limits:
    """Wall-clock limits of a boot, in seconds. Each test also has a limit of its own.

    `boot` is the limit until the guest's init runs. `grace` is the limit for what init does between tests and at
    power-off. A test that the guest does not end at the test's own limit gets `grace` seconds more.
    """

    boot: float = 60.0
    grace: float = 10.0


@dataclasses.dataclass(frozen=True)
class Boot:
    """How a boot went: the guest's report, how the VM was lost (or None), and wall seconds in all and per test."""

    report: GuestReport
    lost: VmLost | None
    seconds: float
    test_seconds: dict[str, float]


@dataclasses.dataclass
class Watch:
    """What is known of a running QEMU: what its three streams brought so far, the parsed report, and the deadline.

    `unread` is the beginning of a report line that is not complete yet. `begun` has the time when each test began.
    """

    limits: Limits
    test_limits: dict[str, float]
    started: float
    deadline: float
    console: bytearray = dataclasses.field(default_factory=bytearray)
    qemu_messages: bytearray = dataclasses.field(default_factory=bytearray)
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
    stop_after: Callable[[ModuleReport], bool] = lambda _: False,
) -> Boot:
    """Boot a guest and watch it until its tests are done, it is lost, or `stop_after` is true of a test that has ended.

    `test_limits` has the limit of each test in seconds, by its name. QEMU is gone when this returns or raises. Raises
    `MachineError` if QEMU can't be started, and `KeyboardInterrupt` if a Ctrl-C ended QEMU.
    """
    require_qemu(machine)
    started = time.monotonic()
    watch = Watch(limits, test_limits, started, started + limits.boot)
    with log.recorded("QEMU", unit) as status, ExitStack() as stack:
        (console, console_end), (report, report_end), (messages, messages_end) = (open_pipe(stack) for _ in range(3))
        ends = (console_end, report_end)
        argv = qemu_argv(machine, accelerator, kernel, initramfs, *(f"/dev/fd/{end}" for end in ends))
        try:
            process = stack.enter_context(running_qemu(argv, pass_fds=ends, output=messages_end, status=status))
        finally:
            # From here on only QEMU holds the writing ends, so the streams end when QEMU does.
            for end in (*ends, messages_end):
                os.close(end)
        selector = stack.enter_context(selectors.DefaultSelector())
        for stream, take in ((console, take_console), (report, take_report), (messages, take_qemu_messages)):
            selector.register(stream, selectors.EVENT_READ, take)
        stopped = follow(watch, selector, stop_after)
        if not stopped and not watch.overdue:
            with suppress(subprocess.TimeoutExpired):
                process.wait(limits.grace)
    if QEMU_INTERRUPTED in watch.qemu_messages:
        raise KeyboardInterrupt
    now = time.monotonic()
    for name, begun in watch.begun.items():
        watch.test_seconds.setdefault(name, now - begun)
    seconds = now - started
    lost = None
    if not stopped:
        streams = bytes(watch.console), bytes(watch.qemu_messages)
        lost = how_lost(watch.report, *streams, overdue=watch.overdue, seconds=seconds)
    return Boot(watch.report, lost, seconds, watch.test_seconds)


def open_pipe(stack: ExitStack) -> tuple[int, int]:
    """A pipe's reading and writing end. `stack` closes the reading end; the caller closes the other."""
    reading, writing = os.pipe()
    stack.callback(os.close, reading)
    return reading, writing


@contextmanager
def running_qemu(
    argv: tuple[str, ...], *, pass_fds: tuple[int, ...], output: int, status: list[int]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run QEMU for as long as the body runs. Whatever ends the body ends QEMU, be it the death of this process.

    QEMU's exit status is appended to `status`. Raises `MachineError` if QEMU can't be started.
    """
    # With setpriv, the kernel kills QEMU when the thread that waits here dies, even of SIGKILL.
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


def follow(watch: Watch, selector: selectors.BaseSelector, stop_after: Callable[[ModuleReport], bool]) -> bool:
    """Read all streams until they end, the deadline passes, or `stop_after` is true; return whether it is true."""
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
        if any(module.ended and stop_after(module) for module in watch.report.modules):
            return True
    return False


def take_console(watch: Watch, data: bytes) -> None:
    """Keep console output. After a panic only a short time is left."""
    watch.console += data
    if not watch.panicked and has_panicked(watch.console):
        watch.panicked = True
        watch.deadline = min(watch.deadline, time.monotonic() + PANIC_GRACE_SECONDS)


def take_qemu_messages(watch: Watch, data: bytes) -> None:
    """Keep QEMU's own messages. If they say that the guest is stuck, the time is up."""
    watch.qemu_messages += data
    if QEMU_GAVE_UP.search(watch.qemu_messages):
        watch.deadline = time.monotonic()


def take_report(watch: Watch, data: bytes) -> None:
    """Parse the complete lines of the guest's report, and move the deadline on with the guest's progress."""
    watch.unread += data
    *lines, incomplete = bytes(watch.unread).split(b"\n")
    watch.unread[:] = incomplete
    now = time.monotonic()
    for line in lines:
        before = progress(watch.report)
        read_line(watch.report, line.decode(errors="replace"))
        if progress(watch.report) != before and not watch.panicked:
            move_deadline(watch, now)


def progress(report: GuestReport) -> tuple[bool, int, bool, bool]:
    """What of a report moves the deadline: kernel up, number of tests begun, last test ended, all tests done."""
    ended = bool(report.modules) and report.modules[-1].ended
    return report.release is not None, len(report.modules), ended, report.done


def move_deadline(watch: Watch, now: float) -> None:
    """Set the deadline for what the guest does next, and note when a test begins and how long it took."""
    watch.deadline = now + watch.limits.grace
    if not watch.report.modules:
        return
    current = watch.report.modules[-1]
    if current.ended:
        watch.test_seconds.setdefault(current.name, now - watch.begun[current.name])
    else:
        watch.begun[current.name] = now
        watch.deadline += watch.test_limits.get(current.name, 0.0)
