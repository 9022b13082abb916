# SPDX-License-Identifier: MIT
"""The rustc steps of kernel/: the base crate, the crates of wrappers, and the facades.

kernel/lib.rs is the crate root of the base crate. The crate roots of the others are written: they re-export the base,
so that ``crate::Result`` in a wrapper and ``$crate`` in its macros are found.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from scons_kmod.bindings.bindgen import bindings_part
from scons_kmod.bindings.parts import MODULES
from scons_kmod.crates.facade import Facade
from scons_kmod.crates.rustc_command import (
    build_path_remap,
    rustc_command,
    shown_crate_names,
    support_search_args,
)
from scons_kmod.crates.support_outputs import (
    facade_dir,
    facade_rmeta,
    library_stamp,
    macros_library,
    support_crate_dir,
    support_crates_of,
    support_object,
    support_rmeta,
)
from scons_kmod.engine.digests import RUST
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.rustc_versions import feature_flags
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.wrappers.wrapper_crates import BASE, Wrapper, WrapperCrate, wrapper_crates

# Of the crates that all code of kernel/ may name.
LIBRARIES = ("core", "compiler_builtins", "alloc", "macros", "bindings")
# rustc prints no warnings about what bindgen has written.
BINDINGS_LINTS = (
    "#[allow(dead_code, improper_ctypes, missing_docs, non_camel_case_types, non_snake_case, non_upper_case_globals, "
    "unnecessary_transmutes, unsafe_op_in_unsafe_fn, unused_imports)]"
)
# What a wrapper's own messages begin with: kernel/lib.rs has the same.
LOG_PREFIX = 'const __LOG_PREFIX: &[u8] = b"rust_kernel\\0";'


def base_crate_step(target: BuildTarget) -> Step:
    """Compile the base crate: kernel/ without the wrappers that are crates of their own."""
    directory = support_crate_dir(target, BASE)
    root = target.sources / "kernel/lib.rs"
    command, depfile = rustc_command(
        target,
        root,
        BASE,
        directory,
        emit=(f"obj={support_object(target, BASE)}", f"metadata={support_rmeta(target, BASE)}"),
        crates=LIBRARIES,
        prefix=(target.sources, ""),
        flags=(
            *(() if target.whole_kernel_crate else (f"--cfg={BASE}",)),
            *flags_of_wrappers(target),
            *support_search_args(target),
        ),
    )
    return step_of_crate(target, BASE, command, depfile, (root,))


def wrapper_crate_step(target: BuildTarget, crate: WrapperCrate) -> Step:
    """Compile a crate of wrappers to its object and its metadata."""
    directory = support_crate_dir(target, crate.name)
    needed = wrapper_crates(target).with_needs(crate.needs)
    text = "".join(f"{line}\n" for line in crate_root(target, crate))
    command, depfile = rustc_command(
        target,
        directory / "lib.rs",
        crate.name,
        directory,
        emit=(f"obj={support_object(target, crate.name)}", f"metadata={support_rmeta(target, crate.name)}"),
        crates=(*LIBRARIES, BASE, *crate.needs),
        prefix=(target.sources, ""),
        flags=(*flags_of_wrappers(target), *support_search_args(target, BASE, *(other.name for other in needed))),
        env=(("RUST_BINDINGS_FILE", str(bindings_part(target, crate.name))),),
    )
    inputs = [bindings_part(target, crate.name)]
    inputs += [support_rmeta(target, name) for name in (BASE, *(other.name for other in needed))]
    sources = tuple(wrapper.path for wrapper in crate.wrappers)
    return step_of_crate(target, crate.name, command, depfile, sources, tuple(inputs), ((directory / "lib.rs", text),))


def step_of_crate(
    target: BuildTarget,
    name: str,
    command: Command,
    depfile: Path,
    sources: tuple[Path, ...],
    inputs: tuple[Path, ...] = (),
    written_files: tuple[tuple[Path, str], ...] = (),
) -> Step:
    """The step of a crate of kernel/. `inputs` are the metadata of other such crates."""
    return Step(
        name="RUSTC",
        unit=name,
        commands=(command,),
        outputs=(support_rmeta(target, name), support_object(target, name)),
        inputs=(library_stamp(target), macros_library(target), support_rmeta(target, "bindings"), *inputs),
        tracked=(*sources, target.cfg_file),
        depfiles=(depfile,),
        written_files=written_files,
        tools=(target.toolchain.rustc.digest,),
        digest_kind=RUST,
        compare_raw=bool(target.krustflags),
        shown_names=shown_crate_names(target),
    )


def flags_of_wrappers(target: BuildTarget) -> tuple[str, ...]:
    """rustc's args that all crates of kernel/ share."""
    flags = (build_path_remap(target), f"@{target.cfg_file}", "--cfg=MODULE")
    return (*flags, *feature_flags(target.toolchain.rustc))


def crate_root(target: BuildTarget, crate: WrapperCrate) -> Iterator[str]:
    """The lines of the crate root of wrappers. Each wrapper is a module of the same name as in kernel/lib.rs."""
    yield f"//! {', '.join(wrapper.name for wrapper in crate.wrappers)} of kernel/lib.rs, as a crate."
    yield from wrapper_crates(target).inner_attributes
    yield "#![allow(unused_features, hidden_glob_reexports)]"
    yield "extern crate alloc;"
    yield f"#[doc(hidden)] pub use {BASE}::*;"
    # It hides that of the base: what a macro of this crate names by `$crate` must not lead a module to it.
    yield f"#[allow(unused_imports)] use {BASE}::internal;"
    for other in (wrapper_crates(target).crates[name] for name in crate.needs):
        public = (wrapper for wrapper in other.wrappers if wrapper.public)
        yield from (f"{attributes(wrapper)}pub use {other.name}::{wrapper.name};" for wrapper in public)
        yield from exported_macros(other)
    yield f"#[doc(hidden)] {BINDINGS_LINTS}"
    yield f'pub mod bindings {{ pub use {BASE}::bindings::*; include!(env!("RUST_BINDINGS_FILE")); }}'
    for wrapper in crate.wrappers:
        visibility = "pub " if wrapper.public else ""
        # JSON and Rust quote a path alike.
        path = json.dumps(str(wrapper.path), ensure_ascii=False)
        yield f"{attributes(wrapper)}#[path = {path}] {visibility}mod {wrapper.name};"
    yield f"#[doc(hidden)] {LOG_PREFIX}"


def facade_step(target: BuildTarget, facade: Facade) -> Step:
    """Compile a facade. It has no code of its own, so it is metadata alone."""
    directory = facade_dir(target, facade)
    text = "".join(f"{line}\n" for line in facade_root(target, facade))
    names = support_crates_of([facade])
    externs = (BASE, *(crate.name for crate in facade.linked), *([MODULES] if facade.with_modules_part else ()))
    command, depfile = rustc_command(
        target,
        directory / "lib.rs",
        "kernel",
        directory,
        emit=(f"metadata={facade_rmeta(target, facade)}",),
        crates=("core", "compiler_builtins", *externs),
        prefix=(target.sources, ""),
        flags=(
            *(build_path_remap(target), f"@{target.cfg_file}", "--cfg=MODULE"),
            # Two facades may meet in one program. rustc tells crates of one name apart by this.
            *(f"-Cmetadata={facade.key}", *support_search_args(target, *names)),
        ),
    )
    return Step(
        name="RUSTC",
        unit=f"kernel ({facade.key})",
        commands=(command,),
        outputs=(facade_rmeta(target, facade),),
        inputs=(
            *(library_stamp(target), macros_library(target)),
            *(support_rmeta(target, name) for name in names),
        ),
        tracked=(target.cfg_file,),
        depfiles=(depfile,),
        written_files=((directory / "lib.rs", text),),
        tools=(target.toolchain.rustc.digest,),
        digest_kind=RUST,
        compare_raw=bool(target.krustflags),
    )


def facade_root(target: BuildTarget, facade: Facade) -> Iterator[str]:
    """The lines of a facade's crate root."""
    yield f"//! The crate `kernel` with the base and {facade.key}."
    yield "#![no_std]"
    yield "#![allow(hidden_glob_reexports)]"
    yield f"pub use {BASE}::*;"
    # It hides the module of the same name in the base: modules can't name it.
    yield "mod internal {}"
    crates = (BASE, *(crate.name for crate in facade.declaring))
    parts = "".join(f"pub use {crate}::bindings::*; " for crate in crates)
    yield f"#[doc(hidden)] pub mod bindings {{ {parts}{f'pub use {MODULES}::*; ' * facade.with_modules_part}}}"
    for crate in facade.exported:
        public = (wrapper for wrapper in crate.wrappers if wrapper.public)
        yield from (f"{attributes(wrapper)}pub use {crate.name}::{wrapper.name};" for wrapper in public)
        yield from exported_macros(crate)
    exported = {crate.name for crate in facade.exported}
    yield from (line for line, source in wrapper_crates(target).reexports if source in exported)


def exported_macros(crate: WrapperCrate) -> Iterator[str]:
    """The lines that re-export the macros of a crate."""
    for wrapper in crate.wrappers:
        yield from (f"{attributes(wrapper)}pub use {crate.name}::{macro};" for macro in wrapper.macros)


def attributes(wrapper: Wrapper) -> str:
    """The attributes of a wrapper, to be written before an item."""
    return "".join(f"{attribute} " for attribute in wrapper.attributes)
