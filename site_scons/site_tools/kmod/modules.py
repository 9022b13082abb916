# SPDX-License-Identifier: MIT
"""The modules of a run: which can be built for a kernel, the crates they are written to, and their .ko files."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scons_kmod.base.errors import UserError
from scons_kmod.manifest.manifest import MAINLINE, Manifest, with_needs
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import generated_files, module_ko

from .session import Session

if TYPE_CHECKING:
    from scons_kmod.mainline.mainline import Mainline

Env = Any


def module_for(session: Session, target: BuildTarget, manifest: Manifest) -> Manifest:
    """A module as it is for a kernel: its conditional tables are applied."""
    if target.name not in session.modules_by_target:
        session.modules_by_target[target.name] = {
            module.name: module for module in session.project.modules_for(target.tree)
        }
    return session.modules_by_target[target.name][manifest.name]


def buildable_modules(
    session: Session, target: BuildTarget, manifests: Sequence[Manifest] | None = None
) -> list[Manifest]:
    """Those of `manifests`, or of all modules, that can be built for a kernel, as they are for it."""
    if manifests is None:
        # Every module asks for this list, so it is kept.
        if target.name not in session.buildable:
            session.buildable[target.name] = buildable_modules(session, target, session.manifests)
        return session.buildable[target.name]
    modules = (module_for(session, target, manifest) for manifest in manifests)
    return [module for module in modules if target.skip_reason(module) is None]


def mainline_crates(session: Session, target: BuildTarget) -> Mainline:
    """How a kernel's own crates are built: found out when the first module asks for them."""
    from scons_kmod.bindings.rust_sources import module_sources, own_headers
    from scons_kmod.mainline.open_mainline import open_mainline

    if target.name not in session.mainlines:
        (kernel,) = (kernel for kernel in session.chosen if kernel.name == target.name)
        crates = open_mainline(target, kernel.description, session.log(target.name))
        users = [module for module in buildable_modules(session, target) if module.api == MAINLINE]
        headers = sorted({header for module in users for header in module.bindings.headers})
        written = (path for module in users for path in generated_files(target, module) if path.suffix == ".rs")
        session.mainlines[target.name] = dataclasses.replace(
            crates,
            headers=tuple(headers),
            sources=(*module_sources(target, users), *own_headers(target, users)),
            written_sources=tuple(written),
        )
    return session.mainlines[target.name]


def chosen_modules(session: Session) -> list[Manifest]:
    """The modules that a command works on: the module that MODULE= names, or all modules.

    Raises `UserError` if there is no module of that name.
    """
    name = session.settings.module
    chosen = [manifest for manifest in session.manifests if name in (None, manifest.name)]
    if not chosen and name and session.targets:
        names = ", ".join(manifest.name for manifest in session.manifests)
        raise UserError("there is no module of this name", where=f"MODULE={name}", fix=f"there are: {names}")
    return chosen


def ko_files(env: Env, manifests: Sequence[Manifest]) -> list[str]:
    """The .ko files of modules, and of those that they need, for all targets, without those that cannot change."""
    session: Session = env["KMOD"]
    modules = (
        (target, module)
        for target in session.targets
        for module in with_needs(buildable_modules(session, target, manifests))
    )
    paths = [str(module_ko(target, module)) for target, module in modules]
    # At least one file: SCons says "Nothing to be done" of an alias that depends on nothing, not "is up to date".
    return [path for path in paths if session.graph.may_change(path)] or paths[:1]
