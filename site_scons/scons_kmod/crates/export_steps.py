# SPDX-License-Identifier: MIT
"""Modules whose crates other modules use: the steps that export a crate's symbols, and what users have of them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.base.directories import elftools_directory
from scons_kmod.base.library_process import process_args, process_files
from scons_kmod.c.written_sources import head, statement
from scons_kmod.crates.local_outputs import linked_crate_objects
from scons_kmod.engine.step import Command, Step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import crate_object, crate_source, crcs_file, renames_file


def export_steps(target: BuildTarget, manifest: Manifest, crates: Iterable[Step]) -> list[Step]:
    """What finds out a crate's symbols. `crates` are the steps that make the objects of it and of what it is linked
    with.
    """
    if not manifest.exports.crate:
        return []
    wanted = [crate_object(target, manifest), *linked_crate_objects(target, manifest)]
    makers = {path: step for step in crates for path in step.outputs}
    versions = target.tree.enabled("CONFIG_MODVERSIONS")
    debug = [with_debug(target, manifest, path, makers[path]) for path in wanted] if versions else []
    return [*debug, symbols_step(target, manifest, wanted, [step.outputs[0] for step in debug])]


def with_debug(target: BuildTarget, manifest: Manifest, made: Path, step: Step) -> Step:
    """The step that makes the object of a crate, as one that makes it with debug information."""
    place = crate_source(target, manifest).with_name(f"{made.stem}.debug.o")
    emit = f"--emit=obj={place},dep-info={place}.d"
    commands = []
    for command in step.commands:
        words = [emit if word.startswith("--emit=") else word for word in command.argv]
        if emit in words:
            # Not where the same crate may be compiled at the same time: both have files of one name there.
            argv = (*words, "-Cdebuginfo=2", f"--out-dir={place.parent}")
            commands.append(dataclasses.replace(command, argv=argv))
    name = f"{manifest.name}/{place.name}"
    return dataclasses.replace(
        step, unit=name, commands=tuple(commands), outputs=(place,), depfiles=(Path(f"{place}.d"),)
    )


def symbols_step(target: BuildTarget, manifest: Manifest, objects: list[Path], debug: list[Path]) -> Step:
    """The C source that exports what the objects define (export_crate.py)."""
    made = crate_source(target, manifest)
    request = made.with_name("request.json")
    asked = {
        "nm": target.kbuild.binutil("nm"),
        "objects": [*map(str, objects)],
        "debug": [*map(str, debug)],
        "elftools": str(elftools_directory().parent),
        "crate": manifest.crate,
        "head": head(manifest.exports),
        "statement": statement(manifest.exports),
        "source": str(made),
        "renames": str(renames_file(target, manifest)),
        "crcs": str(crcs_file(target, manifest)),
    }
    return Step(
        name="EXPORTS",
        unit=manifest.name,
        commands=(Command(process_args(target.system.python, "crates.export_symbols", request), request.parent),),
        outputs=(made, renames_file(target, manifest), crcs_file(target, manifest)),
        inputs=(*objects, *debug),
        tracked=process_files("crates.export_symbols", "crates.dwarf_types"),
        written_files=((request, json.dumps(asked, indent=1)),),
        tools=(target.toolchain.cc.digest,),
    )
