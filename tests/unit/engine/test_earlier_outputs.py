# SPDX-License-Identifier: MIT
"""An undone edit restores the outputs of an earlier run."""

from __future__ import annotations

from pathlib import Path

import pytest
from step_workshop import TwoSteps, Workshop

from scons_kmod.engine.run_step import restore
from scons_kmod.engine.trace import TRACES_PER_STEP
from scons_kmod.engine.views import IDENTIFIERS, View


def test_an_undone_edit_brings_the_old_outputs_back(workshop: Workshop) -> None:
    workshop.write("source.c", "int two;\n")
    workshop.run()
    assert workshop.output.read_text() == "int two;\n"
    workshop.write("source.c", "int one;\n")
    assert workshop.restored()
    assert workshop.output.read_text() == "int one;\n"
    assert workshop.reasons() == []
    workshop.write("source.c", "int two;\n")
    assert workshop.restored()
    assert workshop.output.read_text() == "int two;\n"


def test_two_undone_edits(workshop: Workshop) -> None:
    texts = [f"int {name};\n" for name in ("one", "two", "three")]
    for text in texts[1:]:
        workshop.write("source.c", text)
        assert workshop.build() == 1
    for text in (*reversed(texts[:-1]), *texts, texts[0], texts[2]):
        workshop.write("source.c", text)
        assert workshop.build() == 0
        assert workshop.output.read_text() == text
        assert workshop.reasons() == []


@pytest.mark.parametrize(
    "undo", ["include/a/x.h", "part/mod.rs"], ids=["a header found first", "a second file for a module"]
)
def test_a_file_that_is_taken_away_again_is_an_undone_edit(tmp_path: Path, undo: str) -> None:
    workshop = Workshop(tmp_path)
    workshop.write("part.rs", "")
    step = workshop.step(tracked=(tmp_path / "source.c", tmp_path / "part.rs"))
    assert workshop.build(step) == 1
    workshop.write(undo, "")
    assert workshop.build(step) == 1
    (tmp_path / undo).unlink()
    assert workshop.build(step) == 0
    assert workshop.reasons(step) == []


def test_another_command_and_back(workshop: Workshop) -> None:
    other = workshop.step(commands=(workshop.command("cp", "input", str(workshop.output)),))
    assert (workshop.build(other), workshop.output.read_text()) == (1, "in\n")
    assert (workshop.build(), workshop.output.read_text()) == (0, "int one;\n")
    assert (workshop.build(other), workshop.output.read_text()) == (0, "in\n")


def test_only_the_last_traces_are_kept(workshop: Workshop) -> None:
    for number in range(TRACES_PER_STEP + 1):
        workshop.write("source.c", f"int number_{number};\n")
        workshop.run()
    workshop.write("source.c", "int one;\n")
    assert not workshop.restored()
    workshop.write("source.c", f"int number_{TRACES_PER_STEP - 1};\n")
    assert workshop.restored()


def test_what_was_put_aside_and_damaged_is_not_brought_back(workshop: Workshop) -> None:
    workshop.write("source.c", "int two;\n")
    workshop.run()
    for path in (workshop.path / "build/kept").iterdir():
        path.write_text("damaged")
    workshop.write("source.c", "int one;\n")
    assert not workshop.restored()
    workshop.run()
    assert workshop.output.read_text() == "int one;\n"


def test_a_step_whose_outputs_are_not_kept_runs_again(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    step = workshop.step(restorable=False)
    for text in ("int one;\n", "int two;\n", "int one;\n"):
        workshop.write("source.c", text)
        assert workshop.build(step) == 1
    assert [path for path in (tmp_path / "build/kept").iterdir() if not path.name.startswith("text-")] == []


def test_the_names_that_tell_a_part_are_those_of_the_run_that_comes_back(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.write("source.c", "file\ninode\n")
    workshop.write("a.rs", "fn f(file: u32) {}\n")
    # As the fingerprint: the step itself makes the list of names that are declared.
    step = workshop.step(views=(View(IDENTIFIERS, (tmp_path / "a.rs",), (workshop.output,)),))
    workshop.build(step)
    workshop.write("source.c", "file\n")
    workshop.build(step)
    workshop.write("source.c", "file\ninode\n")
    workshop.write("a.rs", "fn f(inode: u32, file: u32) {}\n")
    assert workshop.build(step) == 1
    assert workshop.reasons(step) == []


# Several outputs, and outputs of other kinds.


def test_two_outputs_of_which_the_first_differs(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    step = workshop.pair()
    workshop.build(step)
    workshop.write("source.c", "int two;\n")
    assert workshop.build(step) == 2
    workshop.write("source.c", "int one;\n")
    assert workshop.build(step) == 0
    assert (workshop.output.read_text(), workshop.second_output.read_text()) == ("int one;\n", "in\n")
    assert workshop.reasons(step) == []


def test_two_outputs_with_the_same_content(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    step = workshop.pair()
    for text in ("in\n", "int two;\n"):
        workshop.write("source.c", text)
        assert workshop.build(step) == 2
    workshop.write("source.c", "in\n")
    assert workshop.build(step) == 0
    assert workshop.output.read_text() == workshop.second_output.read_text() == "in\n"
    assert not workshop.output.samefile(workshop.second_output)


def test_all_outputs_come_back_or_none(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    step = workshop.pair()
    workshop.build(step)
    workshop.write("source.c", "int two;\n")
    workshop.write("input", "two\n")
    workshop.build(step)
    kept = workshop.path / "build/kept"
    (lost,) = (path for path in kept.iterdir() if path.read_text() == "in\n")
    lost.unlink()
    workshop.write("source.c", "int one;\n")
    workshop.write("input", "in\n")
    assert not restore(step, workshop.state())
    assert (workshop.output.read_text(), workshop.second_output.read_text()) == ("int two;\n", "two\n")
    assert workshop.build(step) == 2


def test_equal_outputs_of_two_steps_both_come_back(two: TwoSteps) -> None:
    workshop = two.workshop
    assert workshop.output.read_bytes() == workshop.second_output.read_bytes()
    workshop.write("source.c", "int two;\n")
    assert two.build() == [1, 1]
    workshop.write("source.c", "int one;\n")
    assert two.build() == [0, 0]
    assert workshop.output.read_text() == workshop.second_output.read_text() == "int one;\n"
    workshop.second_output.write_text("damaged\n")
    assert workshop.output.read_text() == "int one;\n", "each has a file of its own"


def test_a_program_can_be_run_after_it_came_back(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.write("source.c", "one")
    (tmp_path / "source.c").chmod(0o755)
    workshop.settle()
    workshop.build()
    workshop.write("source.c", "two")
    workshop.build()
    workshop.write("source.c", "one")
    assert workshop.build() == 0
    assert workshop.output.stat().st_mode & 0o777 == 0o755


def test_an_output_that_is_a_link(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    link = tmp_path / "out/link"
    step = workshop.step(
        outputs=(workshop.output, link),
        commands=(*workshop.step().commands, workshop.command("ln", "-s", "first", str(link))),
    )
    for text in ("int one;\n", "int two;\n", "int one;\n", "int two;\n"):
        workshop.write("source.c", text)
        workshop.build(step)
        assert link.read_text() == workshop.output.read_text() == text
        assert workshop.reasons(step) == []


def test_outputs_that_lost_their_directory(workshop: Workshop) -> None:
    workshop.write("source.c", "int two;\n")
    workshop.build()
    workshop.output.unlink()
    workshop.output.parent.rmdir()
    workshop.write("source.c", "int one;\n")
    assert workshop.build() == 0
    assert workshop.output.read_text() == "int one;\n"


# What is removed.


def test_outputs_that_no_trace_leads_to_are_forgotten(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scons_kmod.engine.trace.UNUSED_LINES", -1000)
    for number in range(3 * TRACES_PER_STEP):
        workshop.write("source.c", f"int number_{number};\n")
        workshop.run()
    outputs = [path for path in (workshop.path / "build/kept").iterdir() if not path.name.startswith("text-")]
    assert len(outputs) == TRACES_PER_STEP - 1


def test_what_was_half_put_aside_is_forgotten(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scons_kmod.engine.trace.UNUSED_LINES", -1000)
    kept = workshop.path / "build/kept"
    kept.mkdir(exist_ok=True)
    (kept / ".text-x.tmp").write_text("half")
    workshop.write("source.c", "int two;\n")
    workshop.build()
    assert not (kept / ".text-x.tmp").exists()


def test_a_run_that_has_nothing_to_do_leaves_what_was_put_aside(workshop: Workshop) -> None:
    kept = workshop.path / "build/kept"
    kept.mkdir(exist_ok=True)
    (kept / "something").write_text("")
    assert workshop.build() == 0
    assert (kept / "something").exists()
