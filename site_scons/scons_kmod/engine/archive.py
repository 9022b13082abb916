# SPDX-License-Identifier: MIT
"""Archives of objects (ar), and which of their members a link may read.

ld takes a member only if it needs a symbol that, by the archive's index, the member defines. So a link depends on no
more than the index's entries for the symbols that it needs, and the members that these entries name.
"""

from __future__ import annotations

import dataclasses
import functools
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from scons_kmod.engine.digests import bytes_digest
from scons_kmod.engine.file_version import FileVersion
from scons_kmod.engine.object_symbols import global_symbols

# The form of an archive (ar(5); the index and long names as GNU's ar writes them, in binutils' bfd/archive.c).
MAGIC = b"!<arch>\n"
# A member's header is its name (16 bytes), date (12), owner (6), group (6), mode (8), size (10) and two bytes more.
HEADER = struct.Struct("16s12s6s6s8s10s2s")
INDEX, LONG_NAMES = "/", "//"


@dataclasses.dataclass(frozen=True)
class Archive:
    """What an archive has: the content of its members, and its index."""

    # By the offset of their header.
    members: dict[int, bytes]
    # Symbols, each with the member that defines it, in the order in which ld goes through them.
    index: tuple[tuple[str, int], ...]

    def entries(self, names: Iterable[str]) -> Iterator[tuple[str, int]]:
        """The index's entries for some symbols, in their order."""
        wanted = set(names)
        return ((name, offset) for name, offset in self.index if name in wanted)

    def lines(self, names: Iterable[str]) -> set[str]:
        """A line for each entry for some symbols: its rank among these, the symbol, and the member's digest."""
        return {
            f"{rank} {name} {bytes_digest(self.members[offset])}"
            for rank, (name, offset) in enumerate(self.entries(names))
        }


@functools.lru_cache(maxsize=8)
def read_archive(file: FileVersion) -> Archive:
    """What an archive has. Raises `OSError`, also if the file is no archive."""
    content = Path(file.path).read_bytes()
    try:
        members = dict(raw_members(content))
        index = next((tuple(index_entries(data)) for name, data in members.values() if name == INDEX), ())
        objects = {at: data for at, (name, data) in members.items() if name not in (INDEX, LONG_NAMES)}
        if any(offset not in objects for _, offset in index):
            raise ValueError("the index names no member")
    except (ValueError, struct.error) as error:
        raise OSError(f"{file.path} is damaged: {error}") from error
    return Archive(objects, index)


def raw_members(content: bytes) -> Iterator[tuple[int, tuple[str, bytes]]]:
    """The offsets, names and contents of an archive's members. Raises `ValueError` and `struct.error`."""
    if not content.startswith(MAGIC):
        raise ValueError("it is no archive")
    offset = len(MAGIC)
    while offset < len(content):
        name, *_, size, end = HEADER.unpack_from(content, offset)
        begin = offset + HEADER.size
        data = content[begin : begin + int(size)]
        if end != b"`\n" or len(data) != int(size):
            raise ValueError("a member is not whole")
        yield offset, (name.decode().rstrip(), data)
        # Members begin at even offsets.
        offset = begin + len(data) + len(data) % 2


def index_entries(data: bytes) -> Iterator[tuple[str, int]]:
    """The entries of an archive's index: a number, as many offsets of members, and the names of the symbols."""
    (count,) = struct.unpack_from(">I", data)
    offsets = struct.unpack_from(f">{count}I", data, 4)
    names = data[4 * (count + 1) :].split(b"\0")
    yield from zip((name.decode(errors="surrogateescape") for name in names), offsets, strict=False)


def needed_symbols(path: Path, objects: Iterable[Path]) -> tuple[str, ...]:
    """The symbols that a link of `objects` with the archive at `path` may look up in the archive's index.

    They are what the objects need, and what the members need that ld may take for one of these. Raises `OSError`.
    """
    archive = read_archive(FileVersion.now(str(path)))
    needed, defined = set[str](), set[str]()
    for object_file in objects:
        for name, is_defined in global_symbols(object_file.read_bytes()):
            (defined if is_defined else needed).add(name)
    needed -= defined
    taken = set[int]()
    while more := {offset for _, offset in archive.entries(needed)} - taken:
        taken |= more
        symbols = (symbol for offset in more for symbol in global_symbols(archive.members[offset]))
        needed |= {name for name, is_defined in symbols if not is_defined} - defined
    return tuple(sorted(needed))
