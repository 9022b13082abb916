# SPDX-License-Identifier: MIT
"""What `scons -h` prints: the commands and the variables, on one screen."""

from __future__ import annotations

import shutil
import textwrap

import SCons.Script

from scons_kmod.target.settings import VARIABLES, Variable

from .registry import SconsCommand, command_names, load_command

COMMAND_WIDTH = 12
VARIABLE_WIDTH = 28
MAX_WIDTH = 120


def add_help(commands: dict[str, SconsCommand]) -> None:
    """Let SCons print the help, once: of `commands`, those that the command line names, or else of everything.

    SCons adds that `scons -H` prints its own options.
    """
    text = "\n".join(command_help(name, command) for name, command in commands.items()) or full_help()
    # Each environment with the tool calls this.
    if text not in (SCons.Script.help_text or ""):
        SCons.Script.HelpFunction(text)


def command_help(name: str, command: SconsCommand) -> str:
    """The help of one command: what it does, and the variables that it reads."""
    lines = [f"scons {name} [KEY=value...]", "", f"  {command.help}", ""]
    lines += [variable_lines(variable) for variable in VARIABLES if variable.name in command.variables]
    return "\n".join(lines) + "\n"


def full_help() -> str:
    """The help of all commands and variables, on one screen."""
    commands = {name: load_command(name) for name in command_names()}
    specific = {name for command in commands.values() for name in command.variables}
    # Commands read this variable, and so does plain `scons`.
    specific.discard("MODULE")
    lines = [
        "usage: scons [OPTION...] [MODULE or COMMAND...] [KEY=value...]",
        "",
        "Plain scons builds every module. A module's name builds that module.",
        "",
        "Commands:",
        *(f"  {name:<{COMMAND_WIDTH}}{command.help}" for name, command in commands.items()),
        "",
        "Variables:",
        *(variable_lines(variable) for variable in VARIABLES if variable.name not in specific),
        "",
        "Variables of some commands, which scons -h COMMAND explains:",
        filled(" ".join(f"{variable.name}=" for variable in VARIABLES if variable.name in specific), "  ", "  "),
        "",
        "Without TARGET= and KDIR=, scons builds for the running kernel, or if its headers are not installed, for the",
        "newest kernel of this distribution. More: docs/guide/command-line.md in the sources of scons-kmod",
    ]
    return "\n".join(lines) + "\n"


def variable_lines(variable: Variable) -> str:
    """A variable, and what it means."""
    return filled(variable.doc, f"  {variable!s:<{VARIABLE_WIDTH}}", " " * (VARIABLE_WIDTH + 2))


def filled(text: str, first: str, indent: str) -> str:
    """A text that begins with `first`, broken into lines as wide as the terminal."""
    width = min(shutil.get_terminal_size().columns, MAX_WIDTH)
    return textwrap.fill(text, width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)
