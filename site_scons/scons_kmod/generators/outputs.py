# SPDX-License-Identifier: MIT
"""What generators write: how a module's crates find it, and the removal of what no generator writes any more."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from scons_kmod.engine.step import Command, Step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import generated_dir, generated_files, module_dir


def with_generated_sources(target: BuildTarget, manifest: Manifest, step: Step) -> Step:
    """The rustc step of one of a module's crates, so that the crate can read what the module's generators write.

    The variable GENERATED is their directory: ``include!(concat!(env!("GENERATED"), "/table.rs"))``. No path of this
    machine gets into the crate by it. A library belongs to no module: its step stays as it is.
    """
    if not manifest.generators or not step.outputs[0].is_relative_to(module_dir(target, manifest)):
        return step
    directory = generated_dir(target, manifest)
    prefix = f"--remap-path-prefix={directory}=modules/{manifest.name}/generated"

    def with_variable(command: Command) -> Command:
        rustc, *args = command.argv
        if rustc != target.toolchain.rustc.path:
            return command
        env = (*command.env, ("GENERATED", str(directory)))
        return dataclasses.replace(command, argv=(rustc, prefix, *args), env=env)

    commands = tuple(map(with_variable, step.commands))
    order_only = (*step.order_only, *generated_files(target, manifest))
    return dataclasses.replace(step, commands=commands, order_only=order_only)


def remove_stale_outputs(target: BuildTarget, manifest: Manifest) -> None:
    """Remove the files that the module's generators wrote for an earlier manifest: no compiler may find them."""
    if manifest.generators:
        known = {*generated_files(target, manifest)}
        for path in generated_dir(target, manifest).rglob("*"):
            if path not in known and not is_real_directory(path):
                path.unlink()


def is_real_directory(path: Path) -> bool:
    """Whether a path is a directory, and not a symbolic link to one."""
    return path.is_dir() and not path.is_symlink()
