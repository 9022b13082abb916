# SPDX-License-Identifier: MIT
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from scons_kmod.engine.object_symbols import defined_symbols, global_symbols, object_symbols


def assembled(path: Path, text: str) -> Path:
    subprocess.run(("as", "-o", path, "-"), input=text, text=True, check=True)
    return path


def test_symbols_that_an_object_names(compiled: Path) -> None:
    assert object_symbols(compiled) == ("common", "data", "exported", "imported", "weak")


def test_symbols_that_an_object_defines_for_good(compiled: Path) -> None:
    assert defined_symbols(compiled) == ("data", "exported")


def test_they_are_those_that_pyelftools_finds(compiled: Path) -> None:
    with compiled.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        wanted = [symbol.name for symbol in table.iter_symbols() if symbol["st_info"]["bind"] != "STB_LOCAL"]
    assert [name for name, _ in global_symbols(compiled.read_bytes())] == wanted


def test_an_object_without_symbols_names_none(tmp_path: Path, compiled: Path) -> None:
    bare = tmp_path / "bare.o"
    subprocess.run(("objcopy", "--strip-all", compiled, bare), check=True)
    assert object_symbols(bare) == ()


def test_an_object_with_more_sections_than_its_header_can_count(tmp_path: Path) -> None:
    sections = "".join(f".section .text.{number}\n" for number in range(0xFF00))
    path = assembled(tmp_path / "many.o", f"{sections}.globl last\nlast: .quad needed\n")
    assert global_symbols(path.read_bytes()) == [("last", True), ("needed", False)]


@pytest.mark.parametrize("length", [0, 4, 40, 63, 200])
def test_what_is_no_object_is_an_error(compiled: Path, length: int) -> None:
    with pytest.raises(OSError, match="no 64-bit ELF object"):
        global_symbols(compiled.read_bytes()[:length])


def test_an_object_of_another_size_of_addresses_is_an_error(compiled: Path) -> None:
    content = bytearray(compiled.read_bytes())
    content[4] = 1
    with pytest.raises(OSError, match="no 64-bit ELF object"):
        global_symbols(bytes(content))
