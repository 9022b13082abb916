# SPDX-License-Identifier: MIT
"""Snapshots: the status of files and directories, as they were when something was found out from them.

While all of them have the same status, it need not be found out again. A directory's status changes when a file in it
is created, removed or renamed. A file that is missing has the status None.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.engine.digests import CLOCK_TICK_NS, Digests, Stat

Snapshot = dict[str, Stat | None]
# Of larger trees no snapshot is taken: to look at all files would take longer than what it saves.
MOST_FILES = 500


def take_snapshot(paths: Iterable[str], digests: Digests) -> Snapshot | None:
    """The status of all paths. None if one has changed since this run began: it may change again, with the same times.

    The status is that of the first look in this run. So it is not too new for what the run has found out since.
    """
    # Many snapshots have the same paths. pickle writes a string once for each object.
    snapshot = {sys.intern(path): digests.stat(path) for path in paths}
    moment = digests.started - CLOCK_TICK_NS
    return snapshot if all(stat is None or stat[2] < moment for stat in snapshot.values()) else None


def is_unchanged(snapshot: Snapshot, digests: Digests) -> bool:
    """Whether all paths have the status of the snapshot."""
    status = digests.stat
    return all(status(path) == stat for path, stat in snapshot.items())


def tree_snapshot(directory: Path, digests: Digests, excluded: Path) -> Snapshot | None:
    """The status of a directory and of all that is below it.

    None if it has many files, or symbolic links, which lead elsewhere, or if `excluded` is in it, or as for
    `take_snapshot`.
    """
    found: list[str] = []
    left = [str(directory)]
    while left:
        current = left.pop()
        found.append(current)
        if current == str(excluded):
            return None
        try:
            # Before its entries: one that is created meanwhile is noticed later.
            digests.stat(current)
            with os.scandir(current) as entries:
                for entry in entries:
                    if entry.is_symlink():
                        return None
                    (left if entry.is_dir() else found).append(entry.path)
            if len(found) > MOST_FILES:
                return None
        except OSError:
            return None
    return take_snapshot(found, digests)
