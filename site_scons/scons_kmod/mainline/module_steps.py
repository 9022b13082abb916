# SPDX-License-Identifier: MIT
"""The rustc steps of modules written to the mainline API: of a module's own crate, and of its local crates.

Each crate is compiled by the kernel's own command for modules.
"""

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
from scons_kmod.engine.digests import RUST
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
    """Compile a module's own crate: to the object that modpost reads, or to one that is linked with others first."""
    target = mainline.target
    is_part = mainline.carried or manifest.has_c or bool(linked_crates(manifest))
    object_file = crate_object(target, manifest) if is_part else module_object(target, manifest)
    crates = crates_named_by_module(manifest)
    metadata = (module_rmeta(target, manifest),) if manifest.exports.crate else ()
    name = f"modules/{manifest.name}"
    emit = (f"obj={object_file}", f"dep-info={object_file}.d", *(f"metadata={path}" for path in metadata))
    args = (
        *(f"--crate-name={manifest.crate}", *cfg_args(manifest.cfg)),
        *(*crate_args(target, manifest, crates), *used_crate_args(target, manifest)),
        *(f"--remap-path-prefix={manifest.directory}={name}", f"--emit={','.join(emit)}"),
    )
    env = (*manifest.env, ("RUST_MODFILE", name))
    step = mainline_code_step(mainline, manifest.crate_root, object_file, args, manifest.edition, env, is_part=is_part)
    libraries = (*crate_libraries(target, manifest, crates), *used_crate_libraries(target, manifest))
    return dataclasses.replace(
        step, unit=f"{manifest.name}.o", outputs=(object_file, *metadata), inputs=(*step.inputs, *libraries)
    )


def mainline_local_crate_step(mainline: Mainline, manifest: Manifest, crate: CrateSpec) -> Step:
    """Compile a local crate, or a library, for modules written to the mainline API."""
    target = mainline.target
    object_file = local_crate_object(target, manifest, crate)
    metadata = crate_library(target, manifest, crate, host=False)
    name = name_in_messages(manifest, crate)
    args = (
        *(f"--crate-name={crate.name}", *local_crate_args(target, manifest, crate)),
        f"--remap-path-prefix={crate.directory}={name}",
        f"--emit=obj={object_file},metadata={metadata},dep-info={object_file}.d",
    )
    env = (*crate.env, ("RUST_MODFILE", name))
    step = mainline_code_step(mainline, crate.root, object_file, args, crate.edition, env, is_part=True)
    inputs = (*step.inputs, *local_crate_inputs(target, manifest, crate))
    return dataclasses.replace(
        step, unit=local_crate_unit(manifest, crate, object_file), outputs=(metadata, object_file), inputs=inputs
    )


def mainline_code_step(
    mainline: Mainline,
    root: Path,
    object_file: Path,
    args: Iterable[str],
    edition: str,
    env: tuple[tuple[str, str], ...],
    *,
    is_part: bool,
) -> Step:
    """Compile a crate to an object by the kernel's own command for modules, with more args and environment variables.

    `edition` takes the place of the kernel's edition, unless it is empty. `is_part`: the object is linked with others,
    and objtool checks the result of that link, unless it checks each object (`objtool_each`).
    """
    target, plan = mainline.target, mainline.plan
    rustc = target.toolchain.rustc
    saved_args = without_options(plan.module_command.programs[0][1:], {"--crate-name", "--out-dir"})
    kept = [
        arg
        for arg in kept_rustc_args(mainline, saved_args)
        if not arg.startswith(("--emit=", "-Cdebuginfo")) and not arg.endswith(".rs")
    ]
    if edition:
        kept = [f"--edition={edition}" if arg.startswith("--edition=") else arg for arg in kept]
    argv = (rustc.path, *args, *kept, *flags_for_rustc(rustc, [REAL_PATHS_IN_MESSAGES]), str(root))
    variables = dict((*RUSTC_ENVIRONMENT, *plan.module_command.env, *rustc.env, *env))
    commands = [Command(argv, plan.objtree, tuple(variables.items()), RUSTC_COLOR)]
    if target.kbuild.objtool and (target.kbuild.objtool_each or not is_part):
        commands.append(objtool_command(target, object_file, *(() if target.kbuild.objtool_each else ("--link",))))
    return Step(
        name="RUSTC",
        unit=object_file.name,
        commands=tuple(commands),
        outputs=(object_file,),
        inputs=mainline.crate_files,
        tracked=(root, mainline.path("include/generated/rustc_cfg")),
        depfiles=(Path(f"{object_file}.d"),),
        tools=(rustc.digest, target.toolchain.cc.digest),
        digest_kind=RUST,
        compare_raw=bool(target.krustflags),
        hints=(NO_STD_HINT,),
    )
