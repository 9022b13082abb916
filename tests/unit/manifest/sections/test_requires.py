# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from miniature import kernel_tree, write

from scons_kmod.base.errors import UserError
from scons_kmod.kernel.kernel_tree import KernelTree, open_tree
from scons_kmod.manifest.read import read_manifest
from scons_kmod.manifest.sections.requires import Requires


def requires(directory: Path, text: str) -> Requires:
    write(directory / "x.rs", "")
    return read_manifest(write(directory / "module.toml", f'[module]\nname = "x"\n[requires]\n{text}\n')).requires


@pytest.fixture
def tree(tmp_path: Path) -> KernelTree:
    """Of Linux 6.12."""
    return open_tree(kernel_tree(tmp_path / "tree"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        'kernel = ">= 6.1"',
        'kernel = ">=6.12, <6.13"',
        'kernel = "== 6.12"',
        'kernel = "<= 6"',
        'kernel = "!= 6.11"',
        'config = ["CONFIG_SMP", "CONFIG_SND"]',
    ],
)
def test_what_a_kernel_meets(tmp_path: Path, tree: KernelTree, text: str) -> None:
    assert requires(tmp_path, text).unmet(tree) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('kernel = "> 6.12"', "it is for Linux > 6.12, and this is RELEASE"),
        ('kernel = ">= 6.1, < 6.12"', "it is for Linux < 6.12, and this is RELEASE"),
        (
            'config = ["CONFIG_SMP", "CONFIG_KASAN"]',
            "it needs CONFIG_KASAN, which this kernel's configuration does not set",
        ),
        # A number is not y or m.
        ('config = ["CONFIG_HZ"]', "it needs CONFIG_HZ, which this kernel's configuration does not set"),
    ],
)
def test_what_it_does_not_meet(tmp_path: Path, tree: KernelTree, text: str, expected: str) -> None:
    assert requires(tmp_path, text).unmet(tree) == expected.replace("RELEASE", tree.release)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('kernel = "6.1"', "module.toml:4: [requires] kernel: '6.1' is not a bound of a version"),
        ('kernel = ">= 6.1,"', "module.toml:4: [requires] kernel: '' is not a bound of a version"),
        ('kernel = ">= 6.x"', "module.toml:4: [requires] kernel: '>= 6.x' is not a bound of a version"),
        ('config = ["SMP"]', "module.toml:4: [requires] config: 'SMP' is not a symbol of the kernel's configuration"),
        ("kernels = 1", "module.toml:4: [requires] kernels: unknown key"),
    ],
)
def test_what_is_not_understood(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(UserError) as caught:
        requires(tmp_path, text)
    assert str(caught.value).replace(f"{tmp_path}/", "").startswith(expected)
