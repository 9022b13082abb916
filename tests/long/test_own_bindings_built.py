# SPDX-License-Identifier: MIT
"""Edits of a module's own header, and of what is said of it: what runs, and that the module is as a clean build's.

The tests of this file go one after the other, on one checkout whose edits add up.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from checkout import Checkout

NAME = "rust_own_bindings"
HEADER = f"modules/{NAME}/parcel.h"
MANIFEST = f"modules/{NAME}/module.toml"
BINDGEN = ("BINDGEN", f"{NAME}_bindings")
# The header's own C code, and that of the build.
C_CODE = {("CC [M]", f"{NAME}/parcel.o"), ("CC [M]", f"{NAME}/callers.o"), ("CC", f"{NAME}/layout.o")}
CRATES = {("RUSTC", f"{NAME}_bindings"), ("RUSTC", f"{NAME}.o")}
LINK = {("LD", f"{NAME}.o"), ("LD [M]", f"{NAME}.ko")}


class Table:
    """A checkout that is edited, and one to build from nothing in."""

    def __init__(self, directory: Path) -> None:
        self.checkout = Checkout(directory / "kept", (NAME, "rust_minimal"))
        self.clean = directory / "clean"
        self.checkout.scons()

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.checkout.path / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    def build(self) -> set[tuple[str, str]]:
        self.checkout.scons()
        return set(self.checkout.ran())

    def error(self) -> str:
        """What a build that fails says."""
        done = self.checkout.scons(check=False)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        return done.stderr

    def check_with_a_clean_build(self) -> None:
        shutil.rmtree(self.clean, ignore_errors=True)
        shutil.copytree(self.checkout.path, self.clean, ignore=shutil.ignore_patterns("build"))
        reference = Checkout(self.clean, (), copy=False)
        reference.scons()
        assert reference.modules() == self.checkout.modules()


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    directory = tmp_path_factory.mktemp("own")
    yield Table(directory)
    shutil.rmtree(directory)


def test_a_comment_runs_nothing(table: Table) -> None:
    table.edit(HEADER, "struct parcel {", "struct parcel { /* to be sent */")
    assert table.build() == set()


def test_lines_that_shift_are_nothing_to_rust(table: Table) -> None:
    table.edit(HEADER, "enum parcel_state {", "/*\n * Where it is.\n */\nenum parcel_state {")
    assert table.build() <= C_CODE


def test_what_rust_can_not_see_ends_at_bindgens_output(table: Table) -> None:
    table.edit(HEADER, "enum parcel_state {", "#define PARCEL_IS(p, s) ((p)->state == (s))\nenum parcel_state {")
    ran = table.build()
    assert BINDGEN in ran
    assert not ran & (CRATES | LINK)


def test_a_declaration_that_is_not_used_links_nothing(table: Table) -> None:
    table.edit(HEADER, "int parcel_fill(", "struct parcel_label { int number; };\nint parcel_fill(")
    ran = table.build()
    assert ran >= {BINDGEN, *CRATES}
    assert not ran & LINK


def test_the_body_of_an_inline_function_is_cs_alone(table: Table) -> None:
    before = table.checkout.modules()
    table.edit(HEADER, "return sum * scale;", "return scale * sum + 0 * scale + (sum ? 0 : 1);")
    ran = table.build()
    assert ran >= {BINDGEN, ("CC [M]", f"{NAME}/callers.o"), *LINK}
    assert not ran & CRATES
    after = table.checkout.modules()
    assert {name for name in after if after[name] != before[name]} == {f"{NAME}.ko"}


def test_a_field_is_seen_by_both_sides(table: Table) -> None:
    table.edit(HEADER, "\tenum parcel_state state;", "\tu64 insured;\n\tenum parcel_state state;")
    assert table.build() >= {BINDGEN, *C_CODE, *CRATES, *LINK}
    table.check_with_a_clean_build()


def test_so_is_a_define(table: Table) -> None:
    table.edit(MANIFEST, "PARCEL_STOPS=5", "PARCEL_STOPS=7")
    assert table.build() >= {BINDGEN, *C_CODE, *CRATES, *LINK}


FILE_FLAGS = "[c.files.'parcel.c']\nflags = [\"-DPARCEL_WIDE\"]\n\n[bindings]"


def test_a_layout_that_c_alone_sees_is_an_error(table: Table) -> None:
    before = table.checkout.modules()
    wide = "#ifdef PARCEL_WIDE\n\tu32 stops[PARCEL_STOPS];\n#else\n\tu16 stops[PARCEL_STOPS];\n#endif"
    table.edit(HEADER, "\tu16 stops[PARCEL_STOPS];", wide)
    table.build()
    table.edit(MANIFEST, "[bindings]", FILE_FLAGS)
    said = table.error()
    for what in ("a size of 64", "the field stops of 14 bytes at byte 48"):
        assert (
            f"struct parcel: {what} for Rust, not so for C with the flags of parcel.c: both must see the same" in said
        )
    assert not set(table.checkout.ran()) & (CRATES | LINK)
    table.edit(MANIFEST, FILE_FLAGS, "[bindings]")
    table.build()
    assert table.checkout.modules() == before


@pytest.mark.parametrize(
    ("line", "missing"),
    [('blocklist = ["PARCEL_HEAV.*"]', {"PARCEL_HEAVIEST"}), ('allowlist = ["parcel.*"]', {"PARCEL_HEAVIEST"})],
)
def test_patterns_say_what_rust_sees(table: Table, line: str, missing: set[str]) -> None:
    with table.checkout.edited(MANIFEST, "own-headers =", f"{line}\nown-headers ="):
        assert missing <= set(re.findall(r"cannot find \w+ `(\w+)`", table.error()))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda text: text.replace("struct list_head entry", "struct lost_head entry"), "field has incomplete type"),
        (lambda text: text.replace("return scale", "return skale"), "use of undeclared identifier 'skale'"),
        (lambda text: text.replace("linux/list.h", "linux/lost.h"), "'linux/lost.h' file not found"),
    ],
)
def test_an_error_in_the_header_has_its_line(table: Table, change: Callable[[str], str], expected: str) -> None:
    text = (table.checkout.path / HEADER).read_text()
    number = next(n for n, line in enumerate(text.splitlines(), 1) if change(line) != line)
    with table.checkout.edited(HEADER, text, change(text)):
        done = table.checkout.scons("-k", check=False)
    assert re.search(
        rf"(?s)/parcel\.h:{number}:\d+: [^\n]*{expected}.*\nstep error: BINDGEN {NAME}_bindings: exit status 1\n",
        done.stderr,
    )


def test_all_is_as_a_clean_build_makes_it(table: Table) -> None:
    table.build()
    assert table.build() == set()
    table.check_with_a_clean_build()
