# SPDX-License-Identifier: MIT
"""Where the sources lie that go into modules, and the targets: in a checkout, or in the installed package."""

from __future__ import annotations

from pathlib import Path

LIBRARY = Path(__file__).parents[1]


def home() -> Path:
    """The directory that holds rust/, kernel/ and targets/."""
    checkout = LIBRARY.parents[1]
    return checkout if (checkout / "kernel/lib.rs").is_file() else LIBRARY / "home"
