# SPDX-License-Identifier: MIT
"""Reproducible tar archives."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping


def tar_archive(files: Mapping[str, bytes], seconds: int = 0) -> bytes:
    """A tar archive of files by their names, the same for the same files. Their time is `seconds` since 1970."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), seconds
            archive.addfile(entry, io.BytesIO(content))
    return data.getvalue()
