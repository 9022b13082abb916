# SPDX-License-Identifier: MIT
from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import pytest

from scons_kmod.engine.archive import needed_symbols, read_archive
from scons_kmod.engine.digests import Digests
from scons_kmod.engine.file_version import FileVersion
from scons_kmod.engine.views import MEMBERS, View, view_now

# What a member has for each kind of symbol, in the assembler's language.
DEFINED = ".globl {0}\n{0}: .quad 0\n"
WEAK = ".weak {0}\n{0}: .quad 0\n"
COMMON = ".comm {0}, 8\n"
NEEDED = ".quad {0}\n"
WEAKLY_NEEDED = ".weak {0}\n.quad {0}\n"


class Link:
    """A link of one object with an archive, and what a step's view of the archive says of it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.archive = directory / "lib.a"

    def assemble(self, name: str, text: str) -> None:
        path = self.directory / name
        subprocess.run(("as", "-o", path, "-"), input=f".data\n{text}", text=True, check=True)

    def archived(self, *names: str) -> None:
        self.archive.unlink(missing_ok=True)
        subprocess.run(("ar", "rcsD", self.archive, *names), cwd=self.directory, check=True)
        # In one process, a file is told from an earlier one by the time of its last change.
        read_archive.cache_clear()

    def link(self) -> tuple[bytes, list[str]]:
        """What ld makes, if it makes anything, and the members that it takes, in their order."""
        argv = ("ld", "-r", "--trace", "--trace", "-o", "whole.o", "main.o", "lib.a")
        done = subprocess.run(argv, cwd=self.directory, text=True, capture_output=True, check=False)
        taken = re.findall(r"^\(lib\.a\)(\S+)$", done.stdout, re.MULTILINE)
        return (self.directory / "whole.o").read_bytes() if done.returncode == 0 else b"", taken

    def view(self) -> View:
        return View(MEMBERS, (self.archive,), (self.directory / "main.o",))


@pytest.fixture
def link(tmp_path: Path) -> Link:
    """main needs a symbol of `one`, which needs one of `two`. Nothing needs `three`."""
    link = Link(tmp_path)
    link.assemble("main.o", NEEDED.format("f_one") + NEEDED.format("of_the_kernel") + DEFINED.format("f_main"))
    link.assemble("one.o", DEFINED.format("f_one") + NEEDED.format("f_two") + NEEDED.format("f_main"))
    link.assemble("two.o", DEFINED.format("f_two"))
    link.assemble("three.o", DEFINED.format("f_three"))
    link.archived("one.o", "two.o", "three.o")
    return link


def test_a_link_needs_what_its_objects_need_and_what_the_members_need_that_it_takes(link: Link) -> None:
    assert link.link()[1] == ["one.o", "two.o"]
    assert needed_symbols(link.archive, [link.directory / "main.o"]) == ("f_one", "f_two", "of_the_kernel")


@pytest.mark.parametrize("name", ["one.o", "two.o"])
def test_a_member_that_is_taken_counts(link: Link, name: str) -> None:
    seen = view_now(link.view(), Digests())
    assert seen.changed_files(Digests()) == []
    text = {
        "one.o": NEEDED.format("f_two") + DEFINED.format("f_one"),
        "two.o": DEFINED.format("f_two") * 1 + ".quad 5\n",
    }
    link.assemble(name, text[name])
    link.archived("one.o", "two.o", "three.o")
    assert seen.changed_files(Digests()) == [str(link.archive)]


def test_a_member_that_is_not_taken_does_not_count_nor_what_it_defines(link: Link) -> None:
    seen = view_now(link.view(), Digests())
    link.assemble("three.o", DEFINED.format("another") + NEEDED.format("f_one") + DEFINED.format("f_main"))
    link.archived("one.o", "two.o", "three.o")
    assert seen.changed_files(Digests()) == []
    link.archived("three.o", "one.o", "two.o")
    assert seen.changed_files(Digests()) == []
    link.archived("one.o", "two.o")
    assert seen.changed_files(Digests()) == []


@pytest.mark.parametrize("symbol", ["of_the_kernel", "f_one", "f_two"])
@pytest.mark.parametrize("definition", [DEFINED, WEAK, COMMON], ids=["strong", "weak", "common"])
def test_a_member_that_begins_to_define_a_needed_symbol_counts(link: Link, symbol: str, definition: str) -> None:
    seen = view_now(link.view(), Digests())
    link.assemble("three.o", definition.format(symbol))
    link.archived("three.o", "one.o", "two.o")
    assert seen.changed_files(Digests()) == [str(link.archive)]


def test_which_of_two_members_that_define_a_symbol_comes_first_counts(link: Link) -> None:
    link.assemble("three.o", DEFINED.format("f_one"))
    link.archived("one.o", "two.o", "three.o")
    seen = view_now(link.view(), Digests())
    assert link.link()[1] == ["one.o", "two.o"]
    link.archived("three.o", "one.o", "two.o")
    assert link.link()[1] == ["three.o"]
    assert seen.changed_files(Digests()) == [str(link.archive)]


def test_a_member_that_no_longer_defines_what_is_needed_counts(link: Link) -> None:
    seen = view_now(link.view(), Digests())
    link.archived("one.o", "three.o")
    assert seen.changed_files(Digests()) == [str(link.archive)]


@pytest.mark.parametrize("content", [b"", b"!<arch>\n" + 70 * b"x", b"no archive at all"])
def test_a_damaged_archive_counts_and_is_no_end_of_the_build(link: Link, content: bytes) -> None:
    seen = view_now(link.view(), Digests())
    link.archive.write_bytes(content)
    read_archive.cache_clear()
    assert seen.changed_files(Digests()) == [str(link.archive)]
    with pytest.raises(OSError, match=r"lib\.a is damaged"):
        needed_symbols(link.archive, [])


def test_an_archive_that_is_gone_counts(link: Link) -> None:
    seen = view_now(link.view(), Digests())
    link.archive.unlink()
    assert seen.changed_files(Digests()) == [str(link.archive)]


def test_members_with_long_names_and_odd_sizes_are_found(link: Link) -> None:
    link.assemble("a_name_of_more_than_sixteen_bytes.o", DEFINED.format("long_name"))
    (link.directory / "odd").write_bytes(b"odd")
    link.archived("odd", "a_name_of_more_than_sixteen_bytes.o", "one.o")
    archive = read_archive(FileVersion.now(str(link.archive)))
    names = {name: archive.members[offset] for name, offset in archive.index}
    assert names["long_name"] == (link.directory / "a_name_of_more_than_sixteen_bytes.o").read_bytes()
    assert names["f_one"] == (link.directory / "one.o").read_bytes()
    assert b"odd" in archive.members.values()


def test_an_archive_without_symbols_has_no_index(link: Link) -> None:
    link.archived()
    assert read_archive(FileVersion.now(str(link.archive))).index == ()


class Dice:
    """Random members and random changes of an archive of five."""

    def __init__(self, link: Link, seed: int) -> None:
        self.link, self.dice = link, random.Random(seed)
        self.names = [f"m{number}.o" for number in range(5)]
        link.assemble("main.o", self.text(NEEDED, NEEDED, DEFINED, WEAKLY_NEEDED))
        for name in self.names:
            link.assemble(name, self.member())
        link.archived(*self.names)

    def text(self, *kinds: str) -> str:
        symbols = self.dice.sample(range(7), len(kinds))
        return f".quad {self.dice.randrange(9)}\n" + "".join(map(str.format, kinds, (f"s{each}" for each in symbols)))

    def member(self) -> str:
        kinds = (DEFINED, WEAK, COMMON, NEEDED, WEAKLY_NEEDED)
        return self.text(*self.dice.choices(kinds, weights=(4, 2, 1, 5, 1), k=3))

    def change(self) -> None:
        if self.dice.random() < 0.8:
            self.link.assemble(self.dice.choice(self.names), self.member())
        else:
            self.dice.shuffle(self.names)
        self.link.archived(*self.names)


def test_what_ld_makes_differs_only_if_the_view_does(link: Link) -> None:
    """ld says itself which members it takes."""
    changes = needed = seen_to_change = 0
    for seed in range(3):
        dice = Dice(link, seed)
        linked, taken = link.link()
        for _ in range(12):
            seen = view_now(link.view(), Digests())
            archive = read_archive(FileVersion.now(str(link.archive)))
            in_view = {archive.members[offset] for _, offset in archive.entries(seen.names)}
            assert {(link.directory / name).read_bytes() for name in taken} <= in_view
            dice.change()
            changed = seen.changed_files(Digests()) != []
            before, (linked, taken) = linked, link.link()
            assert changed or linked == before
            changes += 1
            needed += linked != before
            seen_to_change += changed
    assert 0 < needed <= seen_to_change < changes
