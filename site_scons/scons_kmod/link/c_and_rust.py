# SPDX-License-Identifier: MIT
"""What C objects and a module's crate are to each other, found out before they are linked. Run by program.py"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

# What a module says of itself once (MODULE_LICENSE etc. of include/linux/module.h; the 2021 `module!` has the same).
SINGLE_TAGS = ("license", "description", "version", "name")
# The functions by which a module is loaded and unloaded, and what gives them in C (include/linux/module.h).
ENTRY_POINTS = {"init_module": "module_init", "cleanup_module": "module_exit"}
TAG = re.compile(r"^ *\[ *[0-9a-f]+\] +(\w+)=", re.MULTILINE)


def main(request: dict[str, Any]) -> int:
    """Write a linker script that keeps the symbols which the C objects ``c`` need, if ``roots`` names it.

    Returns the exit status: 1 if C and the ``crate`` both say what the module is, or both have its entries.
    """
    crate, objects, nm, readelf = request["crate"], request["c"], request["nm"], request["readelf"]
    if roots := request.get("roots"):
        names = symbol_names([nm, "-u"], objects)
        # The crates' own names for them, at this point.
        pairs = (line.split() for path in request["renames"] for line in Path(path).read_text().splitlines())
        theirs = {new: old for old, new in pairs}
        Path(roots).write_text("".join(f"EXTERN({theirs.get(name, name)})\n" for name in sorted(names)))
    tags = modinfo_tags(readelf, [crate]) & modinfo_tags(readelf, objects)
    both = {f"the module's {tag}": f"MODULE_{tag.upper()}" for tag in sorted(tags)}
    entries = symbol_names([nm, "--defined-only"], [crate]) & symbol_names([nm, "--defined-only"], objects)
    both |= {f"the module's entry {name}": macro for name, macro in ENTRY_POINTS.items() if name in entries}
    for what, macro in both.items():
        print(f"{what} is given both in C ({macro}) and in Rust (module!)", file=sys.stderr)
    return 1 if both else 0


def symbol_names(nm: list[str], objects: list[str]) -> set[str]:
    """The names that nm lists of the objects' global symbols."""
    lines = program_output([*nm, "-g", "-P", *objects]).splitlines()
    # Before those of each of several objects stands its name.
    return {line.split()[0] for line in lines if line.strip() and not line.endswith(":")}


def modinfo_tags(readelf: str, objects: list[str]) -> set[str]:
    """The tags of .modinfo that the objects have, of those that a module has once."""
    return set(TAG.findall(program_output([readelf, "-W", "-p", ".modinfo", *objects]))) & set(SINGLE_TAGS)


def program_output(argv: list[str]) -> str:
    """What a program prints; of objects without such a section readelf complains on standard error."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return done.stdout
