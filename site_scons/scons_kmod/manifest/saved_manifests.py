# SPDX-License-Identifier: MIT
"""Manifests that an earlier run has read. They are read again if anything in their directories has changed.

What a manifest says depends on its text and on which files there are in its directory: patterns, and defaults such as
``test.sh``. It depends on nothing outside: no key may name a path there (paths.py).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from scons_kmod.base.saved_object import load_object, save_object
from scons_kmod.engine.digests import Digests
from scons_kmod.engine.snapshot import Snapshot, is_unchanged, tree_snapshot
from scons_kmod.manifest.paths import missing_count


class SavedManifest(NamedTuple):
    """What was read of a manifest."""

    # The directory of the manifest, without symbolic links.
    directory: str
    snapshot: Snapshot
    # What `SavedManifests.read` returns.
    content: Any


class SavedManifests:
    """The manifests, by their paths as the user has named them, for errors have these paths."""

    def __init__(self, path: Path, key: str, digests: Digests, build: Path) -> None:
        """`path` is the file that keeps them. `key` stands for the code that reads them.

        `build` is the build directory: if it is in the directory of a manifest, the manifest is read in each run.
        """
        self.path = path
        self.key = key
        self.digests = digests
        self.build = build
        self._saved: dict[str, SavedManifest] = load_object(path, key) or {}
        self._used: dict[str, SavedManifest] = {}

    def read(self, path: Path, directory: Path, read: Callable[[Path], Any]) -> Any:
        """What `read` returns for a manifest, now or in an earlier run. `directory` is as in `SavedManifest`.

        Raises what `read` raises.
        """
        name = str(path)
        saved = self._saved.get(name)
        if saved and saved.directory == str(directory) and is_unchanged(saved.snapshot, self.digests):
            self._used[name] = saved
            return saved.content
        missing = missing_count()
        content = read(path)
        snapshot = tree_snapshot(directory, self.digests, self.build)
        if snapshot is not None and missing == missing_count():
            self._used[name] = SavedManifest(str(directory), snapshot, content)
        return content

    def save(self) -> None:
        """Write the manifests of this run, if the file is to change. Raises `OSError`."""
        same = all(self._saved.get(name) is used for name, used in self._used.items())
        if not same or len(self._used) != len(self._saved):
            save_object(self.path, self.key, self._used)
