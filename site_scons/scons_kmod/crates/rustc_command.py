# SPDX-License-Identifier: MIT
"""rustc's command for code that is linked into modules to the 2021 API; args and hints that several steps share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scons_kmod.bindings.parts import SHARED
from scons_kmod.crates.facade import Facade
from scons_kmod.crates.support_outputs import (
    facade_dir,
    facade_rmeta,
    macros_library,
    support_crate_dir,
    support_crates_of,
    support_rmeta,
)
from scons_kmod.engine.step import Command
from scons_kmod.kernel.rustc import EDITION, RUSTC_COLOR, RUSTC_ENVIRONMENT
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.wrappers.wrapper_crates import BASE, wrapper_crates

# What rustc prints for a crate that needs std, and what the user can do.
NO_STD_HINT = (
    r"can't find crate for `std`|unlinked crate `std`|undeclared (crate or module|type) `std`",
    "a kernel has no std: write #![no_std] in the crate and use core and alloc; if the crate has a feature for std, "
    "which is often on by default, turn it off: default-features = false",
)
# rustc prints no warnings about generated code.
NO_LINTS = "--cap-lints=allow"
# Messages name a file by its real path, so that an editor finds it. The object has the path that --remap-path-prefix
# gives instead.
REAL_PATHS_IN_MESSAGES = "--remap-path-scope=object"


def shown_crate_names(target: BuildTarget) -> tuple[tuple[str, str], ...]:
    """For messages: modules know all crates of kernel/ as `kernel`. rustc names private items by their own crate."""
    return ((rf"\b(?:{'|'.join((BASE, *wrapper_crates(target).crates))})::", "kernel::"),)


def rustc_command(
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
    """rustc's command for a crate that is linked into modules, and the depfile that it writes.

    `root` is the crate root, `name` the crate's name. The depfile and the working directory are in `directory`. `emit`
    are the outputs, each as ``KIND=PATH``. `crates` are the support crates that the code can name. `prefix` is a
    directory and the name that panic messages use for it, so that no path of this machine gets into a module.
    """
    rustc = target.toolchain.rustc
    depfile = directory / f"{name}.d"
    externs = [f"--extern={crate}={support_rmeta(target, crate)}" for crate in crates if crate != "macros"]
    if "macros" in crates:
        externs.append(f"--extern=macros={macros_library(target)}")
    argv = [
        *(rustc.path, f"--edition={edition}", f"--crate-name={name}", "--crate-type=rlib"),
        *(*target.rust_flags, *flags, *target.krustflags),
        *(f"--remap-path-prefix={prefix[0]}={prefix[1]}", *externs),
        *(f"--emit={','.join([*emit, f'dep-info={depfile}'])}", str(root)),
    ]
    return Command(tuple(argv), directory / "work", (*RUSTC_ENVIRONMENT, *rustc.env, *env), RUSTC_COLOR), depfile


def build_path_remap(target: BuildTarget) -> str:
    """The arg that keeps the build directory's path out of metadata, since prebuilt crates are used elsewhere."""
    return f"--remap-path-prefix={target.build}=build/{target.name}"


def support_search_args(target: BuildTarget, *crates: str) -> tuple[str, ...]:
    """The args that tell rustc where support crates are that those given by ``--extern`` were compiled against.

    `crates` are the names of the crates of kernel/ among them.
    """
    names = dict.fromkeys(("core", "macros", SHARED, *crates))
    return tuple(f"-Ldependency={support_crate_dir(target, name)}" for name in names)


def facade_args(target: BuildTarget, facades: Sequence[Facade]) -> tuple[str, ...]:
    """rustc's args for code with the first of these facades as its crate `kernel`. It uses crates with the others."""
    return (
        *support_search_args(target, *support_crates_of(facades)),
        *(f"-Ldependency={facade_dir(target, facade)}" for facade in facades[1:]),
        f"--extern=kernel={facade_rmeta(target, facades[0])}",
    )
