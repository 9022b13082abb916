# SPDX-License-Identifier: MIT
"""Steps of the library as nodes of SCons's graph: when a step runs, and why."""

from __future__ import annotations

import shlex
import sys
import threading
from pathlib import Path
from typing import Any

import SCons.Action
import SCons.Builder
from SCons.Node import Node

from scons_kmod.errors import KmodError
from scons_kmod.file_state import FileSet, Look
from scons_kmod.run_log import RunLog
from scons_kmod.step import Command, Step

NEVER_MADE = "it was never made"
Env = Any  # SCons's environments are made at run time; they have no useful static type.


class Graph:
    """All steps of this run, what has been executed of them, and why SCons found each out of date."""

    def __init__(self, build: Path, *, verbose: bool) -> None:
        self.build = build
        self.verbose = verbose
        self.steps: dict[str, Step] = {}
        self.made: list[Path] = []
        self.reasons: dict[str, list[str]] = {}
        self.read: dict[str, list[str]] = {}
        self.look = Look()
        self.announced = 0
        self._lock = threading.Lock()
        self.builder = SCons.Builder.Builder(action=SCons.Action.Action(self.execute, self.announce))

    def add(self, env: Env, step: Step, log: RunLog) -> list[Node]:
        """Make the step a node of the graph, once, and return its outputs.

        It depends on the outputs of other steps by content; on its own command lines and tools; and on the files that
        it was seen to read when it last ran.
        """
        key = str(step.outputs[0])
        if key in self.steps:
            return [env.File(str(path)) for path in step.outputs]
        self.steps[key] = step
        nodes = self.builder(
            env,
            [env.File(str(path)) for path in (*step.outputs, step.record)],
            [env.File(str(path)) for path in step.inputs],
            KMOD_STEP=step,
            KMOD_LOG=log,
        )
        signature = env.Value(step.signature(), name=f"command of {key}")
        signature.Decider(self.signature_changed)
        record = env.Value(str(step.record), name=f"files read for {key}")
        record.Decider(self.files_changed)
        env.Depends(nodes, [signature, record])
        return nodes[: len(step.outputs)]

    def signature_changed(self, dependency: Node, target: Node, previous: Any, repo: Any = None) -> bool:
        """SCons's decider for a step's command lines and tools."""
        known = getattr(previous, "csig", None)
        why = "its command or its tools changed" if known else NEVER_MADE
        return self.noted(known != dependency.get_csig(), target, why)

    def files_changed(self, dependency: Node, target: Node, previous: Any, repo: Any = None) -> bool:
        """SCons's decider for the files that a step was seen to read."""
        name = dependency.value
        if name not in self.read:
            record = FileSet.load(Path(name))
            self.read[name] = (
                [f"{path} changed" for path in record.changed(self.look)] if record else ["its record is gone"]
            )
        return self.noted(bool(self.read[name]), target, ", ".join(self.read[name][:3]))

    def content_changed(self, dependency: Node, target: Node, previous: Any, repo: Any = None) -> bool:
        """SCons's decider for the outputs of other steps: by content, whatever their time."""
        return self.noted(dependency.changed_content(target, previous, repo), target, f"{dependency} changed")

    def noted(self, changed: bool, target: Node, why: str) -> bool:
        """Remember the reason if there is one."""
        if changed:
            reasons = self.reasons.setdefault(str(target), [])
            if why not in reasons:
                reasons.append(why)
        return changed

    def why(self, step: Step) -> str:
        """Why SCons runs the step, in words."""
        names = {relative(path) for path in (*step.outputs, step.record)}
        reasons = [reason for name in names for reason in self.reasons.get(name, [])]
        if NEVER_MADE in reasons:
            return NEVER_MADE
        return "; ".join(dict.fromkeys(reasons)) or "an output was missing or damaged"

    def announce(self, target: list[Node], source: list[Node], env: Env) -> str:
        """What is printed when a step starts: Kbuild's short line, or with V=1 the commands."""
        step: Step = env["KMOD_STEP"]
        if self.verbose:
            return "\n".join(spelled(command) for command in step.commands)
        return self.progress() + f"  {step.name:<8}{step.unit}"

    def progress(self) -> str:
        """How many of the steps that may have to run have been started; on a terminal only."""
        with self._lock:
            self.announced += 1
            return f"[{self.announced:>3}/{len(self.steps)}]" if sys.stdout.isatty() else ""

    def execute(self, target: list[Node], source: list[Node], env: Env) -> int:
        """SCons's action: run the step. A failure is shown with its command and the tool's own output."""
        step: Step = env["KMOD_STEP"]
        try:
            step.run(env["KMOD_LOG"], why=self.why(step), color=sys.stderr.isatty(), show=show)
        except KmodError as error:
            show(error.shown())
            return 1
        with self._lock:
            self.made += [*step.outputs, step.record]
        return 0


def show(text: str) -> None:
    """Print a tool's output, or an error, in one piece."""
    sys.stderr.write(text.rstrip("\n") + "\n")
    sys.stderr.flush()


def spelled(command: Command) -> str:
    """A command as it can be pasted into a shell."""
    settings = "".join(f"{name}={shlex.quote(value)} " for name, value in command.env)
    return f"cd {shlex.quote(str(command.cwd))} && {settings}{shlex.join(command.argv)}"


def relative(path: Path) -> str:
    """The path as SCons names the node: from the top directory if it lies in it."""
    top = Path.cwd()
    return str(path.relative_to(top)) if path.is_relative_to(top) else str(path)
