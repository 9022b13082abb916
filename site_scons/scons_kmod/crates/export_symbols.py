# SPDX-License-Identifier: MIT
"""Writes the C source that exports a crate's symbols to other modules, and the names and CRCs of the symbols.

On a kernel with symbol versions, Rust's symbols raise two problems. They are longer than the 55 characters that a
module can import by version (struct modversion_info, include/linux/module.h). And they have no C prototype from which
genksyms could compute a CRC. So there they get short names, and CRCs of their types, which debug information has.
base/library_process.py runs this module.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

# nm's letters for the symbols that rust/Makefile exports of the kernel's own crates (rust_exports).
KINDS = "TRDB"
# All of Rust's symbols begin so (RFC 2603).
RUST_PREFIX = "_R"
# Sections that are gone once the module is loaded: code for loading and unloading, and what modpost and insmod read.
DISCARDED_SECTIONS = (".init", ".exit", ".modinfo", "__param")
# So many characters of the crate's name are in a short name.
CRATE_NAME_LENGTH = 30


def main(request: dict[str, Any]) -> int:
    """Write the C ``source``, the ``renames`` for objcopy and the ``crcs`` for modpost, for what ``objects`` define.

    ``debug`` are objects of the same crates with debug information, empty if the kernel has no symbol versions. Returns
    the exit status.
    """
    names = exported_symbols(request["nm"], request["objects"])
    sys.path.append(request["elftools"])
    crcs = symbol_crcs(names, [Path(path) for path in request["debug"]]) if request["debug"] else {}
    new_names = {name: short_name(request["crate"], name) if crcs else name for name in names}
    lines = (f"extern int {name};\n{request['statement'].format(name)}\n" for name in new_names.values())
    # Of whatever type the symbols are: C needs a declaration, and only takes their addresses.
    Path(request["source"]).write_text(request["head"] + "".join(lines))
    Path(request["renames"]).write_text("".join(f"{old} {new}\n" for old, new in new_names.items() if old != new))
    Path(request["crcs"]).write_text("".join(f"#SYMVER {new_names[name]} {crc:#010x}\n" for name, crc in crcs.items()))
    return 0


def exported_symbols(nm: str, objects: list[str]) -> list[str]:
    """The Rust symbols in objects that other modules can use, sorted. `nm` is the program."""
    argv = [nm, "--format=sysv", "--defined-only", *objects]
    text = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True).stdout
    # The columns are name, value, class, type, size, line and section.
    rows = ([field.strip() for field in line.split("|")] for line in text.splitlines() if line.startswith(RUST_PREFIX))
    return sorted({row[0] for row in rows if row[2] in KINDS and not row[-1].startswith(DISCARDED_SECTIONS)})


def short_name(crate: str, name: str) -> str:
    """A name for a symbol that a module can import by version: the crate's name, and a digest of the symbol's name."""
    return f"{crate[:CRATE_NAME_LENGTH]}_{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def symbol_crcs(names: list[str], debug: list[Path]) -> dict[str, int]:
    """The CRC of each symbol, from the debug information in the objects `debug`."""
    from scons_kmod.crates.dwarf_types import symbol_types

    types = {name: text for path in debug for name, text in symbol_types(path, set(names)).items()}
    # rustc may inline other functions when it writes debug information. A symbol that is missing for that reason gets a
    # CRC of the types of all the others.
    all_types = "\n".join(f"{name}\n{types[name]}" for name in sorted(types))
    return {name: zlib.crc32(f"{name}\n{types.get(name, all_types)}".encode()) for name in names}
