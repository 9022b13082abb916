# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from miniature import module, target

from scons_kmod.crates.module_crate import module_crate_step
from scons_kmod.crates.removed_features import copy_of_crate_root, without_removed_features


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#![feature(const_fn)]", "#![feature(used_with_arg)]"),
        ("#![feature(allocator_api, global_asm)]", "#![feature(allocator_api, global_asm)]"),
        ("#![feature(\n    asm,\n    concat_idents,\n)]", "#![feature(\n    asm,\n    used_with_arg,\n)]"),
        ("#![cfg_attr(x, feature(const_fn))]", "#![cfg_attr(x, feature(used_with_arg))]"),
        ("#![feature(const_fn_trait_bound)]", "#![feature(const_fn_trait_bound)]"),
        ("fn const_fn() { feature(concat_idents) }", "fn const_fn() { feature(concat_idents) }"),
        ('#[cfg(feature = "const_fn")]', '#[cfg(feature = "const_fn")]'),
        (
            "#![feature(const_fn)]\n#![no_std]\n#![feature(untagged_unions)]",
            "#![feature(used_with_arg)]\n#![no_std]\n#![feature(used_with_arg)]",
        ),
    ],
)
def test_only_removed_features_are_replaced(text: str, expected: str) -> None:
    assert without_removed_features(text) == expected


def test_a_crate_root_without_removed_features_is_not_copied(tmp_path: Path) -> None:
    manifest = module(tmp_path / "own")
    manifest.root.write_text("#![feature(allocator_api)]\n")
    assert copy_of_crate_root(manifest, tmp_path / "copy") is None
    manifest.root.write_bytes(b"// \xff const_fn\n")
    assert copy_of_crate_root(manifest, tmp_path / "copy") is None


def test_a_copy_has_links_to_the_other_files_beside_it(tmp_path: Path) -> None:
    manifest = module(tmp_path / "own")
    manifest.root.write_text("#![feature(const_fn)]\nmod other;\n")
    (tmp_path / "own/other.rs").write_text("")
    step = module_crate_step(target(tmp_path), manifest)
    links, command = step.commands
    ((copy, text),) = step.written_files
    assert text == "#![feature(used_with_arg)]\nmod other;\n"
    assert command.argv[-1] == str(copy)
    assert links.argv == (
        "ln",
        "-sfn",
        "--",
        *(f"{tmp_path}/own/{n}" for n in ("module.toml", "other.rs")),
        str(copy.parent),
    )
    assert f"--remap-path-prefix={copy.parent}=modules/rust-echo" in command.argv
