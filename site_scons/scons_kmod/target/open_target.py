# SPDX-License-Identifier: MIT
"""Which kernels to build for, and what the graph needs to know about each: tree, tools, flags and provider."""

from __future__ import annotations

import dataclasses
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from scons_kmod.base.atomic import write_text
from scons_kmod.base.directories import cache_directory, elftools_directory
from scons_kmod.base.errors import UserError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.kernel_packages.download import fetch_packages, fetched_packages
from scons_kmod.distro.sysroot import open_system
from scons_kmod.distro.target_choice import default_target, requested_targets, targets_of_this_system
from scons_kmod.distro.target_file import Target, read_targets
from scons_kmod.engine.digests import Digests
from scons_kmod.kernel.kbuild import probe_kbuild
from scons_kmod.kernel.kernel_tree import KernelTree, open_tree
from scons_kmod.kernel.rust_flags import rust_flags
from scons_kmod.kernel.rustc_versions import write_rustc_target
from scons_kmod.kernel.toolchain import find_toolchain
from scons_kmod.target.build_target import NO_DEBUG_INFO, BuildTarget
from scons_kmod.target.provider import find_provider, has_source_package
from scons_kmod.target.resolved import write_resolved
from scons_kmod.target.settings import Settings

# This library. Parts of it run as processes, also in a sysroot.
LIBRARY = Path(__file__).parents[1]


@dataclasses.dataclass(frozen=True)
class ChosenKernel:
    """A kernel to build for: that of a target file, or the `tree` at a path. `description` names its toolchain."""

    name: str
    description: Target
    tree: Path | None


def chosen_kernels(settings: Settings, directory: Path, modules: Path = Path("/lib/modules")) -> list[ChosenKernel]:
    """The kernels that the command line asks for.

    If it names none: the running kernel if its headers are installed, else the newest target of the distribution.
    `directory` has the target files, `modules` the directories of installed kernels. Raises `UserError`.
    """
    targets = read_targets(directory)
    if settings.old and settings.new:
        both = [compared_kernel(name, value, targets) for name, value in (("OLD", settings.old), ("NEW", settings.new))]
        if both[0].name == both[1].name:
            raise UserError("both are the same kernel", where="OLD= and NEW=", fix="name two kernels")
        return both
    if settings.targets:
        return [
            ChosenKernel(target.name, target, None) for target in requested_targets(",".join(settings.targets), targets)
        ]
    running = modules / platform.release() / "build"
    tree = settings.kdir or (running if running.is_dir() else None)
    if tree is not None:
        return [kernel_at(tree, targets)]
    description = default_target(targets)
    return [ChosenKernel(description.name, description, None)]


def kernel_at(path: Path, targets: Sequence[Target]) -> ChosenKernel:
    """A tree at a path, with the toolchain of the target for its version, or of the default one. Raises `UserError`."""
    release = open_tree(path).release
    fitting = [target for target in targets if re.match(rf"{re.escape(target.version)}(?!\d)", release)]
    # Targets of this system first: their tools are more likely to be installed.
    candidates = [*targets_of_this_system(fitting)[-1:], *fitting]
    return ChosenKernel(f"kdir-{release}", candidates[0] if candidates else default_target(targets), path)


def compared_kernel(name: str, value: str, targets: Sequence[Target]) -> ChosenKernel:
    """One of two kernels to compare, by the variable `name`: a target by its name, or a tree by its path.

    Raises `UserError` if there is neither.
    """
    by_name = {target.name: target for target in targets}
    if value in by_name:
        return ChosenKernel(value, by_name[value], None)
    if not Path(value).is_dir():
        fix = f"name a target ({', '.join(by_name)}) or a prepared kernel tree"
        raise UserError("there is no such target or directory", where=f"{name}={value}", fix=fix)
    return kernel_at(Path(value), targets)


def tree_and_packages(
    chosen: ChosenKernel, settings: Settings, cache: Path, log: RunLog
) -> tuple[KernelTree, Mapping[str, str]]:
    """The kernel tree, and the versions of its packages by their names, which are fetched if they are not there.

    Raises `UserError`, `MachineError` or `StepError`.
    """
    if chosen.tree is not None:
        return open_tree(chosen.tree), {}
    unpacked = None if settings.update else fetched_packages(chosen.description, cache)
    unpacked = unpacked or fetch_packages(chosen.description, cache, log, refresh=settings.update)
    return open_tree(unpacked.kernel_tree), unpacked.versions


def open_target(
    chosen: ChosenKernel,
    settings: Settings,
    build: Path,
    sources: Path,
    log: Callable[[str], RunLog],
    digests: Digests | None = None,
) -> BuildTarget:
    """Find the tree, the toolchain and the provider of a chosen kernel, and record them.

    `build` is the build directory of all targets, `sources` the directory with the bundled rust/ and kernel/. `log`
    returns the log of a target by its name. `digests` are those of the run.

    Raises `UserError`, `MachineError` or `StepError`.
    """
    cache = cache_directory()
    target_log = log(chosen.name)
    tree, packages = tree_and_packages(chosen, settings, cache, target_log)
    directory = build / chosen.name
    kcflags = " ".join((NO_DEBUG_INFO, *settings.kcflags))
    has_sources = has_source_package(chosen.description, tree)
    system = open_system(
        chosen.description,
        cache,
        (sources, LIBRARY, elftools_directory(), tree.path),
        target_log,
        refresh=settings.update,
    )
    kbuild = probe_kbuild(tree, directory / "config", kcflags, target_log, system)
    need = chosen.description.toolchain
    toolchain = find_toolchain(need, kbuild, tree.path, cache, directory / "config", target_log, system)
    target = BuildTarget(
        name=chosen.name,
        tree=tree,
        kbuild=kbuild,
        toolchain=toolchain,
        build=directory,
        cache=cache,
        sources=sources,
        kcflags=settings.kcflags,
        krustflags=settings.krustflags,
        extra_symbols=settings.extra_symbols,
        kbuild_link=settings.kbuild_link,
        system=system,
        rustc_target=write_rustc_target(
            rust_flags(tree, kbuild), toolchain.rustc, system, cache, directory / "config", target_log
        ),
        digests=digests or Digests(),
        provider=find_provider(tree, has_sources, settings.provider or chosen.description.provider),
    )
    cfgs = target.cfg_text()
    if not target.cfg_file.exists() or target.cfg_file.read_text() != cfgs:
        write_text(target.cfg_file, cfgs)
    write_resolved(target, packages)
    return target
