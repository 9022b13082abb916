# SPDX-License-Identifier: MIT
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from miniature import write

from scons_kmod.link.c_and_rust import main

INFO = '__attribute__((section(".modinfo"))) const char {name}[] = "{text}";\n'


def compiled(directory: Path, name: str, source: str, **info: str) -> str:
    """An object of this C code, which says these things of its module."""
    text = source + "".join(INFO.format(name=f"info_{tag}", text=f"{tag}={value}") for tag, value in info.items())
    object_file = directory / f"{name}.o"
    subprocess.run(["gcc", "-c", "-o", object_file, write(directory / f"{name}.c", text)], check=True)
    return str(object_file)


def run(crate: str, c: list[str], roots: Path | str = "", renames: tuple[Path, ...] = ()) -> int:
    tools = {"nm": "nm", "readelf": "readelf"}
    return main({**tools, "crate": crate, "c": c, "roots": str(roots), "renames": [*map(str, renames)]})


def test_what_c_needs_of_the_crates_is_kept(tmp_path: Path) -> None:
    crate = compiled(tmp_path, "crate", "int rust_f(void) { return 1; } int rust_g(void) { return 2; }")
    user = compiled(
        tmp_path, "one", "int rust_f(void), memset(), two(void); int one(void) { return rust_f() + two(); }"
    )
    other = compiled(
        tmp_path, "two", "int rust_f(void); static int s(void) { return 0; } int two(void) { return s(); }"
    )
    assert run(crate, [user, other], tmp_path / "roots.lds") == 0
    assert (tmp_path / "roots.lds").read_text() == "EXTERN(rust_f)\nEXTERN(two)\n"
    assert run(crate, [user], tmp_path / "roots.lds") == 0
    assert (tmp_path / "roots.lds").read_text() == "EXTERN(rust_f)\nEXTERN(two)\n", "also of a single object"
    assert run(crate, [other], tmp_path / "roots.lds") == 0
    assert (tmp_path / "roots.lds").read_text() == ""


def test_symbols_that_are_renamed_later_have_their_old_names(tmp_path: Path) -> None:
    crate = compiled(tmp_path, "crate", "")
    user = compiled(tmp_path, "one", "int f(void), g(void); int one(void) { return f() + g(); }")
    assert run(crate, [user], tmp_path / "roots.lds", (write(tmp_path / "renames", "_RNv_f f\n_RNv_h h\n"),)) == 0
    assert (tmp_path / "roots.lds").read_text() == "EXTERN(_RNv_f)\nEXTERN(g)\n"


def test_nothing_is_written_without_roots(tmp_path: Path) -> None:
    crate, user = compiled(tmp_path, "crate", ""), compiled(tmp_path, "one", "")
    before = set(tmp_path.iterdir())
    assert run(crate, [user]) == 0
    assert set(tmp_path.iterdir()) == before


def test_tags_and_entry_points_of_a_single_side_are_no_conflict(tmp_path: Path) -> None:
    entries = "int init_module(void) { return 0; } void cleanup_module(void) {}"
    bare = compiled(tmp_path, "bare", "int init_module(void); void *p = init_module;")
    whole = compiled(tmp_path, "whole", entries, license="GPL", author="A", description="license=MIT")
    assert run(whole, [bare]) == 0
    assert run(bare, [whole]) == 0


def test_tags_that_a_module_may_repeat_are_no_conflict(tmp_path: Path) -> None:
    crate = compiled(tmp_path, "crate", "", author="A", parm="x:int", alias="a")
    assert run(crate, [compiled(tmp_path, "c", "", author="B", parm="y:int", alias="a", depends="x")]) == 0


def test_tags_of_both_sides_are_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    crate = compiled(tmp_path, "crate", "", license="GPL v2", description="d")
    user = compiled(tmp_path, "one", "", license="GPL")
    other = compiled(tmp_path, "two", "", description="e", author="x")
    assert run(crate, [user, other]) == 1
    assert capfd.readouterr().err == (
        "the module's description is given both in C (MODULE_DESCRIPTION) and in Rust (module!)\n"
        "the module's license is given both in C (MODULE_LICENSE) and in Rust (module!)\n"
    )


def test_entry_points_of_both_sides_are_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    crate = compiled(tmp_path, "crate", "int init_module(void) { return 0; } void cleanup_module(void) {}")
    user = compiled(tmp_path, "one", "")
    other = compiled(tmp_path, "two", "int init_module(void) { return 0; } static void cleanup_module(void) {}")
    assert run(crate, [user, other]) == 1
    assert capfd.readouterr().err == (
        "the module's entry init_module is given both in C (module_init) and in Rust (module!)\n"
    )
