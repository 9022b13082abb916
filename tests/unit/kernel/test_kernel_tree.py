# SPDX-License-Identifier: MIT
from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from miniature import kernel_tree, write

from scons_kmod.base.errors import UserError
from scons_kmod.kernel.kernel_tree import open_tree, parse_auto_conf


def complaint(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        open_tree(path)
    return str(caught.value)


def test_what_a_tree_says_of_itself(tmp_path: Path) -> None:
    tree = open_tree(kernel_tree(tmp_path))
    assert (tree.path, tree.release, tree.arch) == (tmp_path, "6.12.117+deb12-amd64", "x86")
    assert tree.compiler == "x86_64-linux-gnu-gcc-12 (Debian 12.2.0-14) 12.2.0"
    assert tree.symvers == tmp_path / "Module.symvers"


def test_symbols_are_enabled_as_built_in_or_as_modules(tmp_path: Path) -> None:
    tree = open_tree(kernel_tree(tmp_path))
    assert tree.enabled("CONFIG_SMP")
    assert tree.enabled("CONFIG_SND")
    assert tree.enabled("CONFIG_OLD_NAME", "CONFIG_SMP")
    assert not tree.enabled("CONFIG_HZ")
    assert not tree.enabled("CONFIG_ABSENT")


def test_the_version_of_the_package_that_a_tree_is_from(tmp_path: Path) -> None:
    tree = open_tree(kernel_tree(tmp_path))
    assert tree.package_version is None
    package = tmp_path / "include/generated/package.h"
    write(package, '#ifndef X\n#define LINUX_PACKAGE_ID " Debian 6.12.117-1~deb12u1"\n#endif\n')
    assert tree.package_version == "6.12.117-1~deb12u1"
    write(package, '#define LINUX_PACKAGE_ID ""\n')
    assert tree.package_version is None, "a kernel of one's own"


def test_a_tree_may_be_reached_through_a_link(tmp_path: Path) -> None:
    kernel_tree(tmp_path / "real")
    (tmp_path / "build").symlink_to("real")
    assert open_tree(tmp_path / "build").path == tmp_path / "real"


def test_every_form_of_a_value() -> None:
    text = '# comment\nCONFIG_A=y\nCONFIG_B="text with \\"quotes\\""\nCONFIG_C=0x10\n\nCONFIG_D=""\n'
    assert parse_auto_conf(text) == {
        "CONFIG_A": "y",
        "CONFIG_B": 'text with "quotes"',
        "CONFIG_C": "0x10",
        "CONFIG_D": "",
    }


def test_no_directory_and_no_tree(tmp_path: Path) -> None:
    assert complaint(Path("/absent")) == "KDIR=/absent: there is no such directory\n    name a prepared kernel tree"
    assert complaint(tmp_path) == (
        f"KDIR={tmp_path}: this is not a kernel tree: it has no Makefile\n"
        "    name the headers or build directory of a kernel"
    )


@pytest.mark.parametrize(
    "name",
    ["include/config/auto.conf", "include/generated/utsrelease.h", "scripts/mod/modpost", "Module.symvers"],
)
def test_a_tree_that_is_not_prepared(tmp_path: Path, name: str) -> None:
    (kernel_tree(tmp_path) / name).unlink()
    assert complaint(tmp_path) == (
        f"KDIR={tmp_path}: this kernel tree is not prepared for modules: it lacks {name}\n"
        "    build the kernel in it (`make modules_prepare` and `make`), or install the distribution's headers"
    )


def test_a_tree_of_another_architecture(tmp_path: Path) -> None:
    shutil.move(kernel_tree(tmp_path) / "arch/x86", tmp_path / "arch/arm64")
    assert complaint(tmp_path) == (
        f"KDIR={tmp_path}: this kernel tree is not configured for a supported architecture (x86, x86_64)\n"
        "    name a tree that is configured for one of them"
    )


def test_a_tree_without_a_release(tmp_path: Path) -> None:
    (kernel_tree(tmp_path) / "include/generated/utsrelease.h").write_text("")
    assert complaint(tmp_path) == (
        f"KDIR={tmp_path}: include/generated/utsrelease.h has no release\n    prepare the tree again"
    )
