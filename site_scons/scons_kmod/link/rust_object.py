# SPDX-License-Identifier: MIT
"""The link of a module's Rust crates, and of the C code that they need, to one object."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.base.library_process import process_args, process_files
from scons_kmod.c.compiler import (
    objtool_command,
)
from scons_kmod.c.helpers import helpers_archive, layout_object
from scons_kmod.crates.local_outputs import linked_crate_objects
from scons_kmod.crates.support_outputs import LIBRARY_CRATES, library_stamp, support_object
from scons_kmod.engine.step import Command, Step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import (
    crate_object,
    module_dir,
    module_object,
    renames,
)

# What ld says of two parts with one symbol (bfd's ldmain.c), and what to do about it.
DUPLICATE_SYMBOL_HINT = (
    r"([^/\s]+)\.o:(?: in function [^\n]*\n)?[^\n]*multiple definition of `([^']+)'; [^\n]*?([^/\n]+)\.o:",
    r"\1 and \3 both define \2: rename it in one of them, or leave out #[no_mangle]",
)


def bundled_object_step(target: BuildTarget, manifest: Manifest, c: Sequence[Path] = ()) -> Step:
    """Link a module's crate with the support crates, the module's C objects and the C helpers, and let objtool check
    and rewrite the whole.

    Four links, each for what the linker does in no other way: the first drops what nothing reaches, the second the
    undefined symbols that only the dropped code named, the third adds C, whose tables the first would drop.
    The last is Kbuild's own link of a module's objects (cmd_ld_multi_m); without it the symbols' order would differ.
    """
    crate = crate_object(target, manifest)
    own = [support_object(target, name) for name in ("kernel", "bindings")]
    library = [support_object(target, name) for name in LIBRARY_CRATES]
    ours = linked_crate_objects(target, manifest)
    rust = [crate, *ours, *own, *library]
    step = rust_link_step(target, manifest, rust, helpers_archive(target), "rust/module.lds", c=c)
    others = (*c, *renames(target, manifest), library_stamp(target), helpers_archive(target), layout_object(target))
    inputs = (crate, *ours, *own, *others)
    return dataclasses.replace(step, inputs=inputs)


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
    """Link Rust objects, of which what nothing reaches is dropped, with C objects and what they need of an archive.

    `roots` are symbols that the archive's objects reach, besides the module's entry points. `renamed` are symbols that
    have another name to Rust than to the archive.
    """
    made = module_object(target, manifest)
    directory = made.parent
    whole = unordered_object(target, manifest)
    lds = target.sources / script
    entries = [word for root in ("init_module", "cleanup_module", *roots) for word in ("-u", root)]
    ld = target.kbuild.ld
    names = [f"--redefine-sym={old}={new}" for old, new in renamed]
    renaming = renames(target, manifest)
    names += [f"--redefine-syms={path}" for path in renaming]
    kept = directory / "roots.lds"
    check, files = c_and_rust_check(target, manifest, rust[0], c, kept) if c else ((), ())
    inputs = tuple(rust)
    rust = [*rust, kept] if c else rust
    commands = [
        *check,
        Command((*ld, "-X", "--gc-sections", *entries, "-T", str(lds), "-o", "reached.o", *map(str, rust)), directory),
        Command((*ld, "-o", "rust.o", "reached.o"), directory),
        # Not before: what objcopy writes, ld takes for needed.
        *([Command((target.kbuild.binutil("objcopy"), *names, "rust.o"), directory)] if names else []),
        Command((*ld, "-o", str(whole), "rust.o", *map(str, c), str(archive)), directory),
        Command((*ld, "-o", str(made), str(whole)), directory),
    ]
    if target.kbuild.objtool:
        commands.append(objtool_command(target, made, "--link"))
    return Step(
        name="LD",
        unit=f"{manifest.name}.o",
        commands=tuple(commands),
        outputs=(made, whole),
        inputs=(*inputs, *c, *renaming, archive),
        tracked=(lds, *(process_files("link.c_and_rust") if c else ())),
        written_files=files,
        tools=(target.toolchain.cc.digest,),
        hints=(DUPLICATE_SYMBOL_HINT,),
    )


def c_and_rust_check(
    target: BuildTarget, manifest: Manifest, crate: Path, c: Sequence[Path], roots: Path | None = None
) -> tuple[tuple[Command, ...], tuple[tuple[Path, str], ...]]:
    """The command that compares a module's crate and its C objects before they are linked, and the request for it.

    c_and_rust.py is what runs.

    `roots` is where to write the linker script that keeps of the crates what C calls.
    """
    request = module_object(target, manifest).with_name("mixed.json")
    tools = {name: target.kbuild.binutil(name) for name in ("nm", "readelf")}
    asked = {**tools, "crate": str(crate), "c": [*map(str, c)], "roots": str(roots) if roots else ""}
    if roots:
        asked["renames"] = [str(path) for path in renames(target, manifest)]
    command = Command(process_args(target.system.python, "link.c_and_rust", request), request.parent)
    return (command,), ((request, json.dumps(asked, indent=1)),)


def unordered_object(target: BuildTarget, manifest: Manifest) -> Path:
    """A Rust module's object before Kbuild's own link of a module's objects."""
    return module_dir(target, manifest) / "link/whole.o"
