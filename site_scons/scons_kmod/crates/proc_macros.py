# SPDX-License-Identifier: MIT
"""The rustc step of a module's proc macro, and of a crate that a proc macro needs: both are compiled for the host."""

from __future__ import annotations

from scons_kmod.crates.crate_args import local_crate_args
from scons_kmod.crates.local_outputs import crate_libraries, crate_library, local_crate_unit, name_in_messages
from scons_kmod.crates.rustc_command import REAL_PATHS_IN_MESSAGES, build_path_remap
from scons_kmod.crates.text_macros import macros_take_in_text
from scons_kmod.engine.digests import RUST
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.rustc import RUSTC_COLOR, RUSTC_ENVIRONMENT
from scons_kmod.kernel.rustc_versions import flags_for_rustc
from scons_kmod.manifest.crate import CrateSpec
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget


def host_crate_step(target: BuildTarget, manifest: Manifest, crate: CrateSpec) -> Step:
    """Compile a proc macro, or a crate that a proc macro needs, with the compiler's own standard library.

    It is compiled as the support crate `macros` is (support.py, `macros_crate_step`).
    """
    rustc = target.toolchain.rustc
    library = crate_library(target, manifest, crate, host=True)
    depfile = library.with_suffix(".d")
    argv = [
        *(rustc.path, f"--edition={crate.edition}", f"--crate-name={crate.name}"),
        *(("--crate-type=proc-macro", "--extern=proc_macro") if crate.proc_macro else ("--crate-type=rlib",)),
        *local_crate_args(target, manifest, crate, host=True),
        *(f"--remap-path-prefix={crate.directory}={name_in_messages(manifest, crate)}", build_path_remap(target)),
        *flags_for_rustc(rustc, [REAL_PATHS_IN_MESSAGES]),
        *(f"--emit=link={library},dep-info={depfile}", str(crate.root)),
    ]
    return Step(
        name="RUSTC",
        unit=local_crate_unit(manifest, crate, library),
        commands=(
            Command(tuple(argv), library.parent / "work", (*RUSTC_ENVIRONMENT, *rustc.env, *crate.env), RUSTC_COLOR),
        ),
        outputs=(library,),
        inputs=crate_libraries(target, manifest, crate.needs, host=True),
        tracked=(crate.root,),
        depfiles=(depfile,),
        tools=(rustc.digest,),
        digest_kind=RUST,
        compare_raw=macros_take_in_text(target, manifest),
    )
