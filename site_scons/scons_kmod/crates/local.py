# SPDX-License-Identifier: MIT
"""The rustc steps of a module's local crates, and of the libraries that it is linked with.

Here are the crates that are compiled for the kernel, and the order of all; proc_macros.py has those for the host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scons_kmod.crates.crate_args import local_crate_args
from scons_kmod.crates.dependencies import host_crates, linked_crates
from scons_kmod.crates.facade import facades_of_crate
from scons_kmod.crates.local_outputs import (
    crate_library,
    local_crate_dir,
    local_crate_inputs,
    local_crate_object,
    local_crate_unit,
    name_in_messages,
)
from scons_kmod.crates.proc_macros import host_crate_step
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
from scons_kmod.engine.step import Step
from scons_kmod.kernel.rustc_versions import flags_for_rustc
from scons_kmod.manifest.crate import CrateSpec
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget


def local_crate_steps(
    target: BuildTarget, manifest: Manifest, compile_for_kernel: Callable[[Manifest, CrateSpec], Step]
) -> Iterator[Step]:
    """The steps of all crates that the module's own crate needs, each crate after those that it uses.

    `compile_for_kernel` returns the step of a crate that is linked into the module: it depends on the module's API.
    """
    for_kernel, for_host = linked_crates(manifest), host_crates(manifest)
    for crate in manifest.crates:
        if crate in for_host:
            yield host_crate_step(target, manifest, crate)
        if crate in for_kernel:
            yield compile_for_kernel(manifest, crate)


def local_crate_step(target: BuildTarget, manifest: Manifest, crate: CrateSpec) -> Step:
    """Compile a crate that is linked into modules written to the 2021 API."""
    rmeta = crate_library(target, manifest, crate, host=False)
    object_file = local_crate_object(target, manifest, crate)
    facades = facades_of_crate(target, manifest, crate)
    kernel_args = facade_args(target, facades)
    flags = (f"@{target.cfg_file}", "--cfg=MODULE", *kernel_args, *local_crate_args(target, manifest, crate))
    command, depfile = rustc_command(
        target,
        crate.root,
        crate.name,
        local_crate_dir(target, manifest, crate),
        emit=(f"metadata={rmeta}", f"obj={object_file}"),
        crates=("core", "compiler_builtins", "alloc"),
        prefix=(crate.directory, name_in_messages(manifest, crate)),
        edition=crate.edition,
        flags=(*flags, *flags_for_rustc(target.toolchain.rustc, [REAL_PATHS_IN_MESSAGES])),
        env=crate.env,
    )
    return Step(
        name="RUSTC",
        unit=local_crate_unit(manifest, crate, object_file),
        commands=(command,),
        outputs=(rmeta, object_file),
        inputs=(*support_libraries(target, facades), *local_crate_inputs(target, manifest, crate)),
        tracked=(crate.root, target.cfg_file),
        depfiles=(depfile,),
        tools=(target.toolchain.rustc.digest,),
        digest_kind=RUST,
        compare_raw=bool(target.krustflags) or macros_take_in_text(target, manifest),
        hints=(NO_STD_HINT,),
        shown_names=shown_crate_names(target),
    )
