# SPDX-License-Identifier: MIT
"""What a command of the command line is, and which commands there are: the files in commands/."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scons_kmod.manifest.manifest import Manifest

    from .session import Session

Env = Any  # SCons's environments are created at run time; they have no useful static type.
Nodes = list[Any]
DIRECTORY = Path(__file__).parent / "commands"


class When(enum.Enum):
    """When a command runs. All but the last run while SCons reads SConstruct; nothing is built, and the run ends."""

    # Before the kernels are chosen: the command needs none.
    START = enum.auto()
    # The kernels are chosen, but no headers are fetched.
    KERNELS_CHOSEN = enum.auto()
    # All steps of all modules are known.
    GRAPH_COMPLETE = enum.auto()
    # As an action of SCons, after the nodes that the command needs are built.
    BUILT = enum.auto()


@dataclass(frozen=True)
class SconsCommand:
    """What a command does.

    `help` is its line in ``scons -h`` and in docs/guide/command-line.md, and `guide` the page there that says more.
    `variables` are those that mean something to this command in particular. `needs` gives the nodes to build first:
    for the environment, and for the modules that the command line chooses. `run` gives the exit status of a command
    that ends the run, or that of its action. It may raise `KmodError`. Without `run`, the command is a name for nodes.
    `modules` says whether the command needs to know which modules there are.
    """

    help: str
    run: Callable[[Session, list[Manifest]], int] | None = None
    when: When = When.BUILT
    needs: Callable[[Env, list[Manifest]], Nodes] | None = None
    variables: tuple[str, ...] = ()
    modules: bool = True
    guide: str = ""


@functools.cache
def command_names() -> tuple[str, ...]:
    """The names of all commands. No module can have such a name."""
    return tuple(sorted(path.stem.replace("_", "-") for path in DIRECTORY.glob("[!_]*.py")))


def load_command(name: str) -> SconsCommand:
    """Import the command of this name, one of `command_names()`."""
    command: SconsCommand = import_module(f"{__package__}.commands.{name.replace('-', '_')}").COMMAND
    return command


def load_commands(arguments: Iterable[object]) -> dict[str, SconsCommand]:
    """The commands among the arguments of a command line, by name."""
    names = map(str, arguments)
    return {name: load_command(name) for name in names if name in command_names()}
