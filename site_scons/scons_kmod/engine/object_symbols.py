# SPDX-License-Identifier: MIT
"""The global symbols of objects."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path

# The section of a symbol that an object does not define (SHN_UNDEF), or that another may define better (SHN_COMMON).
NOT_DEFINED = (0, 0xFFF2)


def object_symbols(path: Path) -> tuple[str, ...]:
    """The names of an object's global symbols: what it imports, and what it may export. Raises `OSError`."""
    return tuple(sorted({name for name, _ in global_symbols(path.read_bytes())}))


def defined_symbols(path: Path) -> tuple[str, ...]:
    """The names of the global symbols that an object defines. Raises `OSError`."""
    return tuple(sorted({name for name, defined in global_symbols(path.read_bytes()) if defined}))


def global_symbols(content: bytes) -> list[tuple[str, bool]]:
    """The names of an object's global symbols, and whether it defines them. `content` is the object: 64-bit ELF.

    Raises `OSError` if it is none.
    """
    # Slow to import, and a null build never gets here.
    from elftools.common.exceptions import ELFError
    from elftools.construct import ConstructError

    try:
        return [symbol for table, names, first in symbol_tables(content) for symbol in symbols(table, names, first)]
    except (ELFError, ConstructError, ValueError, struct.error, AttributeError) as error:
        raise OSError(f"this is no 64-bit ELF object: {error}") from error


def symbol_tables(content: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """The tables of symbols of an object, each with the names and the number of the first global symbol (elf(5))."""
    from elftools.elf.elffile import ELFFile

    elf = ELFFile(io.BytesIO(content))
    if elf.elfclass != 64 or not elf.little_endian:
        raise ValueError("it is for another kind of machine")
    for table in elf.iter_sections("SHT_SYMTAB"):
        yield table.data(), elf.get_section(table["sh_link"]).data(), table["sh_info"]


def symbols(table: bytes, names: bytes, first: int) -> Iterator[tuple[str, bool]]:
    """The symbols of a table from the entry `first` on, and whether the object defines them.

    pyelftools makes a container of each entry, which takes ten times as long.
    """
    entry = struct.Struct("<I2xH16x")
    for name_at, section in entry.iter_unpack(table[first * entry.size :]):
        name = names[name_at : names.index(b"\0", name_at)]
        if name:
            yield name.decode(errors="surrogateescape"), section not in NOT_DEFINED
