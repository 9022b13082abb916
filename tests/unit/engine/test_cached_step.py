# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scons_kmod.base.errors import StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.cached_step import CachedStep
from scons_kmod.engine.digests import Digests
from scons_kmod.engine.run_step import run_step
from scons_kmod.engine.step import Command
from scons_kmod.engine.up_to_date import out_of_date_reasons


def library(directory: Path, checkout: str = "checkout", seconds: str = "0") -> CachedStep:
    """A library of one crate: its object is a copy of its source."""
    source = directory / "sources/core/lib.rs"
    if not source.exists():
        source.parent.mkdir(parents=True)
        source.write_text("// core")
    commands = (("cp", str(source), "core.o"), ("sleep", seconds), ("cp", "core.o", "libcore.rmeta"))
    return CachedStep(
        name="RUSTC",
        unit="library",
        commands=tuple(Command(argv, Path()) for argv in commands),
        outputs=tuple(directory / checkout / "library" / name for name in ("library.json", "core.o", "libcore.rmeta")),
        tools=("rustc's digest",),
        cache=directory / "cache",
        products=("core.o", "libcore.rmeta"),
        source_dirs=(directory / "sources/core",),
    )


def run(step: CachedStep) -> int:
    """How many processes it took."""
    log = RunLog()
    run_step(step, state_of(step), log)
    return len(log.entries)


def state_of(step: CachedStep) -> BuildState:
    return BuildState(step.outputs[0].parents[1], Digests())


def entries(directory: Path) -> list[Path]:
    return [path for path in (directory / "cache").iterdir() if path.is_dir()]


def test_all_checkouts_share_an_entry(tmp_path: Path) -> None:
    assert run(library(tmp_path)) == 3
    assert run(library(tmp_path, "another")) == 0
    assert (tmp_path / "another/library/core.o").read_text() == "// core"
    lists = [(tmp_path / name / "library/library.json").read_text() for name in ("checkout", "another")]
    assert lists[0] == lists[1]
    assert sorted(json.loads(lists[0])) == ["core.o", "libcore.rmeta"]


def test_edited_sources_and_damaged_products_are_reasons_to_run(tmp_path: Path) -> None:
    step = library(tmp_path)
    time.sleep(0.05)  # what was written just before a step can't be told from what is written while it runs
    run(step)
    assert list(out_of_date_reasons(step, state_of(step))) == []
    (entry,) = entries(tmp_path)
    os.truncate(entry / "core.o", 3)
    damaged = step.outputs[1]
    assert list(out_of_date_reasons(step, state_of(step))) == [f"{damaged} was missing or damaged"]
    run(step)
    source = tmp_path / "sources/core/lib.rs"
    source.write_text("// edited")
    assert list(out_of_date_reasons(step, state_of(step))) == [f"{source} changed"]


def test_other_sources_or_tools_make_another_entry(tmp_path: Path) -> None:
    step = library(tmp_path)
    run(step)
    assert run(dataclasses.replace(step, tools=("another rustc",))) == 3
    (tmp_path / "sources/core/lib.rs").write_text("// edited")
    assert run(step) == 3
    assert (tmp_path / "checkout/library/core.o").read_text() == "// edited"
    assert len(entries(tmp_path)) == 3


def test_where_the_cache_lies_is_no_part_of_the_key(tmp_path: Path) -> None:
    step = library(tmp_path)
    assert dataclasses.replace(step, cache=Path("/elsewhere")).signature() == step.signature()


@pytest.mark.parametrize("damage", [lambda path: os.truncate(path, 3), Path.unlink, lambda path: path.write_text("!")])
def test_a_damaged_entry_is_replaced(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    step = library(tmp_path)
    run(step)
    (entry,) = entries(tmp_path)
    damage(entry / "libcore.rmeta")
    assert run(step) == 3
    assert (tmp_path / "checkout/library/libcore.rmeta").read_text() == "// core"


def test_an_entry_without_its_list_of_files_is_replaced(tmp_path: Path) -> None:
    step = library(tmp_path)
    run(step)
    (entry,) = entries(tmp_path)
    (entry / "content.json").unlink()
    assert run(step) == 3


def test_an_edit_right_after_a_build_is_seen(tmp_path: Path) -> None:
    step = library(tmp_path)
    for text in ("// one", "// two", "// six"):
        (tmp_path / "sources/core/lib.rs").write_text(text)
        run(step)
        assert (tmp_path / "checkout/library/core.o").read_text() == text


def test_sources_that_change_meanwhile_make_no_entry(tmp_path: Path) -> None:
    step = library(tmp_path)
    source = tmp_path / "sources/core/lib.rs"
    editing = Command(("cp", "--", str(tmp_path / "edited"), str(source)), Path())
    (tmp_path / "edited").write_text("// edit")
    with pytest.raises(StepError, match="its sources changed while it ran"):
        run(dataclasses.replace(step, commands=(*step.commands, editing)))
    assert entries(tmp_path) == []


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    step = library(tmp_path)
    failing = dataclasses.replace(step, commands=(*step.commands, Command(("false",), Path())))
    with pytest.raises(StepError):
        run(failing)
    assert entries(tmp_path) == []
    assert not step.outputs[0].exists()


PROGRAM = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from scons_kmod.base.run_log import RunLog
    from engine.test_cached_step import library, run
    print(run(library(Path(sys.argv[1]), sys.argv[2], sys.argv[3])))
    """
)


def start(directory: Path, checkout: str, seconds: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    argv = (sys.executable, "-c", PROGRAM, directory, checkout, seconds)
    return subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, start_new_session=True)


def test_two_builds_at_once_make_an_entry_once(tmp_path: Path) -> None:
    library(tmp_path)
    builds = [start(tmp_path, f"checkout{number}", "0.3") for number in range(2)]
    assert sorted(int(build.communicate(timeout=30)[0]) for build in builds) == [0, 3]
    assert len(entries(tmp_path)) == 1


def test_what_a_killed_build_left_is_not_taken_for_an_entry(tmp_path: Path) -> None:
    library(tmp_path)
    killed = start(tmp_path, "checkout", "60")
    deadline = time.monotonic() + 20
    while not list(tmp_path.glob("cache/.library*/core.o")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert run(library(tmp_path)) == 3
    assert (tmp_path / "checkout/library/core.o").read_text() == "// core"
