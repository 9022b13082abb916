# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path

import pytest

from scons_kmod.digests import LINES, Digests
from scons_kmod.errors import StepError
from scons_kmod.run_log import RunLog
from scons_kmod.step import Command, Step
from scons_kmod.store import NEVER_MADE, Store
from scons_kmod.trace import KEPT
from scons_kmod.views import IDENTIFIERS, SYMBOLS, View


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
            kind=LINES,
            searched=(str(self.path / "include/a"), str(self.path / "include/b")),
            beside=str(self.path / "beside"),
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

    def store(self) -> Store:
        return Store(self.path / "build", Digests(self.path / "build/digests.json"))

    def run(self, step: Step | None = None) -> None:
        store = self.store()
        store.run(step or self.step(), RunLog())
        store.close()
        store.digests.save()

    def reasons(self, step: Step | None = None) -> list[str]:
        return [reason.replace(f"{self.path}/", "") for reason in self.store().reasons(step or self.step())]

    def restored(self) -> bool:
        return self.store().restore(self.step())

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text)
        self.settle()


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    made = Workshop(tmp_path)
    made.run()
    return made


def test_a_step_that_was_never_run_has_to_run(tmp_path: Path) -> None:
    assert Workshop(tmp_path).reasons() == [NEVER_MADE]


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
    exact = workshop.step(exact=True)
    workshop.run(exact)
    workshop.write("source.c", "int one; /* another comment */\n")
    assert workshop.reasons(exact) == ["source.c changed"]


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
    workshop.store().keep_outputs(workshop.step())
    assert not workshop.made.exists()
    assert workshop.reasons() == ["out/made was missing or damaged"]
    assert workshop.restored()
    assert workshop.made.read_text() == "int one;\n"


def test_only_the_last_traces_are_kept(workshop: Workshop) -> None:
    for number in range(KEPT + 1):
        workshop.write("source.c", f"int number_{number};\n")
        workshop.run()
    workshop.write("source.c", "int one;\n")
    assert not workshop.restored()
    workshop.write("source.c", f"int number_{KEPT - 1};\n")
    assert workshop.restored()


def test_outputs_that_no_trace_leads_to_are_forgotten(workshop: Workshop) -> None:
    for number in range(3 * KEPT):
        workshop.write("source.c", f"int number_{number};\n")
        workshop.run()
    outputs = [path for path in (workshop.path / "build/kept").iterdir() if not path.name.startswith("text-")]
    assert len(outputs) == KEPT - 1


@pytest.mark.parametrize("rubbish", ["half a line", '"key"\t[1, 2]\n', "\n\n\t\n", '"key"\t["form", {}]\n'])
def test_rubbish_among_the_traces_is_as_good_as_none(workshop: Workshop, rubbish: str) -> None:
    traces = workshop.path / "build/traces.jsonl"
    traces.write_text(traces.read_text() + rubbish)
    assert workshop.reasons() == []
    workshop.write("source.c", "int two;\n")
    workshop.run()
    assert workshop.reasons() == []
    traces.write_text(rubbish)
    assert workshop.reasons() == [NEVER_MADE]


def test_the_file_of_traces_does_not_grow_for_ever(workshop: Workshop) -> None:
    for number in range(150):
        workshop.store().traces.add("key", workshop.store().traces.all_of(workshop.step().key)[0])
        workshop.write("input", f"{number % 2}") if number % 50 == 0 else None
    workshop.write("source.c", "int two;\n")
    workshop.run()
    assert len((workshop.path / "build/traces.jsonl").read_text().splitlines()) < 150
    assert workshop.reasons() == []


@pytest.mark.parametrize("rubbish", ["", "{", '{"format": 0, "files": {}}', '{"format": 1, "files": {"x": [1]}}', "[]"])
def test_what_is_known_of_files_can_be_lost(workshop: Workshop, rubbish: str) -> None:
    (workshop.path / "build/digests.json").write_text(rubbish)
    assert workshop.reasons() == []


def test_a_file_read_within_a_tick_of_its_change_is_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("one")
    digests = Digests(tmp_path / "digests.json")
    first = digests.of(path)
    digests.save()
    assert str(path) not in (tmp_path / "digests.json").read_text()
    time.sleep(0.05)
    again = Digests(tmp_path / "digests.json")
    assert again.of(path) == first
    again.save()
    assert str(path) in (tmp_path / "digests.json").read_text()


def test_a_header_beside_the_source_that_would_be_found_first_is_a_reason(workshop: Workshop) -> None:
    (workshop.path / "include/b/linux").mkdir()
    workshop.write("include/b/linux/y.h", "")
    workshop.write("made.d", f"made: {workshop.path / 'include/b/linux/y.h'}\n")
    workshop.run()
    assert workshop.reasons() == []
    (workshop.path / "beside/linux").mkdir(parents=True)
    workshop.write("beside/linux/y.h", "")
    assert workshop.reasons() == ["another file would be found before include/b/linux/y.h"]


def test_steps_that_made_the_same_both_get_it_back(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    steps = [workshop.copying(name) for name in ("one", "two")]
    for text in ("int one;\n", "int two;\n"):
        workshop.write("source.c", text)
        for step in steps:
            workshop.run(step)
    workshop.write("source.c", "int one;\n")
    store = workshop.store()
    assert [store.restore(step) for step in steps] == [True, True]
    assert [step.outputs[0].read_text() for step in steps] == ["int one;\n"] * 2


def test_many_steps_share_what_they_read_alike(workshop: Workshop) -> None:
    for number in range(3):
        workshop.run(workshop.copying(f"{number}"))
    traces = (workshop.path / "build/traces.jsonl").read_text()
    assert traces.count("include/b/x.h") == 1
