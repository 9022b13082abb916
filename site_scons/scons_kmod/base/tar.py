# SPDX-License-Identifier: MIT
"""Tar archives that are the same for the same files."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping


def archived(files: Mapping[str, bytes], seconds: int = 0) -> bytes:
    """A tar archive, the same for the same files; all have the time `seconds` since 1970."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(data), seconds
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()
