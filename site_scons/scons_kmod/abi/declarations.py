# SPDX-License-Identifier: MIT
"""What the headers declare of the names in some sources, in words, for several lists of sources. Run by program.py."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from scons_kmod.bindings.declarations import read_declarations
from scons_kmod.bindings.libclang import HeaderError, Unit
from scons_kmod.bindings.reach import Reach
from scons_kmod.engine.identifiers import names_in_source


def main(request: dict[str, Any]) -> int:
    """Write the declarations that each list in ``sources`` reaches, by the list's name. Returns the exit status."""
    try:
        unit = Unit(request["libclang"], request["header"], request["flags"])
        everything = read_declarations(unit)
        made = {}
        for name, sources in request["sources"].items():
            words = {word for path in sources for word in names_in_source(path, Path(path).read_text())}
            reach = Reach(everything, words)
            reach.reach_names()
            made[name] = reach.texts
    except HeaderError as error:
        print(error, file=sys.stderr)
        return 1
    Path(request["made"]).write_text(json.dumps(made))
    return 0
