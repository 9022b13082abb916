# SPDX-License-Identifier: MIT
"""What kernel/lib.rs says of its wrappers: which are crates, what each needs, and by which names modules find them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from miniature import target, write, write_wrappers

from scons_kmod.base.errors import UserError
from scons_kmod.engine.digests import Digests
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.wrappers.wrapper_crates import WrapperCrate, strongly_connected, wrapper_crates


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


def crates(build_target: BuildTarget) -> dict[str, list[str]]:
    """The wrappers of each crate, in the order of the crates."""
    found = wrapper_crates(build_target).crates
    return {name: [wrapper.name for wrapper in crate.wrappers] for name, crate in found.items()}


def next_run(build_target: BuildTarget) -> BuildTarget:
    """The target as the next run opens it: nothing is remembered but what is saved."""
    return dataclasses.replace(build_target, digests=Digests())


def test_marked_wrappers_are_crates_and_the_others_are_in_the_base(build_target: BuildTarget) -> None:
    lib = """
        #![no_std]
        #[apart]
        pub mod tree;
        pub mod error;
        #[doc(hidden)]
        pub mod hidden;
        // #[apart]
        pub mod text;
        /* #[apart] */ pub mod task;
        #[apart] pub mod list;
        #[cfg(kernel_base)]
        pub mod base_alone;
    """
    write_wrappers(build_target, lib, tree="", list="", error="", hidden="", text="", task="", base_alone="")
    assert crates(build_target) == {"kernel_tree": ["tree"], "kernel_list": ["list"]}
    (tree, _) = wrapper_crates(build_target).crates.values()
    assert (tree.label, tree.needs, tree.wrappers[0].public) == ("tree", (), True)
    assert tree.wrappers[0].path == build_target.sources / "kernel/tree.rs"


def test_a_kernel_crate_without_marks_is_the_base_alone(build_target: BuildTarget) -> None:
    write_wrappers(build_target, "pub mod tree;", tree="")
    assert crates(build_target) == {}
    assert wrapper_crates(build_target).with_needs([]) == ()


def test_the_other_attributes_of_a_wrapper_are_kept(build_target: BuildTarget) -> None:
    lib = """
        #![no_std]
        #![feature(
            allocator_api,
            unsize
        )]
        /// What a tree is for.
        #[apart]
        #[cfg(any(
            not(CONFIG_TREE),
            CONFIG_WOOD = "m"
        ))]
        pub mod tree;
        #[cfg(CONFIG_LIST)] #[doc(hidden)] #[apart]
        pub mod list;
    """
    write_wrappers(build_target, lib, tree="", list="")
    found = wrapper_crates(build_target)
    attributes = [crate.wrappers[0].attributes for crate in found.crates.values()]
    assert attributes == [
        ('#[cfg(any( not(CONFIG_TREE), CONFIG_WOOD = "m" ))]',),
        ("#[cfg(CONFIG_LIST)]", "#[doc(hidden)]"),
    ]
    assert [" ".join(attribute.split()) for attribute in found.inner_attributes] == [
        "#![no_std]",
        "#![feature( allocator_api, unsize )]",
    ]


@pytest.mark.parametrize("name", ["list.rs", "list/mod.rs"])
def test_a_wrapper_is_a_file_or_a_folder(build_target: BuildTarget, name: str) -> None:
    write_wrappers(build_target, "#[apart]\npub mod list;\n#[apart]\npub mod tree;\n", tree="")
    path = write(build_target.sources / "kernel" / name, "mod part;")
    write(build_target.sources / "kernel/list/deep/part.rs", "use crate::tree;")
    write(build_target.sources / "kernel/list/part.rs", "#[macro_export]\nmacro_rules! list_of {}")
    crate = wrapper_crates(build_target).crates["kernel_list"]
    assert crate.wrappers[0].path == path
    assert crate.wrappers[0].macros == ("list_of",)
    assert crate.needs == ("kernel_tree",)


def test_a_wrapper_without_a_file_is_an_error(build_target: BuildTarget) -> None:
    write_wrappers(build_target, "#[apart]\npub mod tree;\n#[apart]\npub mod lost;\n", tree="")
    with pytest.raises(UserError) as caught:
        wrapper_crates(build_target)
    assert str(caught.value) == (
        f"{build_target.sources}/kernel/lib.rs: there is no file for `mod lost;`\n"
        f"    add {build_target.sources}/kernel/lost.rs"
    )


@pytest.mark.parametrize(
    "item",
    [
        "pub(crate) mod tree;",
        "pub mod tree { pub mod deep; }",
        "pub fn tree() {}",
        "impl Tree {}",
        "use crate::tree::Tree;",
    ],
)
def test_a_mark_on_what_cannot_be_in_another_crate_is_an_error(build_target: BuildTarget, item: str) -> None:
    write_wrappers(build_target, f"#[apart]\n{item}\n#[apart]\npub mod tree;", tree="")
    with pytest.raises(UserError) as caught:
        wrapper_crates(build_target)
    assert str(caught.value) == (
        f"{build_target.sources}/kernel/lib.rs: #[cfg(not(kernel_base))] is on an item that can't be in another crate\n"
        "    mark modules that are in a file (`pub mod x;`, `mod x;`) and re-exports (`pub use crate::x::Y;`) alone"
    )


@pytest.mark.parametrize(
    "item",
    [
        *("pub use crate::error::Error;", "pub use crate::absent::X;", "pub use tree::Tree;"),
        *("pub use crate::{tree::Tree, list::List};", "pub use crate::tree::*;", "pub use crate::tree;"),
    ],
)
def test_a_marked_reexport_is_of_one_marked_wrapper(build_target: BuildTarget, item: str) -> None:
    write_wrappers(build_target, f"#[apart]\npub mod tree;\npub mod error;\n#[apart]\n{item}", tree="", error="")
    with pytest.raises(UserError) as caught:
        wrapper_crates(build_target)
    assert f"kernel/lib.rs: `{item}` is not a re-export of one marked wrapper\n" in str(caught.value)


def test_a_crate_comes_after_those_that_it_needs(build_target: BuildTarget) -> None:
    lib = "".join(f"#[apart]\npub mod {name};\n" for name in ("top", "middle", "low", "alone"))
    write_wrappers(
        build_target,
        lib,
        top="use crate::middle::M;",
        middle="fn f(_: crate::low::L) {} // not alone",
        low="use crate::error::Result;",
        alone="",
    )
    found = wrapper_crates(build_target)
    assert list(found.crates) == ["kernel_low", "kernel_middle", "kernel_top", "kernel_alone"]
    needs = {crate.label: crate.needs for crate in found.crates.values()}
    assert needs == {"low": (), "middle": ("kernel_low",), "top": ("kernel_middle",), "alone": ()}
    labels = [crate.label for crate in found.with_needs(["kernel_top"])]
    assert labels == ["low", "middle", "top"]
    assert [crate.label for crate in found.with_needs(["kernel_alone", "kernel_low"])] == ["low", "alone"]


def test_wrappers_that_need_each_other_are_one_crate(build_target: BuildTarget) -> None:
    lib = "".join(f"#[apart]\npub mod {name};\n" for name in ("user", "b", "a", "c", "below"))
    write_wrappers(
        build_target, lib, user="use crate::c;", a="use crate::b;", b="use crate::c;", c="use crate::{a, below};"
    )
    write(build_target.sources / "kernel/below.rs", "")
    assert crates(build_target) == {"kernel_below": ["below"], "kernel_b": ["b", "a", "c"], "kernel_user": ["user"]}
    found = wrapper_crates(build_target).crates
    assert found["kernel_b"].needs == ("kernel_below",)
    assert found["kernel_user"].needs == ("kernel_b",)
    assert wrapper_crates(build_target).crate_of_name == {
        "below": "kernel_below",
        **dict.fromkeys(("a", "b", "c"), "kernel_b"),
        "user": "kernel_user",
    }


def test_a_private_wrapper_is_in_one_crate_with_all_its_users(build_target: BuildTarget) -> None:
    lib = "#[apart]\nmod raw;\n#[apart]\npub mod list;\n#[apart]\npub mod other;\n#[apart]\npub mod alone;\n"
    write_wrappers(build_target, lib, raw="", list="use crate::raw::R;", other="use crate::raw;", alone="")
    assert crates(build_target) == {"kernel_list": ["raw", "list", "other"], "kernel_alone": ["alone"]}
    crate = wrapper_crates(build_target).crates["kernel_list"]
    assert [wrapper.public for wrapper in crate.wrappers] == [False, True, True]
    assert "raw" not in wrapper_crates(build_target).crate_of_name, "no module can name it"


def test_a_wrapper_is_needed_by_its_macros_and_reexports_too(build_target: BuildTarget) -> None:
    lib = """
        #[apart] pub mod tree;
        #[apart] pub mod by_macro;
        #[apart] pub mod by_item;
        #[apart] pub mod by_text;
        #[apart] #[cfg(CONFIG_TREE)] #[deprecated] pub use crate::tree::{Tree, Leaf as Blade};
    """
    tree = """
        #[doc(hidden)] #[macro_export] #[allow(x)]
        macro_rules! tree_of {}
        macro_rules! own {}
    """
    users = {"by_macro": "tree_of!()", "by_item": "use crate::Blade;", "by_text": "own Leaf // Tree tree tree_of"}
    write_wrappers(build_target, lib, tree=tree, **users)
    found = wrapper_crates(build_target)
    needs = {crate.label: crate.needs for crate in found.crates.values()}
    assert needs == {"tree": (), "by_macro": ("kernel_tree",), "by_item": ("kernel_tree",), "by_text": ()}
    names = {name for name, crate in found.crate_of_name.items() if crate == "kernel_tree"}
    assert names == {"tree", "Tree", "Blade", "tree_of"}
    line = "#[cfg(CONFIG_TREE)] #[deprecated] pub use crate::tree::{Tree, Leaf as Blade};"
    assert found.reexports == ((line, "kernel_tree"),)


def test_what_the_proc_macros_name_counts_by_what_modules_write(build_target: BuildTarget) -> None:
    write_wrappers(build_target, "#[apart]\npub mod module_param;\npub mod miscdev;", module_param="", miscdev="")
    names = wrapper_crates(build_target).crate_of_name
    assert names == dict.fromkeys(("params", "module_param"), "kernel_module_param")


def test_the_crates_follow_an_edit_of_kernel(build_target: BuildTarget) -> None:
    lib = "#[apart]\npub mod tree;\n#[apart]\npub mod list;\n"
    write_wrappers(build_target, lib, tree="", list="")
    assert len(crates(build_target)) == 2
    write_wrappers(build_target, lib, tree="use crate::list;", list="use crate::tree;")
    changed = next_run(build_target)
    assert crates(changed) == {"kernel_tree": ["tree", "list"]}
    assert wrapper_crates(changed).names_digest != wrapper_crates(build_target).names_digest
    write_wrappers(build_target, lib + "#[apart]\npub mod new;\n", new="")
    assert "kernel_new" in crates(next_run(build_target))


def test_a_name_belongs_to_a_crate_that_exists(build_target: BuildTarget) -> None:
    lib = "#[apart]\npub mod tree;\n#[apart]\nmod raw;\n#[apart]\npub mod miscdev;\n"
    write_wrappers(build_target, lib, tree="use crate::raw;", raw="", miscdev="")
    found = wrapper_crates(build_target)
    assert set(found.crate_of_name.values()) <= found.crates.keys()
    assert all(isinstance(crate, WrapperCrate) for crate in found.crates.values())


def test_groups_of_names_that_need_each_other() -> None:
    needs = {"a": ["b", "d"], "b": ["c"], "c": ["b"], "d": ["e"], "e": ["f"], "f": ["d", "c"], "g": ["g"]}
    assert strongly_connected("abcdefg", needs) == [["b", "c"], ["d", "e", "f"], ["a"], ["g"]]
    ring = {str(n): [str((n + 1) % 50)] for n in range(50)}
    assert strongly_connected(ring, ring) == [sorted(ring)]
