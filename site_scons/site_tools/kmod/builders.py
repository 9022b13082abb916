# SPDX-License-Identifier: MIT
"""The builders that SConstruct calls: each adds steps of the library to the graph, and returns nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from scons_kmod.bindings import bindgen
from scons_kmod.bindings.parts import MODULES
from scons_kmod.bindings.rust_sources import naming_sources
from scons_kmod.c import helpers, module_objects
from scons_kmod.crates import export_steps, local, local_bindings, support, wrapper_steps
from scons_kmod.crates.facade import Facade, facades_of_module
from scons_kmod.crates.local_outputs import linked_crate_objects
from scons_kmod.crates.module_crate import module_crate_step
from scons_kmod.engine.step import Step
from scons_kmod.generators.outputs import with_generated_sources
from scons_kmod.link import kbuild_link, rust_object
from scons_kmod.link.c_object import c_link_step
from scons_kmod.link.ko import ko_steps, shared_link_steps
from scons_kmod.link.symbol_versions_step import symbol_versions_step
from scons_kmod.mainline import carried
from scons_kmod.mainline import local_bindings as mainline_bindings
from scons_kmod.mainline.crate_steps import mainline_crate_steps
from scons_kmod.mainline.module_steps import mainline_local_crate_step, mainline_module_step
from scons_kmod.manifest.manifest import BUNDLED, MAINLINE, Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import crate_object, generated_files
from scons_kmod.wrappers.wrapper_crates import wrapper_crates

from .graph import nodes
from .modules import buildable_modules, mainline_crates
from .session import Session

Env = Any  # SCons's environments are created at run time; they have no useful static type.
Nodes = list[Any]


def bindgen_headers(env: Env, target: BuildTarget) -> Nodes:
    """The outputs of the bindgen step: a kernel's bindings, and the layouts of their types for the C helpers."""
    return nodes(env, add_shared(env, target, "bindings", bindgen_steps)[-1])


def support_crates(env: Env, target: BuildTarget) -> Nodes:
    """The metadata and the objects of core, compiler_builtins, alloc, macros, bindings, and all crates of kernel/."""
    steps = add_shared(env, target, "crates", support_crate_steps)
    wrappers = [step for name in wrapper_crates(target).crates for step in add_wrapper(env, target, name)]
    return nodes(env, *steps, *add_modules_bindings(env, target), *wrappers)


def c_helpers(env: Env, target: BuildTarget) -> Nodes:
    """The archive of C helpers: the kernel's inline functions and macros as functions that Rust can call."""
    return nodes(env, add_shared(env, target, "helpers", helper_archive_steps)[-1])


def rust_crate(env: Env, target: BuildTarget, manifest: Manifest) -> Nodes:
    """The object and the metadata of a module's crate, compiled against the crates of the module's API."""
    return nodes(env, add_crates(env, target, manifest)[-1])


def add_module(env: Env, target: BuildTarget, manifest: Manifest, many: bool) -> list[Step]:
    """Add all steps of a module to the graph. `many` is as in ko.py."""
    return [add(env, target, step) for step in module_steps(env, target, manifest, many)]


def add_shared_link(env: Env, target: BuildTarget, many: bool) -> list[Step]:
    """Add the steps that all modules share when they are linked to the graph. `many` is as in ko.py."""
    return add_shared(env, target, "link", lambda env, target: shared_link_steps(target, many=many))


def add_rust_support(env: Env, target: BuildTarget, manifests: Sequence[Manifest]) -> list[Step]:
    """Add the steps that modules to the 2021 API share to the graph: bindings, support crates, facades, C helpers."""
    add_shared(env, target, "crates", support_crate_steps)
    add_shared(env, target, "helpers", helper_archive_steps)
    for manifest in manifests:
        for facade in facades_of_module(target, manifest):
            add_facade(env, target, facade)
    added: dict[tuple[str, str], list[Step]] = env["KMOD"].shared_steps
    others = ("link", "mainline")
    return [
        step for (name, part), steps in added.items() if name == target.name and part not in others for step in steps
    ]


def module_steps(env: Env, target: BuildTarget, manifest: Manifest, many: bool) -> Iterator[Step]:
    """All steps of a module, each after the steps that it depends on. `many` is as in ko.py."""
    session: Session = env["KMOD"]
    session.add_generators(env, target, manifest)
    support = add_crates(env, target, manifest) if manifest.root else []
    yield from support
    yield from export_steps.export_steps(target, manifest, support)
    yield from module_objects.c_object_steps(target, manifest)
    yield from object_steps(env, target, manifest)
    if manifest.has_c:
        yield symbol_versions_step(target, manifest)
    if target.kbuild_link:
        yield from kbuild_link.kbuild_link_steps(target, manifest)
    else:
        add_shared_link(env, target, many)
        yield from ko_steps(target, manifest, many=many)


def bindgen_steps(env: Env, target: BuildTarget) -> list[Step]:
    """The steps of a kernel's bindings: the fingerprint of the declarations that the crates reach, then bindgen."""
    session: Session = env["KMOD"]
    manifests = [module for module in buildable_modules(session, target) if module.api == BUNDLED]
    headers = [header for manifest in manifests for header in manifest.bindings.headers]
    for manifest in manifests:
        session.add_generators(env, target, manifest)
    generated = [path for module in manifests for path in generated_files(target, module) if path.suffix == ".rs"]
    sources = naming_sources(target, manifests)
    return [bindgen.fingerprint_step(target, sources, headers, generated), bindgen.bindings_step(target, headers)]


def support_crate_steps(env: Env, target: BuildTarget) -> list[Step]:
    """The steps of the support crates."""
    add_shared(env, target, "bindings", bindgen_steps)
    steps = (
        support.library_crates_step,
        support.macros_crate_step,
        support.bindings_crate_step,
        wrapper_steps.base_crate_step,
    )
    return [step(target) for step in steps]


def object_steps(env: Env, target: BuildTarget, manifest: Manifest) -> list[Step]:
    """The step that links all objects of a module to one, if there are several."""
    compiled = module_objects.c_objects(target, manifest)
    if manifest.root is None:
        return [] if module_objects.is_single_source(manifest) else [c_link_step(target, manifest)]
    if manifest.api == BUNDLED:
        add_shared(env, target, "helpers", helper_archive_steps)
        return [rust_object.bundled_object_step(target, manifest, compiled)]
    session: Session = env["KMOD"]
    crates = mainline_crates(session, target)
    if crates.carried:
        return [carried.carried_object_step(crates, manifest, compiled)]
    local_objects = linked_crate_objects(target, manifest)
    if not (compiled or local_objects):
        return []
    return [c_link_step(target, manifest, crate_object(target, manifest), *local_objects)]


def mainline_shared_steps(env: Env, target: BuildTarget) -> list[Step]:
    """The steps of the kernel's own crates, and of their C helpers if the modules bring them."""
    session: Session = env["KMOD"]
    crates = mainline_crates(session, target)
    for manifest in buildable_modules(session, target):
        if manifest.api == MAINLINE:
            session.add_generators(env, target, manifest)
    return [*mainline_crate_steps(crates), *(carried.carried_helper_steps(crates) if crates.carried else ())]


def helper_archive_steps(env: Env, target: BuildTarget) -> list[Step]:
    """The steps of the C helpers. The first checks the layouts in the bindings with the kernel's own C compiler."""
    add_shared(env, target, "bindings", bindgen_steps)
    return [helpers.layout_step(target), *helpers.helper_steps(target)]


def add_shared(env: Env, target: BuildTarget, part: str, steps: Callable[[Env, BuildTarget], list[Step]]) -> list[Step]:
    """Add the steps of a part that all modules of a target share, when the first module asks for them."""
    added: dict[tuple[str, str], list[Step]] = env["KMOD"].shared_steps
    key = (target.name, part)
    if key not in added:
        added[key] = [add(env, target, step) for step in steps(env, target)]
    return added[key]


def add_facade(env: Env, target: BuildTarget, facade: Facade) -> None:
    """Add the steps of a crate `kernel` for some wrappers, and of all that it needs."""
    for crate in facade.linked:
        add_wrapper(env, target, crate.name)
    if facade.with_modules_part:
        add_modules_bindings(env, target)
    add_shared(env, target, f"kernel {facade.key}", lambda _, target: [wrapper_steps.facade_step(target, facade)])


def add_modules_bindings(env: Env, target: BuildTarget) -> list[Step]:
    """Add the step of the crate with the declarations that modules name, and kernel/ does not."""
    return add_shared(env, target, MODULES, lambda _, target: [support.modules_bindings_crate_step(target)])


def add_wrapper(env: Env, target: BuildTarget, name: str) -> list[Step]:
    """Add the step of a crate of wrappers. The crates that it needs must be there."""
    crate = wrapper_crates(target).crates[name]
    return add_shared(env, target, name, lambda _, target: [wrapper_steps.wrapper_crate_step(target, crate)])


def add_crates(env: Env, target: BuildTarget, manifest: Manifest) -> list[Step]:
    """Add the steps of the crates that are linked into a module to the graph. The module's own crate is the last."""
    session: Session = env["KMOD"]
    session.add_generators(env, target, manifest)
    if manifest.api == MAINLINE:
        add_shared(env, target, "mainline", mainline_shared_steps)
        crates = mainline_crates(session, target)
        bindings = mainline_bindings.mainline_bindings_steps(crates, manifest)
        local_step, module_step = (
            partial(mainline_local_crate_step, crates),
            mainline_module_step(crates, manifest),
        )
    else:
        add_shared(env, target, "crates", support_crate_steps)
        for facade in facades_of_module(target, manifest):
            add_facade(env, target, facade)
        bindings = local_bindings.local_bindings_steps(target, manifest)
        local_step = partial(local.local_crate_step, target)
        module_step = module_crate_step(target, manifest)
    compiled = (*local.local_crate_steps(target, manifest, local_step), module_step)
    steps = (*bindings, *(with_generated_sources(target, manifest, step) for step in compiled))
    return [add(env, target, step) for step in steps]


def add(env: Env, target: BuildTarget, step: Step) -> Step:
    """Add a step of a target to the graph."""
    session: Session = env["KMOD"]
    return session.add(env, target.name, step)
