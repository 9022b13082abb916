# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from miniature import module, target, write, write_wrappers

from scons_kmod.bindings.rust_sources import naming_sources
from scons_kmod.manifest.sections.generate import Generator
from scons_kmod.target.build_target import BuildTarget


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


def test_sources_are_rust_files_of_the_project_and_of_modules(build_target: BuildTarget, tmp_path: Path) -> None:
    write_wrappers(build_target, "pub mod sync;\n#[apart]\npub mod tree;\n", tree="")
    for name in ("kernel/tree/node.rs", "kernel/sync/mod.rs", "rust/macros/lib.rs", "kernel/notes.txt"):
        write(build_target.sources / name, "")
    manifest = module(tmp_path / "outside")
    sources = naming_sources(build_target, [manifest])
    shared, tree = (
        {str(path.relative_to(build_target.sources)) for path in sources.by_crate[crate]}
        for crate in ("bindings", "kernel_tree")
    )
    assert sources.by_crate.keys() == {"bindings", "kernel_tree"}
    assert shared == {"kernel/lib.rs", "kernel/sync/mod.rs", "rust/macros/lib.rs"}
    assert tree == {"kernel/tree.rs", "kernel/tree/node.rs"}
    assert sources.modules == (manifest.root, build_target.sources / "rust/bindings/layout.c")
    assert len(sources.all_files()) == len({*sources.all_files()}) == 7


def test_a_build_directory_within_a_module_has_no_sources(build_target: BuildTarget) -> None:
    manifest = module(build_target.build.parents[1])
    write(build_target.build / "bindings/bindings_generated.rs", "")
    write(manifest.directory / ".hidden/x.rs", "")
    write(manifest.directory / "more/x.rs", "")
    sources = naming_sources(build_target, [manifest]).all_files()
    assert manifest.directory / "more/x.rs" in sources
    assert not [path for path in sources if path.name == "bindings_generated.rs" or ".hidden" in path.parts]


def test_a_generator_is_no_source(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m")
    generator = Generator("table", write(tmp_path / "m/make.rs", ""), ("table.rs",))
    sources = naming_sources(build_target, [dataclasses.replace(manifest, generators=(generator,))]).modules
    assert [path.name for path in sources if path.is_relative_to(tmp_path / "m")] == ["rust_echo.rs"]
