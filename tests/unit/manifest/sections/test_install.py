# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from miniature import write

from scons_kmod.base.errors import UserError
from scons_kmod.manifest.read import read_manifest
from scons_kmod.manifest.sections.install import ModprobeConf


def conf(directory: Path, text: str) -> ModprobeConf:
    write(directory / "x.rs", "")
    return read_manifest(write(directory / "module.toml", f'[module]\nname = "x"\n{text}')).modprobe


def test_a_manifest_without_the_table_installs_nothing_more(tmp_path: Path) -> None:
    assert conf(tmp_path, "").files("x", "x") == {}
    assert conf(tmp_path, "[install]\n").files("x", "x") == {}


def test_each_key_is_a_line_of_modprobe(tmp_path: Path) -> None:
    text = """[install]
options = "minor=5 name=a"
aliases = ["char-major-10-200", "devname:x"]
softdep-pre = ["first"]
softdep-post = ["last", "very_last"]
blacklist = ["old-x"]
load-at-boot = true
"""
    assert conf(tmp_path, text).files("x", "x") == {
        "etc/modprobe.d/x.conf": (
            "alias char-major-10-200 x\n"
            "alias devname:x x\n"
            "options x minor=5 name=a\n"
            "softdep x pre: first post: last very_last\n"
            "blacklist old-x\n"
        ),
        "etc/modules-load.d/x.conf": "x\n",
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('options = "a\\nb"', r"must be one line, without # and \\ \n    write parameters as insmod takes them"),
        ('options = "a # b"', "must be one line"),
        ('aliases = ["a b"]', r"'a b' is not a valid alias: it has blanks, # or \\"),
        ('blacklist = ["a/b"]', "'a/b' is not a valid module name"),
        ('softdep-pre = ["a b"]', "'a b' is not a valid module name"),
        ('load-at-boot = "yes"', 'must be true or false, not the string "yes"'),
        ('option = "x"', r'unknown key\n    did you mean "options"\?'),
    ],
)
def test_what_modprobe_would_misread_is_refused(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(UserError, match=rf"module\.toml:4: \[install\] \S+: {message}"):
        conf(tmp_path, f"[install]\n{line}\n")
