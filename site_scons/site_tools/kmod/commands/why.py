# SPDX-License-Identifier: MIT
"""``why``: the reasons of the last build or of the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scons_kmod.base.errors import UserError
from scons_kmod.base.run_log import read_entries
from scons_kmod.engine.step import Step, steps_to
from scons_kmod.engine.what_follows import counts_line, files_read, found_files, what_follows
from scons_kmod.engine.why import WIDTH, last_run, next_run
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_ko
from scons_kmod.target.settings import Settings

from ..modules import buildable_modules
from ..registry import SconsCommand, When
from ..session import Session


def run(session: Session, modules: list[Manifest]) -> int:
    """Print for each module which steps the last build ran and why, or with NEXT=1 which the next may run.

    With FILE=, print which steps an edit of the file would run. Raises `UserError`.
    """
    settings = session.settings
    refuse_incomplete(settings)
    edits: list[str] = []
    for target in session.targets:
        chosen = buildable_modules(session, target, modules)
        if settings.file:
            edits += lines_about_edit(session, target, chosen)
        else:
            show(session, (lines_about_next if settings.next else lines_about_last)(session, target, chosen))
    if settings.file and not edits:
        where = f"FILE={settings.file}"
        raise UserError("no step has read such a file", where=where, fix="check the path, or build first: scons")
    show(session, edits)
    return 0


def show(session: Session, lines: Iterable[str]) -> None:
    """Print lines, with paths as short as they can be."""
    for line in lines:
        print(line.replace(f"{session.top}/", ""))


def refuse_incomplete(settings: Settings) -> None:
    """Raise `UserError` for a variable without the one that it belongs to."""
    if settings.file and not settings.next:
        raise UserError("only the next build can be asked about a file", where="FILE=", fix="add NEXT=1")
    if settings.declaration and not settings.file:
        raise UserError("the header is missing", where="DECLARATION=", fix="add FILE=linux/fs.h, or another header")


def lines_about_last(session: Session, target: BuildTarget, modules: list[Manifest]) -> Iterator[str]:
    """What the last build ran for the modules, and why."""
    state, entries = session.build_state(target.name), read_entries(target.build / "last-run.json")
    for module in modules:
        yield f"{module.name} ({target.name})"
        key = str(module_ko(target, module))
        yield from (f"  {line}" for line in last_run(session.graph.steps, key, entries, state))


def lines_about_next(session: Session, target: BuildTarget, modules: list[Manifest]) -> Iterator[str]:
    """What the next build may run for the modules, and why."""
    graph, state = session.graph, session.build_state(target.name)
    steps = steps_of(session, target, modules)
    yield f"{target.name}: {counts_line(step for step in steps.values() if step.key in graph.reasons)}"
    for module in modules:
        yield f"{module.name} ({target.name})"
        key = str(module_ko(target, module))
        yield from (f"  {line}" for line in next_run(graph.steps, key, graph.reasons, state))


def lines_about_edit(session: Session, target: BuildTarget, modules: list[Manifest]) -> Iterator[str]:
    """What the next build may run for the modules after an edit of FILE=: nothing if no step has read it.

    Raises `UserError` if several files may be meant.
    """
    state, settings = session.build_state(target.name), session.settings
    steps = steps_of(session, target, modules)
    reads = {key: files_read(step, state) for key, step in steps.items()}
    found = found_files(str(settings.file), reads.values())
    if len(found) > 1:
        where = f"FILE={settings.file}"
        raise UserError(f"several files end so: {', '.join(found)}", where=where, fix="give more of the path")
    for path in found:
        following = what_follows(steps, reads, path, settings.declaration, state)
        edit = f"{settings.declaration} in {settings.file}" if settings.declaration else settings.file
        yield f"an edit of {edit} ({target.name}): {counts_line(following.steps)}"
        for step in following.steps:
            why = "reads the file" if step.key in following.reading else "may read other outputs"
            yield f"  {step.name:<{WIDTH}}{step.unit}: {why}"


def steps_of(session: Session, target: BuildTarget, modules: list[Manifest]) -> dict[str, Step]:
    """The steps that lead to the modules, by their keys, in the order in which they run."""
    keys = (str(module_ko(target, module)) for module in modules)
    return {step.key: step for key in keys for step in steps_to(session.graph.steps, key)}


COMMAND = SconsCommand(
    "prints why the last build ran its steps; builds nothing",
    run,
    when=When.GRAPH_COMPLETE,
    variables=("MODULE", "NEXT", "FILE", "DECLARATION"),
)
