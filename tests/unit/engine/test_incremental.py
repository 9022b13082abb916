# SPDX-License-Identifier: MIT
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from step_workshop import Workshop

from scons_kmod.base.errors import StepError
from scons_kmod.engine.incremental import open_state, seal_file, seal_state
from scons_kmod.engine.step import Step

SEALED = "signature"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state that a successful run has left."""
    directory = tmp_path / "incremental"
    open_state(directory, SEALED)
    (directory / "session").mkdir()
    (directory / "session/graph.bin").write_bytes(b"what is known")
    seal_state(directory, SEALED)
    return directory


def test_what_a_successful_run_has_left_is_kept(state: Path) -> None:
    open_state(state, SEALED)
    assert (state / "session/graph.bin").read_bytes() == b"what is known"


def test_another_command_starts_from_none(state: Path) -> None:
    open_state(state, "another")
    assert list(state.iterdir()) == []


def test_what_a_killed_run_has_left_is_not_trusted(state: Path) -> None:
    open_state(state, SEALED)
    # The run ends here, with the state as it was or not.
    open_state(state, SEALED)
    assert list(state.iterdir()) == []


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"!")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a file that changed": lambda state: append(state / "session/graph.bin"),
    "a file that is gone": lambda state: (state / "session/graph.bin").unlink(),
    "a file that was renamed": lambda state: (state / "session").rename(state / "other"),
    "a file that is new": lambda state: (state / "session/more.bin").write_bytes(b""),
    "a seal that is no JSON": lambda state: seal_file(state).write_text("{"),
    "no seal": lambda state: seal_file(state).unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damage_is_not_trusted(state: Path, damage: Callable[[Path], object]) -> None:
    damage(state)
    open_state(state, SEALED)
    assert list(state.iterdir()) == []


def test_a_step_keeps_its_state_until_it_fails(workshop: Workshop, tmp_path: Path) -> None:
    directory = tmp_path / "state"
    script = f'count=$(ls {directory} | wc -l); touch {directory}/$count; test ! -e fail && echo "$count" > out/count'
    step = Step(
        name="COMPILE",
        unit="count",
        commands=(workshop.command("sh", "-c", script),),
        outputs=(workshop.path / "out/count",),
        tracked=(workshop.path / "source",),
        compiler_state=directory,
    )
    workshop.write("source", "1")
    assert counted(workshop, step) == "0"
    workshop.write("source", "2")
    assert counted(workshop, step) == "1"
    workshop.write("source", "3")
    workshop.write("fail", "")
    with pytest.raises(StepError):
        workshop.run(step)
    (workshop.path / "fail").unlink()
    assert counted(workshop, step) == "0"


def counted(workshop: Workshop, step: Step) -> str:
    """Run a step. Returns what it has written."""
    workshop.run(step)
    return step.outputs[0].read_text().strip()


def test_a_step_for_another_output_has_no_state(workshop: Workshop, tmp_path: Path) -> None:
    directory = tmp_path / "state"
    command = workshop.command("rustc", f"-Cincremental={directory}", "--emit=obj=x.o")
    step = Step("RUSTC", "x", (command,), (tmp_path / "x.o",), compiler_state=directory)
    (other,) = step.from_nothing().commands
    assert other.argv == ("rustc", "--emit=obj=x.o")
    assert step.from_nothing().compiler_state is None
