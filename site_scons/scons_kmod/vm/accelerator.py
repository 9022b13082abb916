# SPDX-License-Identifier: MIT
"""Choose between KVM and TCG, QEMU's own emulation. KVM is used only if it has booted the kernel in a probe."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tempfile
from pathlib import Path

from scons_kmod.base.atomic import locked, write_text
from scons_kmod.base.run_log import RunLog
from scons_kmod.vm.boot import Limits, boot_guest
from scons_kmod.vm.initramfs import GuestFile, base_files, write_initramfs
from scons_kmod.vm.qemu import Machine, qemu_version

# If KVM works, the probe is over in a second. If not, the guest may hang: /dev/kvm can exist, be opened, and yet run no
# instruction of the guest (seen under nested virtualization).
PROBE_SECONDS = 4.0

KVM_DEVICE = Path("/dev/kvm")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclasses.dataclass(frozen=True)
class Accelerator:
    """QEMU's name of an accelerator, `kvm` or `tcg`, and why it was chosen."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name.upper()}: {self.reason}"


def choose_accelerator(machine: Machine, kernel: Path, answers: Path, log: RunLog) -> Accelerator:
    """The accelerator to boot `kernel` with.

    The answer of a probe is cached in the file `answers`. It holds until the host boots again, or QEMU or the kernel
    changes. Raises `MachineError` if something that a boot needs is not installed.
    """
    if not KVM_DEVICE.exists():
        return Accelerator("tcg", f"there is no {KVM_DEVICE}")
    if not os.access(KVM_DEVICE, os.R_OK | os.W_OK):
        return Accelerator("tcg", f"no permission for {KVM_DEVICE}")
    boot_id = BOOT_ID.read_text().strip()
    key = probe_key(qemu_version(machine, log), kernel)
    cached = read_answers(answers, boot_id).get(key)
    if cached is not None:
        return cached
    answer = probe_kvm(machine, kernel, log)
    with locked(answers.with_name(answers.name + ".lock")):
        merged = {**read_answers(answers, boot_id), key: answer}
        fields = {name: dataclasses.asdict(accelerator) for name, accelerator in merged.items()}
        write_text(answers, json.dumps({"host-boot": boot_id, "answers": fields}, indent=1) + "\n")
    return answer


def probe_key(version: str, kernel: Path) -> str:
    """An answer's key: QEMU's version and a digest of the kernel. An answer also holds for one boot of the host."""
    with kernel.open("rb") as file:
        return f"{version} {hashlib.file_digest(file, 'sha256').hexdigest()}"


def read_answers(path: Path, boot_id: str) -> dict[str, Accelerator]:
    """The answers in the file `path` that date from this boot of the host; none if the file is absent or damaged."""
    try:
        record = json.loads(path.read_text())
        if record["host-boot"] != boot_id:
            return {}
        return {key: Accelerator(**fields) for key, fields in record["answers"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def probe_kvm(machine: Machine, kernel: Path, log: RunLog) -> Accelerator:
    """Boot `kernel` under KVM with no test, for at most `PROBE_SECONDS`. Returns KVM, or TCG with what went wrong."""
    with tempfile.TemporaryDirectory(prefix="scons-kmod-probe-") as directory:
        initramfs = Path(directory) / "probe.cpio"
        write_initramfs(initramfs, {**base_files(), "/tests/plan": GuestFile(b"")}, log, "KVM probe")
        limits = Limits(boot=PROBE_SECONDS, grace=PROBE_SECONDS)
        boot = boot_guest(machine, "kvm", kernel, initramfs, log=log, unit="KVM probe", test_limits={}, limits=limits)
    if boot.lost is None:
        return Accelerator("kvm", f"booted the kernel in {boot.seconds:.1f} s")
    # QEMU warns of missing processor features; such a line is no reason.
    reasons = [line for line in boot.lost.last_lines if "warning:" not in line]
    return Accelerator("tcg", "; ".join((f"under KVM {boot.lost}", *reasons[-1:])))
