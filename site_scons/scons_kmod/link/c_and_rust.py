# SPDX-License-Identifier: MIT
"""Compares a module's crate with its C objects before they are linked: what both define, and what C uses of Rust.

base/library_process.py runs this module.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

# The tags that a module has once (MODULE_LICENSE etc. of include/linux/module.h; the 2021 `module!` has the same).
SINGLE_TAGS = ("license", "description", "version", "name")
# The functions that load and unload a module, and the macros that define them in C (include/linux/module.h).
ENTRY_POINTS = {"init_module": "module_init", "cleanup_module": "module_exit"}
TAG = re.compile(r"^ *\[ *[0-9a-f]+\] +(\w+)=", re.MULTILINE)


def main(request: dict[str, Any]) -> int:
    """Write the linker script ``roots``, if it is not empty: with it, ld keeps the symbols that the C objects use.

    Returns the exit status. It is 1 if the C objects ``c`` and the ``crate`` have the same tag, such as the license, or
    both have an entry point. ``renames`` are the files with new names of the crates' symbols, for objcopy.
    """
    crate, objects, nm, readelf = request["crate"], request["c"], request["nm"], request["readelf"]
    if roots := request.get("roots"):
        names = symbol_names([nm, "-u"], objects)
        # The crates' symbols are renamed later: they still have their old names when this script is used.
        pairs = (line.split() for path in request["renames"] for line in Path(path).read_text().splitlines())
        old_names = {new: old for old, new in pairs}
        Path(roots).write_text("".join(f"EXTERN({old_names.get(name, name)})\n" for name in sorted(names)))
    tags = modinfo_tags(readelf, [crate]) & modinfo_tags(readelf, objects)
    duplicates = {f"the module's {tag}": f"MODULE_{tag.upper()}" for tag in sorted(tags)}
    entries = symbol_names([nm, "--defined-only"], [crate]) & symbol_names([nm, "--defined-only"], objects)
    duplicates |= {f"the module's entry {name}": macro for name, macro in ENTRY_POINTS.items() if name in entries}
    for definition, macro in duplicates.items():
        print(f"{definition} is given both in C ({macro}) and in Rust (module!)", file=sys.stderr)
    return 1 if duplicates else 0


def symbol_names(nm: list[str], objects: list[str]) -> set[str]:
    """The names of the objects' global symbols, as a program and its options (`nm`) list them."""
    lines = program_output([*nm, "-g", "-P", *objects]).splitlines()
    # If there are several objects, a line with an object's name comes before its symbols.
    return {line.split()[0] for line in lines if line.strip() and not line.endswith(":")}


def modinfo_tags(readelf: str, objects: list[str]) -> set[str]:
    """Those of the tags `SINGLE_TAGS` that the objects have in .modinfo."""
    return set(TAG.findall(program_output([readelf, "-W", "-p", ".modinfo", *objects]))) & set(SINGLE_TAGS)


def program_output(argv: list[str]) -> str:
    """What a program prints. Its standard error is dropped: readelf warns about objects without .modinfo."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return done.stdout
