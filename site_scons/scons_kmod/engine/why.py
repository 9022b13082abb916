# SPDX-License-Identifier: MIT
"""What `scons why` prints: the steps that lead to a module, why each ran or may have to run, and what changed."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.digests import KEEP_LINES, key_text_of
from scons_kmod.engine.step import Step, steps_to
from scons_kmod.engine.trace import Trace
from scons_kmod.engine.up_to_date import changed

FINGERPRINT = "fingerprint.json"
# How many changed lines or declarations are shown for each reason.
MAX_DETAILS = 5
# How many mentions of a declaration are shown.
MAX_MENTIONS = 3
# The width of a column of the output.
WIDTH = 8

# The entries of last-run.json (run_log.py).
Entries = Iterable[Mapping[str, Any]]


def last_run(steps: Mapping[str, Step], key: str, entries: Entries, state: BuildState) -> list[str]:
    """The lines about what the last build ran that leads to the step `key`. `entries` are those of its log."""
    reasons = {(entry["step"], entry["unit"]): entry["why"] for entry in entries}
    lines = []
    for step in steps_to(steps, key):
        names = {command.label or step.name for command in step.commands}
        why = next((reasons[name, step.unit] for name in sorted(names) if (name, step.unit) in reasons), None)
        if why is not None:
            traces = state.traces.all_of(step.key)
            before = traces[1] if len(traces) > 1 else None
            lines += explanation(step, why.split(", "), before, traces[0] if traces else None, state, steps)
    return lines or ["nothing that the last build ran leads to it"]


def next_run(steps: Mapping[str, Step], key: str, reasons: Mapping[str, str], state: BuildState) -> list[str]:
    """The lines about what the next build may run that leads to the step `key`: an upper bound.

    `reasons` are those of the steps that may have to run, by their keys.
    """
    lines = []
    for step in steps_to(steps, key):
        if why := reasons.get(step.key):
            lines += explanation(step, why.split(", "), state.traces.latest(step.key), None, state, steps)
    return lines or ["it is up to date"]


def explanation(
    step: Step,
    reasons: list[str],
    before: Trace | None,
    after: Trace | None,
    state: BuildState,
    steps: Mapping[str, Step],
) -> list[str]:
    """The lines about one step. `before` and `after` are its traces. Without `after`, files as they are now count."""
    lines = [f"{step.name:<{WIDTH}}{step.unit}"]
    for reason in reasons:
        lines.append(f"{'':<{WIDTH}}{reason}")
        path = reason.removesuffix(changed(""))
        if path == reason or before is None:
            continue
        if Path(path).name == FINGERPRINT:
            details = changed_declarations(path, before, after, state, mentions(steps, state))
        else:
            details = changed_lines(path, before, after, state)
        lines += [f"{'':<{2 * WIDTH}}{detail}" for detail in details]
    return lines


def changed_lines(path: str, before: Trace, after: Trace | None, state: BuildState) -> Iterator[str]:
    """The lines of a source that have changed, each change as ``file:line`` or ``file:line-line``."""
    if before.files.digest_kind not in KEEP_LINES or path not in before.files.digests:
        return
    saved_text = state.earlier_outputs.saved_key_text
    old = saved_text(before.files.digests[path])
    new = saved_text(after.files.digests.get(path)) if after else key_text_of(path, before.files.digest_kind)
    if old is None or new is None:
        return
    matcher = difflib.SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False)
    changes = [change for change in matcher.get_opcodes() if change[0] != "equal"]
    for _, _, _, start, end in changes[:MAX_DETAILS]:
        yield f"{path}:{start + 1}" if end - start <= 1 else f"{path}:{start + 1}-{end}"
    if len(changes) > MAX_DETAILS:
        yield f"and {len(changes) - MAX_DETAILS} more changes"


def changed_declarations(
    path: str, before: Trace, after: Trace | None, state: BuildState, mentioned: Mapping[str, list[str]]
) -> Iterator[str]:
    """The declarations of the kernel that have changed, and where Rust code names them. `path` is the fingerprint."""
    saved_content = state.earlier_outputs.saved_content
    old = saved_content(before.inputs.get(path))
    if old is None:
        return
    new = (saved_content(after.inputs.get(path)) if after else None) or Path(path).read_text()
    before_change, after_change = json.loads(old), json.loads(new)
    was, now = before_change["declarations"], after_change["declarations"]
    names = [name for name in sorted({*was, *now}) if was.get(name) != now.get(name)]
    for name in names[:MAX_DETAILS]:
        how = "is new" if name not in was else "is gone" if name not in now else "changed"
        where = ", ".join(mentioned.get(name, ())[:MAX_MENTIONS])
        yield f"{name} {how}" + (f" (named in {where})" if where else " (reached from others)")
    if len(names) > MAX_DETAILS:
        yield f"and {len(names) - MAX_DETAILS} more declarations"
    # Only fingerprints of whole bindings have all records.
    if not names and before_change.get("records") != after_change.get("records"):
        yield "a record that no Rust code names changed"


def mentions(steps: Mapping[str, Step], state: BuildState) -> dict[str, list[str]]:
    """Where Rust sources that were compiled have each identifier, as ``file:line``."""
    sources: dict[str, None] = {}
    for key in steps:
        trace = state.traces.latest(key)
        for path in trace.files.digests if trace else ():
            if path.endswith(".rs"):
                sources[path] = None
    found: dict[str, list[str]] = {}
    for path in sources:
        try:
            text = Path(path).read_text(errors="replace")
        except OSError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for name in re.findall(r"[A-Za-z_]\w*", line):
                found.setdefault(name, []).append(f"{path}:{number}")
    return found
