# SPDX-License-Identifier: MIT
from __future__ import annotations

import threading
from pathlib import Path

import pytest
from qemu_stand_in import HAPPY, PANIC, machine

from scons_kmod.base.errors import UserError
from scons_kmod.base.run_log import RunLog
from scons_kmod.vm.accelerator import Accelerator
from scons_kmod.vm.guest_boot import Hang
from scons_kmod.vm.guest_report import ModuleReport
from scons_kmod.vm.initramfs import GuestFile
from scons_kmod.vm.qemu import X86_64
from scons_kmod.vm.runner import ModuleResult, ModuleTest, complaints, guest_files, plan, run_module_tests


def run(folder: Path, script: str, *names: str) -> list[tuple[str, bool, str, int]]:
    """Name, passed, how lost, and number of the boot of each result."""
    modules = []
    for name in names:
        (folder / f"{name}.ko").write_bytes(b"")
        modules.append(ModuleTest(name, (folder / f"{name}.ko",), seconds=1))
    results = run_module_tests(
        machine(folder, script),
        folder / "vmlinux",
        modules,
        accelerator=Accelerator("tcg", ""),
        log=RunLog(),
        unit="x",
    )
    return [(r.name, r.passed, type(r.lost).__name__ if r.lost else "", r.boot) for r in results]


def test_all_tests_share_one_boot_while_the_kernel_stays_good(tmp_path: Path) -> None:
    assert run(tmp_path, HAPPY, "a", "b") == [("a", True, "", 1), ("b", True, "", 1)]


def test_after_a_test_that_lost_the_vm_the_others_get_a_fresh_boot(tmp_path: Path) -> None:
    script = f"if [ $(wc -l < \"$0.boots\") = 1 ]; then\n{PANIC}else\nreport 'boot 6.1'\npassed b\nreport done\nfi\n"
    assert run(tmp_path, script, "a", "b") == [("a", False, "Panic", 1), ("b", True, "", 2)]


@pytest.mark.parametrize("trouble", ["'taint 12800'", "'taint 12288' 'left a'"], ids=["tainted", "left loaded"])
def test_after_a_test_that_spoiled_the_kernel_the_others_get_a_fresh_boot(tmp_path: Path, trouble: str) -> None:
    script = f"""
report 'boot 6.1'
[ $(wc -l < "$0.boots") = 1 ] && {{
    report 'begin a' 'taint-before 0' 'log scons-kmod: test of a begins' 'status 0' {trouble} 'end a' 'begin b'
    exec sleep 60
}}
passed b
report done
"""
    assert run(tmp_path, script, "a", "b") == [("a", False, "", 1), ("b", True, "", 2)]


def test_a_vm_lost_between_two_tests_is_put_down_to_the_one_that_ran(tmp_path: Path) -> None:
    script = "report 'boot 6.1'\n[ $(wc -l < \"$0.boots\") = 1 ] && { passed a; exit; }\npassed b\nreport done\n"
    assert run(tmp_path, script, "a", "b") == [("a", False, "Vanished", 1), ("b", True, "", 2)]


def test_a_vm_that_never_boots_is_not_tried_again_for_each_test(tmp_path: Path) -> None:
    assert run(tmp_path, "exit 1\n", "a", "b") == [("a", False, "NeverBooted", 1), ("b", False, "NeverBooted", 1)]
    assert (tmp_path / "qemu.boots").read_text() == "boot\n"


def test_several_vms_can_run_at_once(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(8)]
    results: list[object] = []

    def work(folder: Path) -> None:
        folder.mkdir()
        results.append(run(folder, HAPPY, "a", "b"))

    threads = [threading.Thread(target=work, args=(folder,)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[("a", True, "", 1), ("b", True, "", 1)]] * 8


def test_names_that_would_break_the_plan_are_refused(tmp_path: Path) -> None:
    for name in ("a b", "../a", "", "-a", "a\nb", "ä"):
        with pytest.raises(UserError, match="can't be the name"):
            run_module_tests(
                X86_64,
                tmp_path,
                [ModuleTest(name, (tmp_path / "a.ko",))],
                accelerator=Accelerator("tcg", ""),
                log=RunLog(),
                unit="x",
            )


def test_the_plan_has_a_line_for_each_test_with_its_limit_and_its_files_in_load_order() -> None:
    tests = [ModuleTest("a", (Path("/x/dep.ko"), Path("/y/a.ko"))), ModuleTest("b", (Path("/b.ko"),), seconds=5)]
    assert plan(tests) == "a 30 /modules/dep.ko /modules/a.ko\nb 5 /modules/b.ko\n"


def test_the_guest_gets_modules_scripts_and_extra_files(tmp_path: Path) -> None:
    extra = {"/bin/helper": GuestFile(b"#!/bin/sh\n", 0o755)}
    test = ModuleTest("a", (tmp_path / "dep.ko", tmp_path / "a.ko"), tmp_path / "test.sh", extra)
    files = guest_files([test])
    assert files["/modules/dep.ko"] == GuestFile(tmp_path / "dep.ko")
    assert files["/modules/a.ko"] == GuestFile(tmp_path / "a.ko")
    assert files["/tests/a.sh"] == GuestFile(tmp_path / "test.sh")
    assert files["/bin/helper"].mode == 0o755


def test_tests_may_share_a_dependency_but_not_a_place(tmp_path: Path) -> None:
    dependency = tmp_path / "dep.ko"
    first = ModuleTest("a", (dependency, tmp_path / "a.ko"))
    assert "/modules/dep.ko" in guest_files([first, ModuleTest("b", (dependency, tmp_path / "b.ko"))])
    other = ModuleTest("b", (tmp_path / "other/dep.ko", tmp_path / "b.ko"))
    with pytest.raises(UserError, match=r"two files are to be /modules/dep\.ko in the guest"):
        guest_files([first, other])


def good(**changes: object) -> ModuleReport:
    report = ModuleReport("a", status=0, log=["[ 1.0] scons-kmod: test of a begins"], taint=12288, ended=True)
    for name, value in changes.items():
        setattr(report, name, value)
    return report


BEGIN = good().log[0]


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (good(), ()),
        (good(status=None), ("the test ended with status None",)),
        (
            good(status=1, output=["first", "insmod of a failed", ""]),
            ("the test ended with status 1: insmod of a failed",),
        ),
        (good(status=None, timed_out=True), ("the test was killed after 30 s",)),
        (good(left=["a", "b"]), ("a is still loaded", "b is still loaded")),
        (good(taint=12288 | 512), ("the kernel is tainted: W (kernel issued a warning)",)),
        (good(log=[]), ("the kernel log does not reach back to the test's begin: it was cleared, or is too long",)),
        (good(stray=["noise"]), ("something else wrote to the port of the reports: 'noise'",)),
        (
            good(log=[BEGIN, *(f"WARNING: {number}" for number in range(7))]),
            (*(f"kernel log: WARNING: {number}" for number in range(5)), "kernel log: 2 more such lines"),
        ),
    ],
    ids=["good", "no status", "status", "timeout", "left", "taint", "log cleared", "stray", "warnings"],
)
def test_all_that_is_wrong_with_a_test_is_said(report: ModuleReport, expected: tuple[str, ...]) -> None:
    assert complaints(report, 30) == expected


def test_a_result_reads_as_what_happened_and_what_was_printed() -> None:
    passed = ModuleResult("a", (), None, (), (), 1, None, 0.1)
    assert (passed.passed, str(passed)) == (True, "a: passed")
    failed = ModuleResult("a", ("one", "two"), None, ("printed",), ("[ 1.0] logged",), 2, "b spoiled the last one", 0.1)
    assert not failed.passed
    assert str(failed).splitlines() == [
        "a: one; two",
        "(in a fresh boot: b spoiled the last one)",
        "--- output",
        "printed",
        "--- kernel log",
        "[ 1.0] logged",
    ]
    lost = ModuleResult("a", (), Hang(41.0, ("last words",)), (), (), 1, None, 40.0)
    assert not lost.passed
    assert str(lost).splitlines() == [
        "a: the VM hung: no end within the time limit (after 41.0 s)",
        "--- end of the console",
        "last words",
    ]
