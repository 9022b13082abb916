# SPDX-License-Identifier: MIT
"""QEMU's command line, from one record for each architecture."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog

# A stock kernel with the initramfs needs about 130 MiB to boot. More only costs the host.
MEMORY_MIB = 256

# Without these, QEMU would add a network card, a VGA card and what the user's own configuration file says.
NO_DEFAULTS = ("-nodefaults", "-no-user-config", "-display", "none")

# Documentation/admin-guide/kernel-parameters.txt in the kernel tree.
KERNEL_PARAMETERS = (
    # After a panic, restart at once. With -no-reboot that ends QEMU, so nobody waits for the time limit.
    "panic=-1",
    # An Oops would only kill the task and may leave locks held. Then the rest of the test would hang or mean nothing.
    "oops=panic",
    # The console is an emulated UART, and printing the boot log to it takes longer than the boot. init ends the quiet.
    "quiet",
    # The kernel log of a test is judged as a whole. The messages of a long test must not push out its beginning.
    "log_buf_len=4M",
    # Addresses in traces stay the same from run to run.
    "nokaslr",
    # If a busy host starves the emulated processor, the check of the timer's interrupt fails and panics the kernel.
    "no_timer_check",
    # The self-tests of the crypto layer and two security modules take time at boot and do not matter for a module.
    "cryptomgr.notests",
    "apparmor=0",
    "audit=0",
)


@dataclasses.dataclass(frozen=True)
class Machine:
    """How QEMU emulates one architecture: program, Debian package, options, and the kernel's name for the console."""

    arch: str
    program: str
    package: str
    options: tuple[str, ...]
    console: str


# The "pc" machine has two UARTs, and every kernel has a built-in driver for them. "microvm" hangs with 6.1. A second
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
    """The command line that boots `kernel` with `initramfs`. `accelerator` is QEMU's name of one: ``kvm`` or ``tcg``.

    QEMU writes what the guest sends to its first and second serial port to the files `console` and `report`.
    """
    parameters = (f"console={machine.console}", *KERNEL_PARAMETERS)
    return (
        machine.program,
        *machine.options,
        *NO_DEFAULTS,
        *("-accel", accelerator),
        *("-m", str(MEMORY_MIB)),
        *("-kernel", str(kernel)),
        *("-initrd", str(initramfs)),
        *("-append", " ".join(parameters)),
        "-no-reboot",
        *serial_port("console", console),
        *serial_port("report", report),
    )


def serial_port(name: str, path: str) -> tuple[str, ...]:
    """The options for the next serial port, whose output goes to the file `path`."""
    # In QEMU's options a comma ends a value, unless it is doubled.
    return ("-chardev", f"file,id={name},path={path.replace(',', ',,')}", "-serial", f"chardev:{name}")


def qemu_version(machine: Machine, log: RunLog) -> str:
    """The first line that QEMU prints for ``--version``. Raises `MachineError` if QEMU is not installed."""
    require_qemu(machine)
    output = log.run([machine.program, "--version"], step="QEMU", unit="--version").stdout
    return output.decode(errors="replace").partition("\n")[0]


def require_qemu(machine: Machine) -> None:
    """Raise `MachineError` if the machine's QEMU is not installed."""
    if shutil.which(machine.program) is None:
        raise MachineError(
            f"{machine.program} is not installed; the VM tests need it", fix=f"apt-get install {machine.package}"
        )
