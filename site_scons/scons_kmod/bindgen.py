# SPDX-License-Identifier: MIT
"""The bindgen step: the kernel's headers to Rust declarations, with a check of every type's layout."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from scons_kmod import layout
from scons_kmod.build_target import BuildTarget
from scons_kmod.step import Command, Step

# C flags of gcc that libclang does not know or that say nothing about declarations (rust/Makefile's skip list).
GCC_ONLY = (
    "-mno-fp-ret-in-387",
    "-mpreferred-stack-boundary=3",
    "-mskip-rax-setup",
    "-mindirect-branch=thunk-extern",
    "-mindirect-branch-register",
    "-mindirect-branch-cs-prefix",
    "-mfunction-return=thunk-extern",
    "-mrecord-mcount",
    "-fno-allow-store-data-races",
    "-fconserve-stack",
    "-fno-reorder-blocks",
    "-falign-jumps=1",
    "-falign-loops=1",
    "-fno-stack-clash-protection",
    "-fno-ipa-sra",
    "-fno-partial-inlining",
    "-ftrivial-auto-var-init=zero",
)
GCC_ONLY_PREFIXES = ("-W", "-fplugin-arg-", "-fmacro-prefix-map=", "-falign-functions=", "-fzero-call-used-regs=", "-g")


def bindings_file(target: BuildTarget) -> Path:
    """The generated Rust source of the bindings crate."""
    return target.build / "bindings/bindings_generated.rs"


def layout_header(target: BuildTarget) -> Path:
    """The generated C header with the sizes that libclang saw; the C helpers compare them with gcc's."""
    return target.build / "bindings/bindings_layout.h"


def clang_flags(target: BuildTarget) -> list[str]:
    """The kernel's C flags, as far as libclang takes them."""
    words = target.kbuild.cc[1:]
    return [word for word in words if word not in GCC_ONLY and not word.startswith(GCC_ONLY_PREFIXES)]


def parameters(path: Path) -> list[str]:
    """bindgen's arguments from a file: one a line, ``#`` begins a comment."""
    return shlex.split(path.read_text(), comments=True)


def bindings_step(target: BuildTarget, headers: Iterable[str] = ()) -> Step:
    """Generate the bindings for the target's kernel, with these more of its headers.

    All modules share one crate of bindings, so that a C type is one Rust type for all.
    """
    helper = target.sources / "rust/bindings/bindings_helper.h"
    header = target.build / "bindings/bindings.h"
    text = f'#include "{helper}"\n' + "".join(f"#include <{name}>\n" for name in sorted(set(headers)))
    arguments = target.sources / "rust/bindgen_parameters"
    raw = target.build / "bindings/bindgen.rs"
    depfile = target.build / "bindings/bindgen.d"
    bindgen = target.toolchain.bindgen
    generate = [
        bindgen.path,
        str(header),
        *parameters(arguments),
        "--no-rustfmt-bindings",
        f"--depfile={depfile}",
        "-o",
        str(raw),
    ]
    program = Path(layout.__file__)
    check = [sys.executable, "-I", str(program), str(raw), str(bindings_file(target)), str(layout_header(target))]
    return Step(
        name="BINDGEN",
        unit="bindings",
        commands=(
            Command((*generate, "--", *clang_flags(target), "-w"), target.tree.path, bindgen.env),
            Command(tuple(check), target.build, label="LAYOUT"),
        ),
        outputs=(bindings_file(target), layout_header(target)),
        tracked=(helper, program),
        depfiles=(depfile,),
        files=((header, text),),
        tools=(bindgen.digest,),
    )
