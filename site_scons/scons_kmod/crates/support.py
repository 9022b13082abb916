# SPDX-License-Identifier: MIT
"""The rustc steps: the support crates of the bundled provider, and a module's own crate."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.bindings.bindgen import bindings_file
from scons_kmod.crates.gone_features import copy_of_root
from scons_kmod.crates.local import cfg_words, crate_words, libraries, module_library, named, used_libraries, used_words
from scons_kmod.engine.cached_step import CachedStep
from scons_kmod.engine.digests import LINES
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.older_rustc import as_taken_by, library_edition, missing_features
from scons_kmod.kernel.rustc import COLOR, EDITION, ENVIRONMENT
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import crate_object, module_dir

# The crates that come from rustc's own library sources: crate root below the library directory, and cfgs.
LIBRARY_CRATES = {
    "core": ("core/src/lib.rs", ("--cfg=no_fp_fmt_parse",)),
    "compiler_builtins": (
        "compiler-builtins/compiler-builtins/src/lib.rs",
        (
            '--cfg=feature="compiler-builtins"',
            '--cfg=feature="unstable-intrinsics"',
            '--cfg=feature="mem-unaligned"',
            "--cfg=intrinsics_enabled",
            "--cfg=arch_enabled",
            "--cfg=optimizations_enabled",
        ),
    ),
    "alloc": ("alloc/src/lib.rs", ()),
}
# In place of compiler_builtins, where rustc's sources lack it.
STAND_IN = Path("rust/compiler_builtins/lib.rs")
# What the sources of those crates include: a change in any of them is a change of the crates.
LIBRARY_DIRECTORIES = ("core", "alloc", "compiler-builtins", "stdarch", "portable-simd")
# Modules of 2021 were compiled as edition 2018 (the kernel's scripts/Makefile.build of that time).
MODULE_EDITION = "2018"
# Those modules turn on features that are stable by now; `used_with_arg`, for `module!`, and `try_with_capacity`, which
# needed none in the liballoc of their time, they could not know.
TOLERANCE = (
    *("-Astable_features", "-Aunused_features", "-Aduplicate_features"),
    *("-Zcrate-attr=feature(try_with_capacity)", "-Zcrate-attr=feature(used_with_arg)"),
)
# What rustc says of code that is for programs, and what to do about it.
NO_STD = (
    r"can't find crate for `std`|unlinked crate `std`|undeclared (crate or module|type) `std`",
    "a kernel has no std: write #![no_std] in the crate and use core and alloc; if the crate has a feature for std, "
    "which is often on by default, turn it off: default-features = false",
)
# What a message says of a file must be where the file is, wherever the module lies; its object holds the other name.
REAL_PATHS_IN_MESSAGES = "--remap-path-scope=object"


@functools.cache
def crate_dir(target: BuildTarget, name: str) -> Path:
    """Where the files of a support crate lie; those of the library crates lie together."""
    return target.build / "crates" / ("library" if name in LIBRARY_CRATES else name)


@functools.cache
def rmeta(target: BuildTarget, name: str) -> Path:
    """A support crate's metadata, for ``--extern``."""
    return crate_dir(target, name) / f"lib{name}.rmeta"


@functools.cache
def support_object(target: BuildTarget, name: str) -> Path:
    """A support crate's object."""
    return crate_dir(target, name) / f"{name}.o"


@functools.cache
def library_stamp(target: BuildTarget) -> Path:
    """The file that stands for all library crates in the graph."""
    return crate_dir(target, "core") / "library.json"


@functools.cache
def macros_library(target: BuildTarget) -> Path:
    """The proc-macro crate, a shared library for rustc itself."""
    return crate_dir(target, "macros") / "libmacros.so"


def library_root(target: BuildTarget, root: str) -> Path:
    """The crate root of a library crate; Debian's rust-src 1.85 lacks compiler_builtins, so a stand-in is taken."""
    library = Path(target.toolchain.library)
    lacks = (library / "core").is_dir() and not (library / root).is_file()
    return target.sources / STAND_IN if lacks else library / root


def library_step(target: BuildTarget) -> CachedStep:
    """core, compiler_builtins and alloc from rustc's own sources: the same for every kernel with the same flags."""
    rustc = target.toolchain.rustc
    library = Path(target.toolchain.library)
    made: list[str] = []
    commands = []
    roots = {name: library_root(target, root) for name, (root, _) in LIBRARY_CRATES.items()}
    own = {path.parent for path in roots.values() if not path.is_relative_to(library)}
    for name, (_, cfgs) in LIBRARY_CRATES.items():
        argv = [
            *(rustc.path, f"--edition={library_edition(rustc)}", f"--crate-name={name}", "--crate-type=rlib"),
            *(*target.rust_flags, *cfgs, "--cap-lints=allow", f"--remap-path-prefix={library}=library"),
            "-Zremap-cwd-prefix=.",
            *(f"--extern={crate}=lib{crate}.rmeta" for crate in made),
            *(f"--emit=obj={name}.o,metadata=lib{name}.rmeta", str(roots[name])),
        ]
        commands.append(Command(tuple(argv), Path(), (*ENVIRONMENT, *rustc.env), COLOR))
        made.append(name)
    products = tuple(file for name in made for file in (f"{name}.o", f"lib{name}.rmeta"))
    return CachedStep(
        name="RUSTC",
        unit="library",
        commands=tuple(commands),
        outputs=(library_stamp(target), *(crate_dir(target, "core") / name for name in products)),
        tools=(rustc.digest,),
        cache=target.cache / "crates",
        products=products,
        source_dirs=(*(library / name for name in LIBRARY_DIRECTORIES), *own),
    )


def kernel_code(
    target: BuildTarget,
    root: Path,
    name: str,
    directory: Path,
    *,
    emit: Sequence[str],
    crates: Sequence[str],
    prefix: tuple[Path, str],
    edition: str = EDITION,
    flags: Sequence[str] = (),
    env: tuple[tuple[str, str], ...] = (),
) -> tuple[Command, Path]:
    """rustc's command for a crate that goes into modules, and its depfile.

    `emit` names what to make, each ``KIND=PATH``; `crates` the support crates to link with; `prefix` a directory and
    what to call it in panic messages, so that no path of this machine gets into a module.
    """
    rustc = target.toolchain.rustc
    depfile = directory / f"{name}.d"
    externs = [f"--extern={crate}={rmeta(target, crate)}" for crate in crates if crate != "macros"]
    if "macros" in crates:
        externs.append(f"--extern=macros={macros_library(target)}")
    argv = [
        *(rustc.path, f"--edition={edition}", f"--crate-name={name}", "--crate-type=rlib"),
        *(*target.rust_flags, *flags, *target.krustflags),
        *(f"--remap-path-prefix={prefix[0]}={prefix[1]}", *externs),
        *(f"--emit={','.join([*emit, f'dep-info={depfile}'])}", str(root)),
    ]
    return Command(tuple(argv), directory / "work", (*ENVIRONMENT, *rustc.env, *env), COLOR), depfile


def no_build_path(target: BuildTarget) -> str:
    """The flag that keeps the build directory's path out of metadata, since prebuilt crates are used elsewhere."""
    return f"--remap-path-prefix={target.build}=build/{target.name}"


def macros_step(target: BuildTarget) -> Step:
    """The proc-macro crate, built for the host with the compiler's own standard library."""
    rustc = target.toolchain.rustc
    root = target.sources / "rust/macros/lib.rs"
    depfile = crate_dir(target, "macros") / "macros.d"
    argv = [
        *(rustc.path, f"--edition={EDITION}", "--crate-name=macros", "--crate-type=proc-macro"),
        *("--extern=proc_macro", f"--remap-path-prefix={target.sources}/=", no_build_path(target)),
        *(f"--emit=link={macros_library(target)},dep-info={depfile}", str(root)),
    ]
    return Step(
        name="RUSTC",
        unit="macros",
        commands=(Command(tuple(argv), crate_dir(target, "macros") / "work", rustc.env, COLOR),),
        outputs=(macros_library(target),),
        tracked=(root,),
        depfiles=(depfile,),
        tools=(rustc.digest,),
        digest_kind=LINES,
    )


def support_step(
    target: BuildTarget,
    name: str,
    root: str,
    *,
    crates: Sequence[str],
    inputs: tuple[Path, ...],
    flags: Sequence[str] = (),
    env: tuple[tuple[str, str], ...] = (),
) -> Step:
    """A support crate of this project's own: its object and its metadata."""
    source = target.sources / root
    directory = crate_dir(target, name)
    command, depfile = kernel_code(
        target,
        source,
        name,
        directory,
        emit=(f"obj={support_object(target, name)}", f"metadata={rmeta(target, name)}"),
        crates=crates,
        prefix=(target.sources, ""),
        flags=(no_build_path(target), *flags),
        env=env,
    )
    return Step(
        name="RUSTC",
        unit=name,
        commands=(command,),
        outputs=(rmeta(target, name), support_object(target, name)),
        inputs=(library_stamp(target), *inputs),
        tracked=(source, target.cfg_file),
        depfiles=(depfile,),
        tools=(target.toolchain.rustc.digest,),
        digest_kind=LINES,
        compare_raw=bool(target.krustflags),
    )


def bindings_crate_step(target: BuildTarget) -> Step:
    """The bindings crate, around bindgen's output."""
    return support_step(
        target,
        "bindings",
        "rust/bindings/lib.rs",
        crates=("core", "compiler_builtins"),
        inputs=(bindings_file(target),),
        env=(("RUST_BINDINGS_FILE", str(bindings_file(target))),),
    )


def kernel_crate_step(target: BuildTarget) -> Step:
    """The kernel crate."""
    return support_step(
        target,
        "kernel",
        "kernel/lib.rs",
        crates=("core", "compiler_builtins", "alloc", "macros", "bindings"),
        inputs=(macros_library(target), rmeta(target, "bindings")),
        flags=(f"@{target.cfg_file}", "--cfg=MODULE", *indirect(target), *missing_features(target.toolchain.rustc)),
    )


@functools.cache
def indirect(target: BuildTarget) -> tuple[str, ...]:
    """Where rustc finds the crates that the named ones were compiled against."""
    return tuple(f"-Ldependency={crate_dir(target, name)}" for name in ("core", "macros", "bindings", "kernel"))


def module_crate_step(target: BuildTarget, manifest: Manifest) -> Step:
    """A module's own crate, to one object."""
    root = manifest.crate_root
    directory = module_dir(target, manifest)
    made = crate_object(target, manifest)
    name = f"modules/{manifest.name}"
    shared = (module_library(target, manifest),) if manifest.exports.crate else ()
    copy = copy_of_root(manifest, directory / "crate/copy")
    command, depfile = kernel_code(
        target,
        copy.root if copy else root,
        manifest.crate,
        directory / "crate",
        emit=(f"obj={made}", *(f"metadata={path}" for path in shared)),
        crates=("core", "compiler_builtins", "alloc", "kernel"),
        prefix=(copy.root.parent, name) if copy else (manifest.directory, name),
        edition=manifest.edition or MODULE_EDITION,
        flags=(
            *(f"@{target.cfg_file}", "--cfg=MODULE", *indirect(target), *TOLERANCE),
            *(*cfg_words(manifest.cfg), *crate_words(target, manifest, named(manifest)), *used_words(target, manifest)),
            # The copy is nothing to point an author at.
            *(() if copy else as_taken_by(target.toolchain.rustc, [REAL_PATHS_IN_MESSAGES])),
        ),
        env=(*manifest.env, ("RUST_MODFILE", name)),
    )
    links = Command(("ln", "-sfn", "--", *map(str, copy.beside), str(copy.root.parent)), command.cwd) if copy else None
    support = (library_stamp(target), macros_library(target), rmeta(target, "bindings"), rmeta(target, "kernel"))
    return Step(
        name="RUSTC",
        unit=f"{manifest.name}.o",
        commands=(links, command) if links else (command,),
        outputs=(made, *shared),
        inputs=(*support, *libraries(target, manifest, named(manifest)), *used_libraries(target, manifest)),
        tracked=(root, target.cfg_file),
        depfiles=(depfile,),
        written_files=((copy.root, copy.text),) if copy else (),
        tools=(target.toolchain.rustc.digest,),
        digest_kind=LINES,
        compare_raw=bool(target.krustflags),
        hints=(NO_STD,),
    )
