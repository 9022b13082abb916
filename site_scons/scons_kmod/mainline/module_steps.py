# SPDX-License-Identifier: MIT
"""The rustc steps of modules written to the mainline API: the module's own crate and its local crates."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.c.compiler import objtool_command
from scons_kmod.crates.crate_args import cfg_args, crate_args, local_crate_args, used_crate_args
from scons_kmod.crates.dependencies import crates_named_by_module, linked_crates
from scons_kmod.crates.local_outputs import (
    crate_libraries,
    crate_library,
    local_crate_inputs,
    local_crate_object,
    local_crate_unit,
    module_rmeta,
    name_in_messages,
    used_crate_libraries,
)
from scons_kmod.crates.rustc_command import NO_STD_HINT, REAL_PATHS_IN_MESSAGES
from scons_kmod.engine.digests import LINES
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.kbuild import without_options
from scons_kmod.kernel.rustc import RUSTC_COLOR, RUSTC_ENVIRONMENT
from scons_kmod.kernel.rustc_versions import flags_for_rustc
from scons_kmod.mainline.crate_steps import kept_rustc_args
from scons_kmod.mainline.mainline import Mainline
from scons_kmod.manifest.crate import CrateSpec
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.output_paths import crate_object, module_object


def mainline_module_step(mainline: Mainline, manifest: Manifest) -> Step:
    """A module's own crate: to the object that modpost reads, or to one that others are linked with."""
    target = mainline.target
    part = mainline.carried or manifest.has_c or bool(linked_crates(manifest))
    made = crate_object(target, manifest) if part else module_object(target, manifest)
    shared = (module_rmeta(target, manifest),) if manifest.exports.crate else ()
    name = f"modules/{manifest.name}"
    emit = (f"obj={made}", f"dep-info={made}.d", *(f"metadata={path}" for path in shared))
    words = (
        *(f"--crate-name={manifest.crate}", *cfg_args(manifest.cfg)),
        *(*crate_args(target, manifest, crates_named_by_module(manifest)), *used_crate_args(target, manifest)),
        *(f"--remap-path-prefix={manifest.directory}={name}", f"--emit={','.join(emit)}"),
    )
    env = (*manifest.env, ("RUST_MODFILE", name))
    step = mainline_code_step(mainline, manifest.crate_root, made, words, manifest.edition, env, part=part)
    inputs = (
        *step.inputs,
        *crate_libraries(target, manifest, crates_named_by_module(manifest)),
        *used_crate_libraries(target, manifest),
    )
    return dataclasses.replace(step, unit=f"{manifest.name}.o", outputs=(made, *shared), inputs=inputs)


def mainline_local_crate_step(mainline: Mainline, manifest: Manifest, crate: CrateSpec) -> Step:
    """A crate that is linked into modules to the mainline API."""
    target = mainline.target
    made, metadata = local_crate_object(target, manifest, crate), crate_library(target, manifest, crate, host=False)
    name = name_in_messages(manifest, crate)
    words = (
        *(f"--crate-name={crate.name}", *local_crate_args(target, manifest, crate)),
        f"--remap-path-prefix={crate.directory}={name}",
        f"--emit=obj={made},metadata={metadata},dep-info={made}.d",
    )
    env = (*crate.env, ("RUST_MODFILE", name))
    step = mainline_code_step(mainline, crate.root, made, words, crate.edition, env, part=True)
    inputs = (*step.inputs, *local_crate_inputs(target, manifest, crate))
    return dataclasses.replace(
        step, unit=local_crate_unit(manifest, crate, made), outputs=(metadata, made), inputs=inputs
    )


def mainline_code_step(
    mainline: Mainline,
    root: Path,
    made: Path,
    words: Iterable[str],
    edition: str,
    env: tuple[tuple[str, str], ...],
    *,
    part: bool,
) -> Step:
    """A crate to the object `made`, by the kernel's own command for modules with these words and settings added.

    `edition` is in the place of the kernel's, if there is one. A `part` is to be linked with others, and checked by
    objtool then.
    """
    target, plan = mainline.target, mainline.plan
    rustc = target.toolchain.rustc
    kernels = kept_rustc_args(mainline, without_options(plan.module.programs[0][1:], {"--crate-name", "--out-dir"}))
    kept = [word for word in kernels if not word.startswith(("--emit=", "-Cdebuginfo")) and not word.endswith(".rs")]
    if edition:
        kept = [f"--edition={edition}" if word.startswith("--edition=") else word for word in kept]
    argv = (rustc.path, *words, *kept, *flags_for_rustc(rustc, [REAL_PATHS_IN_MESSAGES]), str(root))
    settings = dict((*RUSTC_ENVIRONMENT, *plan.module.env, *rustc.env, *env))
    commands = [Command(argv, plan.objects, tuple(settings.items()), RUSTC_COLOR)]
    if target.kbuild.objtool and (target.kbuild.objtool_each or not part):
        commands.append(objtool_command(target, made, *(() if target.kbuild.objtool_each else ("--link",))))
    return Step(
        name="RUSTC",
        unit=made.name,
        commands=tuple(commands),
        outputs=(made,),
        inputs=mainline.crates,
        tracked=(root, mainline.path("include/generated/rustc_cfg")),
        depfiles=(Path(f"{made}.d"),),
        tools=(rustc.digest, target.toolchain.cc.digest),
        digest_kind=LINES,
        compare_raw=bool(target.krustflags),
        hints=(NO_STD_HINT,),
    )
