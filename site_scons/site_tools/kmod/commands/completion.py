# SPDX-License-Identifier: MIT
"""``completion``: what bash completes on scons's command line."""

from __future__ import annotations

from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.settings import VARIABLES

from ..registry import SconsCommand, When, command_names
from ..session import Session

# bash splits MODULE=x at the =, so there the word to complete is x, or the = itself.
SCRIPT = """\
_scons_kmod() {
    local word=${COMP_WORDS[COMP_CWORD]} key=
    case $word in
    =) key=${COMP_WORDS[COMP_CWORD - 1]} word= ;;
    *) [ "${COMP_WORDS[COMP_CWORD - 1]}" != = ] || key=${COMP_WORDS[COMP_CWORD - 2]} ;;
    esac
    local modules targets
    modules=$(grep -ls '^\\[module\\]' modules/*/module.toml | cut -d/ -f2)
    targets=$(ls targets 2>/dev/null | sed -n 's/[.]toml$//p')
    case $key in
    '') mapfile -t COMPREPLY < <(compgen -W "COMMANDS VARIABLES $modules" -- "$word") ;;
    MODULE) mapfile -t COMPREPLY < <(compgen -W "$modules" -- "$word") ;;
    TARGET) mapfile -t COMPREPLY < <(compgen -W "all $targets" -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    esac
    case ${COMPREPLY[0]-} in *=) compopt -o nospace ;; esac
}
complete -o default -F _scons_kmod scons
"""


def run(session: Session, modules: list[Manifest]) -> int:
    """Print a bash script that completes commands, variables, and the names of modules and targets."""
    variables = " ".join(f"{variable.name}=" for variable in VARIABLES)
    print(SCRIPT.replace("COMMANDS", " ".join(command_names())).replace("VARIABLES", variables), end="")
    return 0


COMMAND = SconsCommand("prints a bash script for completion: source <(scons -Q completion)", run, when=When.START)
