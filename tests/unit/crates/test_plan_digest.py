# SPDX-License-Identifier: MIT
"""Which edits of kernel/ and rust/ change the plan of modules' steps."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from miniature import module, target, write, write_wrappers

from scons_kmod.crates.plan_digest import plan_digest
from scons_kmod.engine.digests import Digests
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget

ROOT = "#[apart]\npub mod tree;\n#[apart]\npub mod misc;\n"


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    build_target = target(tmp_path)
    write_wrappers(build_target, ROOT, tree="pub fn find() {}\n", misc="")
    write(build_target.sources / "rust/helpers/one.c", "int one;\n")
    write(build_target.sources / "rust/bindgen_parameters", "--opaque-type one\n")
    return build_target


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    manifest = module(tmp_path / "m")
    write(tmp_path / "m/rust_echo.rs", "use kernel::{bindings, misc};\nconst ONE: u32 = bindings::ONE;\n")
    return manifest


def digest(build_target: BuildTarget, manifest: Manifest) -> str:
    """The digest in a run of its own."""
    build_target = dataclasses.replace(build_target, digests=Digests())
    sources = [str(path) for name in ("kernel", "rust") for path in (build_target.sources / name).rglob("*.*")]
    sources.append(str(build_target.sources / "rust/bindgen_parameters"))
    return plan_digest(build_target, sources, [manifest])


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("kernel/tree.rs", "pub fn find() { let _ = 1; }\npub fn other() {}\n"),
        ("kernel/tree.rs", "use crate::bindings::TWO;\n"),
        ("rust/helpers/one.c", "int two;\n"),
    ],
    ids=["code", "another declaration", "helper"],
)
def test_code_does_not_change_the_plan(build_target: BuildTarget, manifest: Manifest, path: str, text: str) -> None:
    before = digest(build_target, manifest)
    write(build_target.sources / path, text)
    assert digest(build_target, manifest) == before


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("kernel/tree.rs", "use crate::misc;\n"),
        ("kernel/tree.rs", "#[macro_export]\nmacro_rules! grow { () => {} }\n"),
        ("kernel/tree.rs", "use crate::bindings::ONE;\n"),
        ("kernel/tree/part.rs", ""),
        ("rust/helpers/two.c", ""),
        ("rust/bindgen_parameters", "--opaque-type two\n"),
        ("m/rust_echo.rs", "use kernel::tree;\n"),
    ],
    ids=["another wrapper", "macro", "declaration of a module", "file", "new helper", "parameters", "module"],
)
def test_what_else_changes_the_plan(
    build_target: BuildTarget, manifest: Manifest, tmp_path: Path, path: str, text: str
) -> None:
    before = digest(build_target, manifest)
    write((tmp_path if path.startswith("m/") else build_target.sources) / path, text)
    assert digest(build_target, manifest) != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pub mod misc", "mod misc"),
        ("#[apart]\npub mod tree", "pub mod tree"),
        ("pub mod tree", "#[cfg(x)] pub mod tree"),
    ],
)
def test_the_root_of_kernel_changes_the_plan(build_target: BuildTarget, manifest: Manifest, old: str, new: str) -> None:
    before = digest(build_target, manifest)
    write_wrappers(build_target, ROOT.replace(old, new), tree="pub fn find() {}\n", misc="")
    assert digest(build_target, manifest) != before
