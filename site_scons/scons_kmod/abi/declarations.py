# SPDX-License-Identifier: MIT
"""Reads what a kernel's headers declare for several lists of sources: the declarations that their names reach.

base/library_process.py runs this module.
"""

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
    """Write the texts of the declarations that each list in ``sources`` reaches to ``output``, as JSON by list name.

    Returns the exit status.
    """
    try:
        unit = Unit(request["libclang"], request["header"], request["flags"])
        declarations = read_declarations(unit)
        texts = {}
        for list_name, sources in request["sources"].items():
            names = {name for path in sources for name in names_in_source(path, Path(path).read_text())}
            reach = Reach(declarations, names)
            reach.reach_names()
            texts[list_name] = reach.texts
    except HeaderError as error:
        print(error, file=sys.stderr)
        return 1
    Path(request["output"]).write_text(json.dumps(texts))
    return 0
