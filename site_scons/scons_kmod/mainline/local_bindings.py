# SPDX-License-Identifier: MIT
"""The steps of a module's local bindings, for the mainline API.

bindgen reads the own headers with the args and flags that the kernel's own bindings were written with.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from scons_kmod.base.errors import MachineError
from scons_kmod.bindings.local_paths import local_bindings_crate, local_bindings_object
from scons_kmod.crates.local_bindings import (
    HeaderReading,
    bindings_crate_root,
    bindings_emit,
    bindings_env,
    local_bindgen_step,
    local_layout_step,
    with_bindings_files,
)
from scons_kmod.crates.rustc_command import NO_LINTS, build_path_remap
from scons_kmod.engine.step import Step
from scons_kmod.kernel.cmd_file import parse_commands, read_cmd_file
from scons_kmod.mainline.mainline import BINDINGS, Mainline
from scons_kmod.mainline.module_steps import mainline_code_step
from scons_kmod.manifest.manifest import Manifest

# Args of the kernel's bindgen that are dropped: they need more code around bindgen's output, or turn layout checks off.
DROPPED_ARGS = ("--with-derive-custom", "--with-attribute-custom", "--no-layout-tests")
# Flags for libclang that are dropped: they are about the kernel's own bindings file.
DROPPED_FLAGS = ("-DKBUILD_", "-D__KBUILD_", "-Wp,-MMD,")


def mainline_bindings_steps(crates: Mainline, manifest: Manifest) -> list[Step]:
    """The steps of the local bindings of a module written to the mainline API; none if it has no own headers.

    Raises `MachineError` as `kernel_bindgen_args` does.
    """
    if not manifest.bindings.own_headers:
        return []
    target, reading = crates.target, mainline_header_reading(crates)
    crate_step = mainline_bindings_crate_step(crates, manifest)
    return [local_bindgen_step(target, manifest, reading), local_layout_step(target, manifest), crate_step]


def mainline_header_reading(crates: Mainline) -> HeaderReading:
    """How bindgen reads headers for the mainline API. Raises `MachineError` as `kernel_bindgen_args` does."""
    _, *args = kernel_bindgen_args(crates)
    separator = args.index("--")
    flags = [flag for flag in args[separator + 1 :] if not flag.startswith(DROPPED_FLAGS)]
    added_flags = ("-w", "-Wno-builtin-macro-redefined", "-D__LINE__=0")
    kept_args = tuple(kept_bindgen_args(args[:separator]))
    return HeaderReading(kept_args, (*flags, *added_flags), crates.plan.objtree, crates.path(BINDINGS))


def kernel_bindgen_args(crates: Mainline) -> Sequence[str]:
    """The args with which the kernel's own bindings were written: a header, bindgen's args, ``--``, flags for libclang.

    Raises `MachineError` if neither the plan nor a ``.cmd`` file in the kernel tree has them.
    """
    if rule := crates.rules.get(BINDINGS):
        return rule.commands[0].programs[0][1:]
    bindings = crates.path(BINDINGS)
    cmd_file = bindings.with_name(f".{bindings.name}.cmd")
    if not cmd_file.is_file():
        raise MachineError(
            "this kernel tree has the kernel's crates, but not the command that wrote their bindings",
            where=str(cmd_file),
            fix="name the directory in which the kernel was built: KDIR=/path",
        )
    return next(parse_commands(read_cmd_file(cmd_file)[1])).programs[0][1:]


def kept_bindgen_args(args: Sequence[str]) -> Iterator[str]:
    """bindgen's args without the output and without `DROPPED_ARGS`. An option goes with the values after it."""
    options: list[list[str]] = []
    for arg in args:
        if arg.startswith("-"):
            options.append([arg])
        else:
            options[-1].append(arg)
    for option in options:
        if option[0] != "-o" and not option[0].startswith(DROPPED_ARGS):
            yield from option


def mainline_bindings_crate_step(crates: Mainline, manifest: Manifest) -> Step:
    """Compile the local bindings of a module written to the mainline API."""
    target = crates.target
    (object_file,) = local_bindings_object(target, manifest)
    args = (
        *(f"--crate-name={local_bindings_crate(manifest)}", "--extern=bindings", "--extern=ffi", NO_LINTS),
        *(f"--remap-path-prefix={target.sources}/=", build_path_remap(target)),
        f"--emit={','.join(bindings_emit(target, manifest))},dep-info={object_file}.d",
    )
    step = mainline_code_step(
        crates, bindings_crate_root(target), object_file, args, "", bindings_env(target, manifest), is_part=True
    )
    return with_bindings_files(target, manifest, dataclasses.replace(step, unit=local_bindings_crate(manifest)))
