# SPDX-License-Identifier: MIT
"""Variables of scons's environment that rustc says it has read."""

from __future__ import annotations

import dataclasses

import pytest
from step_workshop import Workshop

from scons_kmod.engine.digests import Digests
from scons_kmod.engine.snapshot import is_unchanged, take_snapshot


@pytest.fixture
def reading(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A step that has read LANG, LC_ALL, which is not set, and a variable that no tool gets."""
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("CPATH", "/elsewhere")
    text = (workshop.path / "step.d").read_text()
    names = "# env-dep:LANG=C.UTF-8\n# env-dep:LC_ALL\n# env-dep:CPATH=/elsewhere\n"
    workshop.write("step.d", f"{text}\n{names}")
    workshop.run()
    assert workshop.reasons() == []
    return workshop


@pytest.mark.parametrize(("name", "value"), [("LANG", "C"), ("LANG", None), ("LC_ALL", "C"), ("LC_ALL", "")])
def test_another_value_makes_the_step_out_of_date(
    reading: Workshop, monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    with monkeypatch.context() as changed:
        if value is None:
            changed.delenv(name)
        else:
            changed.setenv(name, value)
        assert reading.reasons() == [f"env:{name} changed"]
    assert reading.reasons() == []


@pytest.mark.parametrize("name", ["CPATH", "HOME"])
def test_other_variables_do_not(reading: Workshop, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "another")
    assert reading.reasons() == []


def test_a_variable_that_the_step_sets_is_its_own(reading: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    step = reading.step()
    (command,) = step.commands
    step = dataclasses.replace(step, commands=(dataclasses.replace(command, env=(("LANG", "C"),)),))
    reading.run(step)
    monkeypatch.setenv("LANG", "de_DE")
    assert reading.reasons(step) == []


def test_a_snapshot_has_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "C")
    snapshot = take_snapshot(["env:LANG"], Digests())
    assert snapshot is not None
    assert is_unchanged(snapshot, Digests())
    monkeypatch.setenv("LANG", "de_DE")
    assert not is_unchanged(snapshot, Digests())
