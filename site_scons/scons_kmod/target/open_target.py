# SPDX-License-Identifier: MIT
"""Which kernels to build for, and all that has to be known of each before the graph is made."""

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
from scons_kmod.distro.download import fetch_packages, fetched_packages
from scons_kmod.distro.sysroot import open_system
from scons_kmod.distro.target_choice import default_target, requested_targets, targets_of_this_system
from scons_kmod.distro.target_file import Target, read_targets
from scons_kmod.kernel.kbuild import probe_kbuild
from scons_kmod.kernel.kernel_tree import KernelTree, open_tree
from scons_kmod.kernel.rust_flags import rust_flags
from scons_kmod.kernel.rustc_versions import write_rustc_target
from scons_kmod.kernel.toolchain import find_toolchain
from scons_kmod.target.build_target import NO_DEBUG_INFO, BuildTarget
from scons_kmod.target.provider import find_provider, has_source_package
from scons_kmod.target.resolved import record_resolved
from scons_kmod.target.settings import Settings

# This library, parts of which run as processes of their own.
HERE_IS = Path(__file__).parents[1]


@dataclasses.dataclass(frozen=True)
class Chosen:
    """A kernel to build for: by a target file, or a tree at a path. `description` gives the toolchain it asks for."""

    name: str
    description: Target
    tree: Path | None


def choose_targets(settings: Settings, directory: Path, modules: Path = Path("/lib/modules")) -> list[Chosen]:
    """The kernels that the command line asks for; without a word there, the running kernel if its headers are there,
    else the newest target of the distribution. Raises `UserError`.
    """
    targets = read_targets(directory)
    if settings.old and settings.new:
        both = [old_or_new(name, word, targets) for name, word in (("OLD", settings.old), ("NEW", settings.new))]
        if both[0].name == both[1].name:
            raise UserError("both are the same kernel", where="OLD= and NEW=", fix="name two kernels")
        return both
    if settings.targets:
        return [Chosen(target.name, target, None) for target in requested_targets(",".join(settings.targets), targets)]
    running = modules / platform.release() / "build"
    tree = settings.kdir or (running if running.is_dir() else None)
    if tree is not None:
        return [chosen_tree(tree, targets)]
    description = default_target(targets)
    return [Chosen(description.name, description, None)]


def chosen_tree(path: Path, targets: Sequence[Target]) -> Chosen:
    """A tree at a path, with the toolchain of the target for its version, or of the default one. Raises `UserError`."""
    release = open_tree(path).release
    fitting = [target for target in targets if re.match(rf"{re.escape(target.version)}(?!\d)", release)]
    # Those of this system first: of two targets for a version, the tools are more likely to be here.
    best = [*targets_of_this_system(fitting)[-1:], *fitting]
    return Chosen(f"kdir-{release}", best[0] if best else default_target(targets), path)


def old_or_new(name: str, word: str, targets: Sequence[Target]) -> Chosen:
    """One of two kernels that are to be compared: a target by its name, or a tree by its path. Raises `UserError`."""
    by_name = {target.name: target for target in targets}
    if word in by_name:
        return Chosen(word, by_name[word], None)
    if not Path(word).is_dir():
        fix = f"name a target ({', '.join(by_name)}) or a prepared kernel tree"
        raise UserError("there is no such target or directory", where=f"{name}={word}", fix=fix)
    return chosen_tree(Path(word), targets)


def find_tree(chosen: Chosen, settings: Settings, cache: Path, log: RunLog) -> tuple[KernelTree, Mapping[str, str]]:
    """The kernel tree, fetched if need be, and the versions of the packages that it came in."""
    if chosen.tree is not None:
        return open_tree(chosen.tree), {}
    there = None if settings.update else fetched_packages(chosen.description, cache)
    unpacked = there or fetch_packages(chosen.description, cache, log, refresh=settings.update)
    return open_tree(unpacked.kernel_tree), unpacked.versions


def open_target(
    chosen: Chosen, settings: Settings, build: Path, sources: Path, log: Callable[[str], RunLog]
) -> BuildTarget:
    """Find the tree and the toolchain of a chosen kernel; `build` is the directory of all targets.

    Raises `UserError`, `MachineError` or `StepError`.
    """
    cache = cache_directory()
    own_log = log(chosen.name)
    tree, packages = find_tree(chosen, settings, cache, own_log)
    directory = build / chosen.name
    kcflags = " ".join((NO_DEBUG_INFO, *settings.kcflags))
    has_sources = has_source_package(chosen.description, tree)
    system = open_system(
        chosen.description, cache, (sources, HERE_IS, elftools_directory(), tree.path), own_log, refresh=settings.update
    )
    kbuild = probe_kbuild(tree, directory / "config", kcflags, own_log, system)
    need = chosen.description.toolchain
    toolchain = find_toolchain(need, kbuild, tree.path, cache, directory / "config", own_log, system)
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
            rust_flags(tree, kbuild), toolchain.rustc, system, cache, directory / "config", own_log
        ),
        provider=find_provider(tree, has_sources, settings.provider or chosen.description.provider),
    )
    cfgs = target.cfg_text()
    if not target.cfg_file.exists() or target.cfg_file.read_text() != cfgs:
        write_text(target.cfg_file, cfgs)
    record_resolved(target, packages)
    return target
