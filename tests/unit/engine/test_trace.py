# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from pathlib import Path

import pytest

from scons_kmod.engine.digests import LINES
from scons_kmod.engine.trace import FORMAT, SHARED, TRACES_PER_STEP, FilesRead, Trace, Traces
from scons_kmod.engine.views import SYMBOLS, ViewSeen


def trace(number: int = 0, shared_key: str = "") -> Trace:
    """A trace with something in every field; another for each number."""
    files = FilesRead(LINES, {"/a.c": f"{number}", "/gone.h": None}, {"/b/x.h": ["/a/x.h"]})
    seen = ViewSeen(SYMBOLS, ("/symvers",), ("_printk", "é\t"), "/x.o", (None,), ("piece",), "part")
    return Trace(f"signature {number}", {"/in": "1"}, files, shared_key, (seen,), {"/out": "2"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "build/traces.jsonl"


@pytest.mark.parametrize("key", ["/out", "/with a blank\tand\nmore", "/\udcff", "/é\u2028\x85"])
def test_a_later_run_has_what_was_added(path: Path, key: str) -> None:
    Traces(path).add(key, trace())
    assert Traces(path).latest(key) == trace()
    assert len(path.read_bytes().splitlines()) == 1


def test_a_step_that_never_ran_has_none(path: Path) -> None:
    assert Traces(path).latest("/out") is None
    assert Traces(path).all_of("/out") == []
    assert not path.exists()


def test_the_trace_added_last_is_the_latest(path: Path) -> None:
    traces = Traces(path)
    for number in (1, 2):
        traces.add("/out", trace(number))
        traces.add("/other", trace(number + 2))
    for read in (traces, Traces(path)):
        assert read.latest("/out") == trace(2)
        assert read.all_of("/out") == [trace(2), trace(1)]
        assert read.all_of("/other") == [trace(4), trace(3)]


def test_only_so_many_are_remembered(path: Path) -> None:
    traces = Traces(path)
    for number in range(TRACES_PER_STEP + 2):
        traces.add("/out", trace(number))
    assert traces.all_of("/out") == Traces(path).all_of("/out") == [trace(n) for n in range(TRACES_PER_STEP + 1, 1, -1)]


def test_the_same_run_again_pushes_no_other_out(path: Path) -> None:
    traces = Traces(path)
    for number in (*range(TRACES_PER_STEP), 0, 0, 0):
        traces.add("/out", trace(number))
    assert traces.latest("/out") == trace(0)
    assert len(traces.all_of("/out")) == len(Traces(path).all_of("/out")) == TRACES_PER_STEP


# Shared files.


def test_the_same_files_are_written_once(path: Path) -> None:
    files = FilesRead(LINES, {"/x.h": "1"}, {})
    keys = {traces.add_shared_files(files) for traces in map(Traces, (path, path)) for _ in range(2)}
    assert len(keys) == 1
    assert len(path.read_text().splitlines()) == 1
    assert Traces(path).shared_files(keys.pop()) == files


def test_other_files_or_rivals_or_kinds_have_other_keys(path: Path) -> None:
    traces = Traces(path)
    digests = {"/x.h": "1"}
    different = (
        FilesRead(LINES, digests, {}),
        FilesRead("raw", digests, {}),
        FilesRead(LINES, digests, {"/x.h": ["/y.h"]}),
    )
    assert len({traces.add_shared_files(files) for files in different}) == 3


def test_a_key_that_leads_to_nothing(path: Path) -> None:
    assert Traces(path).shared_files(f"{SHARED}lost") is None


def test_shared_files_are_no_traces(path: Path) -> None:
    traces = Traces(path)
    key = traces.add_shared_files(FilesRead(LINES, {}, {}))
    traces.add("/out", trace(shared_key=key))
    assert list(traces.all_traces()) == [trace(shared_key=key)]


# Damage.


@pytest.mark.parametrize(
    "row",
    [
        "",
        "\t",
        "rubbish",
        '"/out"',
        '"/out"\t',
        '"/out"\t{"form": 1}',
        '"/out"\tnull',
        '"/out"\t[]',
        "12\t[]",
        "null\t[]",
        "[1]\t[]",
        "{}\t[]",
        "\0\0\0",
        json.dumps("/out") + "\t" + json.dumps([FORMAT + 1, *trace().to_json()[1:]]),
        json.dumps("/out") + "\t" + json.dumps([*trace().to_json()[:3], ["raw"], *trace().to_json()[4:]]),
    ],
)
def test_a_row_that_is_not_understood_is_as_good_as_none(path: Path, row: str) -> None:
    traces = Traces(path)
    traces.add("/out", trace(1))
    with path.open("a") as file:
        file.write(f"{row}\n")
    traces = Traces(path)
    assert traces.all_of("/out") == [trace(1)]
    assert list(traces.all_traces()) == [trace(1)]
    traces.add("/out", trace(2))
    assert Traces(path).latest("/out") == trace(2)


def test_a_step_whose_last_row_is_not_understood_has_no_latest(path: Path) -> None:
    Traces(path).add("/out", trace())
    with path.open("a") as file:
        file.write('"/out"\t["of another form"]\n')
    assert Traces(path).latest("/out") is None
    assert Traces(path).all_of("/out") == [trace()]


def test_bytes_that_are_no_text_cost_their_row_only(path: Path) -> None:
    Traces(path).add("/one", trace(1))
    with path.open("ab") as file:
        file.write(b"\xff\xfe\n")
    Traces(path).add("/two", trace(2))
    assert Traces(path).latest("/one") == trace(1)
    assert Traces(path).latest("/two") == trace(2)


def test_a_last_line_that_was_cut_short_costs_nothing_else(path: Path) -> None:
    Traces(path).add("/one", trace(1))
    whole = path.read_bytes()
    Traces(path).add("/one", trace(2))
    row = path.read_bytes()[len(whole) :]
    for length in range(len(row)):
        path.write_bytes(whole + row[:length])
        traces = Traces(path)
        assert traces.latest("/one") == trace(1)
        traces.add("/two", trace(3))
        traces.add("/three", trace(4))
        again = Traces(path)
        assert [again.latest(key) for key in ("/two", "/three")] == [trace(3), trace(4)]
        assert trace(1) in again.all_of("/one")


def test_shared_files_whose_row_was_cut_short_are_written_again(path: Path) -> None:
    files = FilesRead(LINES, {"/x.h": "1"}, {})
    key = Traces(path).add_shared_files(files)
    row = path.read_bytes()
    for length in range(len(row) - 1):
        path.write_bytes(row[:length])
        Traces(path).add("/out", trace())
        assert Traces(path).shared_files(key) is None
        Traces(path).add_shared_files(files)
        assert Traces(path).shared_files(key) == files


@pytest.mark.parametrize("raw", [None, 1, [], {}, [FORMAT], [FORMAT + 1, LINES, {}, {}]])
def test_files_of_another_form_are_refused(raw: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        FilesRead.from_json(raw)  # type: ignore[arg-type]


# The file's size.


def test_the_file_is_rewritten_when_most_of_it_is_unused(path: Path) -> None:
    traces = Traces(path)
    unused = traces.add_shared_files(FilesRead(LINES, {"/unused.h": "1"}, {}))
    used = traces.add_shared_files(FilesRead(LINES, {"/used.h": "1"}, {}))
    for number in range(150):
        traces.add("/out", trace(number, used))
    traces.add("/other", trace())
    traces.compact()
    assert len(path.read_text().splitlines()) == TRACES_PER_STEP + 2
    for read in (traces, Traces(path)):
        assert read.all_of("/out") == [trace(n, used) for n in range(149, 149 - TRACES_PER_STEP, -1)]
        assert read.latest("/other") == trace()
        assert (read.shared_files(used) is None, read.shared_files(unused) is None) == (False, True)
    traces.add("/out", trace(200))
    assert Traces(path).latest("/out") == trace(200)
    assert traces.add_shared_files(FilesRead(LINES, {"/unused.h": "1"}, {})) == unused
    assert Traces(path).shared_files(unused) is not None


def test_shared_files_that_no_trace_leads_to_are_of_no_use(path: Path) -> None:
    for number in range(200):
        traces = Traces(path)
        traces.add("/out", trace(number, traces.add_shared_files(FilesRead(LINES, {"/x.h": f"{number}"}, {}))))
        traces.compact()
    assert len(path.read_text().splitlines()) < 150
    assert Traces(path).shared_files(traces.add_shared_files(FilesRead(LINES, {"/x.h": "199"}, {}))) is not None


def test_it_is_left_alone_while_most_of_it_is_of_use(path: Path) -> None:
    traces = Traces(path)
    for number in range(150):
        traces.add(f"/{number}", trace())
    before = path.stat()
    traces.compact()
    assert path.stat() == before
