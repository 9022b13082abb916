# SPDX-License-Identifier: MIT
"""Where the library lies that reads debug information; importing it costs too much for a null build."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def elftools() -> Path:
    """The directory of the library that reads debug information."""
    spec = importlib.util.find_spec("elftools")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("elftools")
    return Path(spec.origin).parent
