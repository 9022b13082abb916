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


def record(directory: Path, tool: str, *words: str, stdin: str = "") -> str:
    """What a call prints; the tool itself says what it was asked."""
    said = write(directory / "tool", f'#!/bin/sh\necho "{ASKED}$@"\ncat\n', 0o755)
    done = subprocess.run(
        [sys.executable, "-I", RECORDER, tool, *words],
        cwd=directory,
        env={"PATH": os.environ["PATH"], f"RECORDED_{tool.upper()}": str(said)},
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
    )
    said.unlink()
    return done.stdout


def made(directory: Path) -> dict[str, str]:
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}


def test_a_crate_is_only_pretended(tmp_path: Path) -> None:
    emits = ("--emit=dep-info=rust/.core.o.d", "--emit=obj=rust/core.o", "--emit=metadata=rust/libcore.rmeta")
    assert record(tmp_path, "rustc", "--edition=2021", *emits, "@cfg", "/library/core/src/lib.rs") == ""
    assert made(tmp_path) == {
        "rust/.core.o.d": "rust/.core.o.d: /library/core/src/lib.rs\n",
        "rust/core.o": "",
        "rust/libcore.rmeta": "",
    }


def test_several_kinds_in_one_word(tmp_path: Path) -> None:
    record(tmp_path, "rustc", "--emit=obj=x.o,dep-info=x.d,asm", "x.rs")
    assert made(tmp_path) == {"x.o": "", "x.d": "x.d: x.rs\n"}


def test_bindings_are_only_pretended(tmp_path: Path) -> None:
    words = (
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
    assert record(tmp_path, "bindgen", *words) == ""
    assert made(tmp_path) == {"rust/b.rs": "", "rust/.b.rs.d": "rust/.b.rs.d: /src/helper.h\n"}


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("rustc", ("--version", "--verbose")),
        ("rustc", ("--print", "sysroot")),
        ("rustc", ("--crate-type=rlib", "x.rs", "--out-dir=tmp", "-o", "tmp/x")),
        ("bindgen", ("--version",)),
    ],
)
def test_what_kbuild_asks_of_a_tool_itself_is_answered_by_it(tmp_path: Path, tool: str, words: tuple[str, ...]) -> None:
    assert record(tmp_path, tool, *words) == f"{ASKED}{' '.join(words)}\n"
    assert made(tmp_path) == {}


def test_a_tool_that_is_handed_a_source_is_only_being_tried(tmp_path: Path) -> None:
    words = ("--crate-type=rlib", "--emit=obj=x.o", "-")
    assert record(tmp_path, "rustc", *words, stdin="fn f() {}") == f"{ASKED}{' '.join(words)}\nfn f() {{}}"
    assert made(tmp_path) == {}


@pytest.mark.parametrize("tool", ["objcopy", "objtool"])
def test_what_edits_an_object_is_not_run(tmp_path: Path, tool: str) -> None:
    assert record(tmp_path, tool, "--redefine-sym=a=b", "rust/core.o") == ""
    assert made(tmp_path) == {}


def test_a_tool_that_fails_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as error:
        subprocess.run(
            [sys.executable, "-I", RECORDER, "rustc", "--print", "nonsense"],
            env={"RECORDED_RUSTC": "/bin/false"},
            cwd=tmp_path,
            check=True,
        )
    assert error.value.returncode == 1
