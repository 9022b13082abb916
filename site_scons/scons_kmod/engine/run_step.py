# SPDX-License-Identifier: MIT
"""Makes a step's outputs: restores those of an earlier run, or runs the step and records its trace."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

from scons_kmod.base.errors import StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.asked_files import asked_files
from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.digests import KEEP_LINES, RAW, RUST, UNKNOWN, clock_ns
from scons_kmod.engine.rust_reads import assembled_files, rust_reads
from scons_kmod.engine.step import Step, remove_outputs
from scons_kmod.engine.trace import DigestByPath, FilesRead, Trace
from scons_kmod.engine.up_to_date import differences
from scons_kmod.engine.views import View, ViewSeen, view_now


def restore(step: Step, state: BuildState) -> bool:
    """Restore the outputs of an earlier run that has read just what the step would read now.

    Returns whether the step is up to date now. It is not if no such run is remembered, or if an output of it is lost.
    """
    earlier = state.earlier_outputs
    for trace in state.traces.all_of(step.key) if step.restorable else ():
        if any(differences(step, trace, state)):
            continue
        if all(earlier.find(path, digest) for path, digest in trace.outputs.items()):
            set_outputs_aside(step, state)
            for path, digest in trace.outputs.items():
                earlier.put_back(path, digest)
            state.record(step, trace)
            # The names that choose a view may stand in an output. Now it is the output that belongs to the trace.
            return not any(differences(step, trace, state))
    return False


def record_gate(step: Step, state: BuildState) -> None:
    """Record the gate as it is now for a step that is up to date, if it has changed since the step ran.

    Then the files that the step has read are unchanged, so the gate sums up these. Later it is compared with this one.
    """
    trace, gate = state.traces.latest(step.key), str(step.gate)
    if step.gate and trace and trace.inputs[gate] != state.digests.of(gate):
        inputs = {**trace.inputs, gate: state.digests.of(gate)}
        state.record(step, dataclasses.replace(trace, inputs=inputs))


def set_outputs_aside(step: Step, state: BuildState) -> None:
    """Move the outputs of the latest run to the earlier outputs."""
    trace = state.traces.latest(step.key) if step.restorable else None
    if trace:
        state.earlier_outputs.set_aside(trace.outputs)


def run_step(
    step: Step,
    state: BuildState,
    log: RunLog,
    *,
    why: str = "",
    color: bool = False,
    show: Callable[[str], None] = lambda _: None,
    finish: Callable[[], None] = lambda: None,
) -> None:
    """Run the step. On success all its outputs are there and its trace is recorded, otherwise no output is left.

    `why` are the reasons, for the log. `show` gets what the tools print when they succeed (warnings). `finish` may
    change the outputs before they are recorded. Raises `StepError` and `MachineError`.
    """
    set_outputs_aside(step, state)
    started = clock_ns()
    try:
        files_read = step.execute(log, why, color, show)
        finish()
        trace = trace_of_run(step, files_read, started, state)
    except BaseException:
        remove_outputs(step)
        for path in step.outputs:
            state.digests.forget(path)
        raise
    state.record(step, trace)


def trace_of_run(step: Step, files_read: list[str], started: int, state: BuildState) -> Trace:
    """The trace of a step that has just run. It began at `started`, in nanoseconds of `clock_ns`."""
    digests = state.digests
    for name in (*map(str, step.inputs), *files_read):
        digests.forget(name)
    takes_in_text = any(rust_reads(digests, path).names_text_macro for path in files_read if path.endswith(".rs"))
    kind = RAW if raw_matters(step) or takes_in_text else step.digest_kind
    files_read, uncertain = with_unlisted_files(step, files_read, state)
    inputs = digests.all_of(step.inputs)
    if step.gate and files_changed_since(step.gate, files_read, state):
        # The gate does not sum up what the step has read.
        inputs[str(step.gate)] = UNKNOWN
    outputs: DigestByPath = {}
    for path in step.outputs:
        digests.forget(path)
        outputs[str(path)] = digests.of(path)
    files = {path: digests.of(path, kind) for path in files_read}
    # Looked at once more: a file may have changed while others were digested. One that is gone was there to be read.
    uncertain |= {path for path in files_read if files[path] is None or may_have_changed(path, step, started, state)}
    files |= dict.fromkeys(uncertain, UNKNOWN)
    views = tuple(view_of_run(step, view, started, state) for view in step.views)
    if kind in KEEP_LINES:
        state.earlier_outputs.save_key_texts(files, kind)
    files, shared = split_shared(step, files, state)
    search = state.header_search(step.include_directories)
    key = state.traces.add_shared_files(FilesRead(kind, shared, search.rivals_of(shared))) if shared else ""
    own_files = FilesRead(kind, files, search.rivals_of(files, shared))
    return Trace(step.signature(), inputs, own_files, key, views, outputs)


def with_unlisted_files(step: Step, files_read: list[str], state: BuildState) -> tuple[list[str], set[str]]:
    """The files that the step has read, with those that no depfile lists.

    Also those of them of which nobody knows what they make the step read: they count as changed in each run.
    """
    if step.digest_kind == RUST:
        assembled, unknown = assembled_files(state.digests, files_read, step.commands[0].cwd)
        for path in assembled:
            state.digests.forget(path)
        if step.compiler_state and (assembled or unknown):
            # rustc would take code with an old file in it from there.
            shutil.rmtree(step.compiler_state)
        return sorted({*files_read, *assembled}), unknown
    if step.include_directories:
        return files_read, {path for path in files_read if asked_files(state.digests, path).asks_by_macro}
    return files_read, set()


def split_shared(step: Step, files: DigestByPath, state: BuildState) -> tuple[DigestByPath, DigestByPath]:
    """The files of this step's own, and those that other steps read alike: the kernel's headers."""
    search = state.header_search(step.include_directories)
    found = {path: digest for path, digest in files.items() if search.holds(path) and digest != UNKNOWN}
    shared = {
        path: digest
        for path, digest in found.items()
        # What a macro names may be one of the step's own files.
        if not path.startswith(state.modules_prefix) and not asked_files(state.digests, path).includes_by_macro
    }
    return {path: digest for path, digest in files.items() if path not in shared}, shared


def view_of_run(step: Step, view: View, started: int, state: BuildState) -> ViewSeen:
    """The part of a file that the step saw, for its trace. Raises `StepError` if the file can't be read."""
    try:
        seen = view_now(view, state.digests)
    except OSError as error:
        raise StepError(f"a part of a file can't be read: {error}", where=f"{step.name} {step.unit}") from error
    if not any(may_have_changed(path, step, started, state) for path in view.paths):
        return seen
    unknown = (UNKNOWN,) * len(seen.paths)
    return dataclasses.replace(seen, raw=unknown, pieces=unknown, part=UNKNOWN)


def may_have_changed(path: Path | str, step: Step, started: int, state: BuildState) -> bool:
    """Whether a file may have changed since the step began. Outputs of earlier steps were there before it began."""
    return Path(path) not in step.order_only and state.digests.changed_since(path, started)


def files_changed_since(gate: Path, files_read: list[str], state: BuildState) -> bool:
    """Whether one of the files may have changed since the gate was written."""
    written = gate.stat().st_mtime_ns
    return any(state.digests.changed_since(path, written) for path in files_read)


def raw_matters(step: Step) -> bool:
    """Whether a step that has just run depends on its sources to the letter."""
    return step.compare_raw or bool(step.compare_raw_if and step.compare_raw_if.stat().st_size)
