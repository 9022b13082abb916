# SPDX-License-Identifier: MIT
"""Runs a module of this library in a process of its own: ``library_process.py NAME REQUEST.json``.

NAME is a module below ``scons_kmod`` (``link.c_and_rust``). Its ``main`` gets the request. Steps use this for work that
no compiler and no other tool does.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

LIBRARY = Path(__file__).parents[1]


def process_args(python: str, name: str, request: Path) -> tuple[str, ...]:
    """The args that run ``main`` of the module `name` with a request. `python` is the interpreter."""
    return (python, "-I", str(LIBRARY / "base/library_process.py"), name, str(request))


def process_files(*names: str) -> tuple[Path, ...]:
    """The files of this library that such a process reads. `names` are all modules that it imports."""
    packages = {name.partition(".")[0] for name in names}
    return (
        *(LIBRARY / "base/library_process.py", LIBRARY / "__init__.py"),
        *(LIBRARY / package / "__init__.py" for package in sorted(packages)),
        *(LIBRARY / f"{name.replace('.', '/')}.py" for name in names),
    )


def main(name: str, request: str) -> int:
    """Run ``main`` of the module `name` with the JSON in the file `request`. Returns the exit status."""
    # With -I, Python searches no directories but its own.
    sys.path.insert(0, str(LIBRARY.parent))
    status: int = importlib.import_module(f"scons_kmod.{name}").main(json.loads(Path(request).read_text()))
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
