# SPDX-License-Identifier: MIT
"""``scons doctor``: what building and testing need, what of it is there, and which package brings the rest."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import importlib.metadata
import os
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from scons_kmod.base.directories import cache_directory, sources_directory
from scons_kmod.base.errors import KmodError
from scons_kmod.base.programs import system_program
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.download import fetched_packages
from scons_kmod.distro.sysroot import existing_system, needs_sysroot
from scons_kmod.distro.target_file import Target
from scons_kmod.kernel.kernel_tree import KernelTree, open_tree
from scons_kmod.kernel.tool_finder import ToolFinder, libclang_version
from scons_kmod.kernel.toolchain import Choice, choose_bindgen, choose_compiler, choose_rustc
from scons_kmod.target.open_target import Chosen
from scons_kmod.target.provider import find_provider, has_source_package
from scons_kmod.vm.accelerator import BOOT_ID, KVM_DEVICE, read_answers

# What a checkout has, and the installed package has not.
BOOTSTRAP = sources_directory() / "bootstrap"
# Columns that a line of the report may take; only paths may be longer.
LINE = 120


@dataclasses.dataclass(frozen=True)
class Need:
    """A program, the Debian package that brings it, and what needs it."""

    program: str
    package: str
    purpose: str


BUILDING = (
    Need("make", "make", "asks the kernel tree for its flags"),
    Need("ld", "binutils", "links modules"),
    Need("cc", "gcc", "links the macros' library"),
    Need("depmod", "kmod", "scons install"),
)
FETCHING = (
    Need("apt-get", "apt", "downloads a target's packages"),
    Need("dpkg-deb", "dpkg", "unpacks them"),
)
ENTERING = (
    Need("mmdebstrap", "mmdebstrap", "makes the sysroot of a target of another suite"),
    Need("bwrap", "bubblewrap", "runs tools in it"),
)
TESTING = (
    Need("qemu-system-x86_64", "qemu-system-x86", "boots the kernel"),
    Need("cpio", "cpio", "packs the guest's files"),
    Need("zstd", "zstd", "unpacks kernels"),
)


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line of the report, under a heading. `missing` is what is to be run or done if the thing is not there."""

    heading: str
    name: str
    text: str
    missing: str | None = None


def report(chosen: Sequence[Chosen], build: Path) -> tuple[list[str], bool]:
    """The report's lines, and whether nothing is missing. Downloads nothing and writes nothing.

    `build` is the directory of all targets; neither it nor the cache directory needs to be there.
    """
    log = RunLog("doctor")
    findings = list(dict.fromkeys(all_findings(chosen, build, log)))
    return [*table(findings), *summary(findings)], not any(finding.missing for finding in findings)


def all_findings(chosen: Sequence[Chosen], build: Path, log: RunLog) -> Iterator[Finding]:
    """Everything that is looked at, in the order of the report."""
    try:
        cache = cache_directory()
    except KmodError as error:
        yield wrong("Directories", "cache", error)
        return
    trees = {one.name: tree_of(one, cache) for one in chosen}
    for one in chosen:
        yield target_finding(one, trees[one.name], cache)
    for one in chosen:
        yield from tool_findings(one, trees[one.name], cache, log)
    yield library_finding("libelf.so.1", "libelf1")
    yield from program_findings("Programs", BUILDING, log)
    if any(one.tree is None for one in chosen):
        yield from program_findings("Programs", FETCHING, log)
    if any(needs_sysroot(one.description) for one in chosen):
        yield from program_findings("Programs", ENTERING, log)
    yield from program_findings("Tests in a VM", TESTING, log)
    yield busybox_finding()
    yield python_finding("Tests in a VM", "pytest")
    yield kvm_finding(cache)
    yield Finding("Directories", "cache", f"{cache}, {size_of(cache)}")
    yield Finding("Directories", "build", f"{build}, {size_of(build)}")


def tree_of(one: Chosen, cache: Path) -> KernelTree | KmodError | None:
    """A target's tree, or what is wrong with it; None if its headers are not fetched yet."""
    try:
        if one.tree is not None:
            return open_tree(one.tree)
        there = fetched_packages(one.description, cache)
        return open_tree(there.kernel_tree) if there else None
    except KmodError as error:
        return error


def target_finding(one: Chosen, tree: KernelTree | KmodError | None, cache: Path) -> Finding:
    """A target's kernel: its release, where it is from and what it was compiled with."""
    if isinstance(tree, KmodError):
        return wrong("Targets", one.name, tree)
    if tree is None:
        packages = one.description.packages
        return Finding("Targets", one.name, f"not fetched yet; `scons` downloads it ({packages.headers})")
    there = fetched_packages(one.description, cache) if one.tree is None else None
    image = fetched_packages(one.description, cache, "image") if one.tree is None else None
    text = f"Linux {tree.release}, compiled by {tree.compiler}\n{tree.path}"
    for unpacked in filter(None, (there, image)):
        text += "\n" + ", ".join(f"{name} {version}" for name, version in unpacked.versions.items())
    return Finding("Targets", one.name, f"{text}\n{crates_text(one.description, tree)}")


def crates_text(target: Target, tree: KernelTree) -> str:
    """Where the crates of each API come from."""
    provider = find_provider(tree, has_source_package(target, tree), target.provider)
    mainline = provider.name if provider.name else f"none, as {provider.lacks}"
    return f"crates of the 2021 API: bundled; of the mainline API: {mainline}"


def tool_findings(one: Chosen, tree: KernelTree | KmodError | None, cache: Path, log: RunLog) -> Iterator[Finding]:
    """The compilers that a target asks for."""
    need = one.description.toolchain
    try:
        system = existing_system(one.description, cache)
    except KmodError as error:
        yield wrong("Toolchain", f"sysroot of {one.name}", error)
        return
    if system is None:
        packages, suite = ", ".join(one.description.sysroot), one.description.packages.suite
        text = f"not made yet; `scons` makes it of {suite}'s {packages}"
        yield Finding("Toolchain", f"sysroot of {one.name}", text)
        return
    if system.root:
        yield Finding("Toolchain", f"sysroot of {one.name}", str(system.root))
    finder = ToolFinder(system, log, cache)
    yield tool_finding("rustc", lambda: choose_rustc(finder, need.rustc))
    yield tool_finding("bindgen", lambda: choose_bindgen(finder, need))
    yield libclang_finding(finder, need.libclang)
    if isinstance(tree, KernelTree):
        name = tree.compiler.split()[0]
        yield tool_finding(name, lambda: choose_compiler(finder, name, tree.path))
    elif tree is None:
        name = f"gcc-{need.gcc}"
        yield tool_finding(name, lambda: choose_compiler(finder, name, Path()))


def tool_finding(name: str, find: Callable[[], Choice]) -> Finding:
    """A compiler that was chosen, with the reasons why others were not; or why none fits."""
    try:
        found, refused = find()
    except KmodError as error:
        return wrong("Toolchain", name, error)
    library = f", library sources in {found.library_sources}" if found.library_sources else ""
    lines = [f"{found.tool.version}  {found.tool.path}{library}", *(f"not taken: {reason}" for reason in refused)]
    return Finding("Toolchain", name, "\n".join(lines))


def libclang_finding(finder: ToolFinder, wanted: str) -> Finding:
    """The libclang that bindgen is to load."""
    try:
        path = finder.find_libclang(wanted)
    except KmodError as error:
        return wrong("Toolchain", "libclang", error)
    return Finding("Toolchain", "libclang", f"{libclang_version(finder.system.host_path(path))}  {path}")


def library_finding(name: str, package: str) -> Finding:
    """A shared library that programs of the kernel tree are linked against."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return Finding("Programs", name, "the kernel tree's objtool needs it", f"apt-get install {package}")
    return Finding("Programs", name, "found")


def program_findings(heading: str, needs: Iterable[Need], log: RunLog) -> Iterator[Finding]:
    """Programs of which any version will do."""
    for need in needs:
        path = system_program(need.program)
        if path is None:
            yield Finding(heading, need.program, need.purpose, f"apt-get install {need.package}")
        else:
            yield Finding(heading, need.program, f"{version_of(path, log)}  {path}")


def version_of(path: str, log: RunLog) -> str:
    """The version number in what a program says of itself, or ``?``."""
    try:
        text = log.run([path, "--version"], step="DOCTOR", unit=path, timeout=10).stdout.decode(errors="replace")
    except KmodError:
        return "?"
    number = re.search(r"\bv?\d+\.\d[\w.+~-]*|(?<=version )\d+", text)
    return number[0].removeprefix("v") if number else "?"


def busybox_finding() -> Finding:
    """The guest's user space, which must be linked statically."""
    try:
        # Its module needs a Python package that may be among the missing.
        from scons_kmod.vm.initramfs import static_busybox

        return Finding("Tests in a VM", "busybox", f"static  {static_busybox()}")
    except ImportError:
        return Finding("Tests in a VM", "busybox", "the Python package pyelftools is not there", pip("pyelftools"))
    except KmodError as error:
        return wrong("Tests in a VM", "busybox", error)


def python_finding(heading: str, name: str) -> Finding:
    """A Python package of our own dependencies."""
    try:
        return Finding(heading, name, f"{importlib.metadata.version(name)}  Python package")
    except importlib.metadata.PackageNotFoundError:
        return Finding(heading, name, "Python package", pip(name))


def pip(name: str) -> str:
    """The commands that install a Python package: Debian's, or in a virtual environment."""
    return f"apt-get install python3-{name}, or in a virtual environment: python3 -m pip install {name}"


def kvm_finding(cache: Path) -> Finding:
    """Whether the machine may be able to run a VM at full speed; without it, QEMU emulates the processor."""
    text = f"{KVM_DEVICE} is there; whether it works is tried by `scons test`"
    if not KVM_DEVICE.exists():
        text = f"there is no {KVM_DEVICE}, so QEMU emulates the processor"
    elif not os.access(KVM_DEVICE, os.R_OK | os.W_OK):
        text = f"no permission for {KVM_DEVICE}, so QEMU emulates the processor"
    elif answers := read_answers(cache / "accelerator.json", BOOT_ID.read_text().strip()):
        text = "; ".join(dict.fromkeys(str(answer) for answer in answers.values()))
    return Finding("Tests in a VM", "KVM", text)


def size_of(directory: Path) -> str:
    """The size of all files in a directory, each counted once."""
    if not directory.is_dir():
        return "not made yet"
    files: dict[tuple[int, int], int] = {}
    for place, _, names in os.walk(directory):
        for name in names:
            with contextlib.suppress(OSError):  # a build may be removing files meanwhile
                stat = os.lstat(os.path.join(place, name))  # noqa: PTH118 - thousands of files
                files[stat.st_dev, stat.st_ino] = stat.st_blocks * 512
    return f"{sum(files.values()) / 1e6:.0f} MB"


def wrong(heading: str, name: str, error: KmodError) -> Finding:
    """A finding that something is missing, made of the error that says so."""
    return Finding(heading, name, error.what, error.fix or "see above")


def table(findings: Iterable[Finding]) -> Iterator[str]:
    """The findings as lines, aligned, below their headings."""
    rows = list(findings)
    width = max((len(row.name) for row in rows), default=0)
    for heading in dict.fromkeys(row.heading for row in rows):
        yield heading
        for row in rows:
            if row.heading == heading:
                yield from row_lines(row, width)


def row_lines(row: Finding, width: int) -> Iterator[str]:
    """One finding: its name, and beside it the text and what to do."""
    text = f"MISSING: {row.text}\n{row.missing}" if row.missing else row.text
    fit = textwrap.TextWrapper(LINE - width - 4, break_long_words=False, break_on_hyphens=False)
    lines = [part for line in text.splitlines() for part in fit.wrap(line.strip())]
    for number, line in enumerate(lines):
        yield f"{'!' if row.missing and not number else ' '} {'' if number else row.name:<{width}}  {line}"


def summary(findings: Iterable[Finding]) -> list[str]:
    """The last lines: what is missing."""
    missing = [row.name for row in findings if row.missing]
    if not missing:
        return ["", "Nothing is missing."]
    hint = " On Debian 12, ./bootstrap scons installs what it needs." if BOOTSTRAP.is_file() else ""
    return ["", f"Missing: {', '.join(missing)}.{hint}"]
