# SPDX-License-Identifier: MIT
"""Where the outputs of the 2021 API's support crates are."""

from __future__ import annotations

import functools
from pathlib import Path

from scons_kmod.target.build_target import BuildTarget

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


@functools.cache
def support_crate_dir(target: BuildTarget, name: str) -> Path:
    """Where the files of a support crate lie; those of the library crates lie together."""
    return target.build / "crates" / ("library" if name in LIBRARY_CRATES else name)


@functools.cache
def support_rmeta(target: BuildTarget, name: str) -> Path:
    """A support crate's metadata, for ``--extern``."""
    return support_crate_dir(target, name) / f"lib{name}.rmeta"


@functools.cache
def support_object(target: BuildTarget, name: str) -> Path:
    """A support crate's object."""
    return support_crate_dir(target, name) / f"{name}.o"


@functools.cache
def library_stamp(target: BuildTarget) -> Path:
    """The file that stands for all library crates in the graph."""
    return support_crate_dir(target, "core") / "library.json"


@functools.cache
def macros_library(target: BuildTarget) -> Path:
    """The proc-macro crate, a shared library for rustc itself."""
    return support_crate_dir(target, "macros") / "libmacros.so"
