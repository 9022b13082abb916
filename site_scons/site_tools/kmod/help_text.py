# SPDX-License-Identifier: MIT
"""What `scons -h` prints: the commands and the variables, on one screen."""

from __future__ import annotations

import SCons.Script

from scons_kmod.target.settings import VARIABLES

from .registry import Command, command_names, load_command

WIDTH = 12


def add_help(commands: dict[str, Command]) -> None:
    """Let SCons print the help, once: of the commands that the command line names, or else of all that scons takes.

    SCons adds that `scons -H` prints its own options.
    """
    text = "\n".join(command_help(name, command) for name, command in commands.items()) or full_help()
    # Each environment with the tool calls this.
    if text not in (SCons.Script.help_text or ""):
        SCons.Script.HelpFunction(text)


def command_help(name: str, command: Command) -> str:
    """The help of one command."""
    lines = [f"scons {name} [KEY=value...]", "", f"    {command.help}", ""]
    lines += [variable_line(variable) for variable in command.variables]
    return "\n".join(lines) + "\n"


def full_help() -> str:
    """The help of all commands and variables."""
    lines = [
        "usage: scons [OPTION...] [COMMAND or MODULE...] [KEY=value...]",
        "",
        "scons alone builds every module. A module's name builds that module: scons rust_kvm",
        "",
        "Commands:",
        *(f"  {name:<{WIDTH}}{load_command(name).help}" for name in command_names()),
        "",
        "Variables:",
        *map(variable_line, VARIABLES),
        "",
        "Without TARGET= and KDIR=, scons builds for the running kernel, if its headers are installed.",
        "scons -h COMMAND prints the variables of a command. More: docs/guide/command-line.md",
    ]
    return "\n".join(lines) + "\n"


def variable_line(name: str) -> str:
    """The line of a variable."""
    return f"  {name}="
