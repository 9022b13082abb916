# SPDX-License-Identifier: MIT
"""Checks of the kernels to build for: their trees, and the toolchains that they need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from scons_kmod.base.errors import KmodError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.kernel_packages.download import fetched_packages
from scons_kmod.distro.sysroot import existing_system
from scons_kmod.distro.target_file import Target
from scons_kmod.doctor.finding import Finding, error_finding
from scons_kmod.kernel.kernel_tree import KernelTree, open_tree
from scons_kmod.kernel.tool_finder import ToolFinder, libclang_version
from scons_kmod.kernel.toolchain import ToolChoice, choose_bindgen, choose_compiler, choose_rustc
from scons_kmod.target.open_target import ChosenKernel
from scons_kmod.target.provider import find_provider, has_source_package

# A kernel tree, the error that opening it raised, or None if its headers are not downloaded yet.
Tree = KernelTree | KmodError | None


def tree_or_error(chosen: ChosenKernel, cache: Path) -> Tree:
    """The tree of a kernel, or the error that opening it raised; None if its headers are not downloaded yet."""
    try:
        if chosen.tree is not None:
            return open_tree(chosen.tree)
        headers = fetched_packages(chosen.description, cache)
        return open_tree(headers.kernel_tree) if headers else None
    except KmodError as error:
        return error


def kernel_finding(chosen: ChosenKernel, tree: Tree, cache: Path) -> Finding:
    """The release of a kernel, the compiler that built it, its tree and packages, and where its crates come from."""
    if isinstance(tree, KmodError):
        return error_finding("Targets", chosen.name, tree)
    target = chosen.description
    if tree is None:
        return Finding("Targets", chosen.name, f"not fetched yet; `scons` downloads it ({target.packages.headers})")
    lines = [f"Linux {tree.release}, compiled by {tree.compiler}", str(tree.path)]
    if chosen.tree is None:
        for packages in (fetched_packages(target, cache), fetched_packages(target, cache, "image")):
            if packages:
                lines.append(", ".join(f"{name} {version}" for name, version in packages.versions.items()))
    lines.append(crates_text(target, tree))
    return Finding("Targets", chosen.name, "\n".join(lines))


def crates_text(target: Target, tree: KernelTree) -> str:
    """Where the crates of each API come from."""
    provider = find_provider(tree, has_source_package(target, tree), target.provider)
    mainline = provider.name if provider.name else f"none, as {provider.obstacle}"
    return f"crates of the 2021 API: bundled; of the mainline API: {mainline}"


def toolchain_findings(chosen: ChosenKernel, tree: Tree, cache: Path, log: RunLog) -> Iterator[Finding]:
    """The sysroot of a kernel's tools, if they are in one, and the compilers."""
    target = chosen.description
    name = f"sysroot of {chosen.name}"
    try:
        system = existing_system(target, cache)
    except KmodError as error:
        yield error_finding("Toolchain", name, error)
        return
    if system is None:
        packages, suite = ", ".join(target.sysroot), target.packages.suite
        yield Finding("Toolchain", name, f"not built yet; `scons` builds it from {suite}'s {packages}")
        return
    if system.root:
        yield Finding("Toolchain", name, str(system.root))
    finder = ToolFinder(system, log, cache)
    wanted = target.toolchain
    yield tool_finding("rustc", lambda: choose_rustc(finder, wanted.rustc))
    yield tool_finding("bindgen", lambda: choose_bindgen(finder, wanted))
    yield libclang_finding(finder, wanted.libclang)
    if isinstance(tree, KernelTree):
        compiler = tree.compiler.split()[0]
        yield tool_finding(compiler, lambda: choose_compiler(finder, compiler, tree.path))
    elif tree is None:
        compiler = f"gcc-{wanted.gcc}"
        yield tool_finding(compiler, lambda: choose_compiler(finder, compiler, Path()))


def tool_finding(name: str, choose: Callable[[], ToolChoice]) -> Finding:
    """The tool that was chosen and why others were refused, or why none fits."""
    try:
        found, refused = choose()
    except KmodError as error:
        return error_finding("Toolchain", name, error)
    sources = f", library sources in {found.library_sources}" if found.library_sources else ""
    lines = [f"{found.tool.version}  {found.tool.path}{sources}", *(f"refused: {reason}" for reason in refused)]
    return Finding("Toolchain", name, "\n".join(lines))


def libclang_finding(finder: ToolFinder, wanted: str) -> Finding:
    """The libclang that bindgen loads."""
    try:
        path = finder.find_libclang(wanted)
    except KmodError as error:
        return error_finding("Toolchain", "libclang", error)
    return Finding("Toolchain", "libclang", f"{libclang_version(finder.system.host_path(path))}  {path}")
