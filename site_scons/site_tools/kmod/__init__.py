# SPDX-License-Identifier: MIT
"""The SCons tool `kmod`: kernel modules in Rust as targets of a SCons build.

    env = Environment(tools=["kmod"])
    for target in env.KmodTargets():
        for manifest in env.KmodManifests():
            env.KernelModule(target, manifest)
    env.KmodVerbs()

`KernelModule` makes a module of its parts: `Bindgen` (the kernel's headers to Rust), `SupportCrates` (what modules are
compiled against), `RustCrate` (a module's own crate), `CHelpers` and `KernelObject` (the .ko).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from SCons.Script import ARGUMENTS, COMMAND_LINE_TARGETS, DefaultEnvironment, GetOption

from scons_kmod.base.errors import UserError
from scons_kmod.base.home import home
from scons_kmod.bindings import bindgen
from scons_kmod.c import helpers, module_objects
from scons_kmod.crates import export_steps, local_bindings, local_steps, support
from scons_kmod.crates.local import linked_crate_objects
from scons_kmod.engine.step import Step
from scons_kmod.generators.steps import with_generated
from scons_kmod.kernel.kbuild import source_root
from scons_kmod.link import kbuild_link, link
from scons_kmod.link.c_object import c_link_step
from scons_kmod.link.symbol_versions_step import versions_step
from scons_kmod.mainline import carried, mainline
from scons_kmod.mainline import local_bindings as mainline_bindings
from scons_kmod.manifest.manifest import BUNDLED, MAINLINE, Manifest
from scons_kmod.manifest.project import find_project
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.open_target import choose_targets, open_target
from scons_kmod.target.output_paths import crate_object, generated_files
from scons_kmod.target.settings import read_settings

from .graph import nodes
from .session import Session, reported
from .verbs import VERBS, add_verbs, adopt, doctor

# Up to so many modules, what they share of their last steps takes longer than to do it for each.
FEW = 4
Env = Any  # SCons's environments are made at run time; they have no useful static type.
Nodes = list[Any]


def exists(env: Env) -> bool:
    """Whether the tool can be used: always, its own dependencies come with it."""
    return True


def generate(env: Env) -> None:
    """Add the builders to an environment, and read the command line."""
    DefaultEnvironment(tools=[])
    with reported():
        env["KMOD"] = Session(read_settings(ARGUMENTS), Path(env.Dir("#").abspath))
    env["SCANNERS"] = []
    methods = {
        "KmodTargets": kmod_targets,
        "KmodManifests": kmod_manifests,
        "Bindgen": bindgen_headers,
        "SupportCrates": support_crates,
        "CHelpers": c_helpers,
        "RustCrate": rust_crate,
        "KernelObject": kernel_object,
        "KernelModule": kernel_module,
        "KmodVerbs": add_verbs,
    }
    for name, method in methods.items():
        env.AddMethod(method, name)


def kmod_targets(env: Env) -> list[BuildTarget]:
    """The kernels that the command line asks for, each ready to build for."""
    session: Session = env["KMOD"]
    if "adopt" in COMMAND_LINE_TARGETS:
        adopt(session)
    with reported():
        chosen = choose_targets(session.settings, home() / "targets")
        if GetOption("clean"):
            chosen = [one for one in chosen if (session.build / one.name).exists()]
        session.chosen = chosen
        if "doctor" in COMMAND_LINE_TARGETS:
            doctor(session)
        session.begin()
        session.targets = [open_target(one, session.settings, session.build, home(), session.log) for one in chosen]
        session.enter = {target.name: target.system.enter for target in session.targets}
        for target in session.targets:
            session.digests.share(target.header_digests, (target.tree.path, source_root(target.tree)))
        session.sow()
    return session.targets


def kmod_manifests(env: Env, *directories: str) -> list[Manifest]:
    """The modules in the directories, or in those that ``MODULES=`` names, or in modules/; none for ``crates``."""
    session: Session = env["KMOD"]
    if "crates" in COMMAND_LINE_TARGETS:
        return []
    named = [Path(env.Dir(name).abspath) for name in directories]
    with reported():
        if not session.manifests:
            session.project = find_project(
                session.settings.module_dirs or named or [session.top / "modules"], reserved=VERBS
            )
            session.manifests = session.project.modules
    return session.manifests


def bindgen_headers(env: Env, target: BuildTarget) -> Nodes:
    """The bindgen step: the generated bindings of a kernel, and the sizes of their types for the C helpers."""
    return nodes(env, shared(env, target, "bindings", bindgen_steps)[-1])


def support_crates(env: Env, target: BuildTarget) -> Nodes:
    """core, compiler_builtins, alloc, macros, bindings and kernel: each crate's metadata, and its object beside it."""
    return nodes(env, *shared(env, target, "crates", crate_steps))


def c_helpers(env: Env, target: BuildTarget) -> Nodes:
    """The archive with the kernel's inline functions and macros as functions that Rust can call."""
    return nodes(env, shared(env, target, "helpers", helper_steps)[-1])


def rust_crate(env: Env, target: BuildTarget, manifest: Manifest) -> Nodes:
    """A module's own crate, compiled against those that it is written to to one object."""
    return nodes(env, add_crates(env, target, manifest)[-1])


def kernel_object(env: Env, target: BuildTarget, manifest: Manifest) -> Nodes:
    """The .ko, linked from the module's objects by the tree's own steps."""
    session: Session = env["KMOD"]
    session.add_generators(env, target, manifest)
    support = add_crates(env, target, manifest) if manifest.root else []
    for step in export_steps.export_steps(target, manifest, support):
        add(env, target, step)
    for step in module_objects.c_object_steps(target, manifest):
        add(env, target, step)
    for step in object_steps(env, target, manifest):
        add(env, target, step)
    if manifest.has_c:
        add(env, target, versions_step(target, manifest))
    if target.kbuild_link:
        last = kbuild_link.kbuild_link_steps(target, manifest)
    else:
        many = len(session.served(target)) > FEW
        shared(env, target, "link", lambda env, target: link.shared_steps(target, many=many))
        last = link.ko_steps(target, manifest, many=many)
    *_, made = [add(env, target, step) for step in last]
    return nodes(env, made)[:1]


def kernel_module(env: Env, target: BuildTarget, manifest: Manifest) -> Nodes:
    """All steps of a module for a kernel; the module's name becomes an alias for its .ko and those that it needs.

    A module that is not for this kernel is left out, but if the command line names it that is an error.
    """
    session: Session = env["KMOD"]
    with reported():
        manifest = session.module(target, manifest)
        if why := target.unserved(manifest):
            if manifest.name in (*COMMAND_LINE_TARGETS, session.settings.module):
                where = f"{manifest.name} for {target.name}"
                raise UserError(why, where=where, fix="name another kernel with TARGET=, or another module")
            session.skipped.setdefault(why, []).append(manifest.name)
            return env.Alias(manifest.name, [])
        *needed, made = [kernel_object(env, target, one) for one in (*manifest.needs, manifest)]
    env.Alias(manifest.name, [*needed, made])
    return made


def bindgen_steps(env: Env, target: BuildTarget) -> list[Step]:
    """The bindings of a kernel: what of its declarations the crates reach, and then those in Rust."""
    session: Session = env["KMOD"]
    manifests = [one for one in session.served(target) if one.api == BUNDLED]
    headers = [header for manifest in manifests for header in manifest.bindings.headers]
    for manifest in manifests:
        session.add_generators(env, target, manifest)
    generated = [path for one in manifests for path in generated_files(target, one) if path.suffix == ".rs"]
    sources = bindgen.rust_sources(target, manifests)
    return [bindgen.fingerprint_step(target, sources, headers, generated), bindgen.bindings_step(target, headers)]


def crate_steps(env: Env, target: BuildTarget) -> list[Step]:
    """The support crates."""
    shared(env, target, "bindings", bindgen_steps)
    steps = (support.library_step, support.macros_step, support.bindings_crate_step, support.kernel_crate_step)
    return [step(target) for step in steps]


def object_steps(env: Env, target: BuildTarget, manifest: Manifest) -> list[Step]:
    """What makes one object of all that a module is made of, unless it is of one."""
    compiled = module_objects.c_objects(target, manifest)
    if manifest.root is None:
        return [] if module_objects.is_single(manifest) else [c_link_step(target, manifest)]
    if manifest.api == BUNDLED:
        shared(env, target, "helpers", helper_steps)
        return [link.bundled_object_step(target, manifest, compiled)]
    session: Session = env["KMOD"]
    if session.mainline(target).carried:
        return [carried.carried_object_step(session.mainline(target), manifest, compiled)]
    ours = linked_crate_objects(target, manifest)
    if not (compiled or ours):
        return []
    return [c_link_step(target, manifest, crate_object(target, manifest), *ours)]


def mainline_steps(env: Env, target: BuildTarget) -> list[Step]:
    """The kernel's own crates."""
    session: Session = env["KMOD"]
    known = session.mainline(target)
    return [*mainline.mainline_crate_steps(known), *(carried.carried_helper_steps(known) if known.carried else ())]


def helper_steps(env: Env, target: BuildTarget) -> list[Step]:
    """The C helpers, and the check of layouts by the kernel's own compiler."""
    shared(env, target, "bindings", bindgen_steps)
    return [helpers.layout_step(target), *helpers.helper_steps(target)]


def shared(env: Env, target: BuildTarget, part: str, steps: Callable[[Env, BuildTarget], list[Step]]) -> list[Step]:
    """The steps of what all modules of a target share, added when the first of them asks."""
    known: dict[tuple[str, str], list[Step]] = env["KMOD"].shared
    key = (target.name, part)
    if key not in known:
        known[key] = [add(env, target, step) for step in steps(env, target)]
    return known[key]


def add_crates(env: Env, target: BuildTarget, manifest: Manifest) -> list[Step]:
    """Add the crates that a module is linked with to the graph, and its own, which is the last of them."""
    session: Session = env["KMOD"]
    session.add_generators(env, target, manifest)
    if manifest.api == MAINLINE:
        shared(env, target, "mainline", mainline_steps)
        known = session.mainline(target)
        bindings = mainline_bindings.mainline_bindings_steps(known, manifest)
        make, own = partial(mainline.mainline_local_crate_step, known), mainline.mainline_module_step(known, manifest)
    else:
        shared(env, target, "crates", crate_steps)
        bindings = local_bindings.local_bindings_steps(target, manifest)
        make, own = partial(local_steps.local_crate_step, target), support.module_crate_step(target, manifest)
    ours = (*local_steps.local_crate_steps(target, manifest, make), own)
    return [add(env, target, step) for step in (*bindings, *(with_generated(target, manifest, one) for one in ours))]


def add(env: Env, target: BuildTarget, step: Step) -> Step:
    """Add a step of a target to the graph."""
    session: Session = env["KMOD"]
    return session.add(env, target.name, step)
