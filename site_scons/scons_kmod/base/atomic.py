# SPDX-License-Identifier: MIT
"""Atomic writes: a file is written under another name in the same directory, then renamed. It is whole or not there."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def write_bytes(path: Path, data: bytes, *, mode: int = 0o644, check: Callable[[Path], object] | None = None) -> None:
    """Replace `path` by a file with the content `data`. Make its directory. Readers see the old file or the new one.

    `check` gets the new file before it replaces the old one. If it raises an error, the old file stays. Raises
    `OSError`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(mode)
        if check:
            check(Path(name))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str, *, mode: int = 0o644, check: Callable[[Path], object] | None = None) -> None:
    """Like `write_bytes`, for text in UTF-8."""
    write_bytes(path, text.encode(), mode=mode, check=check)


def copy_file(source: Path, path: Path) -> None:
    """Replace `path` by a copy of the file `source` with the same mode. Make its directory. Raises `OSError`."""
    write_bytes(path, source.read_bytes(), mode=source.stat().st_mode & 0o777)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file `path`. Create it if needed. The lock ends with the process at the latest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
