# SPDX-License-Identifier: MIT
"""Modules that use each other's crates: what an edit of the crate makes run, and which modules change."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkout import Checkout

MODULES = ("rust_counter", "rust_counter_one", "rust_counter_two")
CRATE = "modules/rust_counter/rust_counter.rs"
USERS = {"rust_counter_one.ko", "rust_counter_two.ko"}


@pytest.fixture(scope="module")
def counters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """The three modules, built; afterwards they must be what a clean build makes."""
    checkout = Checkout(tmp_path_factory.mktemp("counters"), MODULES)
    checkout.scons()
    yield checkout
    assert clean_build(checkout) == checkout.modules()


def clean_build(counters: Checkout) -> dict[str, str]:
    """The modules as they are built where nothing is of an earlier build but the support crates."""
    clean = Checkout(counters.path.parent / "clean", (), copy=not (counters.path.parent / "clean").exists())
    shutil.rmtree(clean.path / "modules", ignore_errors=True)
    shutil.copytree(counters.path / "modules", clean.path / "modules")
    for name in ("modules", "kept"):
        for path in (clean.path / "build").glob(f"*/{name}"):
            shutil.rmtree(path)
    clean.scons()
    return clean.modules()


def after_edit(counters: Checkout, old: str, new: str) -> tuple[set[str], set[str]]:
    """The modules that were linked again after an edit, and those that differ from what they were."""
    before = counters.modules()
    with counters.edited(CRATE, old, new):
        counters.scons()
        linked = {unit for step, unit in counters.ran() if step == "LD [M]"}
        changed = {name for name, digest in counters.modules().items() if digest != before[name]}
        assert clean_build(counters) == counters.modules()
    counters.scons()
    assert counters.modules() == before
    return linked, changed


def crcs(counters: Checkout) -> dict[str, str]:
    """The CRCs of the crate's symbols, by what these are called."""
    rows = (counters.target / "modules/rust_counter/link/Module.symvers").read_text().splitlines()
    return {row.split("\t")[1]: row.split("\t")[0] for row in rows}


def test_a_comment_links_nothing(counters: Checkout) -> None:
    assert after_edit(counters, "/// Counts an event", "// To be sure.\n\n/// Counts an event") == (set(), set())


def test_the_body_of_a_function_changes_its_module_alone(counters: Checkout) -> None:
    linked, changed = after_edit(counters, "counter.fetch_add(number,", "counter.fetch_add(2 * number,")
    assert linked == changed == {"rust_counter.ko"}


def test_a_function_that_is_compiled_for_each_caller_changes_its_callers(counters: Checkout) -> None:
    linked, changed = after_edit(counters, ".map(count).count()", ".map(count).count() + 1")
    assert linked == changed == {"rust_counter_two.ko"}


def test_what_a_function_takes_changes_all_that_call_it(counters: Checkout) -> None:
    before = crcs(counters)
    linked, changed = after_edit(counters, "Came { bytes: u32 }", "Came { bytes: u16 }")
    assert linked == changed == {"rust_counter.ko", *USERS}
    with counters.edited(CRATE, "Came { bytes: u32 }", "Came { bytes: u16 }"):
        counters.scons()
        now = crcs(counters)
    counters.scons()
    # `count` takes an event; `totals` and `add` do not.
    assert now.keys() == before.keys()
    assert len([name for name in now if now[name] != before[name]]) == 1


def test_a_symbol_is_imported_with_its_crc(counters: Checkout) -> None:
    text = (counters.target / "modules/rust_counter_one/link/rust_counter_one.mod.c").read_text()
    imported = {name: crc for name, crc in crcs(counters).items() if f'"{name}"' in text}
    assert len(imported) == 2
    assert all(f'{{ {crc}, "{name}" }}' in text for name, crc in imported.items())


def test_kbuild_makes_the_same_of_the_objects(counters: Checkout, tmp_path: Path) -> None:
    by_kbuild = Checkout(tmp_path / "kbuild", MODULES)
    by_kbuild.scons("KBUILD_LINK=make")
    assert by_kbuild.modules() == counters.modules()
