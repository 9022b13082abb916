# SPDX-License-Identifier: MIT
"""The builders that every SConstruct calls: the kernels, the modules, and the .ko files of the modules.

A module in which nothing has changed needs no planning. So what plans steps (builders.py), and the packages of the
library that it calls, are imported only when a module does.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from SCons.Script import ARGUMENTS, COMMAND_LINE_TARGETS

from scons_kmod.base.directories import sources_directory
from scons_kmod.base.errors import UserError
from scons_kmod.kernel.kbuild import srctree
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.open_target import chosen_kernels, open_target
from scons_kmod.target.output_paths import module_ko
from scons_kmod.target.settings import check_variables

from .command_line import run_commands
from .modules import module_for
from .planning import plan_module, read_project
from .registry import When
from .session import Session, WantedModule, reported

Env = Any  # SCons's environments are created at run time; they have no useful static type.
Nodes = list[Any]


def kmod_targets(env: Env) -> list[BuildTarget]:
    """The kernels that the command line asks for, each ready to build for."""
    session: Session = env["KMOD"]
    if session.help or session.has_begun:
        return session.targets
    with reported():
        check_variables(ARGUMENTS, declared_variables(env))
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


def declared_variables(env: Env) -> set[str]:
    """The variables of the command line that the SConstruct declares as its own.

    Those that `Variables` declares are in the environment.
    """
    own = env.get("KMOD_WORDS", ())
    return {*env.Dictionary(), *(own.split() if isinstance(own, str) else own)}


def kmod_manifests(env: Env, *directories: str) -> list[Manifest]:
    """The modules in the directories that ``MODULES=`` names, else in `directories`, else in modules/.

    There are none if a command of the command line needs none. All calls of a run name the same directories.
    """
    session: Session = env["KMOD"]
    if session.help or not all(command.modules for command in session.commands.values()):
        return []
    named = [Path(env.Dir(name).srcnode().abspath) for name in directories]
    chosen = [*(session.settings.module_dirs or named or [session.top / "modules"])]
    with reported():
        if session.module_dirs is None:
            session.module_dirs = chosen
            read_project(session)
        elif session.module_dirs != chosen:
            first, other = (", ".join(map(str, paths)) for paths in (session.module_dirs, chosen))
            fix = f"name all directories in each call: KmodManifests({', '.join(map(repr, directories))}, ...)"
            raise UserError(f"an earlier call took the modules of {first}", where=f"KmodManifests: {other}", fix=fix)
    return session.manifests


def kernel_object(env: Env, target: BuildTarget, manifest: Manifest) -> Nodes:
    """The .ko of a module, linked from the module's objects as the kernel tree links its own modules.

    Its steps are planned by `KmodCommands`, when all sources of the module are known.
    """
    session: Session = env["KMOD"]
    is_as_read = module_for(session, target, manifest) is manifest
    wanted = WantedModule(env, target, manifest, is_as_read)
    session.wanted_modules.append(wanted)
    if session.is_graph_complete:
        plan_module(session, wanted)
    return [env.fs.File(str(module_ko(target, manifest)))]


def kernel_module(env: Env, target: BuildTarget, manifest: Manifest, depends: Sequence[Any] = ()) -> Nodes:
    """Add all steps of a module for a kernel. The module's name becomes an alias of its .ko and of those that it needs.

    `depends` are files or aliases of the SConstruct that are built before the module.

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
        if named := env.arg2nodes(depends, env.fs.Entry):
            session.named_sources.setdefault(manifest.name, []).extend(named)
        *needed, ko = [kernel_object(env, target, module) for module in (*manifest.needs, manifest)]
    env.Alias(manifest.name, [*needed, ko])
    return ko
