# SPDX-License-Identifier: MIT
"""The link of a .ko is Kbuild's: `make M=` gives the same bytes from the same objects."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from checkout import Checkout


@pytest.mark.parametrize("name", ["rust_minimal", "rust_miscdev"])
def test_the_ko_is_the_one_that_kbuild_makes(checkout: Checkout, name: str) -> None:
    checkout.scons()
    answer = json.loads((checkout.target / "config/kbuild.json").read_text())
    tree = answer["key"][0]
    linked = checkout.target / "modules" / name / "link"
    work = checkout.path / "reference" / name
    work.mkdir(parents=True)
    rust = work / f"{name}_rust.o_shipped"
    shutil.copy2(linked / "whole.o", rust)
    (work / f".{name}_rust.o.cmd").write_text("")
    (work / "Kbuild").write_text(f"obj-m := {name}.o\n{name}-y := {name}_rust.o\n")
    make = ["make", "-C", tree, f"M={work}", "KCFLAGS=-g0", "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules"]
    subprocess.run(make, check=True, capture_output=True)
    ours = (checkout.target / "modules" / name / f"{name}.ko").read_bytes()
    assert (work / f"{name}.ko").read_bytes() == ours
    shutil.rmtree(work)
