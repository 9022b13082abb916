# SPDX-License-Identifier: MIT
"""Which wrappers a source names: by its identifiers alone, wherever they are, but not by its comments."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from types import EllipsisType

import pytest
from miniature import target, write, write_wrappers

from scons_kmod.engine.digests import Digests
from scons_kmod.engine.identifiers import IDENTIFIER
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.wrappers.named_wrappers import NamedInCode, declarations_in, named_in

LIB = "".join(f"#[apart]\npub mod {name};\n" for name in ("rbtree", "miscdev", "module_param", "list", "random"))
LIB += "#[apart]\nmod raw;\npub mod error;\n#[apart]\npub use crate::random::getrandom as random_bytes;\n"


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    build_target = target(tmp_path)
    sources = dict.fromkeys(("rbtree", "miscdev", "module_param", "random", "error"), "")
    write_wrappers(
        build_target, LIB, raw="", list="use crate::raw;\n#[macro_export]\nmacro_rules! list_of {}", **sources
    )
    return build_target


def named(build_target: BuildTarget, text: str) -> set[str]:
    """The wrappers whose crates a source with this text names."""
    path = write(build_target.sources.parent / "m/m.rs", text)
    build_target = dataclasses.replace(build_target, digests=Digests())
    return {name.removeprefix("kernel_") for name in named_in(build_target, [path]).crates}


@pytest.mark.parametrize(
    ("text", "wrappers"),
    [
        ("use kernel::rbtree::RBTree;", {"rbtree"}),
        ("use kernel::{error, rbtree::{self, RBTree}, random};", {"rbtree", "random"}),
        ("use kernel::*; fn f(_: rbtree::RBTree<u8, u8>) {}", {"rbtree"}),
        ("use kernel as k; fn f() { k::r#rbtree::f() }", {"rbtree"}),
        ("use kernel::error::Error; use kernel::prelude::*;", set()),
        ("struct my_rbtree; fn rbtree2() {}", set()),
        # Comments are no code, not even those of documentation.
        ("// rbtree\n/* rbtree /* miscdev */ random */\n//! rbtree\n/// [`kernel::rbtree`]\nfn f() {}", set()),
        ('const S: &str = "// "; use kernel::rbtree;', {"rbtree"}),
        # By an exported macro, and by a re-export.
        ("kernel::list_of![1]", {"list"}),
        ("use kernel::random_bytes;", {"random"}),
        ("use kernel::getrandom;", set()),
        # What the proc macros of rust/macros name.
        ("module! { type: T, params: { p: bool { default: true } } }", {"module_param"}),
        ('module! { type: T, name: b"x" }', set()),
        ('module_misc_device! { type: T, name: b"x" }', {"miscdev"}),
        ("macro_rules! m { () => { kernel::rbtree::RBTree::new() } }", {"rbtree"}),
        # No module can name a wrapper that is private.
        ("use kernel::raw;", set()),
    ],
)  # fmt: skip
def test_a_source_names_wrappers_by_its_identifiers(build_target: BuildTarget, text: str, wrappers: set[str]) -> None:
    assert named(build_target, text) == wrappers


@pytest.mark.parametrize(
    "line",
    [
        '#[path = "../else where/part.in"] mod part;',
        '#[path="../else where/part.in"]\n#[allow(dead_code)]\nmod part;',
        'include!("../else where/part.in");',
        'core::include! { "../else where/part.in" }',
        'include!["../else where/../else where/part.in"];',
    ],
)
def test_files_that_a_source_takes_in_count_too(build_target: BuildTarget, line: str) -> None:
    directory = build_target.sources.parent
    write(directory / "else where/part.in", 'fn f() { include!("deep/deeper.rs") }')
    write(directory / "else where/deep/deeper.rs", 'use kernel::rbtree; include!("../part.in");')
    assert named(build_target, line) == {"rbtree"}
    assert named(build_target, f"// {line}") == set()


def test_a_file_that_is_not_there_names_nothing(build_target: BuildTarget) -> None:
    assert named(build_target, 'include!("absent.rs"); use kernel::list;') == {"list"}
    assert named_in(build_target, [build_target.sources / "absent.rs"]) == NamedInCode(frozenset(), frozenset())


class Counting(Digests):
    """Digests that count how often a module's source was searched."""

    searched = 0

    def derived(self, path: Path | str, kind: str, find: Callable[[str], str]) -> str:
        def counted(text: str) -> str:
            self.searched += kind.startswith("named:")
            return find(text)

        return super().derived(path, kind, counted)


def test_files_that_take_each_other_in_are_searched_once(build_target: BuildTarget, tmp_path: Path) -> None:
    source = write(tmp_path / "m/a/x.rs", 'include!("../b/y.rs"); include!("../a/x.rs");')
    write(tmp_path / "m/b/y.rs", 'include!("../a/x.rs"); use kernel::rbtree;')
    digests = Counting()
    assert named_in(dataclasses.replace(build_target, digests=digests), [source]).crates == {"kernel_rbtree"}
    assert digests.searched == 2


def test_a_source_is_searched_once_and_again_after_an_edit(build_target: BuildTarget, tmp_path: Path) -> None:
    source = write(tmp_path / "m/m.rs", "use kernel::rbtree;")
    time.sleep(0.03)  # so that the file is older than the run

    def run() -> tuple[set[str], int]:
        digests = Counting(tmp_path / "digests.json")
        found = named_in(dataclasses.replace(build_target, digests=digests), [source])
        digests.save()
        return {*found.crates}, digests.searched

    assert run() == ({"kernel_rbtree"}, 1)
    assert run() == ({"kernel_rbtree"}, 0)
    write(source, "use kernel::miscdev;")
    time.sleep(0.03)
    assert run() == ({"kernel_miscdev"}, 1)
    assert run() == ({"kernel_miscdev"}, 0)
    # The same names, but one of them is that of another crate now.
    write_wrappers(build_target, LIB, rbtree="use crate::miscdev;", miscdev="use crate::rbtree;")
    assert run() == ({"kernel_rbtree"}, 1)
    # A name that the source had all the time is that of a wrapper now.
    write(source, "use kernel::miscdev; use kernel::error;")
    assert run()[0] == {"kernel_rbtree"}
    write_wrappers(build_target, LIB.replace("pub mod error;", "#[apart] pub mod error;"))
    assert run()[0] == {"kernel_rbtree", "kernel_error"}


@pytest.mark.parametrize(
    ("text", "declarations"),
    [
        ("use kernel::prelude::*; // bindings::x", set()),
        ("struct my_bindings; fn bindings2() {}", set()),
        ("unsafe { kernel::bindings::jiffies }; kernel::bindings :: HZ as u64", {"jiffies", "HZ"}),
        ("use kernel::bindings::{self_, HZ,\n    jiffies as now,\n};", {"self_", "HZ", "jiffies", "as", "now"}),
        ("use kernel::bindings; fn f() { bindings::HZ; }", {"HZ"}),
        ("use kernel::{prelude::*, bindings, c_str}; fn f() { bindings::HZ; }", {"HZ"}),
        ("use kernel::{prelude::*, sync::{Arc, bindings}};", set()),
        # Whatever stands in the code may be a declaration if the word is not followed by names alone.
        ("use kernel::bindings as b; const X: u32 = b::HZ;", ...),
        ("use kernel::{bindings as b, c_str};", ...),
        ("use kernel::{bindings, c_str}; use bindings::*;", ...),
        ("use kernel::{bindings, c_str}; m!(bindings, HZ);", ...),
        ("use kernel::bindings::*; const X: u32 = HZ;", ...),
        ("use kernel::bindings::{list::{a, b}, HZ};", ...),
        ("macro_rules! m { ($x:ident) => { kernel::bindings::$x } }", ...),
    ],
)
def test_a_source_names_declarations(
    build_target: BuildTarget, text: str, declarations: set[str] | EllipsisType
) -> None:
    expected = {*IDENTIFIER.findall(text)} if declarations is ... else declarations
    found = named_in(build_target, [write(build_target.sources.parent / "m/m.rs", text)]).declarations
    assert found == expected


def test_a_constant_path_is_followed_by_one_name() -> None:
    assert declarations_in("bindings::file::f_pos", {"bindings", "file", "f_pos"}) == {"file"}


def test_what_several_sources_name_is_named_together(build_target: BuildTarget) -> None:
    directory = build_target.sources.parent / "m"
    texts = {"a.rs": "kernel::bindings::HZ", "b.rs": "kernel::rbtree", "c.rs": "kernel::bindings::jiffies"}
    paths = [write(directory / name, text) for name, text in texts.items()]
    expected = NamedInCode(frozenset({"kernel_rbtree"}), frozenset({"HZ", "jiffies"}))
    assert named_in(build_target, paths) == expected
    assert NamedInCode.union(named_in(build_target, [path]) for path in paths) == expected
    assert named_in(build_target, paths[1:2]).declarations == set()
