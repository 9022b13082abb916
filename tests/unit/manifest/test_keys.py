# SPDX-License-Identifier: MIT
"""What comes from the declaration of a key: its spelling, its default, and errors."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from miniature import write

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Table, read_toml
from scons_kmod.manifest.keys import NamedSections, Section, declared_keys, key, read_section
from scons_kmod.manifest.kinds import Boolean, Form, Text, Texts

LOWER = Form("[a-z]+", "{!r} is not in lower case", "write it small")


@dataclasses.dataclass(frozen=True)
class Inner:
    """A table with a name of the author's choice."""

    label: str
    flag: bool = key(Boolean(), "A flag.", default=False)


@dataclasses.dataclass(frozen=True)
class Outer:
    """A table with all that can be declared."""

    needed: str = key(Text(), "It has no default, so it is required.")
    two_parts: tuple[str, ...] = key(Texts(LOWER), "Some words.", default=())
    other: str = key(Text(), "It is spelled in another way.", default="", name="spelled")
    inner: tuple[Inner, ...] = key(NamedSections(Inner, "LABEL", (LOWER,)), "More tables.", default=())
    computed: int = 7


def read(directory: Path, text: str) -> Outer:
    return read_section(Outer, Table(read_toml(write(directory / "module.toml", text)), ()), directory)


def error_of(directory: Path, text: str) -> str:
    with pytest.raises(UserError) as caught:
        read(directory, text)
    return str(caught.value).removeprefix(f"{directory}/")


def test_a_key_is_spelled_as_its_field_unless_it_says_otherwise() -> None:
    assert [*declared_keys(Outer)] == ["needed", "two-parts", "spelled", "inner"]


def test_keys_that_are_absent_have_their_default(tmp_path: Path) -> None:
    assert read(tmp_path, 'needed = "x"\n') == Outer("x")


def test_every_key_fills_its_field(tmp_path: Path) -> None:
    text = 'two-parts = ["a", "b"]\nspelled = "y"\nneeded = "x"\n[inner.one]\n[inner.two]\nflag = true\n'
    assert read(tmp_path, text) == Outer("x", ("a", "b"), "y", (Inner("one"), Inner("two", flag=True)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "module.toml:1: needed: is missing"),
        ('neded = "x"\n', 'module.toml:1: neded: unknown key\n    did you mean "needed"?'),
        (
            'needed = "x"\ncomputed = 3\n',
            "module.toml:2: computed: unknown key\n    known here: needed, two-parts, spelled, inner",
        ),
        ('needed = ""\n', "module.toml:1: needed: must not be empty"),
        (
            'needed = "x"\ntwo-parts = ["A"]\n',
            "module.toml:2: two-parts: 'A' is not in lower case\n    write it small",
        ),
        (
            'needed = "x"\n[inner.A]\n',
            "module.toml:2: [inner] A: 'A' is not in lower case\n    write it small",
        ),
        (
            'needed = "x"\n[inner.a]\nflg = true\n',
            'module.toml:3: [inner.a] flg: unknown key\n    did you mean "flag"?',
        ),
        ('needed = "x"\n[inner]\na = 1\n', "module.toml:3: [inner] a: must be a table, not the integer 1"),
    ],
)
def test_an_error_has_its_line_and_key(tmp_path: Path, text: str, expected: str) -> None:
    assert error_of(tmp_path, text) == expected


def test_a_table_may_be_completed_by_a_function(tmp_path: Path) -> None:
    @dataclasses.dataclass(frozen=True)
    class Top:
        """Only a table."""

        outer: str = key(Section(Outer, lambda outer, table, directory: (outer.needed, table.key, directory)), "It.")

    located = read_toml(write(tmp_path / "module.toml", '[outer]\nneeded = "x"\n'))
    assert read_section(Top, Table(located, ()), tmp_path).outer == ("x", ("outer",), tmp_path)
