# SPDX-License-Identifier: MIT
"""Groups of steps that need no planning: what a later run notices without comparing the steps with their traces."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from step_workshop import TwoSteps, Workshop

from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.digests import LINES
from scons_kmod.engine.snapshot import Snapshot, tree_snapshot
from scons_kmod.engine.step import Step
from scons_kmod.engine.step_groups import StepGroups
from scons_kmod.engine.up_to_date import out_of_date_reasons
from scons_kmod.engine.views import IDENTIFIERS, View

NAME = "module"


@dataclasses.dataclass
class Run:
    """A run that plans steps, or does not have to."""

    workshop: Workshop
    key: str = "key"

    def __post_init__(self) -> None:
        self.state: BuildState = self.workshop.state()
        self.groups = StepGroups(
            self.workshop.path / "build/step-groups", self.key, self.state.digests, self.state.traces.path
        )
        self.outputs: set[str] = set()
        self.looked_at: dict[str, set[str]] = {}
        self.doubtful: set[str] = set()

    def up_to_date(self) -> bool:
        return self.groups.is_up_to_date(NAME, self.outputs, self.doubtful)

    def record(self, *steps: Step, trees: tuple[Snapshot | None, ...] = ()) -> None:
        for step in steps:
            self.outputs.update(map(str, step.outputs))
            with self.state.digests.watching() as looked:
                reasons = list(out_of_date_reasons(step, self.state))
            if not reasons:
                self.looked_at[step.key] = looked
        self.groups.record(NAME, steps, self, trees, self.state.shared_comparisons)

    def save(self) -> None:
        self.groups.save()
        self.state.digests.save()


def recorded(workshop: Workshop, *steps: Step, trees: bool = False) -> None:
    """Record the steps, and check that a later run plans nothing."""
    workshop.settle()
    run = Run(workshop)
    source = tree_snapshot(workshop.path / "source", run.state.digests, workshop.path) if trees else {}
    run.record(*steps, trees=(source,))
    run.save()
    again = Run(workshop)
    assert again.up_to_date()
    assert again.outputs == {str(path) for step in steps for path in step.outputs}
    again.save()


def keep_size_and_time(path: Path) -> None:
    before = path.stat()
    path.write_bytes(bytes(byte ^ 1 for byte in path.read_bytes()))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_group_that_no_run_has_recorded_is_planned(workshop: Workshop) -> None:
    assert not Run(workshop).up_to_date()


@pytest.mark.parametrize("name", ["source.c", "include/b/x.h", "input", "out/first"])
@pytest.mark.parametrize("change", [keep_size_and_time, Path.unlink, lambda path: path.write_text("int other;\n")])
def test_a_change_of_what_a_step_reads_and_makes_is_noticed(
    workshop: Workshop, name: str, change: Callable[[Path], object]
) -> None:
    recorded(workshop, workshop.step())
    change(workshop.path / name)
    assert not Run(workshop).up_to_date()


@pytest.mark.parametrize("name", ["include/a/x.h", "x.h"])
def test_a_header_that_would_be_found_first_is_noticed(workshop: Workshop, name: str) -> None:
    workshop.write("source.c", '#include "x.h"\n')
    workshop.run()
    recorded(workshop, workshop.step())
    (workshop.path / name).touch()
    assert any(name in reason or "found before" in reason for reason in workshop.reasons())
    assert not Run(workshop).up_to_date()


def test_a_module_that_would_be_found_first_is_noticed(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.write("source.rs", "")
    step = workshop.step(tracked=(tmp_path / "source.rs",), commands=(workshop.command("touch", "out/first"),))
    workshop.run(step)
    recorded(workshop, step)
    workshop.write("source/mod.rs", "")
    assert not Run(workshop).up_to_date()


def test_shared_files_are_noticed_for_all_groups_that_read_them(two: TwoSteps) -> None:
    workshop = two.workshop
    recorded(workshop, two.steps[0])
    run = Run(workshop)
    run.record(*two.steps)
    run.save()
    assert Run(workshop).up_to_date()
    workshop.write("include/b/x.h", "int other;\n")
    assert not Run(workshop).up_to_date()


@pytest.mark.parametrize("name", ["include/a/x.h", "include/b/y.h"])
def test_a_header_before_a_shared_one_is_noticed(two: TwoSteps, name: str) -> None:
    two.workshop.write("include/b/x.h", "#if __has_include(<y.h>)\n#endif\n")
    two.build()
    # In this run, the first step has looked at the shared files; the second only hears of the answer.
    recorded(two.workshop, *two.steps)
    two.workshop.write(name, "")
    assert any(two.reasons())
    assert not Run(two.workshop).up_to_date()


def test_the_list_that_chooses_names_is_noticed(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.write("names", "one\n")
    view = View(IDENTIFIERS, (tmp_path / "source.c",), (tmp_path / "names",))
    step = workshop.step(tracked=(), views=(view,), digest_kind=LINES)
    workshop.run(step)
    # Another text with the same names: from now on, the names are looked up.
    workshop.write("source.c", "int one, two;\n")
    assert workshop.reasons(step) == []
    recorded(workshop, step)
    workshop.write("names", "one\ntwo\n")
    assert workshop.reasons(step) == ["source.c changed"]
    assert not Run(workshop).up_to_date()


def test_what_the_steps_were_planned_from_is_noticed(workshop: Workshop) -> None:
    workshop.write("source/module.toml", "")
    recorded(workshop, workshop.step(), trees=True)
    workshop.write("source/more.c", "")
    assert not Run(workshop).up_to_date()


def test_another_key_is_noticed(workshop: Workshop) -> None:
    recorded(workshop, workshop.step())
    assert not Run(workshop, key="other").up_to_date()


@pytest.mark.parametrize("text", ["", "torn"])
def test_another_trace_is_noticed(workshop: Workshop, text: str) -> None:
    recorded(workshop, workshop.step())
    traces = workshop.path / "build/traces.jsonl"
    traces.write_text(traces.read_text() + text if text else "")
    assert not Run(workshop).up_to_date()


@pytest.mark.parametrize("damage", [b"", b"\0", b"x"])
def test_a_damaged_file_is_the_same_as_none(workshop: Workshop, damage: bytes) -> None:
    recorded(workshop, workshop.step())
    saved = workshop.path / "build/step-groups"
    saved.write_bytes(saved.read_bytes()[:-1] + damage)
    assert not Run(workshop).up_to_date()
    recorded(workshop, workshop.step())


def test_a_group_that_was_built_since_is_planned(workshop: Workshop) -> None:
    recorded(workshop, workshop.step())
    workshop.write("source.c", "int other;\n")
    run = Run(workshop)
    assert not run.up_to_date()
    run.record(workshop.step())
    run.save()
    workshop.run()
    workshop.write("source.c", "int one;\n")
    assert not Run(workshop).up_to_date()


def test_a_step_that_is_out_of_date_keeps_the_group_out(two: TwoSteps) -> None:
    two.workshop.second_output.unlink()
    two.workshop.settle()
    run = Run(two.workshop)
    run.record(*two.steps)
    run.save()
    assert not Run(two.workshop).up_to_date()


def test_what_was_planned_from_something_that_still_changes_is_planned_again(workshop: Workshop) -> None:
    workshop.settle()
    run = Run(workshop)
    run.record(workshop.step(), trees=({}, None))
    run.save()
    assert not Run(workshop).up_to_date()


def test_outputs_of_the_group_that_are_new_are_planned_again(workshop: Workshop) -> None:
    run = Run(workshop)
    (workshop.path / "input").write_text("in\n")
    run.record(workshop.step())
    run.save()
    assert not Run(workshop).up_to_date()


def test_what_reads_a_doubtful_output_is_planned(workshop: Workshop) -> None:
    other = workshop.path / "input"
    step = workshop.step(order_only=(workshop.path / "header.gch",))
    workshop.run(step)
    workshop.settle()
    run = Run(workshop)
    run.outputs = {str(other)}
    run.record(step)
    run.save()

    def asked(outputs: set[str], doubtful: set[str]) -> bool:
        run = Run(workshop)
        run.outputs, run.doubtful = outputs, doubtful
        return run.up_to_date()

    assert asked({str(other)}, set())
    assert asked({str(other)}, {"/elsewhere"})
    assert not asked({str(other)}, {str(other)})
    assert not asked({str(other)}, {str(workshop.path / "header.gch")})
    # The step that writes it has not been planned yet in this run.
    assert not asked(set(), set())


def test_a_module_that_is_gone_is_forgotten(workshop: Workshop) -> None:
    recorded(workshop, workshop.step())
    Run(workshop).save()
    assert not Run(workshop).up_to_date()
