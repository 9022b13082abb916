# SPDX-License-Identifier: MIT
"""What is remembered of earlier runs in a target's build directory. Other modules decide and act on it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from scons_kmod.engine.digests import Digests
from scons_kmod.engine.earlier_outputs import EarlierOutputs
from scons_kmod.engine.header_search import HeaderSearch
from scons_kmod.engine.step import Step
from scons_kmod.engine.step_groups import TRACES
from scons_kmod.engine.trace import Trace, Traces


class SharedComparison(NamedTuple):
    """Why shared files are out of date, their paths, and what was looked at to find that out."""

    reasons: list[str]
    paths: list[str]
    looked_at: set[str]


class BuildState:
    """The traces of one target, outputs of earlier runs, the digests of files, and what was compared in this run."""

    def __init__(self, build: Path, digests: Digests) -> None:
        """`build` is the target's build directory."""
        self.build = build
        self.digests = digests
        self.traces = Traces(build / TRACES)
        self.earlier_outputs = EarlierOutputs(build / "kept", digests)
        # Files below it are never shared files of a trace: those are compared once a run, and a module's own headers
        # may be written during the run.
        self.modules_prefix = f"{build / 'modules'}/"
        # By the key of shared files in the traces.
        self.shared_comparisons: dict[str, SharedComparison] = {}
        self._searches: dict[tuple[str, ...], HeaderSearch] = {}
        self._recorded = False

    def header_search(self, include_directories: tuple[str, ...]) -> HeaderSearch:
        """The search for headers in these directories; each directory is listed once a run."""
        if include_directories not in self._searches:
            self._searches[include_directories] = HeaderSearch(include_directories, self.digests, str(self.build))
        return self._searches[include_directories]

    def record(self, step: Step, trace: Trace) -> None:
        """Write down that the step's outputs are those of this trace, after it ran or was restored."""
        self.traces.add(step.key, trace)
        self._recorded = True

    def close(self) -> None:
        """Now and then, remove old lines of the traces, and with them the earlier outputs that no trace names."""
        if self._recorded and self.traces.compact():
            self.earlier_outputs.remove_all_but(self.traces.all_traces())
