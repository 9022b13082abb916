# SPDX-License-Identifier: MIT
"""Steps of the library as nodes of SCons's graph.

SCons decides when a step's turn comes; the step's trace decides whether the step then runs. If a step
and all steps before it are up to date, the step need not run: it gets no node, and SCons sees its outputs as plain
files. So the cost of a build grows with what an edit may reach, not with the size of the project.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import SCons.Action
import SCons.Builder
from SCons.Node import Node

from scons_kmod.base.atomic import write_text
from scons_kmod.base.errors import KmodError, StepError
from scons_kmod.base.run_log import RunLog, shell_text

if TYPE_CHECKING:
    from scons_kmod.engine.audit import Audit
    from scons_kmod.engine.build_state import BuildState
    from scons_kmod.engine.output_cache import OutputCache
    from scons_kmod.engine.prebuilt import Prebuilt
    from scons_kmod.engine.step import Step

    # Where the outputs of steps that have never run come from.
    OutputSources = Sequence[Prebuilt | OutputCache]

# The file in a target's build directory with the commands that failed last.
FAILED_COMMANDS = "failed-commands.txt"
# How many reasons are printed and recorded.
MAX_REASONS = 3
# A key of SCons.Node.store_info_map.
STORE_NOTHING = 0
Action = Any
Env = Any  # SCons's environments are created at run time; they have no useful static type.


class Attachments(NamedTuple):
    """What the SConstruct has attached to an output of a step, with `Depends`, `AddPreAction` and `AddPostAction`."""

    # Files that the output depends on.
    files: tuple[Path, ...]
    # Digests of other things that it depends on, and of the actions.
    contents: tuple[str, ...]
    # Actions of SCons.
    before: tuple[Action, ...]
    after: tuple[Action, ...]


class Graph:
    """All steps of this run that may have to run, and why."""

    def __init__(self, *, verbose: bool, everything: bool) -> None:
        """`everything` gives each step a node, whether it is up to date or not: for ``scons -c``."""
        # For AUDIT=1.
        self.audit: Audit | None = None
        self.verbose = verbose
        self.everything = everything
        self.steps: dict[str, Step] = {}
        # The outputs of all steps, also of those that need no planning.
        self.outputs: set[str] = set()
        # For each step that is up to date, by its key, what was looked at to find that out.
        self.looked_at: dict[str, set[str]] = {}
        # The outputs of steps that may have to run.
        self.doubtful: set[str] = set()
        # Files of the SConstruct's own builders that a build would write. This run builds nothing.
        self.built_later: set[str] = set()
        # What the SConstruct has attached to outputs of steps, by their paths.
        self.attachments: dict[str, Attachments] = {}
        # Why a step may have to run, by its key.
        self.reasons: dict[str, str] = {}
        # The commands that have failed in this run, for the file in which they are.
        self.failed_commands: dict[Path, list[str]] = {}
        self.started = 0
        self._lock = threading.Lock()
        self.builder = SCons.Builder.Builder(action=SCons.Action.Action(self.execute, self.dry_run_line))

    def add(self, env: Env, step: Step, state: BuildState, log: RunLog, sources: OutputSources) -> Step:
        """Add a step to the graph, once, as a node if it may have to run. The steps that write its inputs come first.

        If the step has never run, its outputs may be imported from `sources`. Returns the step, with what the
        SConstruct has attached to it.
        """
        # A run in which nothing has changed never gets here.
        from scons_kmod.engine.up_to_date import out_of_date_reasons

        if step.key in self.steps:
            return self.steps[step.key]
        step = self.with_attachments(step)
        self.steps[step.key] = step
        self.outputs.update(map(str, step.outputs))
        with state.digests.watching() as looked_at:
            reasons = list(islice(out_of_date_reasons(step, state), MAX_REASONS))
        paths = [str(path) for path in (*step.inputs, *step.order_only)]
        changing = [f"{path} may change" for path in paths if path in self.doubtful]
        if self.built_later:
            changing += [f"{path} may change" for path in self.built_later & state.traces.files_read(step.key)]
        reasons += changing[: MAX_REASONS - len(reasons)]
        if reasons:
            self.doubtful.update(map(str, step.outputs))
            self.reasons[step.key] = ", ".join(reasons)
        else:
            self.looked_at[step.key] = looked_at
            if not self.everything:
                return step
        outputs = nodes(env, step)
        files = [env.File(path) for path in paths]
        self.builder(env, outputs, files, KMOD_STEP=step, KMOD_STATE=state, KMOD_LOG=log, KMOD_SOURCES=sources)
        # `run_step` moves or removes old outputs, so SCons must not. The action asks again whether the step has to run.
        env.Precious(outputs)
        env.AlwaysBuild(outputs)
        # Nor may it bring back outputs from a cache: it does not know what they were made from.
        env.NoCache(outputs)
        for node in outputs:
            # The trace has what SCons would write into its database, so SCons need not hash all inputs of the step.
            node.attributes.keep_targetinfo = True
            node.store_info = STORE_NOTHING
        return step

    def attached_to(self, step: Step) -> list[Attachments]:
        """What the SConstruct has attached to the outputs of a step."""
        found = (self.attachments.get(str(path)) for path in step.outputs) if self.attachments else ()
        return [attached for attached in found if attached]

    def with_attachments(self, step: Step) -> Step:
        """A step that also depends on what the SConstruct has attached to its outputs."""
        attached = self.attached_to(step)
        if not attached:
            return step
        files = (path for each in attached for path in each.files if path not in step.inputs)
        contents = (content for each in attached for content in each.contents)
        return dataclasses.replace(step, inputs=(*step.inputs, *dict.fromkeys(files)), tools=(*step.tools, *contents))

    def add_failing(self, env: Env, node: Node, failed: Sequence[Node]) -> None:
        """Let a node fail without being built, because nodes that it is made from have failed."""
        env.Precious(env.NoCache(env.Command(node, failed, SCons.Action.Action(lambda target, source, env: 1, None))))

    def may_change(self, path: str) -> bool:
        """Whether the file at `path`, an output of a step, has a node."""
        return self.everything or path in self.doubtful

    def dry_run_line(self, target: list[Node], source: list[Node], env: Env) -> str:
        """What ``-n`` prints for a step that may have to run. Without ``-n``, `execute` prints the line."""
        return self.line(env["KMOD_STEP"]) if env.GetOption("no_exec") else ""

    def line(self, step: Step) -> str:
        """The text that is printed when a step starts: Kbuild's short line, or with V=1 the commands."""
        if self.verbose:
            return "\n".join(shell_text(c.argv, c.cwd, dict(c.env)) for c in step.commands)
        return self.progress() + f"  {step.name:<8}{step.unit}"

    def progress(self) -> str:
        """A count for a terminal: the steps started, of all that may have to run. Elsewhere it is empty."""
        with self._lock:
            self.started += 1
            return f"[{self.started:>3}/{len(self.reasons)}]" if sys.stdout.isatty() else ""

    def execute(self, target: list[Node], source: list[Node], env: Env) -> int:
        """SCons's action: run the step if it is still out of date now that all its inputs are up to date.

        Returns 1 after a failure. What the tool has printed is printed, then the error.
        """
        # A null build never gets here.
        from scons_kmod.engine.run_step import record_gate, restore, run_step
        from scons_kmod.engine.up_to_date import NEVER_RAN, out_of_date_reasons

        step: Step = env["KMOD_STEP"]
        state: BuildState = env["KMOD_STATE"]
        sources: OutputSources = env["KMOD_SOURCES"]
        reasons = list(islice(out_of_date_reasons(step, state), MAX_REASONS))
        try:
            if not reasons:
                record_gate(step, state)
                return 0
            # An audit watches steps run, so it restores nothing.
            if not self.audit and (restore(step, state) or import_outputs(step, state, sources)):
                return 0
            print_line(self.line(step))
            attached = self.attached_to(step)
            actions = partial(run_actions, step, target, source, env)
            why, color = ", ".join(reasons), sys.stderr.isatty()
            actions([action for each in attached for action in each.before])
            with self.watched(step, state, env["KMOD_LOG"]) as log:
                finish = partial(actions, [action for each in attached for action in each.after])
                run_step(step, state, log, why=why, color=color, show=print_text, finish=finish)
            if reasons == [NEVER_RAN]:
                store_outputs(step, state, sources)
        except KmodError as error:
            print_text(self.failure_text(error, state.build / FAILED_COMMANDS))
            return 1
        return 0

    @contextmanager
    def watched(self, step: Step, state: BuildState, log: RunLog) -> Iterator[RunLog]:
        """The log with which a step is to run: that of the audit, if there is one."""
        if self.audit is None:
            yield log
            return
        from .audit import set_exit_status

        with self.audit.watching(step, state, log) as watched:
            yield watched
        set_exit_status(self.audit)

    def failure_text(self, error: KmodError, path: Path) -> str:
        """What is printed of a step that has failed. The command goes into the file at `path`."""
        if not isinstance(error, StepError) or not error.command:
            return error.shown()
        with self._lock:
            commands = self.failed_commands.setdefault(path, [])
            commands.append(f"# {error.where}\n{error.command}\n")
            with suppress(OSError):
                write_text(path, "\n".join(commands))
        text = error.shown_after_output(os.path.relpath(path))
        return f"{text}\n{error.command}" if self.verbose else text


def run_actions(step: Step, target: list[Node], source: list[Node], env: Env, actions: Sequence[Action]) -> None:
    """Run actions that the SConstruct has attached to a step's outputs. Raises `StepError` if one fails."""
    for action in actions:
        if status := action(target, source, env):
            what = "an action that the SConstruct has attached failed"
            raise StepError(f"{what}: {status}", where=f"{step.name} {step.unit}")


def import_outputs(step: Step, state: BuildState, sources: OutputSources) -> bool:
    """Import the outputs of a step that has never run, and say so. Returns whether one of the sources has them."""
    if not any(source.import_outputs(step, state) for source in sources):
        return False
    print_line(f"  {'IMPORT':<8}{step.name} {step.unit}")
    return True


def store_outputs(step: Step, state: BuildState, sources: OutputSources) -> None:
    """Store the outputs of a step that has run for the first time in the cache. A cache that can't be written is none.

    What the step makes after edits is not stored: nobody else has these edits.
    """
    from scons_kmod.engine.output_cache import OutputCache

    for source in sources:
        if isinstance(source, OutputCache):
            with suppress(OSError):
                source.store(step, state)


def nodes(env: Env, *steps: Step) -> list[Node]:
    """The outputs of steps as SCons's nodes."""
    return [env.File(str(path)) for step in steps for path in step.outputs]


def print_line(line: str) -> None:
    """Print a line in one write, so that the lines of steps that start at the same time do not mix."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def print_text(text: str) -> None:
    """Print a tool's output or an error to standard error, in one piece."""
    sys.stderr.write(text.rstrip("\n") + "\n")
    sys.stderr.flush()
