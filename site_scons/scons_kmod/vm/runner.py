# SPDX-License-Identifier: MIT
"""Module tests in a VM: one boot runs the tests of all modules, and a new one goes on where a test spoiled a kernel."""

from __future__ import annotations

import dataclasses
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from scons_kmod.base.errors import UserError
from scons_kmod.base.run_log import RunLog
from scons_kmod.vm.accelerator import Accelerator
from scons_kmod.vm.guest_boot import Boot, Limits, NeverBooted, VmLost, boot_guest
from scons_kmod.vm.guest_report import ModuleReport
from scons_kmod.vm.initramfs import GuestFile, base_files, write_initramfs
from scons_kmod.vm.kernel_log import trouble_lines
from scons_kmod.vm.qemu import Machine
from scons_kmod.vm.taint import unexpected_taint

# A test under TCG takes a fraction of a second; after 20 s the kernel's own watchdog prints where a processor is stuck.
TEST_SECONDS = 30

# What can stand in a line of the plan and in a file name without a second meaning.
PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")

# How many lines of the kernel log a complaint quotes; the whole log is in the result.
QUOTED_LINES = 5


@dataclasses.dataclass(frozen=True)
class ModuleTest:
    """What to test of one module.

    `files` are the .ko files in load order, the module's own last; they lie in /modules in the guest. `script` is run
    by busybox's sh in / and passes with exit status 0; it loads and unloads by itself. Without one the files are
    loaded and unloaded. `extra` are more files, by guest path. After `seconds` the test is killed.
    """

    name: str
    files: tuple[Path, ...]
    script: Path | None = None
    extra: Mapping[str, GuestFile] = dataclasses.field(default_factory=dict)
    seconds: int = TEST_SECONDS


@dataclasses.dataclass(frozen=True)
class ModuleResult:
    """How the test of one module went.

    `complaints` say in a line each why it failed; `lost` is set when the VM was lost while it ran, which also is no
    pass. `output` is what the test printed, `log` the kernel log since it began (with a lost VM: see `lost`). `boot`
    counts the boots from 1; `fresh_boot` says why this test got a new one, None if it follows another in the same.
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
    """Boot `kernel` (see `boot_image`) and run `tests` in it; the results are in their order.

    `unit` names the VM in the run log. After a test that lost the VM, tainted the kernel or left a module loaded, the
    others go on in a fresh boot. If a VM never boots, the rest are not tried again and have that as their result.
    Safe to call from several threads. Raises `UserError` for tests that can't be packed, `MachineError` for missing
    tools and `KeyboardInterrupt` if a Ctrl-C ended QEMU.
    """
    check_tests(tests)
    results: list[ModuleResult] = []
    boots = 0
    why: str | None = None
    while len(results) < len(tests):
        rest = tests[len(results) :]
        boots += 1
        boot = boot_once(machine, kernel, rest, accelerator=accelerator, log=log, unit=unit, limits=limits or Limits())
        done = boot_results(rest, boot, boots, why)
        results += done
        why = f"{done[-1].name} spoiled the last one"
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
    """Run as many of `tests` in one boot as it stays good for."""
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
            enough=lambda module: bool(spoilt(module)) and module.name != tests[-1].name,
        )


def check_tests(tests: Sequence[ModuleTest]) -> None:
    """Raise `UserError` if two tests have one name, a test has no file, or a name doesn't fit a line of the plan."""
    seen: set[str] = set()
    for test in tests:
        for name in (test.name, *(file.name for file in test.files)):
            if not PLAIN_NAME.fullmatch(name):
                raise UserError(f"{name!r} can't be the name of a tested module or of its file")
        if test.name in seen:
            raise UserError(f"two tests have the name {test.name}")
        if not test.files:
            raise UserError(f"the test {test.name} has no module file")
        seen.add(test.name)


def guest_files(tests: Sequence[ModuleTest]) -> dict[str, GuestFile]:
    """All files of the guest that runs `tests`. Raises `UserError` where two of them want one place."""
    files = base_files()

    def add(place: str, file: GuestFile) -> None:
        if files.setdefault(place, file) != file:
            raise UserError(f"two files are to be {place} in the guest: {files[place].source!r} and {file.source!r}")

    for test in tests:
        for module in test.files:
            add(f"/modules/{module.name}", GuestFile(module))
        if test.script is not None:
            add(f"/tests/{test.name}.sh", GuestFile(test.script))
        for place, file in test.extra.items():
            add(place, file)
    add("/tests/plan", GuestFile(plan(tests).encode()))
    return files


def plan(tests: Sequence[ModuleTest]) -> str:
    """The file that tells the guest's init what to run."""
    lines = (f"{t.name} {t.seconds} {' '.join(f'/modules/{file.name}' for file in t.files)}\n" for t in tests)
    return "".join(lines)


def boot_results(tests: Sequence[ModuleTest], boot: Boot, number: int, why: str | None) -> list[ModuleResult]:
    """The results of one boot, at least one: of the tests that ran, and the one that was running when the VM was lost.

    `number` counts the boots and `why` says why there was another one.
    """
    reports = boot.report.modules[: len(tests)]
    spoiler = next((i for i, report in enumerate(reports) if spoilt(report)), None)
    if boot.lost is None and spoiler is not None:
        # The guest may have begun the next test before it was stopped.
        reports = reports[: spoiler + 1]
    results = [
        module_result(test, report, boot, number, why if i == 0 else None)
        for i, (test, report) in enumerate(zip(tests, reports, strict=False))
    ]
    if boot.lost is None:
        return results
    if isinstance(boot.lost, NeverBooted) or not results:
        waiting = tests if isinstance(boot.lost, NeverBooted) else tests[:1]
        return [ModuleResult(test.name, (), boot.lost, (), (), number, why, boot.seconds) for test in waiting]
    # A VM that is lost after a test has ended and before the next begins is put down to the one that has run.
    return [*results[:-1], dataclasses.replace(results[-1], lost=boot.lost)]


def module_result(test: ModuleTest, report: ModuleReport, boot: Boot, number: int, why: str | None) -> ModuleResult:
    """The result of a test with this report."""
    return ModuleResult(
        name=test.name,
        complaints=complaints(report, test.seconds) if report.ended else (),
        lost=None,
        output=tuple(report.output),
        log=tuple(report.log),
        boot=number,
        fresh_boot=why,
        seconds=round(boot.test_seconds[test.name], 3),
    )


def complaints(report: ModuleReport, seconds: int) -> tuple[str, ...]:
    """What is wrong with a test that has ended, a line each; nothing if it passed. `seconds` was its limit."""
    found: list[str] = []
    if report.timed_out:
        found.append(f"the test was killed after {seconds} s")
    elif report.status != 0:
        last = next((f": {line}" for line in reversed(report.output) if line.strip()), "")
        found.append(f"the test ended with status {report.status}{last}")
    trouble = trouble_lines(report.log)
    found += [f"kernel log: {line}" for line in trouble[:QUOTED_LINES]]
    if len(trouble) > QUOTED_LINES:
        found.append(f"kernel log: {len(trouble) - QUOTED_LINES} more such lines")
    if not any(line.endswith(f"scons-kmod: test of {report.name} begins") for line in report.log):
        found.append("the kernel log does not reach back to the test's begin: it was cleared, or is too long")
    found += [f"the kernel is tainted: {taint}" for taint in unexpected_taint(report.taint_before, report.taint)]
    found += [f"{name} is still loaded" for name in report.left]
    if report.stray:
        found.append(f"something else wrote to the port of the reports: {report.stray[0]!r}")
    return tuple(found)


def spoilt(report: ModuleReport) -> bool:
    """Whether the kernel can't be trusted any more after a test: it is tainted, or a module was left loaded."""
    return report.ended and bool(unexpected_taint(report.taint_before, report.taint) or report.left)
