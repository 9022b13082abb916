# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from miniature import module, target, write

from scons_kmod.bindings.rust_sources import naming_sources
from scons_kmod.manifest.sections.generate import Generator
from scons_kmod.target.build_target import BuildTarget


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


def test_sources_are_rust_files_of_the_project_and_of_modules(build_target: BuildTarget, tmp_path: Path) -> None:
    for name in ("kernel/lib.rs", "kernel/sync/lock.rs", "rust/macros/lib.rs", "kernel/notes.txt"):
        write(build_target.sources / name, "")
    manifest = module(tmp_path / "outside")
    sources = naming_sources(build_target, [manifest]).all_files()
    assert manifest.root in sources
    assert {path.relative_to(build_target.sources) for path in sources if path != manifest.root} == {
        Path(name) for name in ("kernel/lib.rs", "kernel/sync/lock.rs", "rust/macros/lib.rs", "rust/bindings/layout.c")
    }


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
    sources = naming_sources(build_target, [dataclasses.replace(manifest, generators=(generator,))]).all_files()
    assert [path.name for path in sources if path.is_relative_to(tmp_path / "m")] == ["rust_echo.rs"]


def test_sources_of_kernel_are_by_the_crate_that_has_them(build_target: BuildTarget) -> None:
    marked = "#[cfg(not(kernel_base))]\npub mod tree;\npub mod error;\n"
    write(build_target.sources / "kernel/lib.rs", marked)
    for name in ("kernel/tree.rs", "kernel/tree/node.rs", "kernel/error.rs", "rust/x.rs"):
        write(build_target.sources / name, "")
    sources = naming_sources(build_target, [])
    names = {crate: [path.name for path in paths] for crate, paths in sources.by_crate.items()}
    assert names == {"bindings": ["error.rs", "lib.rs", "x.rs"], "kernel_tree": ["node.rs", "tree.rs"]}
    assert [path.name for path in sources.modules] == ["layout.c"]


def test_own_headers_are_apart(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m")
    header = write(tmp_path / "m/shared.h", "")
    assert naming_sources(build_target, [manifest]).headers == ()
    bindings = dataclasses.replace(manifest.bindings, own_headers=(header,))
    assert naming_sources(build_target, [dataclasses.replace(manifest, bindings=bindings)]).headers == (header,)
