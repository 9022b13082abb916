# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from miniature import kernel_tree, module, write

from scons_kmod.distro.target_file import read_target
from scons_kmod.kernel.kernel_tree import KernelTree, open_tree
from scons_kmod.manifest.sections.requires import Requires
from scons_kmod.target.provider import NONE, Provider, find_provider, has_source_package, unsupported_reason

TARGETS = Path(__file__).resolve().parents[3] / "targets"
RUST = "CONFIG_RUST"
METADATA = "rust/libkernel.rmeta"
SOURCES = "rust/kernel/lib.rs"
NO_CRATES = "Linux 6.1 has almost no Rust crates (the first version with enough of them is 6.12)"
NO_PACKAGE = "it was built without CONFIG_RUST, and its target names no source package"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return kernel_tree(tmp_path / "tree")


def tree(path: Path, *there: str) -> KernelTree:
    """The tree with these symbols set and these files in it."""
    config = path / "include/config/auto.conf"
    config.write_text(config.read_text() + "".join(f"{name}=y\n" for name in there if name.startswith("CONFIG_")))
    for name in there:
        if not name.startswith("CONFIG_"):
            write(path / name, "")
    return open_tree(path)


@pytest.mark.parametrize(
    ("there", "package", "name"),
    [
        ((RUST, METADATA), False, "tree"),
        ((RUST, METADATA, SOURCES), True, "tree"),
        ((RUST, SOURCES), False, "rebuilt"),
        ((RUST,), True, "rebuilt"),
        ((), True, "carried"),
        ((SOURCES,), False, "carried"),
    ],
)
def test_where_the_crates_come_from(path: Path, there: tuple[str, ...], package: bool, name: str) -> None:
    assert find_provider(tree(path, *there), package) == Provider(name)


def test_sources_may_lie_where_the_makefile_leads(path: Path, tmp_path: Path) -> None:
    write(path / "Makefile", f"include {tmp_path}/common/Makefile\n")
    write(tmp_path / "common" / SOURCES, "")
    assert find_provider(tree(path, RUST), False) == Provider("rebuilt")


@pytest.mark.parametrize(
    ("there", "package", "obstacle"),
    [
        (
            (RUST,),
            False,
            "it has neither the crates' metadata nor their sources, and its target names no source package",
        ),
        ((), False, NO_PACKAGE),
        (
            ("CONFIG_KASAN", "CONFIG_RANDSTRUCT"),
            True,
            "it was built without CONFIG_RUST and with CONFIG_RANDSTRUCT, CONFIG_KASAN:"
            " rustc can't compile crates that fit such a kernel",
        ),
    ],
)
def test_a_kernel_without_crates_says_why(path: Path, there: tuple[str, ...], package: bool, obstacle: str) -> None:
    assert find_provider(tree(path, *there), package) == Provider(obstacle=obstacle)


def test_crates_that_are_in_the_kernel_keep_what_crates_from_outside_cannot(path: Path) -> None:
    assert find_provider(tree(path, RUST, "CONFIG_RANDSTRUCT"), True) == Provider("rebuilt")


def test_a_kernel_from_before_there_were_crates(tmp_path: Path) -> None:
    old = tree(kernel_tree(tmp_path / "old", "6.1"), SOURCES)
    assert find_provider(old, True) == Provider(obstacle=NO_CRATES)


@pytest.mark.parametrize(
    ("release", "has_some"), [("6.9.1", False), ("6.11.0", False), ("6.12.0", True), ("7.2.1", True)]
)
def test_versions_are_numbers(path: Path, release: str, has_some: bool) -> None:
    write(path / "include/generated/utsrelease.h", f'#define UTS_RELEASE "{release}"\n')
    assert bool(find_provider(tree(path), True).name) == has_some


@pytest.mark.parametrize(
    ("wanted", "there", "package"),
    [("tree", (RUST, METADATA), False), ("rebuilt", (RUST, METADATA), True), ("carried", (RUST, METADATA), True)],
)
def test_a_provider_that_is_asked_for_is_taken(path: Path, wanted: str, there: tuple[str, ...], package: bool) -> None:
    assert find_provider(tree(path, *there), package, wanted) == Provider(wanted)


@pytest.mark.parametrize(
    ("wanted", "obstacle"),
    [
        ("tree", "it has no metadata (TREE/rust/libkernel.rmeta)"),
        ("rebuilt", "its Rust sources are missing"),
        ("carried", NO_PACKAGE),
    ],
)
def test_a_provider_that_is_asked_for_may_not_do(path: Path, wanted: str, obstacle: str) -> None:
    found = find_provider(tree(path), False, wanted)
    assert (found.name, found.obstacle.replace(str(path), "TREE")) == ("", obstacle)


def test_a_target_has_the_sources_of_its_own_kernels_only(path: Path) -> None:
    of_trixie = read_target(TARGETS / "debian-6.12-trixie.toml")
    write(path / "include/generated/utsrelease.h", '#define UTS_RELEASE "6.12.117+deb13-amd64"\n')
    assert has_source_package(of_trixie, open_tree(path))
    for release in ("6.12.117+deb12-amd64", "6.12.117", "6.12.117+deb13-amd64-mine"):
        write(path / "include/generated/utsrelease.h", f'#define UTS_RELEASE "{release}"\n')
        assert not has_source_package(of_trixie, open_tree(path))


def test_a_target_may_name_no_source_package(path: Path) -> None:
    target = read_target(TARGETS / "debian-6.12.toml")
    assert not has_source_package(target, open_tree(path))
    packages = dataclasses.replace(target.packages, source="linux-source-6.12")
    assert has_source_package(dataclasses.replace(target, packages=packages), open_tree(path))


def test_a_module_of_2021_needs_no_provider(path: Path, tmp_path: Path) -> None:
    assert unsupported_reason(module(tmp_path / "m"), open_tree(path), NONE) is None


def test_a_mainline_module_needs_a_provider(path: Path, tmp_path: Path) -> None:
    manifest = dataclasses.replace(module(tmp_path / "m"), api="mainline")
    assert unsupported_reason(manifest, open_tree(path), Provider("carried")) is None
    assert unsupported_reason(manifest, open_tree(path), Provider(obstacle="it is too old")) == (
        "the mainline API is not available for 6.12.117+deb12-amd64: it is too old"
    )


def test_what_a_module_requires_comes_first(path: Path, tmp_path: Path) -> None:
    needy = dataclasses.replace(module(tmp_path / "m"), api="mainline", requires=Requires(config=("CONFIG_KASAN",)))
    for provider in (NONE, Provider("tree")):
        assert (
            unsupported_reason(needy, open_tree(path), provider)
            == "it needs CONFIG_KASAN, which this kernel's configuration does not set"
        )
