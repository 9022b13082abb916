# SPDX-License-Identifier: MIT
"""The command line as SCons's graph: the commands that it names, and what plain `scons` builds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from SCons.Script import COMMAND_LINE_TARGETS, Default

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import suggestion
from scons_kmod.manifest.manifest import Manifest

from .modules import chosen_modules, ko_files
from .planning import complete_graph
from .registry import SconsCommand, When, command_names
from .session import Session, reported

Env = Any


def add_commands(env: Env) -> None:
    """Add the commands to the graph, after all modules, and say what SCons builds if the command line names nothing.

    In an SConstruct with several environments, the first call adds them.
    """
    session: Session = env["KMOD"]
    if session.help or session.is_graph_complete:
        return
    with reported():
        check_arguments(session, env)
        complete_graph(session, env)
        modules = chosen_modules(session)
        session.is_graph_complete = True
        run_commands(session, When.GRAPH_COMPLETE, modules)
    for reason, names in session.skipped.items():
        print(f"  {'SKIP':<8}{', '.join(names)}: {reason}")
    everything = env.Alias("all", ko_files(env, session.manifests))
    Default(ko_files(env, modules) if session.settings.module else everything)
    env.Clean(everything, [str(target.build) for target in session.targets])
    for name, command in session.commands.items():
        if command.run:
            add_command(env, name, command, modules)


def add_command(env: Env, name: str, command: SconsCommand, modules: list[Manifest]) -> None:
    """Add an alias that runs a command each time, after all nodes that the command needs."""
    session: Session = env["KMOD"]

    def action(target: Any, source: Any, env: Env) -> int:
        with reported():
            return command.run(session, modules) if command.run else 0

    with reported():
        nodes = command.needs(env, modules) if command.needs else []
    env.AlwaysBuild(env.Alias(name, nodes, env.Action(action, cmdstr=None)))


def run_commands(session: Session, when: When, modules: list[Manifest]) -> None:
    """Run the first command of the command line that runs now, while SConstruct is read, and end the run."""
    for command in session.commands.values():
        if command.when is when and command.run:
            sys.exit(command.run(session, modules))


def check_arguments(session: Session, env: Env) -> None:
    """Raise `UserError` for an argument of the command line that names no module, command, alias or file."""
    modules = (manifest.name for manifest in session.manifests)
    names = list(dict.fromkeys((*modules, *command_names(), *map(str, env.ans))))
    for argument in map(str, COMMAND_LINE_TARGETS):
        if (
            argument in names
            or "/" in argument
            or env.fs.Entry(f"#{argument}").has_builder()
            or Path(argument).exists()
        ):
            continue
        fix = suggestion(argument, names)
        raise UserError("there is no module or command of this name", where=argument, fix=fix)
