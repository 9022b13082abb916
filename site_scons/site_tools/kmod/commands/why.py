# SPDX-License-Identifier: MIT
"""``why``: the reasons of the last build or of the next."""

from __future__ import annotations

from scons_kmod.base.run_log import read_entries
from scons_kmod.engine.why import last_run, next_run
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.output_paths import module_ko

from ..modules import buildable_modules
from ..registry import SconsCommand, When
from ..session import Session


def run(session: Session, modules: list[Manifest]) -> int:
    """Print for each module which steps the last build ran and why, or with NEXT=1 which the next may run."""
    for target in session.targets:
        state, graph = session.build_state(target.name), session.graph
        entries = [] if session.settings.next else read_entries(target.build / "last-run.json")
        for module in buildable_modules(session, target, modules):
            key = str(module_ko(target, module))
            if session.settings.next:
                lines = next_run(graph.steps, key, graph.reasons, state)
            else:
                lines = last_run(graph.steps, key, entries, state)
            short = (line.replace(f"{session.top}/", "") for line in lines)
            print(f"{module.name} ({target.name})", *(f"  {line}" for line in short), sep="\n")
    return 0


COMMAND = SconsCommand(
    "prints why the last build ran its steps; builds nothing",
    run,
    when=When.GRAPH_COMPLETE,
    variables=("MODULE", "NEXT"),
)
