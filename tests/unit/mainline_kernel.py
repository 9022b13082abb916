# SPDX-License-Identifier: MIT
"""A kernel's own crates in miniature: a plan as Kbuild gives it, and the record of the crates."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from miniature import target, write

from scons_kmod.engine.step import Step
from scons_kmod.kernel.cmd_file import SavedCommand
from scons_kmod.mainline.mainline import Mainline
from scons_kmod.mainline.plan import CratePlan, Rule
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.sections.c import CCode
from scons_kmod.target.provider import Provider

FLAGS = ("--edition=2021", "-Zbinary_dep_depinfo=y", "-Wmissing_docs", "-Zfunction-sections=n", "-Cdebuginfo=2")
CFG = "@./include/generated/rustc_cfg"
RUST_HELPERS = """\
#include <linux/compiler.h>

#define __rust_helper

#include "slab.c"
# include "spin-lock.c"
int between;
"""


def plain(*args: str, env: tuple[tuple[str, str], ...] = (), output: str = "") -> SavedCommand:
    return SavedCommand((args,), env, output)


def crate(source: Path, name: str, *needs: str, edit: str = "") -> Rule:
    """A crate that is in the kernel."""
    output = f"rust/{name}.o"
    emits = (f"--emit=dep-info=rust/.{name}.o.d", f"--emit=obj={output}", f"--emit=metadata=rust/lib{name}.rmeta")
    args = (*FLAGS, "--target=./scripts/target.json", CFG, *emits, "--crate-type", "rlib", "-L./rust")
    rustc = plain("rustc", *args, "--crate-name", name, f"{source}/rust/{name}.rs", env=(("OBJTREE", "/objects"),))
    objcopy = [plain("objcopy", edit, output)] if edit else []
    return Rule(output, needs, (rustc, *objcopy, plain("objtool", "--orc", output)))


def macros(source: Path) -> Rule:
    """The crate that runs in rustc."""
    output = "rust/libmacros.so"
    emits = ("--emit=dep-info=rust/.libmacros.so.d", f"--emit=link={output}", "--crate-type", "proc-macro", "-O")
    rustc = plain("rustc", *FLAGS, *emits, "--crate-name", "macros", CFG, f"{source}/rust/macros/lib.rs")
    return Rule(output, (), (rustc,))


def bindings(source: Path) -> Rule:
    output = "rust/bindings/bindings_generated.rs"
    clang = ("-Wp,-MMD,rust/bindings/.b.rs.d", "-nostdinc", f"-I{source}/include", "-I./include", "-DMODULE")
    bindgen = plain("bindgen", f"{source}/rust/bindings/helper.h", "--use-core", "-o", output, "--", *clang)
    return Rule(output, (), (bindgen, plain("sed", "-Ei", "s/a/b/", output)))


def gated_bindings(source: Path, *edits: str) -> Rule:
    """Bindings with edits that remove prefixes, as rust/Makefile makes them."""
    edits = edits or (r"s/pub const RUST_CONST_HELPER_([a-zA-Z0-9_]*)/pub const \1/g",)
    rule = bindings(source)
    return dataclasses.replace(
        rule, commands=(rule.commands[0], *(plain("sed", "-Ei", edit, rule.output) for edit in edits))
    )


def function_bindings(source: Path) -> Rule:
    """Bindings to functions without their types."""
    output = "rust/bindings/bindings_helpers_generated.rs"
    clang = ("-Wp,-MMD,rust/bindings/.h.rs.d", f"-I{source}/include", "-DMODULE")
    args = ("--blocklist-type", ".*", "--allowlist-function", "rust_helper_.*", "-o", output, "--", *clang)
    bindgen = plain("bindgen", f"{source}/rust/helpers/helpers.c", *args)
    edit = r's/pub fn rust_helper_([a-zA-Z0-9_]*)/#[link_name="rust_helper_\1"]\n    pub fn \1/g'
    return Rule(output, (), (bindgen, plain("sed", "-Ei", edit, output)))


def with_rules(crates: Mainline, *rules: Rule) -> Mainline:
    return dataclasses.replace(crates, plan=dataclasses.replace(crates.plan, rules=rules))


def text(source: Path) -> Rule:
    output = "rust/kernel/generated_arch_asm.rs"
    args = ("gcc-12", "-Wp,-MMD,rust/kernel/.asm.rs.d", f"-I{source}/include", "-E", f"{source}/rust/kernel/asm.rs.S")
    return Rule(output, (), (SavedCommand((args, ("sed", "1,/^Cut here$/d")), (), output),))


def mainline(directory: Path, provider: str = "rebuilt", *, target_file: bool = True) -> Mainline:
    build_target = dataclasses.replace(target(directory), provider=Provider(provider))
    source, objects = directory / "kernel-source", directory / "objects"
    everything = ("rust/kernel/generated_arch_asm.rs", "rust/bindings/bindings_generated.rs", "rust/core.o")
    rules = (
        text(source),
        bindings(source),
        macros(source),
        crate(source, "core", edit="--redefine-sym=__addsf3=__rust__addsf3"),
        crate(source, "kernel", *everything, "rust/libmacros.so"),
    )
    emits = ("--emit=dep-info=./.kmod_rust_probe.o.d", "--emit=obj=kmod_rust_probe.o", "kmod_rust_probe.rs")
    args = (
        *FLAGS,
        "--cfg",
        "MODULE",
        "--extern",
        "kernel",
        "-L",
        f"{objects}/rust/",
        "--crate-name",
        "kmod_rust_probe",
    )
    env = (("OBJTREE", str(objects)), ("RUST_MODFILE", "./kmod_rust_probe"))
    module_command = plain("rustc", *args, "--out-dir", "./", *emits, env=env)
    write(source / "rust/helpers/helpers.c", RUST_HELPERS)
    return Mainline(
        build_target, CratePlan(source, objects, rules if provider != "tree" else (), module_command, target_file)
    )


def argv(step: Step) -> tuple[str, ...]:
    """The first command of a step."""
    return step.commands[0].argv


def with_target(crates: Mainline, **changes: object) -> Mainline:
    return dataclasses.replace(crates, target=dataclasses.replace(crates.target, **changes))


def names(paths: tuple[Path, ...], below: Path) -> list[str]:
    return [str(path.relative_to(below)) for path in paths]


def of_both(manifest: Manifest) -> Manifest:
    return dataclasses.replace(manifest, c=CCode((write(manifest.directory / "part.c", ""),)))
