# SPDX-License-Identifier: MIT
"""A file as it was at one time: the key of caches of what is in files."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class FileVersion(NamedTuple):
    """A file as it was at one time."""

    path: str
    changed_ns: int

    @classmethod
    def now(cls, path: str) -> FileVersion:
        """The file as it is now. Raises `OSError`."""
        return cls(path, Path(path).stat().st_ctime_ns)
