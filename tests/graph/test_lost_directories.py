# SPDX-License-Identifier: MIT
"""A directory of build/ that somebody has removed: what stood in it is restored or made, with all that others read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkout import Checkout

NAME = "versioned"
# Enough files to have their headers precompiled.
COUNT = 6
SOURCE = """\
// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include "shared.h"

int part_{number}(void)
{{
	return SHARED + {number};
}}
"""
INFO = """\
EXPORT_SYMBOL_GPL(part_0);
MODULE_VERSION("1");
MODULE_DESCRIPTION("Several files with a version");
MODULE_LICENSE("GPL");
"""


@pytest.fixture(scope="module")
def versioned(checkout: Checkout) -> Iterator[Checkout]:
    """A checkout with a module of several C files, of which modpost reads the sources and the CRC."""
    home = checkout.path / "modules" / NAME
    home.mkdir()
    (home / "module.toml").write_text(f'[module]\nname = "{NAME}"\n\n[c]\nsources = ["*.c"]\n')
    (home / "shared.h").write_text("#define SHARED 5\n")
    for number in range(COUNT):
        (home / f"part_{number}.c").write_text(SOURCE.format(number=number) + (INFO if number == 0 else ""))
    checkout.scons()
    yield checkout
    shutil.rmtree(home)


@pytest.mark.parametrize("lost", [f"modules/{NAME}", f"modules/{NAME}/c", f"modules/{NAME}/link", "helpers", "link"])
def test_a_directory_that_is_lost_is_as_before(versioned: Checkout, lost: str) -> None:
    before = versioned.modules()
    shutil.rmtree(versioned.target / lost)
    versioned.scons()
    assert versioned.modules() == before
    # What the compilers list is there for the steps that read it.
    header = versioned.path / "modules" / NAME / "shared.h"
    text = header.read_text()
    header.write_text(text.replace("5", "6"))
    versioned.scons()
    assert versioned.modules()[f"{NAME}.ko"] != before[f"{NAME}.ko"]
    header.write_text(text)
    versioned.scons()
    assert versioned.modules() == before


@pytest.mark.parametrize("end", [".o", ".o.d", ".gch", ".gch.d", ".mod.c", ".cmd"])
def test_files_that_are_lost_are_as_before(versioned: Checkout, end: str) -> None:
    before = versioned.modules()
    lost = [path for path in (versioned.target / "modules" / NAME).rglob(f"*{end}") if path.is_file()]
    assert lost
    for path in lost:
        Path.unlink(path)
    versioned.scons()
    assert versioned.modules() == before
