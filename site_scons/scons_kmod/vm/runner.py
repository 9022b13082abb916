# SPDX-License-Identifier: MIT
"""Run module tests in VMs. All tests share one boot, but after a test that spoils the kernel there is a new boot."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.base.run_log import RunLog
from scons_kmod.vm.accelerator import Accelerator
from scons_kmod.vm.boot import Boot, Limits, boot_guest
from scons_kmod.vm.complaints import complaints_about, spoils_kernel
from scons_kmod.vm.guest_report import ModuleReport
from scons_kmod.vm.initramfs import write_initramfs
from scons_kmod.vm.lost_vm import NeverBooted, VmLost
from scons_kmod.vm.packed_tests import ModuleTest, check_tests, guest_files
from scons_kmod.vm.qemu import Machine


@dataclasses.dataclass(frozen=True)
class ModuleResult:
    """How the test of one module went.

    `complaints` say why it failed, a line each. `lost` is set if the VM was lost while it ran, and then the test has
    not passed either. `output` is what the test printed, `log` the kernel log since it began (of a lost VM, `lost` has
    the last lines). `boot` counts the boots from 1. `fresh_boot` says why this test got a new boot; None if it followed
    another test in the same one.
    """

    name: str
    complaints: tuple[str, ...]
    lost: VmLost | None
    output: tuple[str, ...]
    log: tuple[str, ...]
    boot: int
    fresh_boot: str | None
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether the test ran to its end and nothing is wrong."""
        return self.lost is None and not self.complaints

    def __str__(self) -> str:
        reasons = [str(self.lost)] if self.lost else []
        lines = [f"{self.name}: " + ("passed" if self.passed else "; ".join((*reasons, *self.complaints)))]
        if self.fresh_boot:
            lines.append(f"(in a fresh boot: {self.fresh_boot})")
        console = self.lost.last_lines if self.lost else ()
        for title, text in (("output", self.output), ("kernel log", self.log), ("end of the console", console)):
            if text:
                lines += [f"--- {title}", *text]
        return "\n".join(lines)


def run_module_tests(
    machine: Machine,
    kernel: Path,
    tests: Sequence[ModuleTest],
    *,
    accelerator: Accelerator,
    log: RunLog,
    unit: str,
    limits: Limits | None = None,
) -> list[ModuleResult]:
    """Boot `kernel`, an ELF file (bzimage.py), and run `tests` in it; returns their results, in their order.

    `unit` names the VM in the run log. If a test loses the VM, taints the kernel or leaves a module loaded, the next
    test gets a fresh boot. If a VM never boots, it is not tried again, and all tests that are left have that result.
    Safe to call from several threads. Raises `UserError` for tests that can't be packed, `MachineError` for missing
    tools and `KeyboardInterrupt` if a Ctrl-C ended QEMU.
    """
    check_tests(tests)
    results: list[ModuleResult] = []
    boots = 0
    reason: str | None = None
    while len(results) < len(tests):
        remaining = tests[len(results) :]
        boots += 1
        boot = boot_once(
            machine, kernel, remaining, accelerator=accelerator, log=log, unit=unit, limits=limits or Limits()
        )
        new_results = boot_results(remaining, boot, boots, reason)
        results += new_results
        reason = f"{new_results[-1].name} spoiled the last one"
    return results


def boot_once(
    machine: Machine,
    kernel: Path,
    tests: Sequence[ModuleTest],
    *,
    accelerator: Accelerator,
    log: RunLog,
    unit: str,
    limits: Limits,
) -> Boot:
    """Boot once and run `tests`, until one of them spoils the kernel."""
    with tempfile.TemporaryDirectory(prefix="scons-kmod-vm-") as directory:
        initramfs = Path(directory) / "initramfs.cpio"
        write_initramfs(initramfs, guest_files(tests), log, unit)
        return boot_guest(
            machine,
            accelerator.name,
            kernel,
            initramfs,
            log=log,
            unit=unit,
            test_limits={test.name: float(test.seconds) for test in tests},
            limits=limits,
            stop_after=lambda module: spoils_kernel(module) and module.name != tests[-1].name,
        )


def boot_results(tests: Sequence[ModuleTest], boot: Boot, number: int, reason: str | None) -> list[ModuleResult]:
    """The results of one boot, at least one: of each test that ran, also of the test during which the VM was lost.

    `number` counts the boots, and `reason` says why this boot was needed (None: it is the first).
    """
    reports = boot.report.modules[: len(tests)]
    spoiler = next((i for i, report in enumerate(reports) if spoils_kernel(report)), None)
    if boot.lost is None and spoiler is not None:
        # The guest may have begun the next test before it was stopped.
        reports = reports[: spoiler + 1]
    results = [
        module_result(test, report, boot, number, reason if i == 0 else None)
        for i, (test, report) in enumerate(zip(tests, reports, strict=False))
    ]
    if boot.lost is None:
        return results
    if isinstance(boot.lost, NeverBooted) or not results:
        waiting = tests if isinstance(boot.lost, NeverBooted) else tests[:1]
        return [ModuleResult(test.name, (), boot.lost, (), (), number, reason, boot.seconds) for test in waiting]
    # If the VM is lost after a test has ended and before the next begins, the test that has ended is blamed.
    return [*results[:-1], dataclasses.replace(results[-1], lost=boot.lost)]


def module_result(test: ModuleTest, report: ModuleReport, boot: Boot, number: int, reason: str | None) -> ModuleResult:
    """The result of a test with this report."""
    return ModuleResult(
        name=test.name,
        complaints=complaints_about(report, test.seconds) if report.ended else (),
        lost=None,
        output=tuple(report.output),
        log=tuple(report.log),
        boot=number,
        fresh_boot=reason,
        seconds=round(boot.test_seconds[test.name], 3),
    )
