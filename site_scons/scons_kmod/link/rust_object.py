# SPDX-License-Identifier: MIT
"""Links a module's Rust crates, and the C code that they need, to one object: the module before modpost."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.base.library_process import process_args, process_files
from scons_kmod.c.compiler import objtool_command
from scons_kmod.c.helpers import helpers_archive, layout_object
from scons_kmod.crates.local_outputs import linked_crate_objects, linked_support_crates
from scons_kmod.crates.support_outputs import LIBRARY_CRATES, library_stamp, support_object
from scons_kmod.engine.step import Command, Step
from scons_kmod.engine.views import MEMBERS, View
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import crate_object, module_dir, module_object, renames_files

# What ld prints if two objects define the same symbol (bfd's ldmain.c), and what the user can do.
DUPLICATE_SYMBOL_HINT = (
    r"([^/\s]+)\.o:(?: in function [^\n]*\n)?[^\n]*multiple definition of `([^']+)'; [^\n]*?([^/\n]+)\.o:",
    r"\1 and \3 both define \2: rename it in one of them, or leave out #[no_mangle]",
)


def bundled_object_step(target: BuildTarget, manifest: Manifest, c: Sequence[Path] = ()) -> Step:
    """Link a module written to the 2021 API: its crates, the support crates, its C objects `c` and the C helpers."""
    archive = helpers_archive(target)
    crates = [crate_object(target, manifest), *linked_crate_objects(target, manifest)]
    crates += [support_object(target, name) for name in reversed(linked_support_crates(target, manifest))]
    library_crates = [support_object(target, name) for name in LIBRARY_CRATES]
    step = rust_link_step(target, manifest, [*crates, *library_crates], archive, "rust/module.lds", c=c)
    # The library crates have one file that stands for them.
    inputs = (*crates, *c, *renames_files(target, manifest), library_stamp(target))
    # The object with the layout checks is not linked, but a module must not be either if the checks fail.
    return dataclasses.replace(step, inputs=inputs, order_only=(*step.order_only, layout_object(target)))


def rust_link_step(
    target: BuildTarget,
    manifest: Manifest,
    rust: Sequence[Path],
    archive: Path,
    script: str,
    *,
    c: Sequence[Path] = (),
    roots: Sequence[str] = (),
    renamed: Sequence[tuple[str, str]] = (),
) -> Step:
    """Link Rust objects to one, with C objects `c` and the objects that they need of an archive. Drop unused Rust code.

    `rust` are the objects, the module's own crate first. `script` is the linker script below the project's sources.
    `roots` are symbols that C objects of the archive use, besides the module's entry points: their code is kept.
    `renamed` are pairs of a symbol's name in Rust and its name in the archive.

    There are four links, because ld can't do their work in fewer; each says what it is for. The order of symbols in the
    object is that of Kbuild. Of the archive, the step depends only on members that ld may take.
    """
    object_file, prelinked = module_object(target, manifest), prelinked_object(target, manifest)
    directory = object_file.parent
    lds = target.sources / script
    entries = [arg for root in ("init_module", "cleanup_module", *roots) for arg in ("-u", root)]
    ld = target.kbuild.ld
    rename_files = renames_files(target, manifest)
    rename_args = [f"--redefine-sym={old}={new}" for old, new in renamed]
    rename_args += [f"--redefine-syms={path}" for path in rename_files]
    # A linker script with the symbols that the C objects use.
    c_roots = directory / "roots.lds"
    check, check_files = c_and_rust_check(target, manifest, rust[0], c, c_roots) if c else ((), ())
    linked = [*rust, c_roots] if c else rust
    commands = [
        *check,
        # Drops the sections that nothing reaches from the entry points.
        Command(
            (*ld, "-X", "--gc-sections", *entries, "-T", str(lds), "-o", "reached.o", *map(str, linked)), directory
        ),
        # Drops the undefined symbols that only the dropped sections named.
        Command((*ld, "-o", "rust.o", "reached.o"), directory),
        # Renames symbols. Not before the second link: ld keeps all undefined symbols of a file that objcopy wrote.
        *([Command((target.kbuild.binutil("objcopy"), *rename_args, "rust.o"), directory)] if rename_args else []),
        # Adds the C code. Not in the first link: nothing reaches the tables of C code, so ld would drop them.
        Command((*ld, "-o", str(prelinked), "rust.o", *map(str, c), str(archive)), directory),
        # Is Kbuild's own link of a module's objects (cmd_ld_multi_m): without it the order of symbols would differ.
        Command((*ld, "-o", str(object_file), str(prelinked)), directory),
    ]
    if target.kbuild.objtool:
        commands.append(objtool_command(target, object_file, "--link"))
    return Step(
        name="LD",
        unit=f"{manifest.name}.o",
        commands=tuple(commands),
        outputs=(object_file, prelinked),
        inputs=(*rust, *c, *rename_files),
        tracked=(lds, *(process_files("link.c_and_rust") if c else ())),
        written_files=check_files,
        views=(View(MEMBERS, (archive,), (directory / "rust.o", *c)),),
        order_only=(archive,),
        tools=(target.toolchain.cc.digest,),
        hints=(DUPLICATE_SYMBOL_HINT,),
    )


def c_and_rust_check(
    target: BuildTarget, manifest: Manifest, crate: Path, c: Sequence[Path], roots: Path | None = None
) -> tuple[tuple[Command, ...], tuple[tuple[Path, str], ...]]:
    """The command that compares a module's crate with its C objects `c` (c_and_rust.py), and the files to write for it.

    `roots` is the linker script that the command is to write for the link that drops unused Rust code, or None.
    """
    request_file = module_object(target, manifest).with_name("mixed.json")
    tools = {name: target.kbuild.binutil(name) for name in ("nm", "readelf")}
    request = {**tools, "crate": str(crate), "c": [*map(str, c)], "roots": str(roots) if roots else ""}
    if roots:
        request["renames"] = [str(path) for path in renames_files(target, manifest)]
    command = Command(process_args(target.system.python, "link.c_and_rust", request_file), request_file.parent)
    return (command,), ((request_file, json.dumps(request, indent=1)),)


def prelinked_object(target: BuildTarget, manifest: Manifest) -> Path:
    """The object of a Rust module before Kbuild's own link of a module's objects (`rust_link_step`)."""
    return module_dir(target, manifest) / "link/whole.o"
