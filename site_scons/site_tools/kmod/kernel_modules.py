# SPDX-License-Identifier: MIT
"""The builders that every SConstruct calls: the kernels, the modules, and the .ko files of the modules.

A module in which nothing has changed needs no planning. So what plans steps (builders.py), and the packages of the
library that it calls, are imported only when a module does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from SCons.Script import COMMAND_LINE_TARGETS

from scons_kmod.base.directories import sources_directory
from scons_kmod.base.errors import UserError
from scons_kmod.kernel.kbuild import srctree
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.project import find_project
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.open_target import chosen_kernels, open_target
from scons_kmod.target.output_paths import module_ko

from .command_line import run_commands
from .modules import module_for
from .registry import When, command_names
from .session import Session, reported
from .unplanned import Group, groups_of, planned_from, saved_manifests, step_groups

Env = Any  # SCons's environments are created at run time; they have no useful static type.
Nodes = list[Any]


def kmod_targets(env: Env) -> list[BuildTarget]:
    """The kernels that the command line asks for, each ready to build for."""
    session: Session = env["KMOD"]
    if session.help or session.has_begun:
        return session.targets
    with reported():
        run_commands(session, When.START, [])
        chosen = chosen_kernels(session.settings, sources_directory() / "targets")
        if session.clean:
            chosen = [kernel for kernel in chosen if (session.build / kernel.name).exists()]
        session.chosen = chosen
        run_commands(session, When.KERNELS_CHOSEN, [])
        session.begin()
        session.targets = [
            open_target(kernel, session.settings, session.build, sources_directory(), session.log, session.digests)
            for kernel in chosen
        ]
        session.sysroot_args = {target.name: target.system.enter_args for target in session.targets}
        for target in session.targets:
            session.digests.share(target.header_digests, (target.tree.path, srctree(target.tree)))
        if session.settings.audit and not session.dry_run:
            from .audit import open_audit

            session.graph.audit = open_audit(session.targets, session.top)
    return session.targets


def kmod_manifests(env: Env, *directories: str) -> list[Manifest]:
    """The modules in the directories that ``MODULES=`` names, else in `directories`, else in modules/.

    There are none if a command of the command line needs none. All calls of a run name the same directories.
    """
    session: Session = env["KMOD"]
    if session.help or not all(command.modules for command in session.commands.values()):
        return []
    named = [Path(env.Dir(name).abspath) for name in directories]
    chosen = [*(session.settings.module_dirs or named or [session.top / "modules"])]
    with reported():
        if session.module_dirs is None:
            session.module_dirs = chosen
            session.project = find_project(chosen, reserved=command_names(), saved=saved_manifests(session))
            session.manifests = session.project.modules
        elif session.module_dirs != chosen:
            first, other = (", ".join(map(str, paths)) for paths in (session.module_dirs, chosen))
            fix = f"name all directories in each call: KmodManifests({', '.join(map(repr, directories))}, ...)"
            raise UserError(f"an earlier call took the modules of {first}", where=f"KmodManifests: {other}", fix=fix)
    return session.manifests


def planner(name: str) -> Callable[..., Any]:
    """A function of builders.py. That is imported when the function is called: a null build calls none."""

    def call(*arguments: Any) -> Any:
        from . import builders

        return getattr(builders, name)(*arguments)

    return call


def kernel_object(env: Env, target: BuildTarget, manifest: Manifest) -> Nodes:
    """The .ko of a module, linked from the module's objects as the kernel tree links its own modules."""
    session: Session = env["KMOD"]
    for group in groups_of(session, target, manifest):
        plan_unless_up_to_date(env, target, group)
    return [env.fs.File(str(module_ko(target, manifest)))]


def plan_unless_up_to_date(env: Env, target: BuildTarget, group: Group) -> None:
    """Add the steps of a group to the graph, unless an earlier run has found all of them up to date.

    Each module asks for the groups that it shares with others. Those are planned once.
    """
    session: Session = env["KMOD"]
    if (target.name, group.name) in session.planned_groups:
        return
    if group.is_shared:
        session.planned_groups.add((target.name, group.name))
    graph, saved = session.graph, step_groups(session, target)
    plan = planner(group.planner)
    if saved is None or group.directories is None:
        plan(env, target, *group.arguments)
    elif not saved.is_up_to_date(group.name, graph.outputs, graph.doubtful):
        steps = plan(env, target, *group.arguments)
        sources = planned_from(session, target, group.directories)
        saved.record(group.name, steps, graph, sources, session.build_state(target.name).shared_comparisons)


def kernel_module(env: Env, target: BuildTarget, manifest: Manifest) -> Nodes:
    """Add all steps of a module for a kernel. The module's name becomes an alias of its .ko and of those that it needs.

    Returns the node of the .ko. scons skips a module that cannot be built for this kernel; if the command line names
    the module, that is an error.
    """
    session: Session = env["KMOD"]
    with reported():
        manifest = module_for(session, target, manifest)
        if reason := target.skip_reason(manifest):
            if manifest.name in (*COMMAND_LINE_TARGETS, session.settings.module):
                where = f"{manifest.name} for {target.name}"
                raise UserError(reason, where=where, fix="name another kernel with TARGET=, or another module")
            session.skipped.setdefault(reason, []).append(manifest.name)
            return env.Alias(manifest.name, [])
        *needed, ko = [kernel_object(env, target, module) for module in (*manifest.needs, manifest)]
    env.Alias(manifest.name, [*needed, ko])
    return ko
