# SPDX-License-Identifier: MIT
"""A Rust source that another builder makes: what it names decides against which crates the module is compiled."""

from __future__ import annotations

from pathlib import Path

from checkout import PROJECT
from embedding_project import EmbeddingProject

SOURCE = "modules/rust_minimal/parts.rs"
PLAIN = "pub const MESSAGE: &str = {message};\n"
WITH_WRAPPER = PLAIN + "pub type Numbers = kernel::rbtree::RBTree<u32, u32>;\n"


def test_a_rust_source_is_built_and_planned_with(tmp_path: Path) -> None:
    project = EmbeddingProject(tmp_path / "project")
    minimal = PROJECT / "modules/rust_minimal"
    text = (minimal / "rust_minimal.rs").read_text().replace('"on the heap"', "parts::MESSAGE")
    text = text.replace("use kernel::prelude::*;", "use kernel::prelude::*;\nmod parts;")
    project.module("rust_minimal", {"rust_minimal.rs": text}, '[module]\nname = "rust_minimal"\n')
    project.sconstruct(f'env.Command("{SOURCE}", "parts.txt", Copy("$TARGET", "$SOURCE"))')
    project.write("parts.txt", PLAIN.format(message='"one"'))
    project.scons("rust_minimal")
    first = project.modules()
    project.write("parts.txt", PLAIN.format(message='"two"'))
    project.scons("rust_minimal")
    assert ("RUSTC", "rust_minimal.o") in project.ran()
    assert project.modules() != first
    project.write("parts.txt", WITH_WRAPPER.format(message='"one"'))
    project.scons("rust_minimal")
    assert ("RUSTC", "kernel (rbtree)") in project.ran()
    assert project.modules() == project.of_clean_build(tmp_path / "clean", [SOURCE])
    assert project.is_up_to_date()
