# SPDX-License-Identifier: MIT
"""The report of ``scons doctor``: all checks, in order."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from scons_kmod.base.directories import cache_directory
from scons_kmod.base.errors import KmodError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.sysroot import needs_sysroot
from scons_kmod.doctor.finding import Finding, error_finding, summary, table
from scons_kmod.doctor.kernels import kernel_finding, toolchain_findings, tree_or_error
from scons_kmod.doctor.programs import (
    BUILDING,
    DOWNLOADING,
    SYSROOTS,
    library_finding,
    program_findings,
    vm_findings,
)
from scons_kmod.target.open_target import ChosenKernel


def doctor_report(kernels: Sequence[ChosenKernel], build: Path) -> tuple[list[str], bool]:
    """The lines of the report, and whether nothing is missing. Downloads nothing and writes nothing.

    `build` is the directory of all targets. Neither it nor the cache directory needs to exist.
    """
    log = RunLog("doctor")
    findings = list(dict.fromkeys(all_findings(kernels, build, log)))
    return [*table(findings), *summary(findings)], not any(finding.missing for finding in findings)


def all_findings(kernels: Sequence[ChosenKernel], build: Path, log: RunLog) -> Iterator[Finding]:
    """The results of all checks, in the order of the report. A tool of several kernels is found for each of them."""
    try:
        cache = cache_directory()
    except KmodError as error:
        yield error_finding("Directories", "cache", error)
        return
    trees = {kernel.name: tree_or_error(kernel, cache) for kernel in kernels}
    for kernel in kernels:
        yield kernel_finding(kernel, trees[kernel.name], cache)
    for kernel in kernels:
        yield from toolchain_findings(kernel, trees[kernel.name], cache, log)
    yield library_finding("libelf.so.1", "libelf1")
    yield from program_findings("Programs", BUILDING, log)
    if any(kernel.tree is None for kernel in kernels):
        yield from program_findings("Programs", DOWNLOADING, log)
    if any(needs_sysroot(kernel.description) for kernel in kernels):
        yield from program_findings("Programs", SYSROOTS, log)
    yield from vm_findings(cache, log)
    yield Finding("Directories", "cache", f"{cache}, {size_text(cache)}")
    yield Finding("Directories", "build", f"{build}, {size_text(build)}")


def size_text(directory: Path) -> str:
    """The size of all files in a directory, each counted once, in megabytes."""
    if not directory.is_dir():
        return "does not exist yet"
    sizes: dict[tuple[int, int], int] = {}
    for parent, _, names in os.walk(directory):
        for name in names:
            with contextlib.suppress(OSError):  # a build may be removing files at the same time
                stat = os.lstat(os.path.join(parent, name))  # noqa: PTH118 - thousands of files
                sizes[stat.st_dev, stat.st_ino] = stat.st_blocks * 512
    return f"{sum(sizes.values()) / 1e6:.0f} MB"
