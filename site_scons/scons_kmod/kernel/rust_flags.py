# SPDX-License-Identifier: MIT
"""rustc's flags for a kernel, derived from the C flags that the kernel's own Kbuild uses.

The kernel's C and Rust code must agree on how functions begin, return and jump indirectly (retpolines, return thunks,
branch tracking, patchable entries). objtool and the running kernel check it. The C flags say all of that, so no list of
configuration symbols and versions is needed.
"""

from __future__ import annotations

import re

from scons_kmod.kernel.kbuild import Kbuild
from scons_kmod.kernel.kernel_tree import KernelTree

# Flags for every kernel of an architecture: no floating point, and addresses that the module loader can relocate.
# arch/x86/kernel/module.c knows no GOT relocations: hence plt and direct access.
ARCH_FLAGS = {
    "x86": (
        "--target=x86_64-unknown-none",
        "-Crelocation-model=static",
        "-Ctarget-cpu=x86-64",
        "-Ztune-cpu=generic",
        "-Zplt=yes",
        "-Zdirect-access-external-data=yes",
    ),
}

# Flags that the kernel's own Makefile uses with any configuration (KBUILD_RUSTFLAGS).
COMMON_FLAGS = (
    "-Cpanic=abort",
    "-Cembed-bitcode=n",
    "-Clto=n",
    "-Cforce-unwind-tables=n",
    "-Ccodegen-units=1",
    "-Csymbol-mangling-version=v0",
    "-Cdebug-assertions=n",
    "-Zfunction-sections=y",
    "--sysroot=/dev/null",
)

# A C flag (a pattern for the whole arg) and the same flag of rustc.
FROM_C = (
    (r"-O2", "-Copt-level=2"),
    (r"-Os", "-Copt-level=s"),
    (r"-mcmodel=kernel", "-Ccode-model=kernel"),
    (r"-mno-red-zone", "-Cno-redzone=y"),
    (r"-f(?:align-functions|min-function-alignment)=(\d+)", r"-Zmin-function-alignment=\1"),
    (r"-mindirect-branch=thunk-extern", "-Zretpoline-external-thunk"),
    (r"-mindirect-branch-cs-prefix", "-Zindirect-branch-cs-prefix"),
    (r"-mfunction-return=thunk-extern", "-Zfunction-return=thunk-extern"),
    (r"-fcf-protection=branch", "-Zcf-protection=branch"),
    (r"-fno-jump-tables", "-Cjump-tables=n"),
    (r"-fpatchable-function-entry=(\d+,\d+)", r"-Zpatchable-function-entry=\1"),
    (r"-fno-omit-frame-pointer", "-Cforce-frame-pointers=y"),
)


def rust_flags(tree: KernelTree, kbuild: Kbuild) -> tuple[str, ...]:
    """The flags for every crate that goes into a module of this kernel."""
    derived = [
        re.sub(pattern, flag, arg)
        for pattern, flag in FROM_C
        for arg in dict.fromkeys(kbuild.cc)
        if re.fullmatch(pattern, arg)
    ]
    return (*ARCH_FLAGS[tree.arch], *COMMON_FLAGS, *derived)


def config_cfgs(tree: KernelTree) -> str:
    """The configuration as ``--cfg`` args for rustc, one in each line, as in the kernel's file rustc_cfg.

    A symbol that is y or m gives two: its name alone, and its name with the value (scripts/kconfig/confdata.c, rust
    printer).
    """
    # Every build computes this text, of thousands of symbols, of which nearly all are y or m.
    return "".join(
        f'--cfg={name}\n--cfg={name}="{value}"\n' if value in ("y", "m") else f'--cfg={name}="{escaped(value)}"\n'
        for name, value in sorted(tree.config.items())
    )


def escaped(value: str) -> str:
    """A value as rustc reads it between quotes."""
    return value.replace("\\", "\\\\").replace('"', '\\"')
