# SPDX-License-Identifier: MIT
"""What makes packages reproducible: a work directory of their own, fixed times, and modes that no umask changes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scons_kmod.base.errors import MachineError, UserError
from scons_kmod.manifest.sections.package import PackageInfo


@contextmanager
def work_directory(directory: Path) -> Iterator[Path]:
    """A temporary directory in `directory` to make a package in.

    Raises `MachineError` for an `OSError` in the body, for example if the disk is full.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".package-", dir=directory) as temporary:
            yield Path(temporary)
    except OSError as error:
        fix = "free some space there, or make it writable"
        raise MachineError(f"{error.strerror}", where=str(error.filename or directory), fix=fix) from error


def set_modes_and_times(root: Path, seconds: int) -> None:
    """Give everything below `root` the time `seconds` since 1970, and directories the mode 0755."""
    for path in (root, *root.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
        os.utime(path, (seconds, seconds))


def source_date_epoch(info: PackageInfo) -> int:
    """The time of a package's files, in seconds since 1970: SOURCE_DATE_EPOCH, or the day of the module's release.

    Raises `UserError` if SOURCE_DATE_EPOCH is not a number.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return info.seconds
    if not epoch.isdecimal():
        raise UserError("seconds since 1970 are expected", where=f"SOURCE_DATE_EPOCH={epoch}", fix="unset it")
    return int(epoch)
