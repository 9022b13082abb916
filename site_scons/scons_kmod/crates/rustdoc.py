# SPDX-License-Identifier: MIT
"""The rustdoc step: the documentation of the crates that a module's author sees, `kernel` and `macros`."""

from __future__ import annotations

from pathlib import Path

from scons_kmod.crates.rustc_command import support_search_args
from scons_kmod.crates.support_outputs import support_crate_dir
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.rustc import EDITION, ENVIRONMENT
from scons_kmod.target.build_target import BuildTarget

# What rustdoc has to say is said by a build that fails: nobody reads a warning in a page.
STRICT = ("-Dwarnings",)
# rustdoc does not see that one flag for retpolines implies the other, and makes no code that could differ.
NO_CODE = ("-Cunsafe-allow-abi-mismatch=retpoline",)


def doc_dir(target: BuildTarget) -> Path:
    """Where the pages lie; doc/kernel/index.html is the first."""
    return target.build / "doc"


def doc_step(target: BuildTarget) -> Step:
    """Both crates' pages, made anew as a whole, so that no page stays of what is there no more.

    The macros come first: rustdoc links to a crate's pages if it finds them.
    """
    made = doc_dir(target)
    sources = [target.sources / "rust/macros/lib.rs", target.sources / "kernel/lib.rs"]
    crates = ("core", "compiler_builtins", "alloc", "bindings")
    work = support_crate_dir(target, "kernel") / "work"
    rustc = target.toolchain.rustc
    rustdoc = (str(Path(rustc.path).with_name("rustdoc")), f"--edition={EDITION}", f"--out-dir={made}", *STRICT)
    macros = (*rustdoc, "--crate-name=macros", "--crate-type=proc-macro", "--extern=proc_macro", str(sources[0]))
    kernel = (
        *(*rustdoc, "--crate-name=kernel", *target.rust_flags, *NO_CODE, f"@{target.cfg_file}", "--cfg=MODULE"),
        *(*support_search_args(target), *(f"--extern={crate}={support_rmeta(target, crate)}" for crate in crates)),
        *(f"--extern=macros={macros_library(target)}", str(sources[1])),
    )
    env = (*ENVIRONMENT, *rustc.env)
    return Step(
        name="RUSTDOC",
        unit="kernel",
        commands=(
            Command(("rm", "-rf", "--", str(made)), work),
            Command(macros, work, rustc.env),
            Command(kernel, work, env),
        ),
        outputs=(made / "kernel/index.html", made / "macros/index.html"),
        inputs=(
            library_stamp(target),
            macros_library(target),
            support_rmeta(target, "bindings"),
            support_rmeta(target, "kernel"),
        ),
        tracked=(*sources, target.cfg_file),
        # The crates' own: rustdoc reads what rustc read.
        depfiles=(support_crate_dir(target, "macros") / "macros.d", support_crate_dir(target, "kernel") / "kernel.d"),
        tools=(rustc.digest,),
        # The outputs stand for many more pages.
        restorable=False,
    )
