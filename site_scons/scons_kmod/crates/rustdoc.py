# SPDX-License-Identifier: MIT
"""The rustdoc step: the documentation of `kernel` and `macros`, the crates that a module's author uses."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from scons_kmod.bindings.bindgen import bindings_file
from scons_kmod.crates.rustc_command import rustc_command, support_search_args
from scons_kmod.crates.support_outputs import library_stamp, macros_library, support_rmeta
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.rustc import EDITION, RUSTC_ENVIRONMENT
from scons_kmod.target.build_target import BuildTarget

# A warning of rustdoc fails the build: nobody would read it later.
STRICT = ("-Dwarnings",)
# rustdoc does not see that one flag for retpolines implies the other. It compiles no code, so no code can differ.
NO_CODE = ("-Cunsafe-allow-abi-mismatch=retpoline",)


def doc_dir(target: BuildTarget) -> Path:
    """The directory of the pages. kernel/index.html in it is the page to start with."""
    return target.build / "doc"


def doc_step(target: BuildTarget) -> Step:
    """Write the pages of both crates.

    The directory is removed first, so that no page stays of an item that is gone. `macros` comes before `kernel`:
    rustdoc links to the pages of another crate if it finds them. It reads kernel/ as one crate, so it gets all bindings
    as one crate, too.
    """
    directory = doc_dir(target)
    sources = [target.sources / "rust/macros/lib.rs", target.sources / "kernel/lib.rs"]
    documented = sorted(path for source in sources for path in source.parent.rglob("*.rs"))
    crates = ("core", "compiler_builtins", "alloc")
    work = directory.with_name("doc-work")
    metadata = work / "libbindings.rmeta"
    bindings, depfile = rustc_command(
        target,
        target.sources / "rust/bindings/lib.rs",
        "bindings",
        work,
        emit=(f"metadata={metadata}",),
        crates=("core", "compiler_builtins"),
        prefix=(target.sources, ""),
        env=(("RUST_BINDINGS_FILE", str(bindings_file(target))),),
    )
    rustc = target.toolchain.rustc
    rustdoc = (str(Path(rustc.path).with_name("rustdoc")), f"--edition={EDITION}", f"--out-dir={directory}", *STRICT)
    macros = (*rustdoc, "--crate-name=macros", "--crate-type=proc-macro", "--extern=proc_macro", str(sources[0]))
    kernel = (
        *(*rustdoc, "--crate-name=kernel", *target.rust_flags, *NO_CODE, f"@{target.cfg_file}", "--cfg=MODULE"),
        *(*support_search_args(target), *(f"--extern={crate}={support_rmeta(target, crate)}" for crate in crates)),
        *(f"--extern=bindings={metadata}", f"--extern=macros={macros_library(target)}", str(sources[1])),
    )
    env = (*RUSTC_ENVIRONMENT, *rustc.env)
    return Step(
        name="RUSTDOC",
        unit="kernel",
        commands=(
            Command(("rm", "-rf", "--", str(directory)), work),
            Command(macros, work, rustc.env),
            dataclasses.replace(bindings, label="RUSTC"),
            Command(kernel, work, env),
        ),
        outputs=(directory / "kernel/index.html", directory / "macros/index.html"),
        inputs=(library_stamp(target), macros_library(target), bindings_file(target)),
        tracked=(*documented, target.cfg_file),
        depfiles=(depfile,),
        tools=(rustc.digest,),
        # There are many more pages than outputs.
        restorable=False,
    )
