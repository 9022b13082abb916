# SPDX-License-Identifier: MIT
"""The support crates of the 2021 API as other steps read them: which there are, and where their outputs are."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.bindings.parts import MODULES, SHARED
from scons_kmod.crates.facade import Facade
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.wrappers.wrapper_crates import BASE

# The library crates: the crate root of each below the directory of rustc's library sources, and its cfgs.
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


@functools.cache
def support_crate_dir(target: BuildTarget, name: str) -> Path:
    """The directory of a support crate's outputs. The library crates share one."""
    return target.build / "crates" / ("library" if name in LIBRARY_CRATES else name)


@functools.cache
def support_rmeta(target: BuildTarget, name: str) -> Path:
    """The metadata of a support crate, for ``--extern``."""
    return support_crate_dir(target, name) / f"lib{name}.rmeta"


@functools.cache
def support_object(target: BuildTarget, name: str) -> Path:
    """The object of a support crate."""
    return support_crate_dir(target, name) / f"{name}.o"


@functools.cache
def library_stamp(target: BuildTarget) -> Path:
    """The file that stands for all library crates in the graph (cached_step.py)."""
    return support_crate_dir(target, "core") / "library.json"


@functools.cache
def macros_library(target: BuildTarget) -> Path:
    """The crate `macros`: a shared library with proc macros, which rustc loads."""
    return support_crate_dir(target, "macros") / "libmacros.so"


def facade_dir(target: BuildTarget, facade: Facade) -> Path:
    """The directory of a facade's outputs."""
    return target.build / "crates/kernel" / facade.key


def facade_rmeta(target: BuildTarget, facade: Facade) -> Path:
    """The metadata of a facade."""
    return facade_dir(target, facade) / "libkernel.rmeta"


def support_crates_of(facades: Sequence[Facade]) -> tuple[str, ...]:
    """The names of the crates with declarations and wrappers that code with these facades is linked with."""
    declarations = (SHARED, *([MODULES] if any(facade.with_modules_part for facade in facades) else ()))
    return tuple(dict.fromkeys((*declarations, BASE, *(crate.name for facade in facades for crate in facade.linked))))


def support_libraries(target: BuildTarget, facades: Sequence[Facade]) -> tuple[Path, ...]:
    """The files that rustc reads for code that uses the crate `kernel`. `library_stamp` stands for several.

    `facades` are the code's own facade and those of the crates that it uses.
    """
    names = support_crates_of(facades)
    return (
        *(library_stamp(target), macros_library(target), *(support_rmeta(target, name) for name in names)),
        *(facade_rmeta(target, facade) for facade in facades),
    )
