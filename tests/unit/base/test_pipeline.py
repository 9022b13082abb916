# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from miniature import write

from scons_kmod.base import library_process
from scons_kmod.base.pipeline import main


def run(directory: Path, *programs: list[str], **request: str) -> int:
    return main({"programs": programs, "output": str(directory / "out"), **request})


def out(directory: Path) -> str:
    return (directory / "out").read_text()


def test_each_program_reads_what_the_program_before_prints(tmp_path: Path) -> None:
    given = write(tmp_path / "in", "one\ntwo\n")
    assert run(tmp_path, ["cat"], ["sed", "s/o/0/g"], ["tr", "a-z", "A-Z"], input=str(given)) == 0
    assert out(tmp_path) == "0NE\nTW0\n"


def test_a_single_program_reads_and_writes_files(tmp_path: Path) -> None:
    assert run(tmp_path, ["cat"], input=str(write(tmp_path / "in", "text"))) == 0
    assert out(tmp_path) == "text"


def test_without_an_input_there_is_nothing_to_read(tmp_path: Path) -> None:
    assert run(tmp_path, ["cat"]) == 0
    assert out(tmp_path) == ""


def test_no_shell_reads_the_args(tmp_path: Path) -> None:
    assert run(tmp_path, ["printf", "%s;", "$HOME", "a b", "*", ";", "|"]) == 0
    assert out(tmp_path) == "$HOME;a b;*;;;|;"


def test_what_was_there_is_replaced(tmp_path: Path) -> None:
    write(tmp_path / "out", "a longer text than the new one")
    run(tmp_path, ["echo", "new"])
    assert out(tmp_path) == "new\n"


def test_more_than_a_pipe_holds(tmp_path: Path) -> None:
    given = write(tmp_path / "in", "line\n" * 100_000)
    assert run(tmp_path, ["cat"], ["cat"], ["wc", "-l"], input=str(given)) == 0
    assert out(tmp_path).split() == ["100000"]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_program_that_fails_fails_the_pipeline(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], number: int
) -> None:
    programs = [["cat"], ["cat"], ["cat"]]
    programs[number] = ["sh", "-c", "cat >/dev/null; exit 3"]
    assert run(tmp_path, *programs) != 0
    assert capfd.readouterr().err == "['sh', '-c', 'cat >/dev/null; exit 3'] failed\n"


def test_it_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    request = {"programs": [["echo", "text"], ["tr", "t", "T"]], "output": str(tmp_path / "out")}
    written = write(tmp_path / "request.json", json.dumps(request))
    subprocess.run([sys.executable, "-I", library_process.__file__, "base.pipeline", written], check=True)
    assert out(tmp_path) == "TexT\n"
