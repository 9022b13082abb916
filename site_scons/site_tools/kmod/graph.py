# SPDX-License-Identifier: MIT
"""Steps of the library as nodes of SCons's graph.

SCons says when a step's turn has come; whether it then has to run, its trace says (store.py). A step that is up to
date, and all of whose inputs are, can't have to run: it gets no node, only its outputs do, as plain files. So what a
build costs grows with what an edit may reach, not with all that there is.
"""

from __future__ import annotations

import shlex
import sys
import threading
from itertools import islice
from typing import Any

import SCons.Action
import SCons.Builder
from SCons.Node import Node

from scons_kmod.base.errors import KmodError
from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.prebuilt import Prebuilt
from scons_kmod.engine.step import Command, Step
from scons_kmod.engine.store import Store

# How many reasons are told.
MANY = 3
Env = Any  # SCons's environments are made at run time; they have no useful static type.


class Graph:
    """All steps of this run that may have to run, and why."""

    def __init__(self, *, verbose: bool, everything: bool) -> None:
        """`everything` gives each step a node, whether it is up to date or not: for ``scons -c``."""
        self.verbose = verbose
        self.everything = everything
        self.steps: dict[str, Step] = {}
        # The outputs of steps that may have to run.
        self.doubtful: set[str] = set()
        self.expected: dict[str, str] = {}
        self.announced = 0
        self._lock = threading.Lock()
        self.builder = SCons.Builder.Builder(action=SCons.Action.Action(self.execute, self.announce))

    def add(self, env: Env, step: Step, store: Store, log: RunLog, prebuilt: Prebuilt | None) -> None:
        """Make the step a node of the graph, once, if it may have to run. The steps that make its inputs come first.

        `prebuilt` is what a package brings for its target, if there is one.
        """
        if step.key in self.steps:
            return
        self.steps[step.key] = step
        inputs = [str(path) for path in step.inputs]
        reasons = list(islice(store.reasons(step), MANY))
        first = [*inputs, *map(str, step.order_only)]
        reasons += [f"{path} may change" for path in first if path in self.doubtful][: MANY - len(reasons)]
        if reasons:
            self.doubtful.update(map(str, step.outputs))
            self.expected[step.key] = ", ".join(reasons)
        elif not self.everything:
            return
        outputs = nodes(env, step)
        sources = [env.File(path) for path in first]
        self.builder(env, outputs, sources, KMOD_STEP=step, KMOD_STORE=store, KMOD_LOG=log, KMOD_PREBUILT=prebuilt)
        # Old outputs are the store's business; and the action itself finds out whether there is anything to do.
        env.Precious(outputs)
        env.AlwaysBuild(outputs)

    def may_change(self, path: str) -> bool:
        """Whether the file at `path`, an output of a step, has a node."""
        return self.everything or path in self.doubtful

    def announce(self, target: list[Node], source: list[Node], env: Env) -> str:
        """What ``-n`` prints for a step that may have to run; a step that does run says so itself."""
        return self.line(env["KMOD_STEP"]) if env.GetOption("no_exec") else ""

    def line(self, step: Step) -> str:
        """What is printed when a step starts: Kbuild's short line, or with V=1 the commands."""
        if self.verbose:
            return "\n".join(spelled(command) for command in step.commands)
        return self.progress() + f"  {step.name:<8}{step.unit}"

    def progress(self) -> str:
        """How many of the steps that may have to run have been started; on a terminal only."""
        with self._lock:
            self.announced += 1
            return f"[{self.announced:>3}/{len(self.expected)}]" if sys.stdout.isatty() else ""

    def execute(self, target: list[Node], source: list[Node], env: Env) -> int:
        """SCons's action: run the step if it is out of date now that all its inputs are there.

        A failure is shown with its command and the tool's own output.
        """
        step: Step = env["KMOD_STEP"]
        store: Store = env["KMOD_STORE"]
        prebuilt: Prebuilt | None = env["KMOD_PREBUILT"]
        reasons = list(islice(store.reasons(step), MANY))
        try:
            if not reasons or store.restore(step) or (prebuilt and prebuilt.import_outputs(step, store)):
                return 0
            # One call, so that lines of steps that start at the same time stay apart.
            sys.stdout.write(self.line(step) + "\n")
            sys.stdout.flush()
            store.run(step, env["KMOD_LOG"], why=", ".join(reasons), color=sys.stderr.isatty(), show=show)
        except KmodError as error:
            show(error.shown())
            return 1
        return 0


def nodes(env: Env, *steps: Step) -> list[Node]:
    """The outputs of steps as SCons has them."""
    return [env.File(str(path)) for step in steps for path in step.outputs]


def show(text: str) -> None:
    """Print a tool's output, or an error, in one piece."""
    sys.stderr.write(text.rstrip("\n") + "\n")
    sys.stderr.flush()


def spelled(command: Command) -> str:
    """A command as it can be pasted into a shell."""
    settings = "".join(f"{name}={shlex.quote(value)} " for name, value in command.env)
    return f"cd {shlex.quote(str(command.cwd))} && {settings}{shlex.join(command.argv)}"
