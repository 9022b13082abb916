# SPDX-License-Identifier: MIT
"""The SCons tool `kmod`: kernel modules as targets of a SCons build.

    env = Environment(tools=["kmod"])
    for target in env.KmodTargets():
        for manifest in env.KmodManifests():
            env.KernelModule(target, manifest)
    env.KmodCommands()

What lives here is the SCons side: it decides *when* a step of the library runs, never what it runs. It imports the
library; the library never imports it. Start reading at kernel_modules.py, whose functions SConstruct calls. planning.py
plans the modules, when SConstruct has said all, and built_sources.py builds their sources before, if SConstruct makes
some. builders.py plans the steps of a module, unplanned.py says which modules need no planning. session.py is one run,
graph.py makes steps nodes of SCons's graph, modules.py says which modules can be built for a kernel. A command of the
command line is a file in commands/; registry.py finds it, command_line.py runs it, help_text.py prints it for
`scons -h`.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from SCons.Script import ARGUMENTS, COMMAND_LINE_TARGETS, DefaultEnvironment, GetOption

from scons_kmod.target.settings import Settings, read_settings

from . import kernel_modules
from .command_line import add_commands
from .planning import planner
from .registry import load_commands
from .session import Session, reported

Env = Any  # SCons's environments are created at run time; they have no useful static type.


METHODS = {
    "KmodTargets": kernel_modules.kmod_targets,
    "KmodManifests": kernel_modules.kmod_manifests,
    "Bindgen": planner("bindgen_headers"),
    "SupportCrates": planner("support_crates"),
    "CHelpers": planner("c_helpers"),
    "RustCrate": planner("rust_crate"),
    "KernelObject": kernel_modules.kernel_object,
    "KernelModule": kernel_modules.kernel_module,
    "KmodCommands": add_commands,
    # The earlier name of KmodCommands: SConstructs of other projects call it.
    "KmodVerbs": add_commands,
}


def exists(env: Env) -> bool:
    """Whether the tool can be used: always, because its dependencies are installed with it."""
    return True


def generate(env: Env) -> None:
    """Add the methods to an environment. All environments of a run have one session: there is one command line."""
    env["KMOD"] = begun_session(Path(env.Dir("#").abspath))
    env["SCANNERS"] = []
    for name, method in METHODS.items():
        env.AddMethod(method, name)


@functools.cache
def begun_session(top: Path) -> Session:
    """Read the command line, and begin the run. `top` is the directory of SConstruct."""
    DefaultEnvironment(tools=[])
    commands = load_commands(COMMAND_LINE_TARGETS)
    if GetOption("help"):
        from .help_text import add_help

        add_help(commands)
        settings = Settings()
    else:
        with reported():
            settings = read_settings(ARGUMENTS)
    return Session(settings, commands, top)
