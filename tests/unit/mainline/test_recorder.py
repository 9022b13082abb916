# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from miniature import write

from scons_kmod.mainline.plan import RECORDER

ASKED = "the tool was asked: "


def record(directory: Path, tool: str, *args: str, stdin: str = "") -> str:
    """What a call prints. The stand-in for the tool prints its args."""
    tool_path = write(directory / "tool", f'#!/bin/sh\necho "{ASKED}$@"\ncat\n', 0o755)
    done = subprocess.run(
        [sys.executable, "-I", RECORDER, tool, *args],
        cwd=directory,
        env={"PATH": os.environ["PATH"], f"RECORDED_{tool.upper()}": str(tool_path)},
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
    )
    tool_path.unlink()
    return done.stdout


def files(directory: Path) -> dict[str, str]:
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}


def test_a_crates_outputs_are_empty_files(tmp_path: Path) -> None:
    emits = ("--emit=dep-info=rust/.core.o.d", "--emit=obj=rust/core.o", "--emit=metadata=rust/libcore.rmeta")
    assert record(tmp_path, "rustc", "--edition=2021", *emits, "@cfg", "/library/core/src/lib.rs") == ""
    assert files(tmp_path) == {
        "rust/.core.o.d": "rust/.core.o.d: /library/core/src/lib.rs\n",
        "rust/core.o": "",
        "rust/libcore.rmeta": "",
    }


def test_several_outputs_in_the_same_arg(tmp_path: Path) -> None:
    record(tmp_path, "rustc", "--emit=obj=x.o,dep-info=x.d,asm", "x.rs")
    assert files(tmp_path) == {"x.o": "", "x.d": "x.d: x.rs\n"}


def test_outputs_of_bindgen_are_empty_files(tmp_path: Path) -> None:
    args = (
        "/src/helper.h",
        "--opaque-type",
        "x",
        "-o",
        "rust/b.rs",
        "--",
        "-Wp,-MMD,rust/.b.rs.d",
        "-DX",
        "-include",
        "k.h",
    )
    assert record(tmp_path, "bindgen", *args) == ""
    assert files(tmp_path) == {"rust/b.rs": "", "rust/.b.rs.d": "rust/.b.rs.d: /src/helper.h\n"}


@pytest.mark.parametrize(
    ("tool", "args"),
    [
        ("rustc", ("--version", "--verbose")),
        ("rustc", ("--print", "sysroot")),
        ("rustc", ("--crate-type=rlib", "x.rs", "--out-dir=tmp", "-o", "tmp/x")),
        ("bindgen", ("--version",)),
    ],
)
def test_a_question_about_a_tool_is_answered_by_the_tool(tmp_path: Path, tool: str, args: tuple[str, ...]) -> None:
    assert record(tmp_path, tool, *args) == f"{ASKED}{' '.join(args)}\n"
    assert files(tmp_path) == {}


def test_a_tool_that_compiles_its_standard_input_runs(tmp_path: Path) -> None:
    args = ("--crate-type=rlib", "--emit=obj=x.o", "-")
    assert record(tmp_path, "rustc", *args, stdin="fn f() {}") == f"{ASKED}{' '.join(args)}\nfn f() {{}}"
    assert files(tmp_path) == {}


@pytest.mark.parametrize("tool", ["objcopy", "objtool"])
def test_a_tool_that_edits_an_object_does_not_run(tmp_path: Path, tool: str) -> None:
    assert record(tmp_path, tool, "--redefine-sym=a=b", "rust/core.o") == ""
    assert files(tmp_path) == {}


def test_the_exit_status_of_a_failing_tool_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as error:
        subprocess.run(
            [sys.executable, "-I", RECORDER, "rustc", "--print", "nonsense"],
            env={"RECORDED_RUSTC": "/bin/false"},
            cwd=tmp_path,
            check=True,
        )
    assert error.value.returncode == 1
