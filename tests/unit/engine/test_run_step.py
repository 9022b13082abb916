# SPDX-License-Identifier: MIT
"""Running a step: edits during the run, failures, and builds that are killed."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from step_workshop import Workshop

from scons_kmod.base.errors import StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.digests import Digests, Stat
from scons_kmod.engine.run_step import restore, run_step, set_outputs_aside
from scons_kmod.engine.step import Command
from scons_kmod.engine.trace import TRACES_PER_STEP
from scons_kmod.engine.up_to_date import out_of_date_reasons
from scons_kmod.engine.views import IDENTIFIERS, SYMBOLS, View

# Files that change while the step runs.


def test_a_file_that_changed_meanwhile_never_counts_as_unchanged(workshop: Workshop) -> None:
    editing = Command(("cp", str(workshop.path / "input"), str(workshop.path / "source.c")), workshop.path)
    step = workshop.step(commands=(*workshop.step().commands, editing))
    workshop.run(step)
    assert workshop.reasons(step) == ["source.c changed"]


@pytest.mark.parametrize("name", ["source.c", "include/b/x.h"])
def test_an_edit_while_the_step_ran_is_a_reason_also_when_it_is_undone(workshop: Workshop, name: str) -> None:
    before = (workshop.path / name).read_text()
    step = workshop.step(commands=(workshop.command("cp", "input", name), *workshop.step().commands))
    workshop.run(step)
    assert workshop.reasons(step) == [f"{name} changed"]
    workshop.write(name, before)
    assert workshop.reasons(step) == [f"{name} changed"]
    assert not restore(step, workshop.state())


def test_a_file_that_was_replaced_meanwhile_never_counts_as_unchanged(workshop: Workshop) -> None:
    workshop.write("other.c", "int other;\n")
    step = workshop.step(commands=(*workshop.step().commands, workshop.command("mv", "other.c", "source.c")))
    workshop.run(step)
    assert workshop.reasons(step) == ["source.c changed"]


def test_an_edit_between_the_question_and_the_run_is_no_later_reason(workshop: Workshop) -> None:
    state = workshop.state()
    assert list(out_of_date_reasons(workshop.step(), state)) == []
    workshop.write("source.c", "int two;\n")
    run_step(workshop.step(), state, RunLog())
    state.close()
    state.digests.save()
    assert workshop.output.read_text() == "int two;\n"
    assert workshop.reasons() == []


def test_a_part_that_changed_meanwhile_never_counts_as_unchanged(workshop: Workshop) -> None:
    workshop.write("declared", "file\n")
    workshop.write("a.rs", "fn f(file: u32) {}\n")
    step = workshop.step(
        commands=(*workshop.step().commands, workshop.command("touch", "a.rs")),
        views=(View(IDENTIFIERS, (workshop.path / "a.rs",), (workshop.path / "declared",)),),
    )
    workshop.run(step)
    assert workshop.reasons(step) == ["a.rs changed"]


@pytest.mark.parametrize("name", ["source.c", "include/b/x.h", "part.rs"])
def test_a_file_that_was_removed_meanwhile_never_counts_as_unchanged(tmp_path: Path, name: str) -> None:
    workshop = Workshop(tmp_path)
    workshop.write("part.rs", "")
    commands = (*workshop.step().commands, workshop.command("rm", name))
    step = workshop.step(tracked=(tmp_path / "source.c", tmp_path / "part.rs"), commands=commands)
    workshop.run(step)
    assert workshop.reasons(step) == [f"{name} changed"]


class Editing(Digests):
    """Somebody edits a file while it is digested after the step ran: it was looked at, and is not yet read."""

    path: Path | None = None

    def stat(self, path: str) -> Stat | None:
        found = super().stat(path)
        if path == str(self.path):
            self.path = None
            Path(path).write_text("int edited;\n")
        return found


def test_an_edit_while_files_are_digested_never_counts_as_unchanged(workshop: Workshop) -> None:
    workshop.write("source.c", "int two;\n")
    digests = Editing()
    digests.path = workshop.path / "source.c"
    run_step(workshop.step(), BuildState(workshop.path / "build", digests), RunLog())
    assert workshop.output.read_text() == "int two;\n"
    assert (workshop.path / "source.c").read_text() == "int edited;\n"
    assert workshop.reasons() == ["source.c changed"]


# Steps that fail, and builds that are killed.


def test_an_object_that_cannot_be_read_is_an_error_of_the_step(workshop: Workshop) -> None:
    absent = workshop.path / "absent.o"
    step = workshop.step(views=(View(SYMBOLS, (workshop.path / "input",), (absent,)),))
    with pytest.raises(StepError, match=rf"^CP first: a part of a file can't be read: .*{absent}"):
        workshop.run(step)
    assert not workshop.output.exists()


def test_a_step_that_fails_leaves_no_output_and_what_was_before_can_come_back(workshop: Workshop) -> None:
    workshop.write("source.c", "int two;\n")
    failing = workshop.step(commands=(*workshop.step().commands, Command(("false",), workshop.path)))
    with pytest.raises(StepError):
        workshop.run(failing)
    assert not workshop.output.exists()
    workshop.write("source.c", "int one;\n")
    assert workshop.restored()
    assert workshop.output.read_text() == "int one;\n"


def test_a_step_that_fails_again_and_again(workshop: Workshop) -> None:
    failing = workshop.step(commands=(*workshop.step().commands, workshop.command("false")))
    for number in range(TRACES_PER_STEP + 1):
        workshop.write("source.c", f"int number_{number};\n")
        with pytest.raises(StepError):
            workshop.build(failing)
        assert not workshop.output.exists()
    workshop.write("source.c", "int one;\n")
    assert workshop.build() == 0
    assert workshop.output.read_text() == "int one;\n"


def test_outputs_come_back_after_a_build_killed_when_they_were_set_aside(workshop: Workshop) -> None:
    set_outputs_aside(workshop.step(), workshop.state())
    assert not workshop.output.exists()
    assert workshop.reasons() == ["out/first was missing or damaged"]
    assert workshop.restored()
    assert workshop.output.read_text() == "int one;\n"


def test_outputs_come_back_after_a_build_killed_when_the_first_was_set_aside(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    step = workshop.pair()
    workshop.build(step)
    aside = tmp_path / "aside"
    workshop.second_output.rename(aside)
    set_outputs_aside(step, workshop.state())
    aside.rename(workshop.second_output)
    assert workshop.reasons(step) == ["out/first was missing or damaged"]
    assert workshop.build(step) == 0
    assert (workshop.output.read_text(), workshop.second_output.read_text()) == ("int one;\n", "in\n")


def test_a_build_killed_before_the_trace_was_written(workshop: Workshop) -> None:
    workshop.write("source.c", "int two;\n")
    state = workshop.state()
    set_outputs_aside(workshop.step(), state)
    workshop.step().execute(RunLog(), "", False, print)
    assert workshop.reasons() == ["source.c changed", "out/first was missing or damaged"]
    workshop.write("source.c", "int one;\n")
    assert workshop.build() == 0
    assert workshop.output.read_text() == "int one;\n"


@pytest.mark.parametrize("after", [0, 0.02, 0.05, 0.1])
def test_a_build_killed_by_force_while_a_step_runs(workshop: Workshop, after: float) -> None:
    workshop.write("source.c", "int two;\n")
    fork = os.fork()
    if not fork:
        slow = workshop.command("sleep", "0.05")
        workshop.run(workshop.step(commands=(slow, *workshop.step().commands, slow)))
        os._exit(0)
    time.sleep(after)
    os.kill(fork, signal.SIGKILL)
    os.waitpid(fork, 0)
    time.sleep(0.15)  # what it started ends
    workshop.build()
    assert workshop.output.read_text() == "int two;\n"
    workshop.write("source.c", "int one;\n")
    assert workshop.build() == 0
    assert workshop.output.read_text() == "int one;\n"


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_outputs_are_those_of_a_build_from_nothing(tmp_path: Path, seed: int) -> None:
    workshop = Workshop(tmp_path)
    dice = random.Random(seed)
    sound = workshop.pair()
    failing = workshop.pair(workshop.command("false"))

    def happen() -> None:
        match dice.randrange(10):
            case 0 | 1 | 2:
                workshop.write(dice.choice(("source.c", "input")), f"int number_{dice.randrange(4)};\n")
            case 3:
                workshop.write("include/b/x.h", f"int x{dice.randrange(2)}; // {dice.random()}\n")
            case 4:
                rival = tmp_path / "include/a/x.h"
                rival.unlink() if rival.exists() else workshop.write("include/a/x.h", "int x;\n")
            case 5:
                output = dice.choice(("out/first", "out/second"))
                workshop.write(output, "damaged")
                dice.choice((Path.unlink, Path.stat))(workshop.path / output)
            case 6:
                set_outputs_aside(sound, workshop.state())
            case 7:
                kept = sorted((tmp_path / "build/kept").glob("*"))
                if kept:
                    dice.choice(kept).write_text("damaged")
            case 8:
                with suppress(StepError):
                    workshop.build(failing)
            case 9:
                traces = tmp_path / "build/traces.jsonl"
                if traces.exists():
                    os.truncate(traces, dice.randrange(traces.stat().st_size))

    for _ in range(20):
        for _ in range(dice.randrange(1, 3)):
            happen()
        workshop.build(sound)
        assert workshop.output.read_bytes() == (tmp_path / "source.c").read_bytes()
        assert workshop.second_output.read_bytes() == (tmp_path / "input").read_bytes()
        assert workshop.reasons(sound) == []
