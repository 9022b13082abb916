# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from miniature import kernel_tree, recorded_kbuild, write

from scons_kmod.kernel.kernel_tree import KernelTree, open_tree
from scons_kmod.kernel.rust_flags import config_cfgs, rust_flags


@pytest.fixture
def tree(tmp_path: Path) -> KernelTree:
    return open_tree(kernel_tree(tmp_path / "tree"))


# What a kernel of each kind asks of rustc, found by hand: modules with these load without a warning of objtool.
BOTH = {
    "--target=x86_64-unknown-none",
    "-Copt-level=2",
    "-Ccode-model=kernel",
    "-Cno-redzone=y",
    "-Cjump-tables=n",
    "-Zretpoline-external-thunk",
    "-Zindirect-branch-cs-prefix",
    "-Zfunction-return=thunk-extern",
    "-Zplt=yes",
    "-Zdirect-access-external-data=yes",
    "-Cpanic=abort",
    "-Csymbol-mangling-version=v0",
}
ONLY_6_12 = {"-Zcf-protection=branch", "-Zpatchable-function-entry=16,16", "-Zmin-function-alignment=16"}


def test_flags_of_6_1(tree: KernelTree, tmp_path: Path) -> None:
    flags = rust_flags(tree, recorded_kbuild(tmp_path, "6.1"))
    assert set(flags) >= BOTH
    assert not ONLY_6_12 & set(flags)
    assert not [flag for flag in flags if "cf-protection" in flag], "-fcf-protection=none asks for nothing"


def test_flags_of_6_12(tree: KernelTree, tmp_path: Path) -> None:
    assert set(rust_flags(tree, recorded_kbuild(tmp_path, "6.12"))) >= BOTH | ONLY_6_12


@pytest.mark.parametrize("version", ["6.1", "6.12"])
def test_each_flag_is_given_once(tree: KernelTree, tmp_path: Path, version: str) -> None:
    flags = rust_flags(tree, recorded_kbuild(tmp_path, version))
    names = [flag.partition("=")[0] for flag in flags]
    assert len(names) == len(set(names))


def test_a_mitigation_that_the_kernel_lacks_is_not_asked_for(tree: KernelTree, tmp_path: Path) -> None:
    kbuild = recorded_kbuild(tmp_path, "6.12")
    without = dataclasses.replace(kbuild, cc=tuple(word for word in kbuild.cc if "indirect-branch" not in word))
    assert not {"-Zretpoline-external-thunk", "-Zindirect-branch-cs-prefix"} & set(rust_flags(tree, without))


def test_only_whole_args_count(tree: KernelTree, tmp_path: Path) -> None:
    kbuild = dataclasses.replace(recorded_kbuild(tmp_path, "6.12"), cc=("gcc", "-O2x", "-x-Os", "-fno-jump-tables2"))
    assert not [flag for flag in rust_flags(tree, kbuild) if flag.startswith(("-Copt-level", "-Cjump-tables"))]


def test_the_configuration_as_cfgs(tree: KernelTree) -> None:
    lines = config_cfgs(tree).splitlines()
    assert '--cfg=CONFIG_SMP="y"' in lines
    assert "--cfg=CONFIG_SMP" in lines
    assert "--cfg=CONFIG_SND" in lines
    assert '--cfg=CONFIG_SND="m"' in lines
    assert '--cfg=CONFIG_HZ="250"' in lines
    assert "--cfg=CONFIG_HZ" not in lines
    assert not [line for line in lines if not line.startswith("--cfg=CONFIG_")]


def test_quotes_in_the_configuration_are_escaped(tmp_path: Path) -> None:
    path = kernel_tree(tmp_path)
    write(path / "include/config/auto.conf", 'CONFIG_X="a \\"b\\" c"\n')
    assert config_cfgs(open_tree(path)) == '--cfg=CONFIG_X="a \\"b\\" c"\n'
