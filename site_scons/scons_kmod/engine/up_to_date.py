# SPDX-License-Identifier: MIT
"""Decides whether a step is up to date: compares its latest trace with what the step would read now.

Each difference is a reason to run the step, in words that `scons why` prints. No difference: it is up to date.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from scons_kmod.engine.build_state import BuildState, SharedComparison
from scons_kmod.engine.header_search import HeaderSearch
from scons_kmod.engine.step import Step
from scons_kmod.engine.trace import FilesRead, Trace

NEVER_RAN = "it has never run"
NOTHING_SHARED = SharedComparison([], [], set())


def out_of_date_reasons(step: Step, state: BuildState) -> Iterator[str]:
    """Why the step is out of date as things are now. There is none if it is up to date."""
    trace = state.traces.latest(step.key)
    if trace is None:
        yield NEVER_RAN
        return
    yield from differences(step, trace, state)
    for path, digest in trace.outputs.items():
        if state.digests.of(path) != digest:
            yield f"{path} was missing or damaged"


def differences(step: Step, trace: Trace, state: BuildState) -> Iterator[str]:
    """What the step would read now that differs from what the run of `trace` has read. Outputs are not compared."""
    if step.signature() != trace.signature:
        yield "its command or its tools changed"
    if trace.inputs.keys() != set(map(str, step.inputs)) or trace.outputs.keys() != set(map(str, step.outputs)):
        yield "it has other inputs or outputs"
    inputs = [path for path, digest in trace.inputs.items() if state.digests.of(path) != digest]
    files: Iterable[str] = read_differences(step, trace, state)
    if step.gate:
        files = list(files) if str(step.gate) in inputs else ()
    yield from (changed(path) for path in inputs if files or path != str(step.gate))
    for view in trace.views:
        yield from map(changed, view.changed_files(state.digests))
    yield from files


def read_differences(step: Step, trace: Trace, state: BuildState) -> Iterator[str]:
    """Which of the files that the step read besides inputs and views have changed, or would no longer be found."""
    search = state.header_search(step.include_directories)
    shared = shared_comparison(trace.shared_key, search, state) if trace.shared_key else NOTHING_SHARED
    yield from file_differences(trace.files, search, state, shared.paths)
    yield from shared.reasons


def file_differences(
    files: FilesRead, search: HeaderSearch, state: BuildState, others: Collection[str] = ()
) -> Iterator[str]:
    """Which of the files have changed, and which of them a search for headers would no longer find first.

    `others` are the other files that the step has read.
    """
    rivals = search.rivals_of(files.digests, others, files.rivals.keys() & files.digests.keys())
    for path, digest in files.digests.items():
        if state.digests.of(path, files.digest_kind) != digest:
            yield changed(path)
    for path in files.digests:
        if rivals.get(path) != files.rivals.get(path):
            yield other_file_reason(path, {*rivals.get(path, ())} ^ {*files.rivals.get(path, ())})


def shared_comparison(key: str, search: HeaderSearch, state: BuildState) -> SharedComparison:
    """Like `file_differences`, for files that many steps have read alike. They are compared once a run."""
    if key not in state.shared_comparisons:
        files = state.traces.shared_files(key)
        with state.digests.watching() as looked_at:
            found = list(file_differences(files, search, state)) if files else ["it is not known what it read"]
        state.shared_comparisons[key] = SharedComparison(found, list(files.digests) if files else [], looked_at)
    state.digests.look_at((key,))
    return state.shared_comparisons[key]


def changed(path: str) -> str:
    """The reason that a file has changed."""
    return f"{path} changed"


def other_file_reason(path: str, others: Collection[str]) -> str:
    """The reason that `others` were created or removed, for which the file at `path` or a search for it looks."""
    name = path.rpartition("/")[2]
    asked = sorted(other for other in others if not path.endswith(".rs") and other.rpartition("/")[2] != name)
    return f"{path} asks for {asked[0]}, which has changed" if asked else f"another file would be found before {path}"
