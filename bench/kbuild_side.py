# SPDX-License-Identifier: MIT
"""The same modules as a directory for ``make M=``. Run as a program: kbuild_side.py CHECKOUT TREE MODULES WORK

A kernel that was built without Rust has no rules for it. The rules written here follow the kernel's rust/Makefile.
Their commands are those of the steps in scons-kmod's graph, with outputs below WORK. Kbuild decides when they run, by
its own if_changed and if_changed_dep. What Kbuild does for a C module, it does here too: it links the module's objects,
runs objtool and modpost, and makes the .mod.c and the .ko.

CHECKOUT has been built: core, compiler_builtins and alloc are taken from there.
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
from scons_kmod.bindings.bindgen import fingerprint_file
from scons_kmod.bindings.parts import SHARED
from scons_kmod.c import helpers
from scons_kmod.engine.cached_step import CachedStep
from scons_kmod.engine.step import Command, Step
from scons_kmod.link import rust_object
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.project import find_project
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.open_target import chosen_kernels, open_target
from scons_kmod.target.settings import read_settings
from site_tools.kmod import builders

# The last object before Kbuild's own link of a module's objects.
LINKED = "whole.o"


class Collector:
    """Stands in for SCons's environment and for its session. `steps` are the steps that the tool adds, in order."""

    def __init__(self, target: BuildTarget, manifests: list[Manifest]) -> None:
        self.buildable = {target.name: manifests}
        self.shared_steps: dict[tuple[str, str], list[Step]] = {}
        self.steps: list[Step] = []

    def __getitem__(self, name: str) -> Collector:
        return self

    def add_generators(self, _env: Any, _target: BuildTarget, _manifest: Manifest) -> None:
        """Does nothing: the modules have no generators."""

    def add(self, _env: Any, _target: str, step: Step) -> Step:
        """Keep a step."""
        self.steps.append(step)
        return step


def rust_steps(target: BuildTarget, manifests: list[Manifest]) -> list[Step]:
    """The steps that become rules.

    The library crates, and the list of declarations that the bindings need, are taken from CHECKOUT's build.
    """
    env = Collector(target, manifests)
    for manifest in manifests:
        if not manifest.c.sources:
            builders.add_crates(env, target, manifest)
            builders.add_shared(env, target, "helpers", builders.helper_archive_steps)
            env.add(env, target.name, link_without_kbuilds_part(rust_object.bundled_object_step(target, manifest)))
    omitted = (str(fingerprint_file(target)), *map(str, helpers.helpers_header_step(target).outputs))
    steps = [step for step in env.steps if step.key not in omitted and not isinstance(step, CachedStep)]
    return [kbuild_step(target, step) for step in steps]


def kbuild_step(target: BuildTarget, step: Step) -> Step:
    """A step as Kbuild would run it.

    A helper has no precompiled headers, bindgen has a depfile, and rustc compiles nothing incrementally.
    """
    if step.name == "BINDGEN":
        return with_depfile(step)
    if step.compiler_state:
        return step.from_nothing()
    return helpers.project_c_step(target, step.tracked[0], step.outputs[0]) if step.order_only else step


def with_depfile(step: Step) -> Step:
    """The step of bindgen with a depfile for Kbuild: a list of the headers that bindgen read."""
    depfile = step.outputs[0].with_name(f".{step.outputs[0].name}.d")
    files = []
    for path, text in step.written_files:
        if path.suffix == ".json":
            request = json.loads(text)
            text = json.dumps({**request, "bindgen": [*request["bindgen"], f"--depfile={depfile}"]}, indent=1)
        files.append((path, text))
    return dataclasses.replace(step, written_files=tuple(files), depfiles=(depfile,))


def link_without_kbuilds_part(step: Step) -> Step:
    """A module's link up to Kbuild's own part: Kbuild links the module's objects, and runs objtool.

    Kbuild knows no members of an archive, so the link depends on the whole archive.
    """
    names = [Path(command.argv[command.argv.index("-o") + 1]).name for command in step.commands if "-o" in command.argv]
    count = names.index(LINKED) + 1
    return dataclasses.replace(
        step,
        commands=step.commands[:count],
        outputs=(step.outputs[0].with_name(LINKED),),
        inputs=(*step.inputs, *step.order_only),
        order_only=(),
        views=(),
    )


def kbuild_file(target: BuildTarget, manifests: list[Manifest]) -> str:
    """The text of WORK/Kbuild."""
    lines = []
    for manifest in manifests:
        lines.append(f"obj-m += {manifest.name}.o")
        parts = [f"{source.stem}.o" for source in manifest.c.sources] or [f"modules/{manifest.name}/link/{LINKED}"]
        if parts != [f"{manifest.name}.o"]:
            lines.append(f"{manifest.name}-y := {' '.join(parts)}")
    steps = rust_steps(target, manifests)
    step_keys = {str(path): step.key for step in steps for path in step.outputs}
    return "\n".join([*lines, *(rule(target, step, step_keys) for step in steps), ""])


def rule(target: BuildTarget, step: Step, step_keys: dict[str, str]) -> str:
    """A step as a rule of Kbuild. `step_keys` has the key of the step that makes each output."""
    name = re.sub(r"\W+", "_", f"{step.name}_{step.unit}")
    inputs = [step_keys[path] for path in map(str, step.inputs) if path in step_keys]
    before = " ".join(dict.fromkeys([*map(str, step.tracked), *inputs]))
    text = "; ".join(map(shell_text, step.commands)).replace("$", "$$").replace("#", "$(pound)")
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


def shell_text(command: Command) -> str:
    """A command for the shell. All paths become absolute, because Kbuild's commands run in the kernel tree."""
    argv = [str(command.cwd / arg) if re.fullmatch(r"[\w.-]+\.o", arg) else arg for arg in command.argv]
    return " ".join([*(f"{name}={shlex.quote(value)}" for name, value in command.env), shlex.join(argv)])


def lay_out(target: BuildTarget, manifests: list[Manifest], work: Path) -> None:
    """Write WORK: Kbuild, the C sources, and the files that no rule makes."""
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
        shutil.copy2(target.cfg_file, work / target.cfg_file.relative_to(target.build))
        fingerprint = fingerprint_file(target)
        (work / fingerprint.relative_to(target.build)).write_text(whole_fingerprint(fingerprint.read_text()))
        (work / "crates/library").symlink_to(target.build / "crates/library")


def whole_fingerprint(text: str) -> str:
    """A fingerprint for one crate `kernel`: no wrapper has a part of the bindings."""
    fingerprint = json.loads(text)
    names = {name for names in fingerprint["named"].values() for name in names}
    return json.dumps(fingerprint | {"named": {SHARED: sorted(names)}}, indent=1)


def main(checkout: Path, tree: Path, modules: Path, work: Path) -> None:
    """Lay out WORK for the modules and the tree."""
    settings = read_settings({"KDIR": str(tree)})
    (chosen,) = chosen_kernels(settings, checkout / "targets")
    target = open_target(chosen, settings, checkout / "build", checkout, RunLog)
    # The kernel has one crate `kernel`.
    target = dataclasses.replace(target, whole_kernel_crate=True)
    lay_out(target, find_project([modules]).modules, work)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
