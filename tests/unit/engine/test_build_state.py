# SPDX-License-Identifier: MIT
"""What is remembered between builds can be damaged or lost."""

from __future__ import annotations

import pytest
from step_workshop import Workshop

from scons_kmod.engine.trace import FORMAT
from scons_kmod.engine.up_to_date import NEVER_RAN


@pytest.mark.parametrize("rubbish", ["half a line", '"key"\t[1, 2]\n', "\n\n\t\n", '"key"\t["form", {}]\n'])
def test_rubbish_among_the_traces_is_as_good_as_none(workshop: Workshop, rubbish: str) -> None:
    traces = workshop.path / "build/traces.jsonl"
    traces.write_text(traces.read_text() + rubbish)
    assert workshop.reasons() == []
    workshop.write("source.c", "int two;\n")
    workshop.run()
    assert workshop.reasons() == []
    traces.write_text(rubbish)
    assert workshop.reasons() == [NEVER_RAN]


def test_traces_of_another_form_are_as_good_as_none(workshop: Workshop) -> None:
    traces = workshop.path / "build/traces.jsonl"
    traces.write_text(traces.read_text().replace(f"\t[{FORMAT},", f"\t[{FORMAT - 1},"))
    assert workshop.reasons() == [NEVER_RAN]
    assert workshop.build() == 1
    assert workshop.reasons() == []


def test_the_file_of_traces_does_not_grow_for_ever(workshop: Workshop) -> None:
    for number in range(150):
        workshop.state().traces.add("key", workshop.state().traces.all_of(workshop.step().key)[0])
        workshop.write("input", f"{number % 2}") if number % 50 == 0 else None
    workshop.write("source.c", "int two;\n")
    workshop.run()
    assert len((workshop.path / "build/traces.jsonl").read_text().splitlines()) < 150
    assert workshop.reasons() == []


@pytest.mark.parametrize("rubbish", ["", "{", '{"format": 0, "files": {}}', '{"format": 1, "files": {"x": [1]}}', "[]"])
def test_what_is_known_of_files_can_be_lost(workshop: Workshop, rubbish: str) -> None:
    (workshop.path / "build/digests.json").write_text(rubbish)
    assert workshop.reasons() == []


def test_without_the_digests_of_an_earlier_run_all_is_read_again(workshop: Workshop) -> None:
    stale = (workshop.path / "build/digests.json").read_text()
    workshop.write("source.c", "int two;\n")
    workshop.build()
    (workshop.path / "build/digests.json").write_text(stale)
    assert workshop.reasons() == []
    workshop.write("source.c", "int one;\n")
    (workshop.path / "build/digests.json").unlink()
    assert workshop.build() == 0
    assert workshop.output.read_text() == "int one;\n"
