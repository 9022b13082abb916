# SPDX-License-Identifier: MIT
"""Checks of programs and libraries that any kernel needs, and of what tests in a VM need."""

from __future__ import annotations

import ctypes
import dataclasses
import importlib.metadata
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from scons_kmod.base.errors import KmodError
from scons_kmod.base.programs import system_program
from scons_kmod.base.run_log import RunLog
from scons_kmod.doctor.finding import Finding, error_finding
from scons_kmod.vm.accelerator import BOOT_ID, KVM_DEVICE, read_answers
from scons_kmod.vm.initramfs import static_busybox


@dataclasses.dataclass(frozen=True)
class Program:
    """A program that is needed in any version, the Debian package that provides it, and what it is needed for."""

    name: str
    package: str
    purpose: str


BUILDING = (
    Program("make", "make", "asks the kernel tree for its flags"),
    Program("ld", "binutils", "links modules"),
    Program("cc", "gcc", "links the macros' library"),
    Program("depmod", "kmod", "lists installed modules for modprobe"),
)
DOWNLOADING = (
    Program("apt-get", "apt", "downloads a target's packages"),
    Program("dpkg-deb", "dpkg", "unpacks a target's packages"),
)
SYSROOTS = (
    Program("mmdebstrap", "mmdebstrap", "makes the sysroot of a target of another suite"),
    Program("bwrap", "bubblewrap", "runs tools in a sysroot"),
)
TESTING = (
    Program("qemu-system-x86_64", "qemu-system-x86", "boots the kernel"),
    Program("cpio", "cpio", "packs the guest's files"),
    Program("zstd", "zstd", "unpacks kernels"),
)


def program_findings(heading: str, programs: Iterable[Program], log: RunLog) -> Iterator[Finding]:
    """Which of the programs are installed, in which version."""
    for program in programs:
        path = system_program(program.name)
        if path is None:
            yield Finding(heading, program.name, program.purpose, f"apt-get install {program.package}")
        else:
            yield Finding(heading, program.name, f"{program_version(path, log)}  {path}")


def program_version(path: str, log: RunLog) -> str:
    """The version number in the output of ``--version``; ``?`` without one."""
    try:
        text = log.run([path, "--version"], step="DOCTOR", unit=path, timeout=10).stdout.decode(errors="replace")
    except KmodError:
        return "?"
    number = re.search(r"\bv?\d+\.\d[\w.+~-]*|(?<=version )\d+", text)
    return number[0].removeprefix("v") if number else "?"


def library_finding(name: str, package: str) -> Finding:
    """A shared library that the kernel tree's objtool needs."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return Finding("Programs", name, "the kernel tree's objtool needs it", f"apt-get install {package}")
    return Finding("Programs", name, "found")


def vm_findings(cache: Path, log: RunLog) -> Iterator[Finding]:
    """What tests in a VM need."""
    yield from program_findings("Tests in a VM", TESTING, log)
    yield busybox_finding()
    yield python_finding("Tests in a VM", "pytest")
    yield kvm_finding(cache)


def busybox_finding() -> Finding:
    """The guest's user space, which must be linked statically."""
    try:
        return Finding("Tests in a VM", "busybox", f"static  {static_busybox()}")
    except ImportError:
        fix = pip_commands("pyelftools")
        return Finding("Tests in a VM", "busybox", "the Python package pyelftools is not installed", fix)
    except KmodError as error:
        return error_finding("Tests in a VM", "busybox", error)


def python_finding(heading: str, name: str) -> Finding:
    """A Python package that this project depends on."""
    try:
        return Finding(heading, name, f"{importlib.metadata.version(name)}  Python package")
    except importlib.metadata.PackageNotFoundError:
        return Finding(heading, name, "Python package", pip_commands(name))


def pip_commands(name: str) -> str:
    """The commands that install a Python package: Debian's, or in a virtual environment."""
    return f"apt-get install python3-{name}, or in a virtual environment: python3 -m pip install {name}"


def kvm_finding(cache: Path) -> Finding:
    """Whether VMs can run at full speed. It is never missing: without KVM, QEMU emulates the processor."""
    text = f"{KVM_DEVICE} exists; `scons test` tries whether it works"
    if not KVM_DEVICE.exists():
        text = f"there is no {KVM_DEVICE}, so QEMU emulates the processor"
    elif not os.access(KVM_DEVICE, os.R_OK | os.W_OK):
        text = f"no permission for {KVM_DEVICE}, so QEMU emulates the processor"
    elif answers := read_answers(cache / "accelerator.json", BOOT_ID.read_text().strip()):
        text = "; ".join(dict.fromkeys(str(answer) for answer in answers.values()))
    return Finding("Tests in a VM", "KVM", text)
