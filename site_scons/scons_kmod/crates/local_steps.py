# SPDX-License-Identifier: MIT
"""The rustc steps of the crates that a module is linked with, and of the proc macros that rustc runs for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from scons_kmod.bindings.local_paths import bindings_rmeta, bindings_words
from scons_kmod.crates.local import (
    cfg_words,
    crate_words,
    directory,
    for_machine,
    libraries,
    library,
    linked,
    own_object,
    place,
)
from scons_kmod.crates.support import (
    NO_STD,
    REAL_PATHS_IN_MESSAGES,
    indirect,
    kernel_code,
    library_stamp,
    macros_library,
    no_build_path,
    rmeta,
)
from scons_kmod.engine.digests import LINES
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.older_rustc import as_taken_by
from scons_kmod.kernel.rustc import COLOR, ENVIRONMENT
from scons_kmod.manifest.crates import CrateSpec
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget


def own_words(target: BuildTarget, manifest: Manifest, crate: CrateSpec, *, host: bool = False) -> tuple[str, ...]:
    """rustc's words for one of the crates, besides those for all code of its kind.

    A crate's symbols have its name and `-Cmetadata` in them: so two of one name are told apart.
    """
    return (
        f"-Cmetadata={'libraries' if crate.library else f'modules/{manifest.name}'}",
        *cfg_words(crate.cfg),
        *crate_words(target, manifest, crate.needs, host=host),
        *(() if host or crate.library else bindings_words(target, manifest)),
        *(("--cap-lints=allow",) if crate.quiet else ()),
    )


def read_of(target: BuildTarget, manifest: Manifest, crate: CrateSpec) -> tuple[Path, ...]:
    """What rustc reads of others for a crate that is linked into modules: also the bindings to own headers."""
    own = () if crate.library else bindings_rmeta(target, manifest)
    return (*libraries(target, manifest, crate.needs), *own)


def unit(manifest: Manifest, crate: CrateSpec, made: Path) -> str:
    """What a step that makes a file of a crate is about."""
    return f"{'libraries' if crate.library else manifest.name}/{made.name}"


def local_crate_steps(
    target: BuildTarget, manifest: Manifest, compile_for_kernel: Callable[[Manifest, CrateSpec], Step]
) -> Iterator[Step]:
    """All steps of the module's crates. `compile_for_kernel` returns the step of a crate that is linked into it."""
    for_kernel, of_machine = linked(manifest), for_machine(manifest)
    for crate in manifest.crates:
        if crate in of_machine:
            yield host_crate_step(target, manifest, crate)
        if crate in for_kernel:
            yield compile_for_kernel(manifest, crate)


def local_crate_step(target: BuildTarget, manifest: Manifest, crate: CrateSpec) -> Step:
    """A crate that is linked into modules to the 2021 API."""
    work = directory(target, manifest, crate)
    outputs = (library(target, manifest, crate, host=False), own_object(target, manifest, crate))
    flags = (f"@{target.cfg_file}", "--cfg=MODULE", *indirect(target), *own_words(target, manifest, crate))
    command, depfile = kernel_code(
        target,
        crate.root,
        crate.name,
        work,
        emit=(f"metadata={outputs[0]}", f"obj={outputs[1]}"),
        crates=("core", "compiler_builtins", "alloc", "kernel"),
        prefix=(crate.directory, place(manifest, crate)),
        edition=crate.edition,
        flags=(*flags, *as_taken_by(target.toolchain.rustc, [REAL_PATHS_IN_MESSAGES])),
        env=crate.env,
    )
    support = (library_stamp(target), macros_library(target), rmeta(target, "bindings"), rmeta(target, "kernel"))
    return Step(
        name="RUSTC",
        unit=unit(manifest, crate, outputs[1]),
        commands=(command,),
        outputs=outputs,
        inputs=(*support, *read_of(target, manifest, crate)),
        tracked=(crate.root, target.cfg_file),
        depfiles=(depfile,),
        tools=(target.toolchain.rustc.digest,),
        digest_kind=LINES,
        compare_raw=bool(target.krustflags),
        hints=(NO_STD,),
    )


def host_crate_step(target: BuildTarget, manifest: Manifest, crate: CrateSpec) -> Step:
    """A proc macro, or a crate that one needs, with the compiler's own standard library (as `crates.macros_step`)."""
    rustc = target.toolchain.rustc
    made = library(target, manifest, crate, host=True)
    depfile = made.with_suffix(".d")
    argv = [
        *(rustc.path, f"--edition={crate.edition}", f"--crate-name={crate.name}"),
        *(("--crate-type=proc-macro", "--extern=proc_macro") if crate.proc_macro else ("--crate-type=rlib",)),
        *own_words(target, manifest, crate, host=True),
        *(f"--remap-path-prefix={crate.directory}={place(manifest, crate)}", no_build_path(target)),
        *as_taken_by(rustc, [REAL_PATHS_IN_MESSAGES]),
        *(f"--emit=link={made},dep-info={depfile}", str(crate.root)),
    ]
    return Step(
        name="RUSTC",
        unit=unit(manifest, crate, made),
        commands=(Command(tuple(argv), made.parent / "work", (*ENVIRONMENT, *rustc.env, *crate.env), COLOR),),
        outputs=(made,),
        inputs=libraries(target, manifest, crate.needs, host=True),
        tracked=(crate.root,),
        depfiles=(depfile,),
        tools=(rustc.digest,),
        digest_kind=LINES,
    )
