# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from miniature import kernel_tree, write

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import read_toml
from scons_kmod.kernel.kernel_tree import KernelTree, open_tree
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.read import check_manifest

BASE = '[module]\nname = "m"\n[c]\nsources = ["a.c"]\n'


@pytest.fixture
def tree(tmp_path: Path) -> KernelTree:
    """A kernel 6.12 with CONFIG_SMP=y and CONFIG_SND=m."""
    return open_tree(kernel_tree(tmp_path / "tree"))


def manifest(directory: Path, text: str) -> Path:
    for name in ("a.c", "b.c", "new.c", "m.rs"):
        write(directory / "m" / name, "")
    return write(directory / "m/module.toml", text)


def on(directory: Path, tree: KernelTree, text: str) -> Manifest:
    return check_manifest(read_toml(manifest(directory, text))).manifest_for(tree)


def error_of(directory: Path, tree: KernelTree, text: str) -> str:
    with pytest.raises(UserError) as caught:
        on(directory, tree, text)
    return str(caught.value).removeprefix(f"{directory}/m/")


def names(module: Manifest) -> list[str]:
    return [path.name for path in module.c.sources]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        *(("CONFIG_SMP", True), ("CONFIG_SND", True), ("CONFIG_HZ", False), ("CONFIG_NO", False)),
        *(("!CONFIG_NO", True), ("!CONFIG_SMP", False), ("!CONFIG_SND", False)),
        *(("kernel >= 6.12", True), ("kernel > 6.12", False), ("kernel == 6.12", True), ("kernel < 6.12.117", False)),
        *(("kernel >=6", True), ("kernel  != 6.12.117", False), ("kernel <= 7", True)),
        *(
            ("CONFIG_SMP, kernel < 6.13", True),
            ("CONFIG_SMP , !CONFIG_SND", False),
            ("kernel > 6, kernel < 6.5", False),
        ),
    ],
)
def test_a_condition_holds_or_does_not(tmp_path: Path, tree: KernelTree, condition: str, holds: bool) -> None:
    module = on(tmp_path, tree, f"{BASE}[when.'{condition}'.c]\nsources = ['new.c']\n")
    assert names(module) == (["a.c", "new.c"] if holds else ["a.c"])


def test_lists_grow_and_new_keys_and_tables_come_in(tmp_path: Path, tree: KernelTree) -> None:
    text = f"""{BASE}defines = ["A"]
[c.files.'a.c']
flags = ["-O1"]
[when.CONFIG_SMP]
module.api = "mainline"
[when.CONFIG_SMP.c]
defines = ["B"]
flags = ["-Wextra"]
[when.CONFIG_SMP.c.files.'a.c']
flags = ["-O0"]
[when.'kernel >= 6.1'.c]
sources = ["b.c"]
defines = ["C"]
[when.'kernel >= 6.1'.depends]
modules = ["x"]
[when.CONFIG_NO.c]
defines = ["D"]
"""
    module = on(tmp_path, tree, text)
    assert (module.c.defines, module.c.flags, names(module)) == (("A", "B", "C"), ("-Wextra",), ["a.c", "b.c"])
    assert module.c.flags_of(module.directory / "a.c").flags == ("-O1", "-O0")
    assert (module.api, module.depends.modules) == ("mainline", ("x",))
    without = check_manifest(read_toml(module.directory / "module.toml"))
    assert "when" in without.located.data, "what it is for another kernel can still be asked"


def test_what_is_always_so_is_known_without_a_kernel(tmp_path: Path) -> None:
    path = manifest(tmp_path, f"{BASE}[when.CONFIG_SMP.c]\nsources = ['new.c']\n")
    assert set(check_manifest(read_toml(path)).conditions) == {"CONFIG_SMP"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[when.SMP.c]", "module.toml:5: [when] SMP: 'SMP' is not a condition\n    write CONFIG_NAME, !CONFIG_NAME or"),
        ("[when.'kernel 6.12'.c]", "module.toml:5: [when] kernel 6.12: 'kernel 6.12' is not a condition"),
        ("[when.'CONFIG_A,'.c]", "module.toml:5: [when] CONFIG_A,: '' is not a condition"),
        (
            "[when.'kernel >= 6.1, < 6.13'.c]",
            "module.toml:5: [when] kernel >= 6.1, < 6.13: '< 6.13' is not a condition",
        ),
        (
            "[when.'CONFIG_A, !CONFIG_A'.c]",
            "module.toml:5: [when] CONFIG_A, !CONFIG_A: no kernel both sets CONFIG_A and does not set it",
        ),
        ("[when.CONFIG_A.requires]", "module.toml:5: [when.CONFIG_A] requires: [requires] can't depend on the kernel"),
        ("[when.CONFIG_A.package]", "module.toml:5: [when.CONFIG_A] package: [package] can't depend on the kernel"),
        ("[when.CONFIG_A.when.CONFIG_B.c]", "module.toml:5: [when.CONFIG_A] when: [when] can't depend on the kernel"),
        ("[when]\nCONFIG_A = 1", "module.toml:6: [when] CONFIG_A: must contain tables\n    write [when.'CONFIG_A'.c]"),
        ("[when.CONFIG_A.c]\nsource = []", 'module.toml:6: [c] source: unknown key\n    did you mean "sources"?'),
        ("[when.CONFIG_A.c]\nsources = ['b.c',\n'no.c']", "module.toml:7: [c.sources] element 3: no.c does not exist"),
        (
            "[when.CONFIG_A.c]\nsources = 'b.c'",
            "module.toml:6: [when.CONFIG_A.c] sources: it already has another value",
        ),
        (
            "[when.CONFIG_A.module]\nname = 'n'",
            "module.toml:6: [when.CONFIG_A.module] name: it already has another value",
        ),
        ("[when.CONFIG_A.sea]", "module.toml:5: sea: unknown key"),
    ],
)
def test_an_error_is_reported_for_any_kernel(tmp_path: Path, tree: KernelTree, text: str, expected: str) -> None:
    assert error_of(tmp_path, tree, BASE + text).startswith(expected)


def test_when_that_is_no_table(tmp_path: Path, tree: KernelTree) -> None:
    text = f"when = 3\n{BASE}"
    assert error_of(tmp_path, tree, text).startswith("module.toml:1: when: must be a table")


def test_conditions_that_both_hold_may_not_contradict_each_other(tmp_path: Path, tree: KernelTree) -> None:
    text = '[module]\nname = "m"\n[when."{}".module]\napi = "2021"\n[when."{}".module]\napi = "mainline"\n'
    assert on(tmp_path, tree, text.format("kernel < 6", "kernel >= 6")).api == "mainline"
    assert error_of(tmp_path, tree, text.format("CONFIG_SMP", "CONFIG_SND")) == (
        "module.toml:6: [when.CONFIG_SND.module] api: it already has another value\n    set it only under conditions"
    )
