# SPDX-License-Identifier: MIT
"""Sources of modules that other builders of the SConstruct make: a header by `env.Command`, a data file by a program.

A plan depends on what sources say: which wrappers they name, which headers they begin with, which files match a
pattern. So SCons builds these sources while it still reads SConstruct, before the modules are planned, as it does for
`Configure`. Then they are files like all others: a trace has their digests, and a snapshot their status.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import SCons.Action
import SCons.Node
import SCons.Taskmaster
from SCons.Node import FS
from SCons.Node.Alias import Alias
from SCons.Script import GetOption, Main

try:
    from SCons.Taskmaster.Job import Jobs
except ImportError:
    # SCons 4.4
    from SCons.Job import Jobs

from scons_kmod.engine.digests import CLOCK_TICK_NS

from .session import Session

Node = Any
Env = Any  # SCons's environments are created at run time; they have no useful static type.
# The exit status of SCons after a failure.
FAILED = 2


class OtherBuilders(NamedTuple):
    """What the SConstruct has in its graph besides the steps of modules."""

    # Files and directories that its own builders make, by their real paths.
    built: dict[str, Node]
    # Outputs of steps to which it has attached something (Depends, Requires, AddPreAction, AddPostAction), by path.
    attached: dict[str, Node]


class BuiltNow(NamedTuple):
    """What became of nodes: those that were built, and those that failed. There are some of these only with ``-k``."""

    changed: list[Node]
    failed: list[Node]


class SourceTask(Main.BuildTask):  # type: ignore[misc]
    """A source that is built while SCons reads SConstruct. Nothing is printed for one that is up to date."""

    def __init__(self, tm: Any, targets: list[Node], top: bool, node: Node) -> None:
        super().__init__(tm, targets, False, node)


class QuestionTask(SourceTask):
    """A source of a run that builds nothing. One that is not up to date gets the state `executed` all the same."""

    def prepare(self) -> None:
        """Touch nothing."""

    def execute(self) -> None:
        """Run nothing."""

    executed = SCons.Taskmaster.Task.executed_without_callbacks


def other_builders(session: Session, env: Env) -> OtherBuilders:
    """What is in the graph so far besides the steps of modules."""
    found = OtherBuilders({}, {})
    outputs = f"{session.build}/"
    for node in nodes_below(env.fs):
        path = node.get_abspath()
        if path.startswith(outputs) and has_attachments(node):
            found.attached[path] = node
        if is_built(node) and getattr(node, "builder", None) is not session.graph.builder:
            directory, _, name = path.rpartition("/")
            found.built[f"{os.path.realpath(directory)}/{name}"] = node
    return found


def nodes_below(fs: Any) -> Iterator[Node]:
    """All nodes of files and directories, except the root directories."""
    left = list(set(fs.Root.values()))
    while left:
        for name, node in left.pop().entries.items():
            if name in (".", ".."):
                continue
            yield node
            if isinstance(node, FS.Dir):
                left.append(node)


def is_built(node: Node) -> bool:
    """Whether a builder makes a file or a directory. SCons itself has one that creates directories."""
    if isinstance(node, FS.Dir):
        return bool(node.has_explicit_builder() and node.builder is not FS.MkdirBuilder)
    return bool(node.has_builder() or node.side_effect)


def has_attachments(node: Node) -> bool:
    """Whether the SConstruct has attached dependencies or actions to a node."""
    executor = getattr(node, "executor", None)
    actions = executor and (getattr(executor, "pre_actions", ()) or getattr(executor, "post_actions", ()))
    return bool(node.depends or node.prerequisites or actions)


def build_now(session: Session, env: Env, nodes: Iterable[Node]) -> BuiltNow:
    """Build nodes while SCons reads SConstruct.

    A run that builds nothing only finds out what is out of date. If something is, ``-q`` ends here with status 1.
    """
    nodes = list(dict.fromkeys(nodes))
    asks = session.only_asks or bool(GetOption("question"))
    options = Main.OptionsParser.values
    # SCons sets these after it has read SConstruct.
    Main.BuildTask.options = options
    Main.display.set_mode(not options.silent)
    SCons.Action.print_actions = not options.silent
    taskmaster = SCons.Taskmaster.Taskmaster(nodes, QuestionTask if asks else SourceTask, randomly_ordered)
    jobs = Jobs(GetOption("num_jobs"), taskmaster)
    here, directory = Path.cwd(), env.fs.getcwd()
    env.fs.chdir(env.fs.Top, change_os_dir=True)
    try:
        jobs.run()
    finally:
        os.chdir(here)
        env.fs.chdir(directory, change_os_dir=False)
    failed = [node for node in nodes if node.get_state() not in (SCons.Node.executed, SCons.Node.up_to_date)]
    if jobs.were_interrupted() or (failed and not options.keep_going):
        raise SystemExit(Main.exit_status or FAILED)
    changed = [node for node in nodes if any(was_executed(each) for each in with_prerequisites(node))]
    if changed and GetOption("question"):
        raise SystemExit(1)
    if session.dry_run or asks:
        session.graph.built_later.update(node.get_abspath() for node in changed)
    elif changed:
        # A step that starts within a tick of a file's change can't tell whether the file changed while it ran.
        time.sleep(CLOCK_TICK_NS / 1e9)
        session.digests.forget_all()
    return BuiltNow(changed, failed)


def was_executed(node: Node) -> bool:
    """Whether a node was built in this run, or would have been."""
    return bool(node.get_state() == SCons.Node.executed)


def randomly_ordered(nodes: list[Node]) -> list[Node]:
    """The order in which SCons looks at the children of a node: a random one with ``--random``."""
    if GetOption("random"):
        import random

        random.shuffle(nodes)
    return nodes


def with_prerequisites(*nodes: Node) -> set[Node]:
    """All nodes that these are made from or wait for, themselves included, as far as that is known by now."""
    found: set[Node] = set()
    left = list(nodes)
    while left:
        node = left.pop()
        if node not in found:
            found.add(node)
            left += node.all_children(scan=False)
            left += node.prerequisites or ()
    return found


def files_of(nodes: Iterable[Node]) -> tuple[list[Path], list[str]]:
    """What nodes stand for that a step waits for: files, and the content of all else. An alias stands for its sources.

    The content is that of directories and of `env.Value`, as digests.
    """
    files: list[Path] = []
    contents: list[str] = []
    for node in nodes:
        known = node.disambiguate()
        if isinstance(known, FS.File):
            files.append(Path(known.get_abspath()))
        elif isinstance(known, Alias):
            more_files, more_contents = files_of(known.all_children(scan=False))
            files += more_files
            contents += more_contents
        else:
            contents.append(str(known.get_csig()))
    return files, contents
