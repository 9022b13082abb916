# SPDX-License-Identifier: MIT
from __future__ import annotations

import threading
from pathlib import Path

import pytest
from qemu_stand_in import HAPPY, PANIC, machine

from scons_kmod.base.errors import UserError
from scons_kmod.base.run_log import RunLog
from scons_kmod.vm.accelerator import Accelerator
from scons_kmod.vm.lost_vm import Hang
from scons_kmod.vm.packed_tests import ModuleTest
from scons_kmod.vm.qemu import X86_64
from scons_kmod.vm.runner import ModuleResult, run_module_tests


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


def test_all_tests_share_a_boot_while_the_kernel_stays_good(tmp_path: Path) -> None:
    assert run(tmp_path, HAPPY, "a", "b") == [("a", True, "", 1), ("b", True, "", 1)]


def test_after_a_lost_vm_the_next_test_gets_a_fresh_boot(tmp_path: Path) -> None:
    script = f"if [ $(wc -l < \"$0.boots\") = 1 ]; then\n{PANIC}else\nreport 'boot 6.1'\npassed b\nreport done\nfi\n"
    assert run(tmp_path, script, "a", "b") == [("a", False, "Panic", 1), ("b", True, "", 2)]


@pytest.mark.parametrize("trouble", ["'taint 12800'", "'taint 12288' 'left a'"], ids=["tainted", "left loaded"])
def test_after_a_spoiled_kernel_the_next_test_gets_a_fresh_boot(tmp_path: Path, trouble: str) -> None:
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


def test_if_a_vm_is_lost_between_two_tests_the_first_is_blamed(tmp_path: Path) -> None:
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
