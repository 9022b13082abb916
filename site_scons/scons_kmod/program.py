# SPDX-License-Identifier: MIT
"""A part of the library as a process of its own: program.py NAME REQUEST.json, with the request for NAME's `main`."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path


def main(name: str, request: str) -> int:
    """Run `main` of a module of this package. Returns the exit status."""
    # Python is told (-I) to look nowhere but in its own directories.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    status: int = importlib.import_module(f"scons_kmod.{name}").main(json.loads(Path(request).read_text()))
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
