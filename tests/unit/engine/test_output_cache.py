# SPDX-License-Identifier: MIT
"""Outputs in the cache directory, which steps of other checkouts import."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from step_workshop import Workshop

from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.output_cache import OutputCache
from scons_kmod.engine.run_step import run_step
from scons_kmod.engine.step import Step
from scons_kmod.engine.up_to_date import out_of_date_reasons


class Checkout(Workshop):
    """A checkout with a step whose outputs are shared. Its input is outside of the checkout."""

    def step(self, **changes: object) -> Step:
        changes = {"shared": True, "inputs": (self.path.parent / "kernel",), **changes}
        return super().step(**changes)

    @property
    def cache(self) -> OutputCache:
        return OutputCache(self.path.parent / "cache", {self.path / "out": "@BUILD@", self.path: "@TOP@"})

    def stored(self, **changes: object) -> Step:
        """The step after a run, and its outputs are in the cache."""
        step, state = self.step(**changes), self.state()
        run_step(step, state, RunLog())
        self.cache.store(step, state)
        return step

    def imported(self, step: Step | None = None, state: BuildState | None = None) -> bool:
        return self.cache.import_outputs(step or self.step(), state or self.state())


@pytest.fixture
def first(tmp_path: Path) -> Checkout:
    (tmp_path / "kernel").write_text("kernel\n")
    checkout = new_checkout(tmp_path, "first")
    checkout.stored()
    return checkout


def new_checkout(directory: Path, name: str) -> Checkout:
    (directory / name).mkdir()
    return Checkout(directory / name)


@pytest.fixture
def second(first: Checkout) -> Checkout:
    return new_checkout(first.path.parent, "second")


def test_another_checkout_imports_outputs_and_they_are_up_to_date(second: Checkout) -> None:
    assert second.imported()
    assert second.output.read_text() == "int one;\n"
    assert list(out_of_date_reasons(second.step(), second.state())) == []
    second.write("include/b/x.h", "int other;\n")
    assert second.reasons() == ["include/b/x.h changed"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("source.c", "int two;\n"), ("include/b/x.h", "int y;\n"), ("include/a/x.h", ""), ("../kernel", "other\n")],
)
def test_nothing_is_imported_if_the_step_would_read_something_else(second: Checkout, name: str, text: str) -> None:
    second.write(name, text)
    assert not second.imported()
    assert not second.output.exists()


@pytest.mark.parametrize("changes", [{"tools": ("another",)}, {"shared": False}, {"compare_raw": True}])
def test_nothing_is_imported_for_another_step(second: Checkout, changes: dict[str, object]) -> None:
    assert not second.imported(second.step(**changes))


def test_of_several_entries_the_one_that_fits(first: Checkout, second: Checkout) -> None:
    for text in ("int two;\n", "int three;\n"):
        first.write("source.c", text)
        first.stored()
    second.write("source.c", "int two;\n")
    assert second.imported()
    assert second.output.read_text() == "int two;\n"


def test_a_step_that_has_run_here_imports_nothing(second: Checkout) -> None:
    second.run()
    second.output.unlink()
    assert not second.imported()


def outputs(checkout: Checkout) -> list[Path]:
    return list((checkout.cache.directory / "outputs").iterdir())


@pytest.mark.parametrize("damage", ["int bad;\n", ""])
def test_a_damaged_output_is_not_imported_and_can_be_stored_again(second: Checkout, damage: str) -> None:
    (stored,) = outputs(second)
    stored.write_text(damage)
    assert not second.imported()
    assert not second.output.exists()
    second.stored()
    third = new_checkout(second.path.parent, "third")
    assert third.imported()
    assert third.output.read_text() == "int one;\n"


def test_a_lost_output_is_not_imported(second: Checkout) -> None:
    shutil.rmtree(second.cache.directory / "outputs")
    assert not second.imported()


def test_a_damaged_entry_counts_as_none(second: Checkout) -> None:
    (entry,) = second.cache.directory.glob("*/*.json")
    record = json.loads(entry.read_text())
    assert second.cache.directory / "outputs" in [path.parent for path in outputs(second)]
    entry.write_text(json.dumps({**record, "shared": None}))
    assert not second.imported()
    entry.write_bytes(b"\xff")
    assert not second.imported()


def test_an_entry_has_no_path_of_a_checkout(first: Checkout) -> None:
    (entry,) = first.cache.directory.glob("*/*.json")
    assert str(first.path) not in entry.read_text()
    assert "@BUILD@/first" in entry.read_text()


def test_what_a_step_writes_beforehand_is_written(first: Checkout, second: Checkout) -> None:
    first.stored(written_files=((first.path / "out/request", "text"),))
    assert second.imported(second.step(written_files=((second.path / "out/request", "text"),)))
    assert (second.path / "out/request").read_text() == "text"


def test_programs_stay_programs(first: Checkout, second: Checkout) -> None:
    for checkout in (first, second):
        (checkout.path / "source.c").chmod(0o755)
        checkout.write("source.c", "int program;\n")
    first.stored()
    assert second.imported()
    assert second.output.stat().st_mode & 0o111
