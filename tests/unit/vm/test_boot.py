# SPDX-License-Identifier: MIT
from __future__ import annotations

import re
from pathlib import Path

import pytest
from qemu_stand_in import HAPPY, LONG, PANIC, SHORT, machine

from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.vm.boot import Boot, Limits, Watch, boot_guest, move_deadline
from scons_kmod.vm.guest_report import read_line
from scons_kmod.vm.lost_vm import Hang, NeverBooted, Panic, Vanished
from scons_kmod.vm.qemu import X86_64, qemu_argv


def boot(folder: Path, script: str, log: RunLog | None = None, *, limits: Limits | None = None) -> Boot:
    kernel = folder / "vmlinux"
    return boot_guest(
        machine(folder, script),
        "tcg",
        kernel,
        kernel,
        log=log or RunLog(),
        unit="x",
        test_limits={"a": SHORT},
        limits=limits or Limits(LONG, LONG),
    )


def alive(folder: Path) -> bool:
    """Whether the stand-in still runs (a zombie that nobody has waited for counts)."""
    pid = int((folder / "qemu.pid").read_text())
    return Path(f"/proc/{pid}").exists()


def open_files() -> int:
    """How many file descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_vm_that_does_its_work_and_ends_is_not_lost(tmp_path: Path) -> None:
    log = RunLog("x")
    ended = boot(tmp_path, HAPPY, log)
    assert ended.lost is None
    assert ended.report.done
    assert set(ended.test_seconds) == {"a", "b"}
    assert [(entry.step, entry.unit, entry.status) for entry in log.entries] == [("QEMU", "x", 0)]


def test_a_panic_is_noticed_at_once_even_if_qemu_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scons_kmod.vm.boot.PANIC_GRACE_SECONDS", 0.1)
    ended = boot(tmp_path, PANIC + "exec sleep 60\n")
    assert isinstance(ended.lost, Panic)
    assert ended.lost.last_lines[-1] == "[ 2.68] Kernel panic - not syncing: Fatal exception"
    assert ended.report.modules[0].output == ["first"]
    assert ended.seconds < LONG / 2
    assert not alive(tmp_path)


def test_a_panic_that_ends_qemu_is_a_panic(tmp_path: Path) -> None:
    assert isinstance(boot(tmp_path, PANIC).lost, Panic)


def test_no_end_after_the_boot_is_a_hang(tmp_path: Path) -> None:
    ended = boot(
        tmp_path, "report 'boot 6.1' 'begin a'\nconsole 'hello from a'\nexec sleep 60\n", limits=Limits(LONG, SHORT)
    )
    assert isinstance(ended.lost, Hang)
    assert ended.lost.last_lines == ("hello from a",)
    assert 2 * SHORT <= ended.seconds < LONG
    assert not alive(tmp_path)


def test_a_power_off_that_never_ends_is_a_hang(tmp_path: Path) -> None:
    assert isinstance(boot(tmp_path, HAPPY + "exec sleep 60\n", limits=Limits(LONG, SHORT)).lost, Hang)


def test_each_test_has_its_own_time_limit() -> None:
    watch = Watch(Limits(boot=60, grace=10), {"a": 30.0, "b": 5.0}, started=0.0, deadline=60.0)
    deadlines = []
    for now, line in ((2, "boot 6.1"), (3, "begin a"), (32, "end a"), (33, "begin b"), (34, "end b"), (35, "done")):
        read_line(watch.report, line)
        move_deadline(watch, now)
        deadlines.append(watch.deadline)
    assert deadlines == [12, 43, 42, 48, 44, 45]
    assert watch.test_seconds == {"a": 29, "b": 1}


def test_if_the_guest_reports_nothing_it_never_booted(tmp_path: Path) -> None:
    ended = boot(tmp_path, "console 'early message'\nexec sleep 60\n", limits=Limits(SHORT, LONG))
    assert isinstance(ended.lost, NeverBooted)
    assert re.fullmatch(r"the VM never booted \(after \d\.\d s\)", str(ended.lost))
    assert ended.lost.last_lines == ("early message",)
    assert not alive(tmp_path)


def test_what_qemu_says_of_its_failure_is_shown(tmp_path: Path) -> None:
    ended = boot(tmp_path, "echo 'qemu: could not load kernel' >&2\nexit 1\n")
    assert isinstance(ended.lost, NeverBooted)
    assert ended.lost.last_lines == ("qemu: could not load kernel",)
    assert ended.seconds < LONG / 2


def test_if_qemu_has_given_up_nobody_waits(tmp_path: Path) -> None:
    ended = boot(tmp_path, "echo 'KVM internal error. Suberror: 1' >&2\necho 'emulation failure' >&2\nexec sleep 60\n")
    assert isinstance(ended.lost, NeverBooted)
    assert ended.seconds < LONG / 2
    assert not alive(tmp_path)


def test_if_qemu_ends_during_a_test_the_vm_has_vanished(tmp_path: Path) -> None:
    assert isinstance(boot(tmp_path, "report 'boot 6.1' 'begin a'\n").lost, Vanished)


def test_a_ctrl_c_that_reaches_qemu_is_not_a_lost_vm(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        boot(tmp_path, "echo 'qemu-system-x86_64: terminating on signal 2' >&2\n")


def test_an_exception_in_the_watching_process_ends_qemu(tmp_path: Path) -> None:
    def broken(_: object) -> bool:
        raise RuntimeError

    qemu = machine(tmp_path, "report 'boot 6.1'\npassed a\nexec sleep 60\n")
    with pytest.raises(RuntimeError):
        boot_guest(
            qemu, "tcg", tmp_path, tmp_path, log=RunLog(), unit="x", test_limits={}, limits=Limits(), stop_after=broken
        )
    assert not alive(tmp_path)


def test_no_file_stays_open_after_a_boot(tmp_path: Path) -> None:
    boot(tmp_path, HAPPY)
    before = open_files()
    boot(tmp_path, HAPPY)
    boot(tmp_path, "exit 1\n")
    assert open_files() == before


def test_a_missing_qemu_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError) as caught:
        boot_guest(X86_64, "tcg", tmp_path, tmp_path, log=RunLog(), unit="x", test_limits={}, limits=Limits())
    assert caught.value.fix == "apt-get install qemu-system-x86"


def test_the_command_line_names_kernel_ports_and_accelerator() -> None:
    argv = qemu_argv(X86_64, "kvm", Path("/k/vmlinux"), Path("/t/i.cpio"), "/dev/fd/7", "/a,b")
    text = " ".join(argv)
    assert text.startswith("qemu-system-x86_64 -machine pc ")
    assert " -accel kvm " in text
    assert " -kernel /k/vmlinux -initrd /t/i.cpio " in text
    assert " -no-reboot " in text
    assert "-chardev file,id=console,path=/dev/fd/7 -serial chardev:console" in text
    assert text.endswith("-chardev file,id=report,path=/a,,b -serial chardev:report")
    append = argv[argv.index("-append") + 1].split()
    assert {"console=ttyS0", "panic=-1", "oops=panic"} <= set(append)
