# SPDX-License-Identifier: MIT
"""What an edit of a file makes the next build run: the steps that read the file, and those that depend on these.

It is asked before the edit, so it is an upper bound: steps whose inputs come out the same do not run. It holds for
edits after which the file includes the same files, and names the same declarations of the kernel, as before.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.identifiers import IDENTIFIER
from scons_kmod.engine.object_symbols import defined_symbols
from scons_kmod.engine.step import Step
from scons_kmod.engine.views import IDENTIFIERS, MEMBERS, ViewSeen

# The steps that count as compilations and as links in `counts_line`. The C code that modpost writes for each module is
# a part of its link.
COMPILES = ("RUSTC", "CC", "AS")
OF_MODPOST = ".mod.o"
LINKS_MODULE = "LD [M]"
# These steps write what they have found in headers. A declaration that isn't named in one of their outputs doesn't
# change it.
READ_DECLARATIONS = ("DIGEST", "BINDGEN")


class Following(NamedTuple):
    """The steps that may run after an edit, in their order, and the keys of those that read the file."""

    steps: list[Step]
    reading: set[str]


def files_read(step: Step, state: BuildState) -> set[str]:
    """The files that no step makes and that the step read when it last ran, or would read if it never ran."""
    trace = state.traces.latest(step.key)
    if trace is None:
        return set(map(str, step.tracked))
    shared = state.traces.shared_files(trace.shared_key) if trace.shared_key else None
    parts = (path for view in trace.views if view.kind != IDENTIFIERS for path in view.paths)
    return set(map(plain_path, (*trace.files.digests, *(shared.digests if shared else ()), *parts)))


@functools.cache
def plain_path(path: str) -> str:
    """A path as it is in a depfile, without ``..`` in it."""
    return os.path.normpath(path)


def found_files(name: str, reads: Iterable[set[str]]) -> list[str]:
    """The files among those read that `name` names: a path, or the end of one (``linux/fs.h``), sorted."""
    known = set[str]().union(*reads)
    absolute = plain_path(str(Path(name).absolute()))
    return [absolute] if absolute in known else sorted(path for path in known if path.endswith(f"/{name}"))


def what_follows(
    steps: Mapping[str, Step], reads: Mapping[str, set[str]], path: str, declaration: str | None, state: BuildState
) -> Following:
    """The steps that may run after an edit of the file at `path`.

    `steps` are in the order in which they run, and `reads` has what each has read, by its key. With `declaration`, the
    edit is of this declaration in the header.
    """
    changed: set[str] = set()
    found: list[Step] = []
    reading: set[str] = set()
    for step in steps.values():
        reads_it = path in reads[step.key] and (step.gate is None or str(step.gate) in changed)
        if reads_it or depends_on(step, reads[step.key], changed, steps, state):
            found.append(step)
            changed.update(str(output) for output in step.outputs if may_change(step, output, declaration))
            if reads_it:
                reading.add(step.key)
    return Following(found, reading)


def depends_on(step: Step, read: set[str], changed: set[str], steps: Mapping[str, Step], state: BuildState) -> bool:
    """Whether a step depends on one of the outputs that have changed."""
    if not changed.isdisjoint(map(str, step.inputs)):
        return True
    trace = state.traces.latest(step.key)
    views = trace.views if trace else ()
    whole = read - {path for view in views for path in view.paths}
    return not changed.isdisjoint(whole) or any(view_may_change(view, changed, steps) for view in views)


def view_may_change(view: ViewSeen, changed: set[str], steps: Mapping[str, Step]) -> bool:
    """Whether the part that a step saw may be another. Of an archive, only members that have changed matter."""
    if view.kind == IDENTIFIERS or changed.isdisjoint(view.paths):
        return False
    if view.kind != MEMBERS:
        return True
    members = [path for key in view.paths if key in steps for path in steps[key].inputs if str(path) in changed]
    names = set(view.names)
    return any(not names.isdisjoint(defined_symbols(member)) for member in members if member.is_file())


def may_change(step: Step, output: Path, declaration: str | None) -> bool:
    """Whether an edit, of `declaration` if that is known, may change an output of a step that runs."""
    if declaration is None or step.name not in READ_DECLARATIONS or not output.is_file():
        return True
    return declaration in IDENTIFIER.findall(output.read_text(errors="replace"))


def counts_line(steps: Iterable[Step]) -> str:
    """How many of the steps compile, and how many modules they link, at most."""
    steps = list(steps)
    compiled = sum(step.name.split()[0] in COMPILES and not step.unit.endswith(OF_MODPOST) for step in steps)
    linked = sum(step.name == LINKS_MODULE for step in steps)
    return f"at most {compiled} compile, at most {linked} {'is' if linked == 1 else 'are'} linked"
