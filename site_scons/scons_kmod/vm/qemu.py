# SPDX-License-Identifier: MIT
"""QEMU's command line: one record per architecture and a pure function."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog

# Stock kernels with the initramfs need about 130 MiB to boot; more only costs the host.
MEMORY_MIB = 256

# Without these, QEMU would add a network card, a VGA and whatever the user's own configuration says.
BARE = ("-nodefaults", "-no-user-config", "-display", "none")

KERNEL_WORDS = (
    # Restart at once after a panic; with -no-reboot that ends QEMU, so that nobody waits for the time limit.
    "panic=-1",
    # An Oops would only kill the task and may leave locks held: the rest of the test would hang or mean nothing.
    "oops=panic",
    # The console is an emulated UART; printing the boot log to it takes longer than the boot. init turns it up again.
    "quiet",
    # The log of a test is judged as a whole; what a long test says must not push out its beginning.
    "log_buf_len=4M",
    # Addresses in traces stay the same from run to run.
    "nokaslr",
    # The check of the timer's interrupt fails, and panics the kernel, when a busy host starves an emulated processor.
    "no_timer_check",
    # The self-tests of the crypto layer and two security modules take time at boot and have no bearing on a module.
    "cryptomgr.notests",
    "apparmor=0",
    "audit=0",
)


@dataclasses.dataclass(frozen=True)
class Machine:
    """How QEMU emulates one architecture: its program, the package with it, its options and the console's name."""

    arch: str
    program: str
    package: str
    options: tuple[str, ...]
    console: str


# The "pc" machine has the two UARTs that every kernel has a built-in driver for. "microvm" hangs on 6.1, and a second
# processor makes the boot slower under TCG.
X86_64 = Machine(
    arch="x86_64",
    program="qemu-system-x86_64",
    package="qemu-system-x86",
    options=("-machine", "pc", "-smp", "1"),
    console="ttyS0",
)


def qemu_argv(
    machine: Machine, accelerator: str, kernel: Path, initramfs: Path, console: str, report: str
) -> tuple[str, ...]:
    """The command that boots `kernel` with `initramfs`. `accelerator` is QEMU's name for it.

    `console` and `report` are the files that get what the guest writes to its first and second serial port.
    """
    words = (f"console={machine.console}", *KERNEL_WORDS)
    return (
        machine.program,
        *machine.options,
        *BARE,
        *("-accel", accelerator),
        *("-m", str(MEMORY_MIB)),
        *("-kernel", str(kernel)),
        *("-initrd", str(initramfs)),
        *("-append", " ".join(words)),
        "-no-reboot",
        *serial_port("console", console),
        *serial_port("report", report),
    )


def serial_port(name: str, path: str) -> tuple[str, ...]:
    """The options for the next serial port, with its output going to the file `path`."""
    # A comma ends a value in QEMU's options unless it is doubled.
    return ("-chardev", f"file,id={name},path={path.replace(',', ',,')}", "-serial", f"chardev:{name}")


def qemu_version(machine: Machine, log: RunLog) -> str:
    """The first line of ``--version``. Raises `MachineError` if QEMU is not installed."""
    require_qemu(machine)
    done = log.run([machine.program, "--version"], step="QEMU", unit="--version")
    return done.stdout.decode(errors="replace").partition("\n")[0]


def require_qemu(machine: Machine) -> None:
    """Raise `MachineError` if the machine's QEMU is not installed."""
    if shutil.which(machine.program) is None:
        raise MachineError(
            f"{machine.program} is not installed; the VM tests need it", fix=f"apt-get install {machine.package}"
        )
