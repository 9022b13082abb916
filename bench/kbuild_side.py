# SPDX-License-Identifier: MIT
"""The same modules as a directory for ``make M=``. Run as a program: kbuild_side.py CHECKOUT TREE MODULES WORK

A kernel that was built without Rust has no rules for it. Those written here follow the kernel's rust/Makefile, with the
very commands that our own graph has for a step, made to write below WORK. Kbuild decides when they run, by its own
if_changed and if_changed_dep; and what it can do for a module of C it does here too: the link of a module's objects,
objtool, modpost, the .mod.c and the .ko.

CHECKOUT is built already: core, compiler_builtins and alloc are taken from there.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from scons_kmod.base.run_log import RunLog
from scons_kmod.bindings.bindgen import bindings_file, fingerprint_file
from scons_kmod.c import helpers
from scons_kmod.engine.cached_step import CachedStep
from scons_kmod.engine.step import Command, Step
from scons_kmod.link import rust_object
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.project import find_project
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.open_target import choose_targets, open_target
from scons_kmod.target.settings import read_settings
from site_tools import kmod

# The last object before Kbuild's own link of a module's objects.
LINKED = "whole.o"


class Collector:
    """Stands for SCons's environment and for the session in it: keeps the steps that the tool adds, in their order."""

    def __init__(self, manifests: list[Manifest]) -> None:
        self.manifests = manifests
        self.shared: dict[tuple[str, str], list[Step]] = {}
        self.steps: list[Step] = []

    def __getitem__(self, name: str) -> Collector:
        return self

    def File(self, path: str) -> str:  # noqa: N802 - as SCons has it
        """A node of SCons's; here it is the path."""
        return path

    def served(self, _target: BuildTarget) -> list[Manifest]:
        """All modules."""
        return self.manifests

    def add_generators(self, _env: Any, _target: BuildTarget, _manifest: Manifest) -> None:
        """None of the modules has any."""

    def add(self, _env: Any, _target: str, step: Step) -> Step:
        """Keep a step."""
        self.steps.append(step)
        return step


def rust_steps(target: BuildTarget, manifests: list[Manifest]) -> list[Step]:
    """The steps for which there must be rules.

    Kbuild is given which declarations the bindings need, as it was in CHECKOUT's build, and the library crates.
    """
    env = Collector(manifests)
    for manifest in manifests:
        if not manifest.c.sources:
            kmod.add_crates(env, target, manifest)
            kmod.shared(env, target, "helpers", kmod.helper_steps)
            env.add(env, target.name, until_linked(rust_object.bundled_object_step(target, manifest)))
    given = str(fingerprint_file(target))
    ours = (given, *map(str, helpers.helper_headers_step(target).outputs))
    steps = [step for step in env.steps if step.key not in ours and not isinstance(step, CachedStep)]
    return [as_kbuild_has_it(target, step) for step in steps]


def as_kbuild_has_it(target: BuildTarget, step: Step) -> Step:
    """A step without what is ours alone: a helper's headers are not precompiled, bindgen says what it has read."""
    if bindings_file(target) in step.outputs:
        return with_depfile(step)
    return helpers.c_step(target, step.tracked[0], step.outputs[0]) if step.order_only else step


def with_depfile(step: Step) -> Step:
    """bindgen, with a file for Kbuild that says which headers it has read."""
    depfile = step.outputs[0].with_name(f".{step.outputs[0].name}.d")
    files = []
    for path, text in step.written_files:
        if path.suffix == ".json":
            asked = json.loads(text)
            text = json.dumps({**asked, "bindgen": [*asked["bindgen"], f"--depfile={depfile}"]}, indent=1)
        files.append((path, text))
    return dataclasses.replace(step, files=tuple(files), depfiles=(depfile,))


def until_linked(step: Step) -> Step:
    """A module's link without the last part, which Kbuild has: its own link of a module's objects, and objtool."""
    names = [Path(command.argv[command.argv.index("-o") + 1]).name for command in step.commands if "-o" in command.argv]
    at = names.index(LINKED)
    made = step.outputs[0].with_name(LINKED)
    return dataclasses.replace(step, commands=step.commands[: at + 1], outputs=(made,))


def kbuild_file(target: BuildTarget, manifests: list[Manifest]) -> str:
    """The text of WORK/Kbuild."""
    lines = []
    for manifest in manifests:
        lines.append(f"obj-m += {manifest.name}.o")
        parts = [f"{source.stem}.o" for source in manifest.c.sources] or [f"modules/{manifest.name}/link/{LINKED}"]
        if parts != [f"{manifest.name}.o"]:
            lines.append(f"{manifest.name}-y := {' '.join(parts)}")
    steps = rust_steps(target, manifests)
    made_by = {str(path): step.key for step in steps for path in step.outputs}
    return "\n".join([*lines, *(rule(target, step, made_by) for step in steps), ""])


def rule(target: BuildTarget, step: Step, made_by: dict[str, str]) -> str:
    """A step as a rule of Kbuild's; `made_by` has the output that stands for each."""
    name = re.sub(r"\W+", "_", f"{step.name}_{step.unit}")
    inputs = [made_by[path] for path in map(str, step.inputs) if path in made_by]
    before = " ".join(dict.fromkeys([*map(str, step.tracked), *inputs]))
    text = "; ".join(map(spelled, step.commands)).replace("$", "$$").replace("#", "$(pound)")
    for depfile in step.depfiles:
        text = text.replace(str(depfile), "$(depfile)")
    rules = (
        f"\ntargets += {Path(step.key).relative_to(target.build)}",
        f"quiet_cmd_{name} = {step.name:<7} {step.unit}",
        f"      cmd_{name} = {text}",
        f"{step.key}: {before} FORCE",
        f"\t+$(call {'if_changed_dep' if step.depfiles else 'if_changed'},{name})",
    )
    return "\n".join(rules).replace(str(target.build), "$(obj)")


def spelled(command: Command) -> str:
    """A command for the shell. All paths become absolute: Kbuild's commands run in the kernel tree."""
    words = [str(command.cwd / word) if re.fullmatch(r"[\w.-]+\.o", word) else word for word in command.argv]
    return " ".join([*(f"{name}={shlex.quote(value)}" for name, value in command.env), shlex.join(words)])


def lay_out(target: BuildTarget, manifests: list[Manifest], work: Path) -> None:
    """Write WORK: Kbuild, the C sources, and what the rules take as given."""
    work.mkdir(parents=True)
    (work / "Kbuild").write_text(kbuild_file(target, manifests))
    for manifest in manifests:
        for path in (*manifest.c.sources, *manifest.directory.glob("*.h")):
            shutil.copy2(path, work)
    steps = rust_steps(target, manifests)
    texts = {path: text for step in steps for path, text in step.written_files}
    for path in (*texts, *(path for step in steps for path in step.outputs)):
        (work / path.relative_to(target.build)).parent.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        (work / path.relative_to(target.build)).write_text(text.replace(str(target.build), str(work)))
    if steps:
        (work / "config").mkdir()
        for path in (target.cfg_file, fingerprint_file(target)):
            shutil.copy2(path, work / path.relative_to(target.build))
        (work / "crates/library").symlink_to(target.build / "crates/library")


def main(checkout: Path, tree: Path, modules: Path, work: Path) -> None:
    """Lay out WORK for the modules and the tree."""
    settings = read_settings({"KDIR": str(tree)})
    (chosen,) = choose_targets(settings, checkout / "targets")
    target = open_target(chosen, settings, checkout / "build", checkout, RunLog)
    lay_out(target, find_project([modules]).modules, work)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
