# SPDX-License-Identifier: MIT
"""The rustc steps of the 2021 API's support crates: core, compiler_builtins, alloc, macros and bindings."""

from __future__ import annotations

from pathlib import Path

from scons_kmod.bindings.bindgen import bindings_part
from scons_kmod.bindings.parts import MODULES, SHARED
from scons_kmod.crates.rustc_command import NO_LINTS, build_path_remap, rustc_command, support_search_args
from scons_kmod.crates.support_outputs import (
    LIBRARY_CRATES,
    library_stamp,
    macros_library,
    support_crate_dir,
    support_object,
    support_rmeta,
)
from scons_kmod.engine.cached_step import CachedStep
from scons_kmod.engine.digests import RUST
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.rustc import EDITION, RUSTC_COLOR, RUSTC_ENVIRONMENT
from scons_kmod.kernel.rustc_versions import library_edition
from scons_kmod.target.build_target import BuildTarget

# Compiled as compiler_builtins if rustc's sources lack that crate.
STAND_IN = Path("rust/compiler_builtins/lib.rs")
# Directories that the sources of the library crates are in. A change in any of them is a change of the crates.
LIBRARY_DIRECTORIES = ("core", "alloc", "compiler-builtins", "stdarch", "portable-simd")


def library_crate_root(target: BuildTarget, root: str) -> Path:
    """The crate root of a library crate. `root` is its path below the directory of rustc's library sources.

    Debian's rust-src 1.85 lacks compiler_builtins; this project's stand-in takes its place.
    """
    library = Path(target.toolchain.library_sources)
    is_missing = (library / "core").is_dir() and not (library / root).is_file()
    return target.sources / STAND_IN if is_missing else library / root


def library_crates_step(target: BuildTarget) -> CachedStep:
    """Compile core, compiler_builtins and alloc from rustc's own sources.

    They are the same for all kernels with the same flags, so the outputs come from the cache if it has them.
    """
    rustc = target.toolchain.rustc
    library = Path(target.toolchain.library_sources)
    compiled: list[str] = []
    commands = []
    roots = {name: library_crate_root(target, root) for name, (root, _) in LIBRARY_CRATES.items()}
    stand_in_dirs = {path.parent for path in roots.values() if not path.is_relative_to(library)}
    for name, (_, cfgs) in LIBRARY_CRATES.items():
        argv = [
            *(rustc.path, f"--edition={library_edition(rustc)}", f"--crate-name={name}", "--crate-type=rlib"),
            *(*target.rust_flags, *cfgs, "--cap-lints=allow", f"--remap-path-prefix={library}=library"),
            "-Zremap-cwd-prefix=.",
            *(f"--extern={crate}=lib{crate}.rmeta" for crate in compiled),
            *(f"--emit=obj={name}.o,metadata=lib{name}.rmeta", str(roots[name])),
        ]
        commands.append(Command(tuple(argv), Path(), (*RUSTC_ENVIRONMENT, *rustc.env), RUSTC_COLOR))
        compiled.append(name)
    products = tuple(file for name in compiled for file in (f"{name}.o", f"lib{name}.rmeta"))
    return CachedStep(
        name="RUSTC",
        unit="library",
        commands=tuple(commands),
        outputs=(library_stamp(target), *(support_crate_dir(target, "core") / name for name in products)),
        tools=(rustc.digest,),
        cache=target.cache / "crates",
        products=products,
        source_dirs=(*(library / name for name in LIBRARY_DIRECTORIES), *stand_in_dirs),
    )


def macros_crate_step(target: BuildTarget) -> Step:
    """Compile the crate `macros` for the host, with the compiler's own standard library."""
    rustc = target.toolchain.rustc
    root = target.sources / "rust/macros/lib.rs"
    depfile = support_crate_dir(target, "macros") / "macros.d"
    argv = [
        *(rustc.path, f"--edition={EDITION}", "--crate-name=macros", "--crate-type=proc-macro"),
        *("--extern=proc_macro", f"--remap-path-prefix={target.sources}/=", build_path_remap(target)),
        *(f"--emit=link={macros_library(target)},dep-info={depfile}", str(root)),
    ]
    return Step(
        name="RUSTC",
        unit="macros",
        commands=(Command(tuple(argv), support_crate_dir(target, "macros") / "work", rustc.env, RUSTC_COLOR),),
        outputs=(macros_library(target),),
        tracked=(root,),
        depfiles=(depfile,),
        tools=(rustc.digest,),
        digest_kind=RUST,
    )


def bindings_crate_step(target: BuildTarget) -> Step:
    """Compile the crate `bindings`: the declarations that several crates of kernel/ share."""
    return declarations_step(target, SHARED)


def modules_bindings_crate_step(target: BuildTarget) -> Step:
    """Compile the crate `bindings_modules`: the declarations that modules name, and kernel/ does not."""
    return declarations_step(target, MODULES, SHARED)


def declarations_step(target: BuildTarget, name: str, *needs: str) -> Step:
    """Compile a crate that includes a part of bindgen's output. `needs` are the support crates that it re-exports."""
    root, part = target.sources / f"rust/{name}/lib.rs", bindings_part(target, name)
    command, depfile = rustc_command(
        target,
        root,
        name,
        support_crate_dir(target, name),
        emit=(f"obj={support_object(target, name)}", f"metadata={support_rmeta(target, name)}"),
        crates=("core", "compiler_builtins", *needs),
        prefix=(target.sources, ""),
        flags=(build_path_remap(target), *((*support_search_args(target), NO_LINTS) if needs else ())),
        env=(("RUST_BINDINGS_FILE", str(part)),),
    )
    return Step(
        name="RUSTC",
        unit=name,
        commands=(command,),
        outputs=(support_rmeta(target, name), support_object(target, name)),
        inputs=(library_stamp(target), part, *(support_rmeta(target, crate) for crate in needs)),
        tracked=(root, target.cfg_file),
        depfiles=(depfile,),
        tools=(target.toolchain.rustc.digest,),
        digest_kind=RUST,
        compare_raw=bool(target.krustflags),
    )
