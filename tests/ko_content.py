# SPDX-License-Identifier: MIT
"""What a module consists of, to compare one with another that was built elsewhere, by other means."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile


class Content(NamedTuple):
    """Symbols (name, type, binding, whether it is imported, size), sections that are loaded, lines of modinfo.

    Debug information is not in it, nor is the build id, which is a digest over it.
    """

    symbols: list[tuple[str, str, str, bool, int]]
    sections: dict[str, bytes]
    modinfo: list[str]


def content(path: Path) -> Content:
    """What a .ko consists of."""
    with path.open("rb") as file:
        elf = ELFFile(file)
        symbols = [
            (
                symbol.name,
                symbol["st_info"]["type"],
                symbol["st_info"]["bind"],
                symbol["st_shndx"] == "SHN_UNDEF",
                symbol["st_size"],
            )
            for symbol in elf.get_section_by_name(".symtab").iter_symbols()
            if symbol["st_info"]["type"] != "STT_SECTION"
        ]
        sections = {
            section.name: section.data()
            for section in elf.iter_sections()
            if section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section.name != ".note.gnu.build-id"
        }
    done = subprocess.run(["/sbin/modinfo", "-0", path], capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.split("\0") if not line.startswith("filename:")]
    return Content(symbols, sections, lines)
