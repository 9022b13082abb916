# SPDX-License-Identifier: MIT
"""What `scons why` prints of the steps that lead to a module."""

from __future__ import annotations

import json

from step_workshop import Workshop

from scons_kmod.engine.step import Step, steps_to
from scons_kmod.engine.up_to_date import out_of_date_reasons
from scons_kmod.engine.why import last_run, next_run


def why_next(workshop: Workshop, step: Step | None = None) -> list[str]:
    """The lines about the next run, without the workshop's directory."""
    step, state = step or workshop.step(), workshop.state()
    reasons = {step.key: ", ".join(out_of_date_reasons(step, state))}
    lines = next_run({step.key: step}, step.key, reasons, state)
    return [line.replace(f"{workshop.path}/", "") for line in lines]


def test_steps_come_after_those_whose_outputs_they_read(workshop: Workshop) -> None:
    first = workshop.step()
    second = workshop.step(outputs=(workshop.second_output,), inputs=first.outputs)
    third = workshop.step(outputs=(workshop.path / "out/third",), order_only=second.outputs)
    other = workshop.step(outputs=(workshop.path / "out/other",))
    steps = {step.key: step for step in (third, other, second, first)}
    assert steps_to(steps, third.key) == [first, second, third]


def test_a_step_that_is_up_to_date_has_no_reason(workshop: Workshop) -> None:
    assert why_next(workshop) == ["it is up to date"]


def test_the_changed_lines_of_a_source_are_named(workshop: Workshop) -> None:
    workshop.write("source.c", "int one;\n\nint two;\nint three;\n")
    assert why_next(workshop) == ["CP      first", f"{'':8}source.c changed", f"{'':16}source.c:2-4"]


def test_what_the_last_build_ran_is_explained_by_the_trace_before(workshop: Workshop) -> None:
    step = workshop.step()
    workshop.write("source.c", "int two;\n")
    reason = f"{workshop.path}/source.c changed"
    workshop.run()
    entries = [{"step": "CP", "unit": "first", "why": reason}]
    lines = last_run({step.key: step}, step.key, entries, workshop.state())
    assert lines == ["CP      first", f"{'':8}{reason}", f"{'':16}{workshop.path}/source.c:1"]
    assert last_run({step.key: step}, step.key, [], workshop.state()) == ["nothing that the last build ran leads to it"]


def fingerprint_changes(workshop: Workshop, before: dict[str, object], after: dict[str, object]) -> list[str]:
    """What is printed about a step whose fingerprint has changed, and ``a.rs`` names ``file``."""
    workshop.write("fingerprint.json", json.dumps(before))
    fingerprint = workshop.step(
        outputs=(workshop.path / "out/fingerprint.json",),
        inputs=(),
        commands=(workshop.command("cp", "fingerprint.json", "out/fingerprint.json"),),
        tracked=(workshop.path / "fingerprint.json",),
    )
    workshop.write("a.rs", "fn f(file: u32) {}\n")
    reader = workshop.step(inputs=fingerprint.outputs, tracked=(workshop.path / "a.rs",))
    workshop.build(fingerprint)
    workshop.build(reader)
    workshop.write("fingerprint.json", json.dumps(after))
    workshop.build(fingerprint)
    state = workshop.state()
    steps = {step.key: step for step in (fingerprint, reader)}
    reasons = {reader.key: ", ".join(out_of_date_reasons(reader, state))}
    return [line.replace(f"{workshop.path}/", "").strip() for line in next_run(steps, reader.key, reasons, state)][1:]


def test_changed_declarations_are_named_with_their_mentions(workshop: Workshop) -> None:
    before = {"file": "1", "inode": "1", "gone": "1"}
    after = {"file": "2", "inode": "1", "new": "1"}
    assert fingerprint_changes(workshop, {"declarations": before}, {"declarations": after}) == [
        "out/fingerprint.json changed",
        "file changed (named in a.rs:1)",
        "gone is gone (reached from others)",
        "new is new (reached from others)",
    ]


def test_a_change_of_records_that_nobody_names_is_printed(workshop: Workshop) -> None:
    assert fingerprint_changes(
        workshop,
        {"declarations": {"file": "1"}, "records": "1"},
        {"declarations": {"file": "1"}, "records": "2"},
    ) == ["out/fingerprint.json changed", "a record that no Rust code names changed"]
