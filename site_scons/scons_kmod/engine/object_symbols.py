# SPDX-License-Identifier: MIT
"""The global symbols of objects: 64-bit ELF, as elf(5) describes it.

pyelftools reads them too, but takes fifty times as long: it makes a container of each symbol.
"""

from __future__ import annotations

import struct
from pathlib import Path

IDENTITY = b"\x7fELF\x02"
LITTLE_ENDIAN = 1
SYMBOL_TABLE = 2
# The section of a symbol that an object does not define (SHN_UNDEF), or that another may define better (SHN_COMMON).
NOT_DEFINED = (0, 0xFFF2)


def object_symbols(path: Path) -> tuple[str, ...]:
    """The names of an object's global symbols: what it imports, and what it may export. Raises `OSError`."""
    return tuple(sorted({name for name, _ in global_symbols(path.read_bytes())}))


def defined_symbols(path: Path) -> tuple[str, ...]:
    """The names of the global symbols that an object defines. Raises `OSError`."""
    return tuple(sorted({name for name, defined in global_symbols(path.read_bytes()) if defined}))


def global_symbols(content: bytes) -> list[tuple[str, bool]]:
    """The names of an object's global symbols, and whether it defines them. `content` is the object.

    Raises `OSError` if it is none.
    """
    try:
        return parsed_symbols(content)
    except (ValueError, struct.error, IndexError) as error:
        raise OSError(f"this is no 64-bit ELF object: {error}") from error


def parsed_symbols(content: bytes) -> list[tuple[str, bool]]:
    """Like `global_symbols`, but raises `ValueError`, `IndexError` or `struct.error`."""
    if not content.startswith(IDENTITY):
        raise ValueError("it does not begin like one")
    order = "<" if content[5] == LITTLE_ENDIAN else ">"
    (sections_at,) = struct.unpack_from(f"{order}Q", content, 40)
    size, count = struct.unpack_from(f"{order}2H", content, 58)
    # Type, offset, size, linked section, and more: for a table of symbols, the number of its first global symbol.
    section = struct.Struct(f"{order}4xI16x2Q2I")

    def header(number: int) -> tuple[int, int, int, int, int]:
        kind, offset, length, link, info = section.unpack_from(content, sections_at + number * size)
        return kind, offset, length, link, info

    # The size of section 0 is the number of sections if that does not fit into the file's header.
    count = count or (header(0)[2] if sections_at else 0)
    tables = (found for number in range(count) if (found := header(number))[0] == SYMBOL_TABLE)
    _, offset, length, link, first = next(tables, (0, 0, 0, 0, 0))
    if not length:
        return []
    _, names_at, names_length, _, _ = header(link)
    names = content[names_at : names_at + names_length]
    # Name, a byte that says more, another, section.
    symbol = struct.Struct(f"{order}I2xH16x")
    entries = symbol.iter_unpack(content[offset + first * symbol.size : offset + length])
    named = ((names[at : names.index(b"\0", at)], index) for at, index in entries)
    return [(name.decode(errors="surrogateescape"), index not in NOT_DEFINED) for name, index in named if name]
