# SPDX-License-Identifier: MIT
"""What a finished .ko is, read as a file."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from checkout import MODULES, Checkout

# Not on every user's PATH.
MODINFO = shutil.which("modinfo") or "/usr/sbin/modinfo"
# A module that uses core, alloc and the kernel crate for little, in bytes of text and data.
SMALL = 40 * 1024


def ko(checkout: Checkout, name: str) -> Path:
    checkout.scons()
    return checkout.target / "modules" / name / f"{name}.ko"


def test_what_a_module_does_not_use_is_not_in_it(checkout: Checkout) -> None:
    with ko(checkout, "rust_minimal").open("rb") as file:
        sections = ELFFile(file).iter_sections()
        size = sum(section["sh_size"] for section in sections if section["sh_flags"] & SH_FLAGS.SHF_ALLOC)
    assert size < SMALL


@pytest.mark.parametrize("name", MODULES)
def test_every_import_has_its_crc(checkout: Checkout, name: str) -> None:
    path = ko(checkout, name)
    with path.open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab")
        imports = {symbol.name for symbol in symbols.iter_symbols() if symbol["st_shndx"] == "SHN_UNDEF"} - {""}
        versions = ELFFile(file).get_section_by_name("__versions").data()
    # struct modversion_info: an unsigned long and a name, 64 bytes in all (include/linux/module.h).
    records = [versions[at + 8 : at + 64] for at in range(0, len(versions), 64)]
    assert imports <= {record.partition(b"\0")[0].decode() for record in records}


@pytest.mark.parametrize("name", MODULES)
def test_modinfo_names_the_module_its_licence_and_the_kernel(checkout: Checkout, name: str) -> None:
    path = ko(checkout, name)
    text = subprocess.run([MODINFO, path], check=True, capture_output=True, text=True).stdout
    facts = dict(re.findall(r"^(\w+): +(.*)$", text, re.MULTILINE))
    assert facts["name"] == name
    assert facts["license"] == "GPL v2"
    assert facts["author"]
    assert facts["vermagic"].split()[0] == checkout.target_release()
    assert facts["depends"] == ""
    assert str(checkout.path).encode() not in path.read_bytes()
