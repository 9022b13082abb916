# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scons_kmod.base.errors import MachineError, StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.depfile import depfile_text, read_depfile
from scons_kmod.engine.digests import LINES, Digests
from scons_kmod.engine.run_step import run_step
from scons_kmod.engine.step import Command, Step


def command(*argv: str | Path, cwd: Path = Path("/"), **more: object) -> Command:
    return Command(tuple(map(str, argv)), cwd, **more)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_text("content")
    # Long ago enough that nothing read of it is uncertain.
    path.touch()
    return path


@pytest.fixture
def copy(tmp_path: Path, source: Path) -> Step:
    output = tmp_path / "out/made"
    return Step("COPY", "output", (command("cp", source, output),), (output,), tracked=(source,))


def run(step: Step, log: RunLog, **options: Any) -> None:
    """Run the step with a memory of its own."""
    run_step(step, BuildState(step.outputs[0].parent.with_name("build"), Digests()), log, **options)


def test_the_commands_write_the_outputs(copy: Step) -> None:
    run(copy, RunLog())
    assert copy.outputs[0].read_text() == "content"


def test_the_reason_is_recorded(copy: Step) -> None:
    log = RunLog()
    run(copy, log, why="source changed")
    assert [(entry.step, entry.unit, entry.why, entry.status) for entry in log.entries] == [
        ("COPY", "output", "source changed", 0)
    ]


def test_a_failure_leaves_no_output_and_no_record(copy: Step, source: Path) -> None:
    run(copy, RunLog())
    second = command("cp", source.with_name("absent"), "/dev/null")
    failing = dataclasses.replace(copy, commands=(*copy.commands, second))
    with pytest.raises(StepError, match="absent"):
        run(failing, RunLog())
    assert list(copy.outputs[0].parent.iterdir()) == []


def test_a_program_that_is_missing_leaves_no_output(copy: Step) -> None:
    run(copy, RunLog())
    with pytest.raises(MachineError):
        run(dataclasses.replace(copy, commands=(command("no-such-program"),)), RunLog())
    assert list(copy.outputs[0].parent.iterdir()) == []


def test_commands_after_a_failure_are_not_run(copy: Step) -> None:
    log = RunLog()
    with pytest.raises(StepError):
        run(dataclasses.replace(copy, commands=(command("false"), *copy.commands)), log)
    assert [entry.status for entry in log.entries] == [1]


def test_what_a_failing_tool_says_may_be_a_hint(copy: Step) -> None:
    failing = dataclasses.replace(copy, commands=(command("cp", "/absent", "/dev/null"),))
    hints = (("nothing of the kind", "wrong"), (r"stat '/(\w+)'", r"make \1"), ("absent", "too late"))
    with pytest.raises(StepError) as caught:
        run(dataclasses.replace(failing, hints=hints), RunLog())
    assert caught.value.fix == "make absent"
    assert "No such file" in caught.value.message
    assert caught.value.where == "COPY output"
    with pytest.raises(StepError) as caught:
        run(dataclasses.replace(failing, hints=hints[:1]), RunLog())
    assert caught.value.fix is None
    assert dataclasses.replace(copy, hints=hints).signature() == copy.signature()


PRINTED = """\
error: found `kernel_tree::raw::Node`, `my_kernel_tree::Node` and `kernel_tree`
 --> x.rs:12:3
   |
12 | let x = kernel_tree::raw;
   |         ^^^ expected `Option<kernel_base::sync::X>`
\x1b[1m\x1b[94m13\x1b[0m \x1b[1m\x1b[94m|\x1b[0m kernel_base::x
7  + use kernel_tree::raw;
"""


@pytest.mark.parametrize("fails", [False, True])
def test_a_tools_messages_have_the_names_that_the_user_knows(copy: Step, tmp_path: Path, fails: bool) -> None:
    text = tmp_path / "printed"
    text.write_text(PRINTED)
    names = ((r"\b(?:kernel_base|kernel_tree)::", "kernel::"),)
    last = command("sh", "-c", f"cat {text}; exit 3") if fails else command("cat", str(text))
    step = dataclasses.replace(copy, commands=(*copy.commands, last), shown_names=names)
    expected = PRINTED.replace("`kernel_tree::raw", "`kernel::raw").replace("<kernel_base", "<kernel")
    shown: list[str] = []
    if fails:
        with pytest.raises(StepError) as caught:
            step.execute(RunLog(), "", False, shown.append)
        assert caught.value.output == expected.rstrip("\n")
        assert str(caught.value).endswith(expected.rstrip("\n"))
    else:
        step.execute(RunLog(), "", False, shown.append)
        assert shown == [expected]
    assert step.signature() == dataclasses.replace(step, shown_names=()).signature()


def test_ending_well_without_the_output_is_a_failure(copy: Step) -> None:
    idle = dataclasses.replace(copy, commands=(command("true"),))
    with pytest.raises(StepError, match=f": it succeeded but did not write {copy.outputs[0]}$"):
        run(idle, RunLog())


def test_an_old_output_does_not_count_as_new(copy: Step) -> None:
    run(copy, RunLog())
    with pytest.raises(StepError, match="did not write"):
        run(dataclasses.replace(copy, commands=(command("true"),)), RunLog())


def test_files_are_written_before_the_first_command(tmp_path: Path) -> None:
    order, output = tmp_path / "link/modules.order", tmp_path / "output"
    step = Step(
        "CP", "output", (command("cp", order, output),), (output,), written_files=((order, "x.o\n"),), depfiles=()
    )
    run(step, RunLog())
    assert output.read_text() == "x.o\n"


def test_what_the_step_reads_comes_from_its_depfile(tmp_path: Path, source: Path) -> None:
    header, output, depfile = tmp_path / "header.h", tmp_path / "output", tmp_path / "output.d"
    generated = tmp_path / "generated.h"
    for path in (header, generated):
        path.write_text("")
    text = f"{output}: {header} \\\n  source {generated}\n"
    step = Step(
        "CC",
        "output",
        (command("cp", source, output, cwd=tmp_path),),
        (output,),
        inputs=(generated,),
        depfiles=(depfile,),
        written_files=((depfile, text),),
    )
    read = step.execute(RunLog(), "", False, print)
    assert read == sorted([str(header), str(source)]), "without what other steps make"


def test_what_a_tool_says_when_it_succeeds_is_shown(copy: Step) -> None:
    shown: list[str] = []
    talking = dataclasses.replace(copy, commands=(*copy.commands, command("echo", "a warning")))
    run(talking, RunLog(), show=shown.append)
    assert shown == ["a warning\n"]


def test_colour_is_asked_for_only_if_wanted_and_is_no_part_of_the_signature(copy: Step) -> None:
    seen: list[str] = []
    plain = dataclasses.replace(copy, commands=(*copy.commands, command("echo", "x")))
    colourful = dataclasses.replace(copy, commands=(*copy.commands, command("echo", "x", color="--color")))
    run(colourful, RunLog(), color=True, show=seen.append)
    run(colourful, RunLog(), color=False, show=seen.append)
    assert seen == ["--color x\n", "x\n"]
    assert colourful.signature() == plain.signature()


def test_the_log_has_each_commands_own_label(copy: Step) -> None:
    log = RunLog()
    run(dataclasses.replace(copy, commands=(*copy.commands, command("true", label="MODPOST"))), log)
    assert [entry.step for entry in log.entries] == ["COPY", "MODPOST"]


@pytest.mark.parametrize(
    "change",
    [
        lambda step: {"commands": (command("cp", "-f", *step.commands[0].argv[1:]),)},
        lambda step: {"commands": (dataclasses.replace(step.commands[0], cwd=Path("/tmp")),)},
        lambda step: {"commands": (dataclasses.replace(step.commands[0], env=(("A", "1"),)),)},
        lambda _: {"tools": ("another rustc",)},
        lambda _: {"written_files": ((Path("/x"), "other text"),)},
        lambda _: {"tracked": ()},
        lambda _: {"compare_raw": True},
        lambda _: {"compare_raw_if": Path("/x")},
        lambda _: {"digest_kind": LINES},
    ],
    ids=[
        "argument",
        "directory",
        "environment",
        "tool",
        "file",
        "tracked",
        "compare_raw",
        "compare_raw_if",
        "digest_kind",
    ],
)
def test_the_signature_changes_with_what_decides_the_result(
    copy: Step, change: Callable[[Step], dict[str, object]]
) -> None:
    assert dataclasses.replace(copy, **change(copy)).signature() != copy.signature()


def test_depfiles_as_gcc_and_rustc_write_them(tmp_path: Path) -> None:
    depfile = tmp_path / "x.d"
    depfile.write_text(
        "x.o: a.c /abs/b.h \\\n include/with\\ blank.h cost$$.h\n"
        "\na.c:\n/abs/b.h:\n"
        "# env-dep:RUST_MODFILE=modules/x\n"
        "x.d: a.c second.rs\n"
    )
    base = Path("/tree")
    assert read_depfile(depfile, base) == [
        base / "a.c",
        Path("/abs/b.h"),
        base / "include/with blank.h",
        base / "cost$.h",
        base / "second.rs",
    ]


def test_a_depfile_of_this_library_names_any_path(tmp_path: Path) -> None:
    paths = ["/m/a b.c", "/m/a\tb.c", "/m/a\\b.c", "/m/#1.c", "/m/cost$.h"]
    depfile = tmp_path / "x.d"
    depfile.write_text(depfile_text("/m/out put", paths))
    assert read_depfile(depfile, Path("/")) == [Path(path) for path in paths]


def test_tools_see_only_what_is_named_of_the_environment(copy: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPATH", "/somebody's/headers")
    seen: list[str] = []
    talking = command("env", env=(("RUSTC_BOOTSTRAP", "1"),))
    run(dataclasses.replace(copy, commands=(*copy.commands, talking)), RunLog(), show=seen.append)
    names = {line.partition("=")[0] for line in seen[0].splitlines()}
    assert {"PATH", "RUSTC_BOOTSTRAP"} <= names
    assert "CPATH" not in names
