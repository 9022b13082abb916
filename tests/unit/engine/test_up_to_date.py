# SPDX-License-Identifier: MIT
"""The reasons for which a step is out of date, each asked in a new run."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from step_workshop import TwoSteps, Workshop

from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.digests import LINES, TOKENS
from scons_kmod.engine.run_step import run_step
from scons_kmod.engine.step import Command, Step
from scons_kmod.engine.up_to_date import NEVER_RAN, out_of_date_reasons
from scons_kmod.engine.views import IDENTIFIERS, SYMBOLS, View


def test_a_step_that_was_never_run_has_to_run(tmp_path: Path) -> None:
    assert Workshop(tmp_path).reasons() == [NEVER_RAN]


def test_a_step_that_ran_is_up_to_date(workshop: Workshop) -> None:
    assert workshop.output.read_text() == "int one;\n"
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


def test_another_command_is_a_reason(workshop: Workshop) -> None:
    assert workshop.reasons(workshop.step(tools=("another",))) == ["its command or its tools changed"]


def test_other_inputs_are_a_reason(workshop: Workshop) -> None:
    assert workshop.reasons(workshop.step(inputs=())) == ["it has other inputs or outputs"]


def test_other_files_that_may_be_read_are_a_reason(workshop: Workshop) -> None:
    assert workshop.reasons(workshop.step(order_only=(workshop.path / "more.h",))) == [
        "its command or its tools changed"
    ]


def test_inputs_count_to_the_byte(workshop: Workshop) -> None:
    workshop.write("input.c", "int x; // a comment\n")
    step = workshop.step(inputs=(workshop.path / "input.c",))
    workshop.run(step)
    workshop.write("input.c", "int x; // another\n")
    assert workshop.reasons(step) == ["input.c changed"]


def test_an_input_that_was_damaged_while_the_step_ran_is_a_reason(workshop: Workshop) -> None:
    state = workshop.state()
    assert list(out_of_date_reasons(workshop.step(), state)) == []
    workshop.write("input", "damaged\n")
    run_step(workshop.step(), state, RunLog())
    # The step that makes it brings it back.
    workshop.write("input", "in\n")
    assert workshop.reasons() == ["input changed"]


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: os.truncate(path, 2), lambda path: path.write_text("?")])
def test_a_missing_or_damaged_output_is_a_reason(workshop: Workshop, damage: object) -> None:
    damage(workshop.output)  # type: ignore[operator]
    assert workshop.reasons() == ["out/first was missing or damaged"]
    assert not workshop.restored()


# What a compiler can notice.


def test_a_comment_is_no_reason_unless_everything_counts(workshop: Workshop) -> None:
    workshop.write("source.c", "int one; /* a comment */\n")
    assert workshop.reasons() == []
    exact = workshop.step(compare_raw=True)
    workshop.run(exact)
    workshop.write("source.c", "int one; /* another comment */\n")
    assert workshop.reasons(exact) == ["source.c changed"]


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


@pytest.mark.parametrize(("said", "reasons"), [("something", ["source.c changed"]), ("", [])])
def test_an_output_that_is_not_empty_can_make_everything_count(
    workshop: Workshop, said: str, reasons: list[str]
) -> None:
    more = workshop.path / "out/more"
    commands = (*workshop.step().commands, Command(("cp", str(workshop.path / "said"), str(more)), workshop.path))
    step = workshop.step(commands=commands, outputs=(workshop.output, more), compare_raw_if=more)
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


# Files that would be found first.


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


ASKING = [
    ("source.c", '#include "x.h"', "x.h"),
    ("source.c", '#inc\\\nlude /* */ "x.h"', "x.h"),
    ("source.c", '%: include "x.h"', "x.h"),
    # Beside a header that includes another.
    ("include/b/x.h", '#include "../b/x.h"\n#include NAME', "include/b/input"),
    ("source.c", "#if __has_include(<y.h>) || __has_include(<z.h>)", "include/a/z.h"),
    ("source.c", '#if defined(__has_include) && __has_include("part/y.h")', "part/y.h"),
    ("source.c", '#ifdef __has_include\n# if __has_include /**/ ( "y.h" )', "include/b/y.h"),
    ("include/b/x.h", "#if __has_include_next(<y.h>)", "include/b/y.h"),
    ("source.c", "#if __has_embed(<y.h>)", "include/a/y.h"),
]


@pytest.mark.parametrize(("asking", "text", "name"), ASKING)
def test_a_file_that_a_source_asks_for_is_a_reason(tmp_path: Path, asking: str, text: str, name: str) -> None:
    workshop = Workshop(tmp_path)
    (tmp_path / "part").mkdir()
    (tmp_path / "input").rename(tmp_path / "other")
    workshop.write("step.d", f"first: {tmp_path}/include/b/x.h {tmp_path}/other\n")
    workshop.write(asking, f"{text}\n")
    step = workshop.step(inputs=())
    if name.endswith("input"):
        (tmp_path / "part/input").touch()
        workshop.write("step.d", f"first: {tmp_path}/include/b/x.h {tmp_path}/part/input\n")
    workshop.run(step)
    assert workshop.reasons(step) == []
    workshop.write(name, "int other;\n")
    assert workshop.reasons(step) == [f"{asking} asks for {name}, which has changed"]
    workshop.run(step)
    assert workshop.reasons(step) == []
    (tmp_path / name).unlink()
    assert workshop.reasons(step) == [f"{asking} asks for {name}, which has changed"]


@pytest.mark.parametrize(
    "text", ['#include "y.h"', "// __has_include(<y.h>)", '/*\n#include "x.h"\n*/', "#include <x.h>"]
)
def test_a_file_that_nobody_looks_for_is_no_reason(tmp_path: Path, text: str) -> None:
    workshop = Workshop(tmp_path)
    workshop.write("source.c", f"{text}\n")
    workshop.run()
    for name in ("x.h", "y.h"):
        workshop.write(name, "")
    assert workshop.reasons() == []


def test_a_source_that_asks_for_a_file_by_a_macro_is_compiled_in_each_run(workshop: Workshop) -> None:
    workshop.write("source.c", "#if __has_include(NAME)\n#endif\n")
    workshop.run()
    assert workshop.reasons() == ["source.c changed"]


# Views.


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
        views=(View(SYMBOLS, (tmp_path / "symvers",), (compiled,)),),
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
    step = workshop.step(views=(View(IDENTIFIERS, (tmp_path / "a.rs", tmp_path / "b.rs"), (tmp_path / "declared",)),))
    workshop.run(step)
    workshop.write("b.rs", "fn g(file: u32, local: u32) {} // inode\n")
    assert workshop.reasons(step) == []
    workshop.write("b.rs", "fn g(inode: u32) {}\n")
    assert workshop.reasons(step) == ["b.rs changed"]


# A gate: a sum of the files that a step reads.


@pytest.fixture
def gated(tmp_path: Path) -> tuple[Workshop, Step]:
    """A step that ran, and its gate is ``input``."""
    workshop = Workshop(tmp_path)
    workshop.write("input", "in\n")
    step = workshop.step(gate=tmp_path / "input")
    assert workshop.build(step) == 1
    assert workshop.reasons(step) == []
    return workshop, step


def test_files_do_not_count_while_the_gate_is_the_same(gated: tuple[Workshop, Step]) -> None:
    workshop, step = gated
    workshop.write("include/b/x.h", "int other;\n")
    workshop.write("source.c", "int other;\n")
    assert workshop.reasons(step) == []
    workshop.write("input", "changed\n")
    assert workshop.reasons(step) == ["input changed", "source.c changed", "include/b/x.h changed"]


def test_the_gate_does_not_count_while_the_files_are_the_same(gated: tuple[Workshop, Step]) -> None:
    workshop, step = gated
    workshop.write("input", "changed\n")
    assert workshop.reasons(step) == []
    workshop.write("include/b/x.h", "int other;\n")
    assert workshop.reasons(step) == ["input changed", "include/b/x.h changed"]


def test_once_a_build_has_seen_that_files_are_the_same_the_new_gate_counts(gated: tuple[Workshop, Step]) -> None:
    workshop, step = gated
    workshop.write("input", "changed\n")
    assert workshop.build(step) == 0
    workshop.write("include/b/x.h", "int other;\n")
    assert workshop.reasons(step) == []
    workshop.write("input", "in\n")
    assert workshop.reasons(step) == ["input changed", "include/b/x.h changed"]


def test_what_else_a_step_with_a_gate_depends_on_counts(gated: tuple[Workshop, Step]) -> None:
    workshop, step = gated
    assert workshop.reasons(dataclasses.replace(step, tools=("another",))) == ["its command or its tools changed"]
    workshop.output.unlink()
    assert workshop.reasons(step) == ["out/first was missing or damaged"]


def test_a_file_that_is_newer_than_the_gate_makes_the_gate_worthless(gated: tuple[Workshop, Step]) -> None:
    workshop, step = gated
    workshop.output.unlink()
    workshop.write("include/b/x.h", "int other;\n")
    workshop.run(step)
    workshop.write("include/b/x.h", "int x;\n")
    assert workshop.reasons(step) == ["input changed", "include/b/x.h changed"]


def test_outputs_come_back_if_the_gate_or_the_files_are_as_they_were(gated: tuple[Workshop, Step]) -> None:
    workshop, step = gated
    for number, name in enumerate(("include/b/x.h", "input")):
        workshop.write("source.c", f"int two_{number};\n")
        workshop.write("input", f"two {number}\n")
        assert workshop.build(step) == 1
        workshop.write("source.c", "int one;\n")
        workshop.write("input", "in\n")
        workshop.write(name, f"int other_{number};\n")
        assert workshop.build(step) == 0
        assert workshop.output.read_text() == "int one;\n"
        workshop.write("include/b/x.h", "int x;\n")
        workshop.write("input", "in\n")


# Headers that several steps have read.


def test_a_header_is_a_reason_for_all_that_have_read_it(two: TwoSteps) -> None:
    two.workshop.write("include/b/x.h", "int y;\n")
    assert two.reasons() == [["include/b/x.h changed"]] * 2
    assert two.build() == [1, 1]
    assert two.reasons() == [[], []]


def test_what_was_read_and_is_not_known_any_more_is_a_reason(two: TwoSteps) -> None:
    traces = two.workshop.path / "build/traces.jsonl"
    rows = traces.read_text().splitlines(keepends=True)
    traces.write_text("".join(row for row in rows if not row.startswith('"shared:')))
    assert two.reasons() == [["it is not known what it read"]] * 2
    two.build()
    assert two.reasons() == [[], []]


# Files that other steps of the same run write, and of which a step finds out itself whether it reads them.


def including_generated(workshop: Workshop) -> tuple[Step, Path]:
    """A step that reads a header of the module's own, which another step has written just now."""
    header = workshop.path / "build/modules/m/generated/table.h"
    header.parent.mkdir(parents=True)
    header.write_text("int table;\n")
    (workshop.path / "step.d").write_text(f"first: {header}\n")
    (workshop.path / "a.rs").write_text("fn f(file: u32) {}\n")
    workshop.write("declared", "file\n")
    (workshop.path / "a.rs").touch()
    header.touch()
    step = workshop.step(
        order_only=(header, workshop.path / "a.rs"),
        views=(View(IDENTIFIERS, (workshop.path / "a.rs",), (workshop.path / "declared",)),),
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
