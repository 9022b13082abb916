# SPDX-License-Identifier: MIT
"""A crate's symbols for other modules: the C source that exports them, and what they are called and versioned by.

The symbols of Rust are longer than a module can ask for by version (55 characters: struct modversion_info of
include/linux/module.h), and none has a prototype for genksyms. So where the kernel has versions they get short names,
and CRCs of their types as debug information tells them. Run by program.py
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

# What rust/Makefile has the kernel's own crates export (rust_exports); all of Rust's symbols begin so (RFC 2603).
KINDS = "TRDB"
RUST = "_R"
# Sections of what runs at loading and unloading, and of what only modpost and insmod read.
BRIEF = (".init", ".exit", ".modinfo", "__param")
# How much of the crate's name is in a short name.
HEAD = 30


def main(request: dict[str, Any]) -> int:
    """Write the C ``source``, the ``renames`` for objcopy and the ``crcs`` for modpost, for what ``objects`` define.

    ``debug`` are the same crates with debug information; none where the kernel has no versions. Returns the exit
    status.
    """
    names = exported(request["nm"], request["objects"])
    sys.path.append(request["elftools"])
    versions = versioned(names, [Path(path) for path in request["debug"]]) if request["debug"] else {}
    known = {name: short(request["crate"], name) if versions else name for name in names}
    lines = (f"extern int {name};\n{request['statement'].format(name)}\n" for name in known.values())
    # What the symbols are is of no interest to C.
    Path(request["source"]).write_text(request["head"] + "".join(lines))
    Path(request["renames"]).write_text("".join(f"{old} {new}\n" for old, new in known.items() if old != new))
    Path(request["crcs"]).write_text("".join(f"#SYMVER {known[name]} {crc:#010x}\n" for name, crc in versions.items()))
    return 0


def exported(nm: str, objects: list[str]) -> list[str]:
    """The symbols of crates that other modules may use, sorted; not those that are gone once the module is loaded."""
    listed = [nm, "--format=sysv", "--defined-only", *objects]
    text = subprocess.run(listed, stdout=subprocess.PIPE, text=True, check=True).stdout
    # Name, value, class, type, size, line, section.
    rows = ([field.strip() for field in line.split("|")] for line in text.splitlines() if line.startswith(RUST))
    return sorted({row[0] for row in rows if row[2] in KINDS and not row[-1].startswith(BRIEF)})


def short(crate: str, name: str) -> str:
    """What a symbol is called where its own name is too long."""
    return f"{crate[:HEAD]}_{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def versioned(names: list[str], debug: list[Path]) -> dict[str, int]:
    """The CRC of each symbol."""
    from scons_kmod.crates.dwarf_types import symbol_types

    types = {name: text for path in debug for name, text in symbol_types(path, set(names)).items()}
    # What is inlined may differ with debug information; a symbol that is not there changes with all that is.
    whole = "\n".join(f"{name}\n{types[name]}" for name in sorted(types))
    return {name: zlib.crc32(f"{name}\n{types.get(name, whole)}".encode()) for name in names}
