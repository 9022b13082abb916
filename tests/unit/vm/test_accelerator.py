# SPDX-License-Identifier: MIT
from __future__ import annotations

import re
from pathlib import Path

import pytest
from qemu_stand_in import LONG, SHORT, machine

from scons_kmod.base.run_log import RunLog
from scons_kmod.vm.accelerator import choose_accelerator
from scons_kmod.vm.qemu import X86_64

VERSION = '[ "$1" = --version ] && { echo "$0 7.2"; exit; }\n'


@pytest.fixture
def probing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host that has /dev/kvm, and a kernel; returns the kernel."""
    device = tmp_path / "kvm"
    device.touch()
    monkeypatch.setattr("scons_kmod.vm.accelerator.KVM_DEVICE", device)
    monkeypatch.setattr("scons_kmod.vm.accelerator.PROBE_SECONDS", LONG)
    (tmp_path / "vmlinux").write_bytes(b"kernel")
    return tmp_path / "vmlinux"


def test_kvm_is_chosen_if_it_boots(tmp_path: Path, probing: Path) -> None:
    qemu = machine(tmp_path, VERSION + "report 'boot 6.1' done\n")
    chosen = choose_accelerator(qemu, probing, tmp_path / "answers.json", RunLog())
    assert chosen.name == "kvm"
    assert chosen.reason.startswith("booted the kernel in ")


def test_tcg_is_chosen_with_the_reason_if_kvm_gets_stuck(
    tmp_path: Path, probing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scons_kmod.vm.accelerator.PROBE_SECONDS", SHORT)
    qemu = machine(tmp_path, VERSION + "echo 'qemu: warning: no such bit' >&2\nexec sleep 60\n")
    chosen = choose_accelerator(qemu, probing, tmp_path / "answers.json", RunLog())
    assert re.fullmatch(r"TCG: under KVM the VM never booted \(after \d\.\d s\)", str(chosen))


def test_the_answer_is_kept_until_the_kernel_or_the_hosts_boot_changes(
    tmp_path: Path, probing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    qemu = machine(tmp_path, VERSION + "echo 'emulation failure' >&2\nexec sleep 60\n")
    answers = tmp_path / "answers.json"

    log = RunLog()

    def probes() -> int:
        choose_accelerator(qemu, probing, answers, log)
        return sum(entry.step == "QEMU" and entry.unit == "KVM probe" for entry in log.entries)

    assert [probes(), probes()] == [1, 1]
    probing.write_bytes(b"another")
    assert [probes(), probes()] == [2, 2]
    (tmp_path / "boot-id").write_text("later\n")
    monkeypatch.setattr("scons_kmod.vm.accelerator.BOOT_ID", tmp_path / "boot-id")
    assert [probes(), probes()] == [3, 3]
    answers.write_text("{]")
    assert [probes(), probes()] == [4, 4]


def test_without_a_kvm_device_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scons_kmod.vm.accelerator.KVM_DEVICE", tmp_path / "kvm")
    log = RunLog()
    chosen = choose_accelerator(X86_64, tmp_path / "vmlinux", tmp_path / "answers.json", log)
    assert str(chosen) == f"TCG: there is no {tmp_path}/kvm"
    assert log.entries == []
