# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scons_kmod.engine.digests import (
    COLUMNS,
    FORMAT,
    LINES,
    RAW,
    TOKENS,
    Digests,
    clock_ns,
    file_digest,
    key_text_of,
    text_digest,
)

KINDS = (RAW, LINES, COLUMNS, TOKENS)


def settled(path: Path, text: str) -> Path:
    """A file that was written longer than a tick of the clock ago."""
    path.write_text(text)
    time.sleep(0.03)
    return path


class Memory:
    """A file, and digests that outlive a run."""

    def __init__(self, directory: Path) -> None:
        self.saved = directory / "digests.json"
        self.file = settled(directory / "file.h", "int one;\n")

    def run(self, kind: str = RAW) -> str | None:
        """The file's digest, as a new run has it."""
        digests = Digests(self.saved)
        found = digests.of(self.file, kind)
        digests.save()
        return found

    @property
    def names(self) -> set[str]:
        """The files of which something is saved."""
        return set(json.loads(self.saved.read_text())["files"])


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    memory = Memory(tmp_path)
    memory.run()
    return memory


def test_a_digest_is_of_the_content_alone(tmp_path: Path) -> None:
    first, same, other = (settled(tmp_path / name, text) for name, text in (("1", "x"), ("2", "x"), ("3", "y")))
    digests = Digests()
    assert digests.of(first) == digests.of(same) == file_digest(same)
    assert digests.of(first) != digests.of(other)


def test_what_cannot_be_read_has_none(tmp_path: Path) -> None:
    digests = Digests()
    assert digests.of(tmp_path / "absent") is None
    assert digests.of(tmp_path) is None
    (tmp_path / "dangling").symlink_to("absent")
    assert [digests.of(tmp_path / "dangling", kind) for kind in KINDS] == [None] * len(KINDS)


def test_a_link_has_the_digest_of_what_it_leads_to(tmp_path: Path) -> None:
    first, second = settled(tmp_path / "1", "x"), settled(tmp_path / "2", "y")
    link = tmp_path / "link"
    link.symlink_to(first)
    assert Digests().of(link) == file_digest(first)
    link.unlink()
    link.symlink_to(second)
    assert Digests().of(link) == file_digest(second)


def test_a_file_is_looked_at_once_a_run(memory: Memory) -> None:
    digests = Digests()
    before = digests.of(memory.file)
    settled(memory.file, "int two;\n")
    assert digests.of(memory.file) == before
    digests.forget(memory.file)
    assert digests.of(memory.file) == file_digest(memory.file)
    memory.file.unlink()
    digests.forget(memory.file)
    assert digests.of(memory.file) is None


def test_a_file_that_appears_is_found_when_it_is_looked_at_again(tmp_path: Path) -> None:
    digests = Digests()
    assert digests.of(tmp_path / "made") is None
    settled(tmp_path / "made", "x")
    digests.forget(tmp_path / "made")
    assert digests.of(tmp_path / "made") == file_digest(tmp_path / "made")


# What the compiler can notice.


@pytest.mark.parametrize("name", ["a.c", "a.h", "a.rs"])
def test_a_comment_counts_in_the_content_only(tmp_path: Path, name: str) -> None:
    path = settled(tmp_path / name, "int one; // a\n")
    before = [Digests().of(path, kind) for kind in KINDS]
    settled(path, "int one; // b\n")
    after = [Digests().of(path, kind) for kind in KINDS]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, True, True, True]


@pytest.mark.parametrize(("name", "same"), [("a.h", True), ("a.c", True), ("a.rs", False)])
def test_a_shifted_token_counts_where_columns_do(tmp_path: Path, name: str, same: bool) -> None:
    path = settled(tmp_path / name, "int one;\n")
    before = [Digests().of(path, kind) for kind in KINDS]
    settled(path, "int  one;\n")
    after = [Digests().of(path, kind) for kind in KINDS]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, same, False, same]


@pytest.mark.parametrize(("name", "same"), [("a.h", True), ("a.c", True), ("a.rs", False)])
def test_a_shifted_line_counts_where_lines_do(tmp_path: Path, name: str, same: bool) -> None:
    path = settled(tmp_path / name, "int one;\n")
    before = [Digests().of(path, kind) for kind in KINDS]
    settled(path, "\nint one;\n")
    after = [Digests().of(path, kind) for kind in KINDS]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, False, same]


@pytest.mark.parametrize("name", ["a.lds", "a.o", "rs", "a.txt"])
def test_all_digests_of_a_file_that_is_no_source_are_the_same(tmp_path: Path, name: str) -> None:
    path = settled(tmp_path / name, "// x\n")
    assert {Digests().of(path, kind) for kind in KINDS} == {file_digest(path)}


def test_a_source_that_is_no_text_counts_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.h"
    path.write_bytes(b"int one; // \xe4\n")
    assert {Digests().of(path, kind) for kind in KINDS} == {file_digest(path)}
    assert key_text_of(str(path), LINES) is None


def test_the_text_behind_a_digest(memory: Memory) -> None:
    text = key_text_of(str(memory.file), LINES)
    assert text is not None
    assert text_digest(text) == Digests().of(memory.file, LINES)


def test_a_combined_digest_of_many_files(tmp_path: Path) -> None:
    for directory in ("one", "two"):
        (tmp_path / directory).mkdir()
        for name in ("a", "b"):
            settled(tmp_path / directory / name, name)
    combined = [
        Digests().combined([tmp_path / directory / "b", tmp_path / directory / "a"]) for directory in ("one", "two")
    ]
    assert combined[0] == combined[1]
    settled(tmp_path / "two/b", "other")
    assert Digests().combined((tmp_path / "two").iterdir()) != combined[1]
    (tmp_path / "two/b").unlink()
    assert Digests().combined([tmp_path / "two/a", tmp_path / "two/b"]) != Digests().combined([tmp_path / "two/a"])


# What outlives a run.


def test_a_file_that_did_not_change_is_not_read_again(memory: Memory) -> None:
    saved = json.loads(memory.saved.read_text())
    saved["files"][str(memory.file)][4][RAW] = "as it was saved"
    memory.saved.write_text(json.dumps(saved))
    assert memory.run() == "as it was saved"


def test_a_touch_costs_a_reading_and_no_more(memory: Memory) -> None:
    before = memory.run(LINES)
    os.utime(memory.file)
    assert memory.run(LINES) == before


def test_an_edit_that_keeps_size_and_time_is_seen(memory: Memory) -> None:
    stat = memory.file.stat()
    memory.file.write_text("int two;\n")
    os.utime(memory.file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert memory.file.stat().st_size == stat.st_size
    assert memory.file.stat().st_mtime_ns == stat.st_mtime_ns
    assert memory.run() == file_digest(memory.file)


def test_a_file_that_replaced_it_is_seen(memory: Memory) -> None:
    other = settled(memory.file.with_name("other"), "int two;\n")
    stat = memory.file.stat()
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(memory.file)
    assert memory.run() == file_digest(memory.file)


def test_each_kind_is_kept_until_the_file_changes(memory: Memory) -> None:
    memory.run(TOKENS)
    saved = json.loads(memory.saved.read_text())["files"][str(memory.file)]
    assert set(saved[4]) == {RAW, TOKENS}
    settled(memory.file, "int two;\n")
    memory.run(LINES)
    saved = json.loads(memory.saved.read_text())["files"][str(memory.file)]
    assert set(saved[4]) == {LINES}


def test_a_file_read_within_a_tick_of_its_change_is_not_remembered(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.file.write_text("int two;\n")
    memory.run()
    assert memory.names == set()
    time.sleep(0.03)
    memory.run()
    assert memory.names == {str(memory.file)}


def test_what_is_known_of_files_that_are_gone_is_forgotten(memory: Memory) -> None:
    other = settled(memory.file.with_name("other"), "x")
    digests = Digests(memory.saved)
    digests.of(other)
    digests.save()
    assert memory.names == {str(memory.file), str(other)}, "also of those that were not asked for"
    memory.file.unlink()
    settled(other, "y")
    digests = Digests(memory.saved)
    digests.of(other)
    digests.save()
    assert memory.names == {str(other)}


def test_nothing_is_written_where_nothing_was_learnt(memory: Memory) -> None:
    before = memory.saved.stat()
    memory.run()
    assert memory.saved.stat() == before


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        "null",
        '{"format": FORMAT}',
        '{"format": FORMAT, "files": []}',
        '{"format": FORMAT, "files": {"PATH": 1}}',
        '{"format": FORMAT, "files": {"PATH": [1, 2]}}',
        '{"format": FORMAT, "files": {"PATH": [1, 2, 3, 4, "raw"]}}',
        '{"format": OTHER, "files": {"PATH": STAT}}',
    ],
)
def test_damaged_digests_of_earlier_runs_are_ignored(memory: Memory, damage: str) -> None:
    stat = memory.file.stat()
    entry = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, {RAW: "wrong"}]
    values = {"FORMAT": FORMAT, "OTHER": FORMAT + 1, "PATH": memory.file, "STAT": json.dumps(entry)}
    for name, value in values.items():
        damage = damage.replace(name, str(value))
    memory.saved.write_text(damage)
    assert memory.run() == file_digest(memory.file)


def test_bytes_that_are_no_text_are_as_good_as_none(memory: Memory) -> None:
    memory.saved.write_bytes(b"\xff" + memory.saved.read_bytes())
    assert memory.run() == file_digest(memory.file)


# Changes while something runs.


def test_whether_a_file_was_changed_since_a_moment(memory: Memory) -> None:
    digests = Digests()
    digests.of(memory.file)
    moment = clock_ns()
    assert not digests.changed_since(memory.file, moment)
    os.utime(memory.file, ns=(0, 0))
    assert digests.changed_since(memory.file, moment), "whatever its times were set to"


def test_a_file_that_another_was_moved_over_was_changed(memory: Memory) -> None:
    other = settled(memory.file.with_name("other"), "int two;\n")
    digests = Digests()
    digests.of(memory.file)
    moment = clock_ns()
    other.replace(memory.file)
    assert digests.changed_since(memory.file, moment)


@pytest.fixture
def many_switches() -> Iterator[None]:
    """Threads that are interrupted as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("many_switches")
def test_several_threads_ask_at_once(tmp_path: Path) -> None:
    files = [settled(tmp_path / f"{number}.h", f"int x{number};\n") for number in range(4)]
    wanted = {path: (file_digest(path), Digests().of(path, TOKENS)) for path in files}
    digests = Digests()

    def ask(number: int) -> bool:
        path = files[number % len(files)]
        digests.forget(path)
        return (digests.of(path), digests.of(path, TOKENS)) == wanted[path]

    with ThreadPoolExecutor(max_workers=4) as pool:
        assert all(pool.map(ask, range(2000)))


def test_digests_of_some_directories_are_in_common_with_other_builds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tree", "own"):
        (tmp_path / name).mkdir()
    header, own = settled(tmp_path / "tree/a.h", "int a; // b\n"), settled(tmp_path / "own/a.h", "int a;\n")
    shared = tmp_path / "shared.json"
    first = Digests(tmp_path / "first.json")
    first.share(shared, [tmp_path / "tree"])
    known, _ = (first.of(path, TOKENS) for path in (header, own))
    first.save()
    assert set(json.loads(shared.read_text())["files"]) == {str(header)}

    other = Digests(tmp_path / "other.json")
    other.share(shared, [tmp_path / "tree"])
    with monkeypatch.context() as patch:
        patch.setattr("scons_kmod.engine.digests.key_text_digest", None)
        assert other.of(header, TOKENS) == known
    settled(header, "int b;\n")
    again = Digests(tmp_path / "other.json")
    again.share(shared, [tmp_path / "tree"])
    assert again.of(header, TOKENS) not in (None, known)


def test_what_is_in_common_and_was_not_written_for_long_is_forgotten(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    old, recent = settled(shared / "old.json", "{}"), settled(shared / "recent.json", "{}")
    os.utime(old, (1, 1))
    digests = Digests(tmp_path / "saved.json")
    digests.share(shared / "mine.json", [tmp_path])
    digests.of(settled(tmp_path / "a.h", ""), TOKENS)
    digests.save()
    assert {path.name for path in recent.parent.iterdir()} == {"mine.json", "recent.json"}


class Found:
    """What is found in a file's text, and how often the text was searched."""

    def __init__(self, directory: Path) -> None:
        self.saved = directory / "digests.json"
        self.file = settled(directory / "file.rs", "one")
        self.texts: list[str] = []

    def run(self, kind: str = "words:1") -> str:
        """What is found by a new run."""
        digests = Digests(self.saved)
        found = digests.derived(self.file, kind, self.find)
        assert digests.derived(self.file, kind, self.find) == found
        digests.save()
        return found

    def find(self, text: str) -> str:
        self.texts.append(text)
        return text.upper()


@pytest.fixture
def found(tmp_path: Path) -> Found:
    return Found(tmp_path)


def test_what_is_found_in_a_file_is_remembered(found: Found) -> None:
    assert [found.run(), found.run()] == ["ONE", "ONE"]
    assert found.texts == ["one"]


def test_a_file_that_changed_is_searched_again(found: Found) -> None:
    found.run()
    settled(found.file, "two")
    assert [found.run(), found.run()] == ["TWO", "TWO"]
    assert found.texts == ["one", "two"]


def test_what_else_the_finding_depends_on_is_in_its_kind(found: Found) -> None:
    kinds = ("words:1", "words:2", "words:1", "word:1", "words:1")
    assert {found.run(kind) for kind in kinds} == {"ONE"}
    # Of one family the latest is remembered; another family is no concern of it.
    assert len(found.texts) == 4
    saved = json.loads(found.saved.read_text())["files"][str(found.file)][4]
    assert {kind for kind in saved if ":" in kind} == {"words:1", "word:1"}


def test_a_finding_does_not_touch_the_digests(found: Found) -> None:
    before = Digests().of(found.file, LINES)
    found.run()
    digests = Digests(found.saved)
    digests.derived(found.file, "words:2", found.find)
    assert digests.of(found.file, LINES) == before
    assert digests.of(found.file) == file_digest(found.file)


def test_in_what_cannot_be_read_nothing_is_found(found: Found, tmp_path: Path) -> None:
    digests = Digests()
    assert digests.derived(tmp_path / "absent", "words:", found.find) == ""
    assert digests.derived(tmp_path, "words:", found.find) == ""
    assert found.texts == []
    absent = tmp_path / "later"
    assert digests.derived(absent, "words:", found.find) == ""
    settled(absent, "three")
    digests.forget(absent)
    assert digests.derived(absent, "words:", found.find) == "THREE"


def test_what_is_found_in_a_file_that_is_no_text_is_saved(found: Found) -> None:
    found.file.write_bytes(b"caf\xe9")
    time.sleep(0.03)
    assert found.run() == found.run() == "CAF\udce9"
    assert len(found.texts) == 1
