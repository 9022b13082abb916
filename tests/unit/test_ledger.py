# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scons_kmod.ledger import Ledger


class Build:
    """A build directory with SCons's database and two outputs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / ".sconsign.dblite"
        self.outputs = [path / "a.o", path / "b.ko"]
        for made in (*self.outputs, self.database):
            made.write_text(made.name)

    def ledger(self) -> Ledger:
        return Ledger(self.path / "ledger.json", self.database)


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """A build that has ended."""
    made = Build(tmp_path)
    made.ledger().close(made.outputs)
    return made


def test_outputs_that_are_as_they_were_are_kept(build: Build) -> None:
    assert build.ledger().settle() == []
    assert all(path.exists() for path in (*build.outputs, build.database))


@pytest.mark.parametrize("damage", [lambda path: os.truncate(path, 1), lambda path: path.write_text("of a killed run")])
def test_an_output_that_is_not_as_it_was_is_removed(build: Build, damage: Callable[[Path], object]) -> None:
    damage(build.outputs[1])
    assert build.ledger().settle() == [build.outputs[1]]
    assert not build.outputs[1].exists()
    assert build.outputs[0].exists()


def test_without_a_ledger_the_database_is_not_trusted(build: Build) -> None:
    build.path.joinpath("ledger.json").unlink()
    build.ledger().settle()
    assert not build.database.exists()


def test_a_damaged_ledger_is_as_good_as_none(build: Build) -> None:
    build.path.joinpath("ledger.json").write_text("{")
    build.ledger().settle()
    assert not build.database.exists()


def test_a_later_build_adds_what_it_made_and_keeps_the_rest(build: Build) -> None:
    ledger = build.ledger()
    build.outputs[0].write_text("made anew")
    ledger.close([build.outputs[0]])
    assert build.ledger().settle() == []
    build.outputs[1].write_text("damaged")
    assert build.ledger().settle() == [build.outputs[1]]


def test_what_is_gone_is_forgotten(build: Build) -> None:
    ledger = build.ledger()
    build.outputs[0].unlink()
    ledger.close([])
    assert build.ledger().settle() == []


def test_the_first_build_has_nothing_to_settle(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "build/ledger.json", tmp_path / "build/.sconsign.dblite")
    assert ledger.settle() == []
    ledger.close([])
    assert (tmp_path / "build/ledger.json").exists()
