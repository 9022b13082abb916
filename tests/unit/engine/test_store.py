# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from scons_kmod.base.errors import StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.digests import LINES, TOKENS, Digests, Stat
from scons_kmod.engine.run_step import restore, run_step, set_outputs_aside
from scons_kmod.engine.step import Command, Step
from scons_kmod.engine.trace import FORMAT, TRACES_PER_STEP
from scons_kmod.engine.up_to_date import NEVER_RAN, out_of_date_reasons
from scons_kmod.engine.views import IDENTIFIERS, SYMBOLS, View


@dataclasses.dataclass
class Workshop:
    """A step that copies a source, with a header in its depfile; each question is one of a new run."""

    path: Path

    def __post_init__(self) -> None:
        for name, text in (("source.c", "int one;\n"), ("include/b/x.h", "int x;\n"), ("input", "in\n")):
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text)
        (self.path / "include/a").mkdir()
        (self.path / "made.d").write_text(f"made: {self.path / 'include/b/x.h'}\n")
        self.settle()

    @staticmethod
    def settle() -> None:
        """Let the clock of file times tick: what is written just before a step can't be told from what follows."""
        time.sleep(0.03)

    def step(self, **changes: object) -> Step:
        whole = Step(
            name="CP",
            unit="made",
            commands=(Command(("cp", str(self.path / "source.c"), str(self.made)), self.path),),
            outputs=(self.made,),
            inputs=(self.path / "input",),
            tracked=(self.path / "source.c",),
            depfiles=(self.path / "made.d",),
            digest_kind=LINES,
            include_directories=(str(self.path / "include/a"), str(self.path / "include/b")),
            source_directory=str(self.path / "beside"),
        )
        return dataclasses.replace(whole, **changes)  # type: ignore[arg-type]

    def copying(self, name: str) -> Step:
        """A step that is alike but for its output."""
        made = self.path / "out" / name
        argv = ("cp", str(self.path / "source.c"), str(made))
        return self.step(outputs=(made,), commands=(Command(argv, self.path),))

    @property
    def made(self) -> Path:
        return self.path / "out/made"

    def state(self) -> BuildState:
        return BuildState(self.path / "build", Digests(self.path / "build/digests.json"))

    def run(self, step: Step | None = None) -> None:
        state = self.state()
        run_step(step or self.step(), state, RunLog())
        state.close()
        state.digests.save()

    def reasons(self, step: Step | None = None) -> list[str]:
        return [
            reason.replace(f"{self.path}/", "") for reason in out_of_date_reasons(step or self.step(), self.state())
        ]

    def restored(self) -> bool:
        return restore(self.step(), self.state())

    def write(self, name: str, text: str) -> None:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text)
        self.settle()

    def command(self, *words: str) -> Command:
        """A command in the workshop's directory."""
        return Command(words, self.path)

    def pair(self, *commands: Command) -> Step:
        """A step with two outputs, of which the second depends on the input alone."""
        made = (*self.step().commands, self.command("cp", "input", str(self.second)), *commands)
        return self.step(outputs=(self.made, self.second), commands=made)

    @property
    def second(self) -> Path:
        return self.path / "out/second"

    def build(self, step: Step | None = None) -> int:
        """Bring the step up to date as a build does; returns how many processes that took."""
        step = step or self.step()
        state, log = self.state(), RunLog()
        try:
            if list(out_of_date_reasons(step, state)) and not restore(step, state):
                run_step(step, state, log)
        finally:
            state.close()
            state.digests.save()
        return len(log.entries)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    made = Workshop(tmp_path)
    made.run()
    return made


def test_a_step_that_was_never_run_has_to_run(tmp_path: Path) -> None:
    assert Workshop(tmp_path).reasons() == [NEVER_RAN]


def test_a_step_that_ran_is_up_to_date(workshop: Workshop) -> None:
    assert workshop.made.read_text() == "int one;\n"
    assert workshop.reasons() == []


def test_a_touch_is_no_reason(workshop: Workshop) -> None:
    for path in workshop.path.rglob("*"):
        os.utime(path)
    assert workshop.reasons() == []


@pytest.mark.parametrize("name", ["source.c", "include/b/x.h", "input"])
def test_what_it_read_is_a_reason(workshop: Workshop, name: str) -> None:
    workshop.write(name, "int other;\n")
    assert workshop.reasons() == [f"{name} changed"]
    (workshop.path / name).unlink()
    assert workshop.reasons() == [f"{name} changed"]


def test_an_edit_that_keeps_size_and_time_is_seen(workshop: Workshop) -> None:
    source = workshop.path / "source.c"
    before = source.stat()
    source.write_text("int two;\n")
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert source.stat().st_size == before.st_size
    assert workshop.reasons() == ["source.c changed"]


def test_a_comment_is_no_reason_unless_everything_counts(workshop: Workshop) -> None:
    workshop.write("source.c", "int one; /* a comment */\n")
    assert workshop.reasons() == []
    exact = workshop.step(compare_raw=True)
    workshop.run(exact)
    workshop.write("source.c", "int one; /* another comment */\n")
    assert workshop.reasons(exact) == ["source.c changed"]


@pytest.mark.parametrize(("said", "reasons"), [("something", ["source.c changed"]), ("", [])])
def test_what_a_step_has_made_may_say_that_everything_counts(workshop: Workshop, said: str, reasons: list[str]) -> None:
    more = workshop.path / "out/more"
    commands = (*workshop.step().commands, Command(("cp", str(workshop.path / "said"), str(more)), workshop.path))
    step = workshop.step(commands=commands, outputs=(workshop.made, more), compare_raw_if=more)
    workshop.write("said", said)
    workshop.run(step)
    workshop.write("source.c", "int one; /* a comment */\n")
    assert workshop.reasons(step) == reasons


def test_a_source_that_takes_in_others_as_text_counts_to_the_letter(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.write("a.rs", 'const A: &str = include_str!("b.rs");\n')
    workshop.write("b.rs", "// one\n")
    step = workshop.step(tracked=(tmp_path / "a.rs", tmp_path / "b.rs"))
    workshop.run(step)
    workshop.write("b.rs", "// two\n")
    assert workshop.reasons(step) == ["b.rs changed"]


def test_another_command_is_a_reason(workshop: Workshop) -> None:
    assert workshop.reasons(workshop.step(tools=("another",))) == ["its command or its tools changed"]


def test_other_inputs_are_a_reason(workshop: Workshop) -> None:
    assert workshop.reasons(workshop.step(inputs=())) == ["it has other inputs or outputs"]


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: os.truncate(path, 2), lambda path: path.write_text("?")])
def test_an_output_that_is_not_as_it_was_made_is_a_reason(workshop: Workshop, damage: object) -> None:
    damage(workshop.made)  # type: ignore[operator]
    assert workshop.reasons() == ["out/made was missing or damaged"]
    assert not workshop.restored()


def test_a_header_that_would_be_found_first_is_a_reason(workshop: Workshop) -> None:
    workshop.write("include/a/x.h", "int x;\n")
    assert workshop.reasons() == ["another file would be found before include/b/x.h"]
    workshop.run()
    assert workshop.reasons() == []
    (workshop.path / "include/a/x.h").unlink()
    assert workshop.reasons() == ["another file would be found before include/b/x.h"]


def test_a_second_file_for_a_rust_module_is_a_reason(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.write("part.rs", "")
    step = workshop.step(tracked=(tmp_path / "part.rs",))
    workshop.run(step)
    (tmp_path / "part").mkdir()
    workshop.write("part/mod.rs", "")
    assert workshop.reasons(step) == ["another file would be found before part.rs"]


def test_a_file_that_changed_meanwhile_never_counts_as_unchanged(workshop: Workshop) -> None:
    editing = Command(("cp", str(workshop.path / "input"), str(workshop.path / "source.c")), workshop.path)
    step = workshop.step(commands=(*workshop.step().commands, editing))
    workshop.run(step)
    assert workshop.reasons(step) == ["source.c changed"]


def test_the_lines_of_other_symbols_are_no_reason(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    lines = {"module_layout": "0x1", "used": "0x2", "other": "0x3"}

    def write() -> None:
        workshop.write("symvers", "".join(f"{crc}\t{name}\tvmlinux\tEXPORT_SYMBOL\t\n" for name, crc in lines.items()))

    write()
    unit = tmp_path / "object.c"
    unit.write_text("void used(void); void mine(void) { used(); }\n")
    compiled = tmp_path / "object.o"
    step = workshop.step(
        commands=(
            Command(("gcc", "-c", "-o", str(compiled), str(unit)), tmp_path),
            *workshop.step().commands,
        ),
        views=(View(SYMBOLS, (tmp_path / "symvers",), compiled),),
    )
    workshop.run(step)
    lines["other"] = "0x33"
    write()
    assert workshop.reasons(step) == []
    for name in ("used", "module_layout"):
        lines[name] += "1"
        write()
        assert workshop.reasons(step) == ["symvers changed"]
        workshop.run(step)


def test_identifiers_that_no_header_declares_are_no_reason(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.write("declared", "file\ninode\n")
    workshop.write("a.rs", "fn f(file: u32) {}\n")
    workshop.write("b.rs", "")
    step = workshop.step(views=(View(IDENTIFIERS, (tmp_path / "a.rs", tmp_path / "b.rs"), tmp_path / "declared"),))
    workshop.run(step)
    workshop.write("b.rs", "fn g(file: u32, local: u32) {} // inode\n")
    assert workshop.reasons(step) == []
    workshop.write("b.rs", "fn g(inode: u32) {}\n")
    assert workshop.reasons(step) == ["b.rs changed"]


def test_an_undone_edit_brings_the_old_outputs_back(workshop: Workshop) -> None:
    workshop.write("source.c", "int two;\n")
    workshop.run()
    assert workshop.made.read_text() == "int two;\n"
    workshop.write("source.c", "int one;\n")
    assert workshop.restored()
    assert workshop.made.read_text() == "int one;\n"
    assert workshop.reasons() == []
    workshop.write("source.c", "int two;\n")
    assert workshop.restored()
    assert workshop.made.read_text() == "int two;\n"


def test_what_was_put_aside_and_damaged_is_not_brought_back(workshop: Workshop) -> None:
    workshop.write("source.c", "int two;\n")
    workshop.run()
    for path in (workshop.path / "build/kept").iterdir():
        path.write_text("damaged")
    workshop.write("source.c", "int one;\n")
    assert not workshop.restored()
    workshop.run()
    assert workshop.made.read_text() == "int one;\n"


def test_a_step_that_fails_leaves_no_output_and_what_was_before_can_come_back(workshop: Workshop) -> None:
    workshop.write("source.c", "int two;\n")
    failing = workshop.step(commands=(*workshop.step().commands, Command(("false",), workshop.path)))
    with pytest.raises(StepError):
        workshop.run(failing)
    assert not workshop.made.exists()
    workshop.write("source.c", "int one;\n")
    assert workshop.restored()
    assert workshop.made.read_text() == "int one;\n"


def test_a_build_killed_after_outputs_were_put_aside_is_made_good(workshop: Workshop) -> None:
    set_outputs_aside(workshop.step(), workshop.state())
    assert not workshop.made.exists()
    assert workshop.reasons() == ["out/made was missing or damaged"]
    assert workshop.restored()
    assert workshop.made.read_text() == "int one;\n"


def test_only_the_last_traces_are_kept(workshop: Workshop) -> None:
    for number in range(TRACES_PER_STEP + 1):
        workshop.write("source.c", f"int number_{number};\n")
        workshop.run()
    workshop.write("source.c", "int one;\n")
    assert not workshop.restored()
    workshop.write("source.c", f"int number_{TRACES_PER_STEP - 1};\n")
    assert workshop.restored()


def test_outputs_that_no_trace_leads_to_are_forgotten(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scons_kmod.engine.trace.UNUSED_LINES", -1000)
    for number in range(3 * TRACES_PER_STEP):
        workshop.write("source.c", f"int number_{number};\n")
        workshop.run()
    outputs = [path for path in (workshop.path / "build/kept").iterdir() if not path.name.startswith("text-")]
    assert len(outputs) == TRACES_PER_STEP - 1


@pytest.mark.parametrize("rubbish", ["half a line", '"key"\t[1, 2]\n', "\n\n\t\n", '"key"\t["form", {}]\n'])
def test_rubbish_among_the_traces_is_as_good_as_none(workshop: Workshop, rubbish: str) -> None:
    traces = workshop.path / "build/traces.jsonl"
    traces.write_text(traces.read_text() + rubbish)
    assert workshop.reasons() == []
    workshop.write("source.c", "int two;\n")
    workshop.run()
    assert workshop.reasons() == []
    traces.write_text(rubbish)
    assert workshop.reasons() == [NEVER_RAN]


def test_the_file_of_traces_does_not_grow_for_ever(workshop: Workshop) -> None:
    for number in range(150):
        workshop.state().traces.add("key", workshop.state().traces.all_of(workshop.step().key)[0])
        workshop.write("input", f"{number % 2}") if number % 50 == 0 else None
    workshop.write("source.c", "int two;\n")
    workshop.run()
    assert len((workshop.path / "build/traces.jsonl").read_text().splitlines()) < 150
    assert workshop.reasons() == []


@pytest.mark.parametrize("rubbish", ["", "{", '{"format": 0, "files": {}}', '{"format": 1, "files": {"x": [1]}}', "[]"])
def test_what_is_known_of_files_can_be_lost(workshop: Workshop, rubbish: str) -> None:
    (workshop.path / "build/digests.json").write_text(rubbish)
    assert workshop.reasons() == []


# What a compiler can notice.


@pytest.mark.parametrize("name", ["source.c", "include/b/x.h", "part.rs"])
def test_comments_are_no_reason_in_any_source(tmp_path: Path, name: str) -> None:
    workshop = Workshop(tmp_path)
    workshop.write("part.rs", "")
    step = workshop.step(tracked=(tmp_path / "source.c", tmp_path / "part.rs"))
    workshop.write(name, "static int x; // a comment\n")
    workshop.run(step)
    workshop.write(name, "static int x; // another\n")
    assert workshop.reasons(step) == []
    workshop.write(name, "static int y; // another\n")
    assert workshop.reasons(step) == [f"{name} changed"]


@pytest.mark.parametrize(("kind", "reasons"), [(TOKENS, []), (LINES, ["include/b/x.h changed"])])
def test_a_shifted_line_is_a_reason_where_lines_count(tmp_path: Path, kind: str, reasons: list[str]) -> None:
    workshop = Workshop(tmp_path)
    workshop.run(workshop.step(digest_kind=kind))
    workshop.write("include/b/x.h", "\nint x;\n")
    assert workshop.reasons(workshop.step(digest_kind=kind)) == reasons


def test_inputs_count_to_the_byte(workshop: Workshop) -> None:
    workshop.write("input.c", "int x; // a comment\n")
    step = workshop.step(inputs=(workshop.path / "input.c",))
    workshop.run(step)
    workshop.write("input.c", "int x; // another\n")
    assert workshop.reasons(step) == ["input.c changed"]


@pytest.mark.parametrize(
    "text",
    [
        'include_bytes!("b.rs");',
        'include_str !("b.rs");',
        "use core::include_str as text;",
        '#![doc = include_str!("b.rs")]',
    ],
)
def test_other_ways_to_take_in_a_source_as_text(tmp_path: Path, text: str) -> None:
    workshop = Workshop(tmp_path)
    workshop.write("a.rs", text)
    workshop.write("b.rs", "// one\n")
    step = workshop.step(tracked=(tmp_path / "a.rs", tmp_path / "b.rs"))
    workshop.run(step)
    workshop.write("b.rs", "// two\n")
    assert workshop.reasons(step) == ["b.rs changed"]


# Headers that several steps have read.


class Two:
    """Two steps that have read the same header."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.steps = (workshop.step(), self.other())

    def other(self) -> Step:
        made = self.workshop.second
        return self.workshop.step(
            outputs=(made,),
            commands=(self.workshop.command("cp", "source.c", str(made)),),
            source_directory=str(self.workshop.path / "elsewhere"),
        )

    def build(self) -> list[int]:
        return [self.workshop.build(step) for step in self.steps]

    def reasons(self) -> list[list[str]]:
        """The reasons of both, in one run."""
        state = self.workshop.state()
        root = f"{self.workshop.path}/"
        return [[reason.replace(root, "") for reason in out_of_date_reasons(step, state)] for step in self.steps]


@pytest.fixture
def two(tmp_path: Path) -> Two:
    made = Two(Workshop(tmp_path))
    assert made.build() == [1, 1]
    assert made.reasons() == [[], []]
    return made


def test_a_header_is_a_reason_for_all_that_have_read_it(two: Two) -> None:
    two.workshop.write("include/b/x.h", "int y;\n")
    assert two.reasons() == [["include/b/x.h changed"]] * 2
    assert two.build() == [1, 1]
    assert two.reasons() == [[], []]


def test_a_header_beside_one_source_is_a_reason_for_that_alone(two: Two) -> None:
    two.workshop.write("beside/x.h", "int x;\n")
    assert two.reasons() == [["another file would be found before include/b/x.h"], []]
    assert two.build() == [1, 0]
    assert two.reasons() == [[], []]


def test_equal_outputs_of_two_steps_both_come_back(two: Two) -> None:
    workshop = two.workshop
    assert workshop.made.read_bytes() == workshop.second.read_bytes()
    workshop.write("source.c", "int two;\n")
    assert two.build() == [1, 1]
    workshop.write("source.c", "int one;\n")
    assert two.build() == [0, 0]
    assert workshop.made.read_text() == workshop.second.read_text() == "int one;\n"
    workshop.second.write_text("damaged\n")
    assert workshop.made.read_text() == "int one;\n", "each has a file of its own"


def test_a_second_header_beside_the_source_is_a_reason_too(two: Two) -> None:
    workshop = two.workshop
    workshop.write("include/b/y.h", "int y;\n")
    workshop.write("made.d", f"made: {workshop.path}/include/b/x.h {workshop.path}/include/b/y.h\n")
    workshop.write("beside/x.h", "int x;\n")
    workshop.run()
    assert workshop.reasons() == []
    workshop.write("beside/y.h", "int y;\n")
    assert workshop.reasons() == ["another file would be found before include/b/y.h"]
    workshop.run()
    (workshop.path / "beside/x.h").unlink()
    assert workshop.reasons() == ["another file would be found before include/b/x.h"]


def test_what_was_read_and_is_not_known_any_more_is_a_reason(two: Two) -> None:
    traces = two.workshop.path / "build/traces.jsonl"
    rows = traces.read_text().splitlines(keepends=True)
    traces.write_text("".join(row for row in rows if not row.startswith('"shared:')))
    assert two.reasons() == [["it is not known what it read"]] * 2
    two.build()
    assert two.reasons() == [[], []]


# Files that change while the step runs.


@pytest.mark.parametrize("name", ["source.c", "include/b/x.h"])
def test_an_edit_while_the_step_ran_is_a_reason_also_when_it_is_undone(workshop: Workshop, name: str) -> None:
    before = (workshop.path / name).read_text()
    step = workshop.step(commands=(workshop.command("cp", "input", name), *workshop.step().commands))
    workshop.run(step)
    assert workshop.reasons(step) == [f"{name} changed"]
    workshop.write(name, before)
    assert workshop.reasons(step) == [f"{name} changed"]
    assert not restore(step, workshop.state())


def test_a_file_that_was_moved_into_place_meanwhile_never_counts_as_unchanged(workshop: Workshop) -> None:
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
    assert workshop.made.read_text() == "int two;\n"
    assert workshop.reasons() == []


def test_a_part_that_changed_meanwhile_never_counts_as_unchanged(workshop: Workshop) -> None:
    workshop.write("declared", "file\n")
    workshop.write("a.rs", "fn f(file: u32) {}\n")
    step = workshop.step(
        commands=(*workshop.step().commands, workshop.command("touch", "a.rs")),
        views=(View(IDENTIFIERS, (workshop.path / "a.rs",), workshop.path / "declared"),),
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
    assert workshop.made.read_text() == "int two;\n"
    assert (workshop.path / "source.c").read_text() == "int edited;\n"
    assert workshop.reasons() == ["source.c changed"]


def test_an_input_that_was_not_as_it_was_made_is_a_reason(workshop: Workshop) -> None:
    state = workshop.state()
    assert list(out_of_date_reasons(workshop.step(), state)) == []
    workshop.write("input", "damaged\n")
    run_step(workshop.step(), state, RunLog())
    # The step that makes it brings it back.
    workshop.write("input", "in\n")
    assert workshop.reasons() == ["input changed"]


def test_an_object_that_cannot_be_read_is_an_error_of_the_step(workshop: Workshop) -> None:
    absent = workshop.path / "absent.o"
    step = workshop.step(views=(View(SYMBOLS, (workshop.path / "input",), absent),))
    with pytest.raises(StepError, match=rf"^CP made: {absent} can't be read"):
        workshop.run(step)
    assert not workshop.made.exists()


# Undone edits.


def test_two_undone_edits(workshop: Workshop) -> None:
    texts = [f"int {name};\n" for name in ("one", "two", "three")]
    for text in texts[1:]:
        workshop.write("source.c", text)
        assert workshop.build() == 1
    for text in (*reversed(texts[:-1]), *texts, texts[0], texts[2]):
        workshop.write("source.c", text)
        assert workshop.build() == 0
        assert workshop.made.read_text() == text
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
    other = workshop.step(commands=(workshop.command("cp", "input", str(workshop.made)),))
    assert (workshop.build(other), workshop.made.read_text()) == (1, "in\n")
    assert (workshop.build(), workshop.made.read_text()) == (0, "int one;\n")
    assert (workshop.build(other), workshop.made.read_text()) == (0, "in\n")


def test_of_two_outputs_one_differs(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    step = workshop.pair()
    workshop.build(step)
    workshop.write("source.c", "int two;\n")
    assert workshop.build(step) == 2
    workshop.write("source.c", "int one;\n")
    assert workshop.build(step) == 0
    assert (workshop.made.read_text(), workshop.second.read_text()) == ("int one;\n", "in\n")
    assert workshop.reasons(step) == []


def test_two_outputs_with_the_same_content(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    step = workshop.pair()
    for text in ("in\n", "int two;\n"):
        workshop.write("source.c", text)
        assert workshop.build(step) == 2
    workshop.write("source.c", "in\n")
    assert workshop.build(step) == 0
    assert workshop.made.read_text() == workshop.second.read_text() == "in\n"
    assert not workshop.made.samefile(workshop.second)


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
    assert (workshop.made.read_text(), workshop.second.read_text()) == ("int two;\n", "two\n")
    assert workshop.build(step) == 2


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
    assert workshop.made.stat().st_mode & 0o777 == 0o755


def test_an_output_that_is_a_link(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    link = tmp_path / "out/link"
    step = workshop.step(
        outputs=(workshop.made, link),
        commands=(*workshop.step().commands, workshop.command("ln", "-s", "made", str(link))),
    )
    for text in ("int one;\n", "int two;\n", "int one;\n", "int two;\n"):
        workshop.write("source.c", text)
        workshop.build(step)
        assert link.read_text() == workshop.made.read_text() == text
        assert workshop.reasons(step) == []


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
    step = workshop.step(views=(View(IDENTIFIERS, (tmp_path / "a.rs",), workshop.made),))
    workshop.build(step)
    workshop.write("source.c", "file\n")
    workshop.build(step)
    workshop.write("source.c", "file\ninode\n")
    workshop.write("a.rs", "fn f(inode: u32, file: u32) {}\n")
    assert workshop.build(step) == 1
    assert workshop.reasons(step) == []


# Builds that end in the middle.


def test_a_step_that_fails_again_and_again(workshop: Workshop) -> None:
    failing = workshop.step(commands=(*workshop.step().commands, workshop.command("false")))
    for number in range(TRACES_PER_STEP + 1):
        workshop.write("source.c", f"int number_{number};\n")
        with pytest.raises(StepError):
            workshop.build(failing)
        assert not workshop.made.exists()
    workshop.write("source.c", "int one;\n")
    assert workshop.build() == 0
    assert workshop.made.read_text() == "int one;\n"


def test_a_build_killed_when_one_of_two_outputs_was_put_aside(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    step = workshop.pair()
    workshop.build(step)
    aside = tmp_path / "aside"
    workshop.second.rename(aside)
    set_outputs_aside(step, workshop.state())
    aside.rename(workshop.second)
    assert workshop.reasons(step) == ["out/made was missing or damaged"]
    assert workshop.build(step) == 0
    assert (workshop.made.read_text(), workshop.second.read_text()) == ("int one;\n", "in\n")


def test_a_build_killed_before_the_trace_was_written(workshop: Workshop) -> None:
    workshop.write("source.c", "int two;\n")
    state = workshop.state()
    set_outputs_aside(workshop.step(), state)
    workshop.step().execute(RunLog(), "", False, print)
    assert workshop.reasons() == ["source.c changed", "out/made was missing or damaged"]
    workshop.write("source.c", "int one;\n")
    assert workshop.build() == 0
    assert workshop.made.read_text() == "int one;\n"


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
    assert workshop.made.read_text() == "int two;\n"
    workshop.write("source.c", "int one;\n")
    assert workshop.build() == 0
    assert workshop.made.read_text() == "int one;\n"


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


# Damage.


def test_without_the_digests_of_an_earlier_run_all_is_read_again(workshop: Workshop) -> None:
    stale = (workshop.path / "build/digests.json").read_text()
    workshop.write("source.c", "int two;\n")
    workshop.build()
    (workshop.path / "build/digests.json").write_text(stale)
    assert workshop.reasons() == []
    workshop.write("source.c", "int one;\n")
    (workshop.path / "build/digests.json").unlink()
    assert workshop.build() == 0
    assert workshop.made.read_text() == "int one;\n"


def test_traces_of_another_form_are_as_good_as_none(workshop: Workshop) -> None:
    traces = workshop.path / "build/traces.jsonl"
    traces.write_text(traces.read_text().replace(f"\t[{FORMAT},", f"\t[{FORMAT - 1},"))
    assert workshop.reasons() == [NEVER_RAN]
    assert workshop.build() == 1
    assert workshop.reasons() == []


def test_outputs_that_lost_their_directory(workshop: Workshop) -> None:
    workshop.write("source.c", "int two;\n")
    workshop.build()
    workshop.made.unlink()
    workshop.made.parent.rmdir()
    workshop.write("source.c", "int one;\n")
    assert workshop.build() == 0
    assert workshop.made.read_text() == "int one;\n"


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
                made = dice.choice(("out/made", "out/second"))
                workshop.write(made, "damaged")
                dice.choice((Path.unlink, Path.stat))(workshop.path / made)
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
        assert workshop.made.read_bytes() == (tmp_path / "source.c").read_bytes()
        assert workshop.second.read_bytes() == (tmp_path / "input").read_bytes()
        assert workshop.reasons(sound) == []


# Files that other steps of the same run write, and of which a step finds out itself whether it reads them.


def including_generated(workshop: Workshop) -> tuple[Step, Path]:
    """A step that reads a header of the module's own, which another step has written just now."""
    header = workshop.path / "build/modules/m/generated/table.h"
    header.parent.mkdir(parents=True)
    header.write_text("int table;\n")
    (workshop.path / "made.d").write_text(f"made: {header}\n")
    (workshop.path / "a.rs").write_text("fn f(file: u32) {}\n")
    workshop.write("declared", "file\n")
    (workshop.path / "a.rs").touch()
    header.touch()
    step = workshop.step(
        order_only=(header, workshop.path / "a.rs"),
        views=(View(IDENTIFIERS, (workshop.path / "a.rs",), workshop.path / "declared"),),
        include_directories=(*workshop.step().include_directories, str(header.parent)),
    )
    return step, header


def test_a_file_that_a_step_before_wrote_just_now_was_not_changed_meanwhile(workshop: Workshop) -> None:
    step, _ = including_generated(workshop)
    workshop.run(step)
    assert workshop.reasons(step) == []


def test_a_header_that_is_written_during_the_run_is_a_reason_afterwards(workshop: Workshop) -> None:
    step, header = including_generated(workshop)
    workshop.run(step)
    state = workshop.state()
    assert list(out_of_date_reasons(step, state)) == []
    header.write_text("int other;\n")
    state.digests.forget(header)
    assert list(out_of_date_reasons(step, state)) == [f"{header} changed"]


def test_other_files_that_may_be_read_are_a_reason(workshop: Workshop) -> None:
    assert workshop.reasons(workshop.step(order_only=(workshop.path / "more.h",))) == [
        "its command or its tools changed"
    ]
