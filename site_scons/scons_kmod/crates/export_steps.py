# SPDX-License-Identifier: MIT
"""The steps of exported crates: they write the C source that exports the symbols of a module's crate."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.base.directories import elftools_directory
from scons_kmod.base.library_process import process_args, process_files
from scons_kmod.c.written_sources import export_line_format, exports_preamble
from scons_kmod.crates.local_outputs import linked_crate_objects
from scons_kmod.engine.step import Command, Step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import crate_object, crcs_file, exports_source, renames_file


def export_steps(target: BuildTarget, manifest: Manifest, crates: Iterable[Step]) -> list[Step]:
    """The steps that export the crate of a module and the crates that are linked into it; none if it is not exported.

    `crates` are the steps that compile these crates. If the kernel has symbol versions, each crate is compiled a second
    time, with debug information: the versions are computed from it (export_symbols.py).
    """
    if not manifest.exports.crate:
        return []
    objects = [crate_object(target, manifest), *linked_crate_objects(target, manifest)]
    compile_steps = {path: step for step in crates for path in step.outputs}
    versions = target.tree.enabled("CONFIG_MODVERSIONS")
    debug = [debug_step(target, manifest, path, compile_steps[path]) for path in objects] if versions else []
    return [*debug, export_symbols_step(target, manifest, objects, [step.outputs[0] for step in debug])]


def debug_step(target: BuildTarget, manifest: Manifest, object_file: Path, step: Step) -> Step:
    """The step that compiles a crate to `object_file`, changed so that it emits an object with debug information."""
    debug_object = exports_source(target, manifest).with_name(f"{object_file.stem}.debug.o")
    emit = f"--emit=obj={debug_object},dep-info={debug_object}.d"
    commands = []
    for command in step.commands:
        args = [emit if arg.startswith("--emit=") else arg for arg in command.argv]
        if emit in args:
            # The other step of this crate may run at the same time, and its temporary files have the same names. So
            # this one has another directory for them.
            argv = (*args, "-Cdebuginfo=2", f"--out-dir={debug_object.parent}")
            commands.append(dataclasses.replace(command, argv=argv))
    name = f"{manifest.name}/{debug_object.name}"
    return dataclasses.replace(
        step, unit=name, commands=tuple(commands), outputs=(debug_object,), depfiles=(Path(f"{debug_object}.d"),)
    )


def export_symbols_step(target: BuildTarget, manifest: Manifest, objects: list[Path], debug: list[Path]) -> Step:
    """Write the C source that exports what the objects define (export_symbols.py).

    `debug` are the objects of the same crates with debug information, empty if the kernel has no symbol versions.
    """
    source = exports_source(target, manifest)
    request_file = source.with_name("request.json")
    request = {
        "nm": target.kbuild.binutil("nm"),
        "objects": [*map(str, objects)],
        "debug": [*map(str, debug)],
        "elftools": str(elftools_directory().parent),
        "crate": manifest.crate,
        "head": exports_preamble(manifest.exports),
        "statement": export_line_format(manifest.exports),
        "source": str(source),
        "renames": str(renames_file(target, manifest)),
        "crcs": str(crcs_file(target, manifest)),
    }
    return Step(
        name="EXPORTS",
        unit=manifest.name,
        commands=(
            Command(process_args(target.system.python, "crates.export_symbols", request_file), request_file.parent),
        ),
        outputs=(source, renames_file(target, manifest), crcs_file(target, manifest)),
        inputs=(*objects, *debug),
        tracked=process_files("crates.export_symbols", "crates.dwarf_types"),
        written_files=((request_file, json.dumps(request, indent=1)),),
        tools=(target.toolchain.cc.digest,),
    )
