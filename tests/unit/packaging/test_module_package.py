# SPDX-License-Identifier: MIT
"""How the package of a module depends on the packages of the modules that it needs."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import pytest
from miniature import ko, module, target

from scons_kmod.base.errors import UserError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.target_choice import default_target
from scons_kmod.distro.target_file import read_targets
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.sections.package import PackageInfo
from scons_kmod.packaging.deb import module_deb
from scons_kmod.packaging.dkms import dkms_deb
from scons_kmod.packaging.module_package import ModulePackage, module_package
from scons_kmod.packaging.rpm import spec_text
from scons_kmod.packaging.source_tree import source_tree
from scons_kmod.target.output_paths import module_ko
from scons_kmod.target.settings import read_settings

TARGETS = Path(__file__).resolve().parents[3] / "targets"
SETTINGS = read_settings({})


def packaged(directory: Path, name: str, version: str, *needs: Manifest) -> Manifest:
    day = datetime.date(2026, 1, 31)
    info = PackageInfo(version, day, "A B <a@b.org>", "s", "GPL-2.0-only", "", "")
    return dataclasses.replace(module(directory / name, name), package=info, needs=needs)


@pytest.fixture
def user(tmp_path: Path) -> Manifest:
    """A module that needs my_ring, which needs core."""
    core = packaged(tmp_path, "core", "1.0")
    return packaged(tmp_path, "user", "3.0", core, packaged(tmp_path, "my_ring", "2.1~rc1", core))


def package(directory: Path, manifest: Manifest) -> ModulePackage:
    build_target = target(directory / "target")
    ko(module_ko(build_target, manifest))
    return module_package(build_target, default_target(read_targets(TARGETS)), manifest, SETTINGS, RunLog())


def test_a_package_depends_on_the_packages_of_the_modules_that_its_module_needs(tmp_path: Path, user: Manifest) -> None:
    built = package(tmp_path, user)
    release = built.release
    assert built.needs == ((f"core-modules-{release}", "1.0"), (f"my-ring-modules-{release}", "2.1~rc1"))
    assert module_deb(built, "x86").depends.endswith(
        f", core-modules-{release} (= 1.0-1), my-ring-modules-{release} (= 2.1~rc1-1)"
    )
    text = spec_text(built, SETTINGS)
    assert f"\nRequires: core-modules-{release} = 1.0-1\nRequires: my-ring-modules-{release} = 2.1~rc1-1\n" in text
    assert [Path(name).name for name in built.files] == ["user.ko"], "each module has a package of its own"


def test_a_module_that_needs_no_other_has_no_such_dependency(tmp_path: Path) -> None:
    built = package(tmp_path, packaged(tmp_path, "core", "1.0"))
    assert built.needs == ()
    assert "-modules-" not in module_deb(built, "x86").depends
    assert spec_text(built, SETTINGS).count("Requires:") == spec_text(built, SETTINGS).count("BuildRequires:") + 2


def test_every_needed_module_must_have_a_package_table(tmp_path: Path, user: Manifest) -> None:
    bare = dataclasses.replace(user, needs=(module(tmp_path / "bare", "bare"),))
    with pytest.raises(UserError, match=r"the manifest of bare has no \[package\]"):
        package(tmp_path, bare)
    with pytest.raises(UserError, match=r"the manifest of bare has no \[package\]"):
        dkms_deb(bare)


def test_the_dkms_package_depends_on_the_dkms_packages_of_needed_modules(user: Manifest) -> None:
    assert dkms_deb(user).depends == ("dkms (>= 3.0.10), scons-kmod, core-dkms (= 1.0-1), my-ring-dkms (= 2.1~rc1-1)")


def test_the_source_tree_has_the_sources_of_needed_modules(user: Manifest) -> None:
    assert sorted(source_tree(user)) == [
        "SConstruct",
        *(f"module/core/{name}" for name in ("core.rs", "module.toml")),
        *(f"module/my_ring/{name}" for name in ("module.toml", "my_ring.rs")),
        *(f"module/user/{name}" for name in ("module.toml", "user.rs")),
    ]
