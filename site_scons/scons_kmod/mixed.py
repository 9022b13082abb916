# SPDX-License-Identifier: MIT
"""What C objects and a module's crate are to each other, found out before they are linked. Run by program.py"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

# What a module says of itself once (MODULE_LICENSE etc. of include/linux/module.h; the 2021 `module!` has the same).
SAID_ONCE = ("license", "description", "version", "name")
ENTRY = re.compile(r"^ *\[ *[0-9a-f]+\] +(\w+)=", re.MULTILINE)


def main(request: dict[str, Any]) -> int:
    """Write a linker script that keeps the symbols which the C objects ``c`` need, if ``roots`` names it.

    Returns the exit status: 1 if C and the ``crate`` both say what the module is.
    """
    crate, objects = request["crate"], request["c"]
    if roots := request.get("roots"):
        text = run([request["nm"], "-u", "-P", *objects])
        names = {line.split()[0] for line in text.splitlines() if not line.endswith(":") and line.strip()}
        # The crates' own names for them, at this point.
        pairs = (line.split() for path in request["renames"] for line in Path(path).read_text().splitlines())
        theirs = {new: old for old, new in pairs}
        Path(roots).write_text("".join(f"EXTERN({theirs.get(name, name)})\n" for name in sorted(names)))
    both = said(request["readelf"], [crate]) & said(request["readelf"], objects)
    for tag in sorted(both):
        print(f"the module's {tag} is given both in C (MODULE_{tag.upper()}) and in Rust (module!)", file=sys.stderr)
    return 1 if both else 0


def said(readelf: str, objects: list[str]) -> set[str]:
    """The tags of .modinfo that the objects have, of those that a module has once."""
    return set(ENTRY.findall(run([readelf, "-W", "-p", ".modinfo", *objects]))) & set(SAID_ONCE)


def run(argv: list[str]) -> str:
    """What a program prints; of objects without such a section readelf complains on standard error."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return done.stdout
