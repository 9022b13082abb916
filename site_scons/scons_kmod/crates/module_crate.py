# SPDX-License-Identifier: MIT
"""The rustc step of a module's own crate, written to the 2021 API."""

from __future__ import annotations

from scons_kmod.crates.crate_args import cfg_args, crate_args, used_crate_args
from scons_kmod.crates.dependencies import crates_named_by_module
from scons_kmod.crates.facade import facades_of_module
from scons_kmod.crates.local_outputs import crate_libraries, module_rmeta, used_crate_libraries
from scons_kmod.crates.removed_features import copy_of_crate_root
from scons_kmod.crates.rustc_command import (
    NO_STD_HINT,
    REAL_PATHS_IN_MESSAGES,
    facade_args,
    rustc_command,
    shown_crate_names,
)
from scons_kmod.crates.support_outputs import support_libraries
from scons_kmod.crates.text_macros import macros_take_in_text
from scons_kmod.engine.digests import RUST
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.rustc_versions import flags_for_rustc
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import crate_object, module_dir

# Modules of 2021 were compiled as edition 2018 (the kernel's scripts/Makefile.build of that time).
MODULE_EDITION = "2018"
# Modules of 2021 turn on features that are stable today. Two features they could not turn on: `used_with_arg`, which
# `module!` needs, and `try_with_capacity`, which needed no feature in the alloc of that time.
OLD_MODULE_FLAGS = (
    *("-Astable_features", "-Aunused_features", "-Aduplicate_features"),
    *("-Zcrate-attr=feature(try_with_capacity)", "-Zcrate-attr=feature(used_with_arg)"),
)


def module_crate_step(target: BuildTarget, manifest: Manifest) -> Step:
    """Compile a module's own crate to one object; if the module exports the crate, also to metadata."""
    root = manifest.crate_root
    directory = module_dir(target, manifest)
    object_file = crate_object(target, manifest)
    name = f"modules/{manifest.name}"
    metadata = (module_rmeta(target, manifest),) if manifest.exports.crate else ()
    crates = crates_named_by_module(manifest)
    facades = facades_of_module(target, manifest)
    # For an exported crate rustc would not find out any more which functions other crates may inline.
    state = None if manifest.exports.crate else directory / "crate/incremental"
    copy = copy_of_crate_root(manifest, directory / "crate/copy")
    command, depfile = rustc_command(
        target,
        copy.root if copy else root,
        manifest.crate,
        directory / "crate",
        emit=(f"obj={object_file}", *(f"metadata={path}" for path in metadata)),
        crates=("core", "compiler_builtins", "alloc"),
        prefix=(copy.root.parent, name) if copy else (manifest.directory, name),
        edition=manifest.edition or MODULE_EDITION,
        flags=(
            *(f"@{target.cfg_file}", "--cfg=MODULE", *facade_args(target, facades), *OLD_MODULE_FLAGS),
            *(*cfg_args(manifest.cfg), *crate_args(target, manifest, crates), *used_crate_args(target, manifest)),
            # Messages must not lead the author to the copy.
            *((f"-Cincremental={state}",) if state else ()),
            *(() if copy else flags_for_rustc(target.toolchain.rustc, [REAL_PATHS_IN_MESSAGES])),
        ),
        env=(*manifest.env, ("RUST_MODFILE", name)),
    )
    links = Command(("ln", "-sfn", "--", *map(str, copy.beside), str(copy.root.parent)), command.cwd) if copy else None
    return Step(
        name="RUSTC",
        unit=f"{manifest.name}.o",
        commands=(links, command) if links else (command,),
        outputs=(object_file, *metadata),
        inputs=(
            *support_libraries(target, facades),
            *crate_libraries(target, manifest, crates),
            *used_crate_libraries(target, manifest),
        ),
        tracked=(root, target.cfg_file),
        depfiles=(depfile,),
        written_files=((copy.root, copy.text),) if copy else (),
        tools=(target.toolchain.rustc.digest,),
        digest_kind=RUST,
        compare_raw=bool(target.krustflags) or macros_take_in_text(target, manifest),
        compiler_state=state,
        hints=(NO_STD_HINT,),
        shown_names=shown_crate_names(target),
    )
