# SPDX-License-Identifier: MIT
"""Groups of steps that need not be planned: all steps of a module that an earlier run has found up to date.

To plan a module's steps and to compare each with its trace takes milliseconds. So a run that has found all of them up
to date saves a snapshot of all that it looked at: the files from which the steps were planned, those that the steps
read and made, and the directories in which another file could be found first. A later run only compares the snapshot.
If it differs in anything, the steps are planned and compared with their traces as ever.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from scons_kmod.base.saved_object import load_object, save_object
from scons_kmod.engine.digests import Digests, Stat, path_stat
from scons_kmod.engine.snapshot import Snapshot, is_unchanged, take_snapshot

if TYPE_CHECKING:
    from scons_kmod.engine.build_state import SharedComparison
    from scons_kmod.engine.step import Step

# The file of traces in a target's build directory.
TRACES = "traces.jsonl"


class StepGroup(NamedTuple):
    """Steps that were up to date."""

    # What the run looked at to find that out.
    snapshot: Snapshot
    # The keys of files that many steps have read alike. A snapshot of each is in `SavedGroups`.
    shared_keys: tuple[str, ...]
    # What the steps read of other steps' outputs, or in an order-only way; and of these, outputs of other groups.
    sources: tuple[str, ...]
    built_sources: tuple[str, ...]
    outputs: tuple[str, ...]


class SavedGroups(NamedTuple):
    """The content of the file."""

    # The status of the file of traces. A trace that another program has written may make a step out of date.
    traces: Stat | None
    shared: dict[str, Snapshot]
    groups: dict[str, StepGroup]


class PlannedSteps(Protocol):
    """The steps that a run has planned."""

    # The outputs of all of them, and of groups that need no planning.
    outputs: set[str]
    # For each step that is up to date, by its key, what was looked at to find that out.
    looked_at: dict[str, set[str]]


class StepGroups:
    """The groups of one target, by the names of modules."""

    def __init__(self, path: Path, key: str, digests: Digests, traces_file: Path) -> None:
        """`path` is the file that keeps them. `key` has all that decides which steps a module has, but its files."""
        self.path = path
        self.key = key
        self.digests = digests
        self.traces_file = traces_file
        saved: SavedGroups | None = load_object(path, key)
        traces = path_stat(str(traces_file))
        self._saved = saved if saved and saved.traces == traces else SavedGroups(traces, {}, {})
        self._up_to_date = SavedGroups(traces, {}, {})
        # Whether shared files are unchanged, by their key.
        self._shared_unchanged: dict[str, bool] = {}
        self._recorded = False

    def is_up_to_date(self, name: str, outputs: set[str], doubtful: set[str], attached: Collection[str] = ()) -> bool:
        """Whether all steps of a group are up to date, and need no planning in this run.

        `outputs` are those of all steps that this run has planned, and of groups that need no planning; if this group
        is one, its outputs are added. `doubtful` are those that may still change in this run. `attached` are outputs
        whose steps the SConstruct has changed.
        """
        if name in self._up_to_date.groups:
            return True
        group = self._saved.groups.get(name)
        if (
            group is None
            or not outputs.issuperset(group.built_sources)
            or not doubtful.isdisjoint(group.sources)
            or any(path in group.outputs or path in group.snapshot for path in attached)
            or not is_unchanged(group.snapshot, self.digests)
            or not all(map(self._is_shared_unchanged, group.shared_keys))
        ):
            return False
        self._up_to_date.groups[name] = group
        for key in group.shared_keys:
            self._up_to_date.shared[key] = self._saved.shared[key]
        outputs.update(group.outputs)
        return True

    def _is_shared_unchanged(self, key: str) -> bool:
        if key not in self._shared_unchanged:
            self._shared_unchanged[key] = is_unchanged(self._saved.shared[key], self.digests)
        return self._shared_unchanged[key]

    def record(
        self,
        name: str,
        steps: Collection[Step],
        graph: PlannedSteps,
        planned_from: Sequence[Snapshot | None],
        shared_comparisons: Mapping[str, SharedComparison],
    ) -> None:
        """Note that all steps of a group are up to date, if they are.

        `graph` is what the run has planned so far. `planned_from` are snapshots of what decides which steps the group
        has. `shared_comparisons` are those of the run (build_state.py).
        """
        from scons_kmod.engine.trace import SHARED

        trees = [tree for tree in planned_from if tree is not None]
        if len(trees) < len(planned_from) or not all(step.key in graph.looked_at for step in steps):
            return
        looked = {path for step in steps for path in graph.looked_at[step.key]}
        shared_keys = tuple(sorted(path for path in looked if path.startswith(SHARED)))
        snapshot = take_snapshot(looked - {*shared_keys}, self.digests)
        shared = {key: self._up_to_date.shared.get(key) for key in shared_keys}
        for key in (key for key, found in shared.items() if found is None):
            shared[key] = take_snapshot(shared_comparisons[key].looked_at, self.digests)
        if snapshot is None or None in shared.values():
            return
        for tree in trees:
            snapshot |= tree
        own = {sys.intern(str(path)) for step in steps for path in step.outputs}
        sources = {sys.intern(str(path)) for step in steps for path in (*step.inputs, *step.order_only)} - own
        built = sources.intersection(graph.outputs)
        group = StepGroup(snapshot, shared_keys, tuple(sources), tuple(built), tuple(own))
        self._up_to_date.groups[name] = group
        self._up_to_date.shared.update({key: found for key, found in shared.items() if found is not None})
        self._recorded = True

    def save(self) -> None:
        """Write the groups that are up to date, if the file is to change. Raises `OSError`."""
        traces = path_stat(str(self.traces_file))
        known, found = self._saved.groups.keys(), self._up_to_date.groups.keys()
        if self._recorded or known != found or traces != self._saved.traces:
            save_object(self.path, self.key, self._up_to_date._replace(traces=traces))
