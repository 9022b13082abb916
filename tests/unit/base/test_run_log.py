# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scons_kmod.base.errors import MachineError, StepError
from scons_kmod.base.run_log import RunLog


def test_output_and_errors_are_captured_together(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    with pytest.raises(StepError, match=r"(?s)absent.*\nthere"):
        RunLog().run(["ls", "there", "absent"], step="LS", unit="x", cwd=tmp_path)


def test_a_failure_shows_status_command_and_output(tmp_path: Path) -> None:
    with pytest.raises(StepError) as caught:
        RunLog().run(["ls", "--", "a b"], step="LS", unit="x.o", cwd=tmp_path, env={"LC_ALL": "C"})
    status, command, output = caught.value.message.split("\n")
    assert (status, command) == ("exit status 2", "ls -- 'a b'")
    assert output == "ls: cannot access 'a b': No such file or directory"
    assert caught.value.where == "LS x.o"
    assert (caught.value.status, caught.value.output) == (2, output)


def test_a_program_that_is_not_there_is_the_machines_fault(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="no-such-program can't be started: No such file"):
        RunLog().run(["no-such-program"], step="X", unit="y", cwd=tmp_path)


def test_a_program_that_never_ends_is_stopped() -> None:
    with pytest.raises(StepError, match="it did not end within 0 s: sleep 60"):
        RunLog().run(["sleep", "60"], step="X", unit="y", timeout=0.1)


def test_what_a_program_has_printed_that_never_ends_is_kept() -> None:
    with pytest.raises(StepError) as caught:
        RunLog().run(["sh", "-c", "echo begun; exec sleep 60"], step="X", unit="y", timeout=0.3)
    assert (caught.value.status, caught.value.output) == (None, "begun")


def test_the_variables_are_added_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setenv("REMOVED", "1")
    seen = RunLog().run(["env"], step="X", unit="y", env={"ADDED": "1", "REMOVED": None}).stdout.decode().splitlines()
    assert {"KEPT=1", "ADDED=1"} <= set(seen)
    assert "REMOVED=1" not in seen
    assert os.environ["REMOVED"] == "1"


def test_input_is_handed_over_and_is_empty_without() -> None:
    assert RunLog().run(["cat"], step="X", unit="y", input=b"text").stdout == b"text"
    assert RunLog().run(["cat"], step="X", unit="y").stdout == b""


def test_a_program_may_have_a_process_group_of_its_own() -> None:
    argv = ["sh", "-c", "read -r _ _ _ _ group _ </proc/$$/stat; echo $group"]
    inherited, new = (int(RunLog().run(argv, step="X", unit="y", own_group=own).stdout) for own in (False, True))
    assert inherited == os.getpgrp()
    assert new != inherited


def test_every_process_is_recorded_with_its_reason(tmp_path: Path) -> None:
    log = RunLog("debian-6.12")
    log.run(["true"], step="RUSTC", unit="x.o", why="x.rs changed")
    with pytest.raises(StepError):
        log.run(["false"], step="LD", unit="x.ko")
    with pytest.raises(MachineError):
        log.run(["no-such-program"], step="CC", unit="x.c")
    log.write(tmp_path / "last-run.json")
    entries = json.loads((tmp_path / "last-run.json").read_text())
    assert all(isinstance(entry.pop("seconds"), float) for entry in entries)
    assert entries == [
        {"step": "RUSTC", "unit": "x.o", "target": "debian-6.12", "why": "x.rs changed", "status": 0},
        {"step": "LD", "unit": "x.ko", "target": "debian-6.12", "why": "", "status": 1},
        {"step": "CC", "unit": "x.c", "target": "debian-6.12", "why": "", "status": 1},
    ]


def test_a_run_without_processes_is_an_empty_list(tmp_path: Path) -> None:
    RunLog().write(tmp_path / "last-run.json")
    assert json.loads((tmp_path / "last-run.json").read_text()) == []


def test_work_in_the_process_itself_is_recorded_too() -> None:
    log = RunLog()
    with log.recorded("PARSE", "headers"):
        pass
    with log.recorded("TEST", "pytest") as status:
        status.append(3)
    assert [(entry.step, entry.status) for entry in log.entries] == [("PARSE", 0), ("TEST", 3)]


def test_threads_share_a_log() -> None:
    log = RunLog()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: log.run(["true"], step="X", unit=str(n)), range(20)))
    assert sorted(int(entry.unit) for entry in log.entries) == list(range(20))
