# SPDX-License-Identifier: MIT
"""Why a module was built, or may have to be: each step that leads to it, with what changed for the step."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scons_kmod.engine.digests import LINES, key_text_of
from scons_kmod.engine.step import Step
from scons_kmod.engine.store import Store, spoken
from scons_kmod.engine.trace import Trace

FINGERPRINT = "fingerprint.json"
# How many changed places, declarations and mentions are shown for each reason.
MANY = 5
WIDTH = 8

Entries = Iterable[Mapping[str, Any]]


def steps_to(steps: Mapping[str, Step], key: str) -> list[Step]:
    """The step `key` and all whose outputs it depends on, in the order in which they run."""
    makers = {str(path): step for step in steps.values() for path in step.outputs}
    found: dict[str, Step] = {}

    def visit(step: Step) -> None:
        if step.key not in found:
            for path in (*step.inputs, *step.order_only):
                if maker := makers.get(str(path)):
                    visit(maker)
            found[step.key] = step

    visit(steps[key])
    return list(found.values())


def last_run(steps: Mapping[str, Step], key: str, entries: Entries, store: Store) -> list[str]:
    """What the last build ran that leads to the step `key`, and why."""
    reasons = {(entry["step"], entry["unit"]): entry["why"] for entry in entries}
    lines = []
    for step in steps_to(steps, key):
        names = {command.label or step.name for command in step.commands}
        why = next((reasons[name, step.unit] for name in sorted(names) if (name, step.unit) in reasons), None)
        if why is not None:
            traces = store.traces.all_of(step.key)
            before = traces[1] if len(traces) > 1 else None
            lines += explained(step, why.split(", "), before, traces[0] if traces else None, store, steps)
    return lines or ["nothing that the last build ran leads to it"]


def next_run(steps: Mapping[str, Step], key: str, expected: Mapping[str, str], store: Store) -> list[str]:
    """What the next build may run that leads to the step `key`, and why: an upper bound."""
    lines = []
    for step in steps_to(steps, key):
        if step.key in expected:
            lines += explained(step, expected[step.key].split(", "), store.traces.latest(step.key), None, store, steps)
    return lines or ["it is up to date"]


def explained(
    step: Step, reasons: list[str], before: Trace | None, after: Trace | None, store: Store, steps: Mapping[str, Step]
) -> list[str]:
    """The lines about one step. `before` and `after` are its traces; without `after`, files as they are now count."""
    lines = [f"{step.name:<{WIDTH}}{step.unit}"]
    for reason in reasons:
        lines.append(f"{'':<{WIDTH}}{reason}")
        path = reason.removesuffix(spoken(""))
        if path == reason or before is None:
            continue
        if Path(path).name == FINGERPRINT:
            details = declarations(path, before, after, store, mentions(steps, store))
        else:
            details = places(path, before, after, store)
        lines += [f"{'':<{2 * WIDTH}}{detail}" for detail in details]
    return lines


def places(path: str, before: Trace, after: Trace | None, store: Store) -> Iterator[str]:
    """Where a source has changed, each ``file:line``."""
    if before.files.kind != LINES or path not in before.files.digests:
        return
    old = store.kept_text(before.files.digests[path])
    new = store.kept_text(after.files.digests.get(path)) if after else key_text_of(path)
    if old is None or new is None:
        return
    matcher = difflib.SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False)
    changes = [change for change in matcher.get_opcodes() if change[0] != "equal"]
    for _, _, _, start, end in changes[:MANY]:
        yield f"{path}:{start + 1}" if end - start <= 1 else f"{path}:{start + 1}-{end}"
    if len(changes) > MANY:
        yield f"and {len(changes) - MANY} more places"


def declarations(
    path: str, before: Trace, after: Trace | None, store: Store, mentioned: Mapping[str, list[str]]
) -> Iterator[str]:
    """Which declarations of the kernel have changed, and where Rust code names them."""
    old = store.kept_content(before.inputs.get(path))
    new = Path(path).read_text() if after is None else store.kept_content(after.inputs.get(path)) or ""
    if old is None:
        return
    was, now = json.loads(old)["declarations"], json.loads(new or Path(path).read_text())["declarations"]
    changed = [name for name in sorted({*was, *now}) if was.get(name) != now.get(name)]
    for name in changed[:MANY]:
        how = "is new" if name not in was else "is gone" if name not in now else "changed"
        where = ", ".join(mentioned.get(name, ())[:3])
        yield f"{name} {how}" + (f" (named in {where})" if where else " (reached from others)")
    if len(changed) > MANY:
        yield f"and {len(changed) - MANY} more declarations"


def mentions(steps: Mapping[str, Step], store: Store) -> dict[str, list[str]]:
    """Where the Rust sources that were compiled name what: each identifier's places, ``file:line``."""
    sources: dict[str, None] = {}
    for key in steps:
        trace = store.traces.latest(key)
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
            for word in re.findall(r"[A-Za-z_]\w*", line):
                found.setdefault(word, []).append(f"{path}:{number}")
    return found
