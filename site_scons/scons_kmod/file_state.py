# SPDX-License-Identifier: MIT
"""What a set of files looked like, so that a later run can tell whether any of them has changed.

A file counts as unchanged while its size, its time stamps and its inode are as recorded (one `stat`); only when one
of them differs is its content read. So a touch changes nothing, and an edit that keeps size and modification time is
still seen: the change time can't be set back.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scons_kmod.atomic import write_text

# The kernel stamps files with a clock that ticks every few milliseconds.
CLOCK_TICK_NS = 20_000_000


@dataclasses.dataclass(frozen=True)
class FileState:
    """One file: size in bytes, times in nanoseconds, inode number and the SHA-256 of its content.

    An empty digest stands for a content that can't be known: the file never counts as unchanged.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    digest: str

    def same_stat(self, stat: os.stat_result) -> bool:
        """Whether the file can be taken as unchanged without reading it."""
        return (
            self.size == stat.st_size
            and self.mtime_ns == stat.st_mtime_ns
            and self.ctime_ns == stat.st_ctime_ns
            and self.inode == stat.st_ino
        )


def digest_of(path: Path | str) -> str:
    """The SHA-256 of a file's content, as hexadecimal text. Raises `OSError`."""
    with open(path, "rb") as file:  # noqa: PTH123 - takes plain text too: thousands of paths a run
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_state(path: Path | str, *, before_ns: int | None = None) -> FileState | None:
    """The state of a file now, or None where there is none.

    With `before_ns`, a moment of the clock, a file that was changed since then gets an empty digest: what a step
    that ran meanwhile has read of it is unknown.
    """
    try:
        stat = os.stat(path)  # noqa: PTH116
        digest = "" if before_ns is not None and is_fresh(stat.st_ctime_ns, before_ns) else digest_of(path)
    except OSError:
        return None
    return FileState(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, digest)


def is_fresh(ctime_ns: int, before_ns: int) -> bool:
    """Whether a file with this change time may have been changed at or after the moment `before_ns`."""
    return ctime_ns >= before_ns - CLOCK_TICK_NS


class FileSet:
    """Files by path, with the state that each had when the set was taken (None: it did not exist)."""

    def __init__(self, states: dict[str, FileState | None]) -> None:
        self.states = states

    @classmethod
    def take(cls, paths: Iterable[Path | str], *, before_ns: int | None = None) -> FileSet:
        """Record the files as they are; `before_ns` as in `read_state`."""
        return cls({text: read_state(text, before_ns=before_ns) for text in sorted({str(p) for p in paths})})

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> FileSet:
        """The set that `to_json` made `raw` of. Raises `TypeError` or `AttributeError` for anything else."""
        return cls({name: FileState(*state) if state else None for name, state in raw.items()})

    def to_json(self) -> dict[str, Any]:
        """The set in types that JSON has."""
        return {name: dataclasses.astuple(state) if state else None for name, state in self.states.items()}

    @classmethod
    def load(cls, path: Path) -> FileSet | None:
        """The set saved in `path`, or None where there is none that can be read."""
        try:
            return cls.from_json(json.loads(path.read_text()))
        except (OSError, ValueError, TypeError, AttributeError):
            return None

    def save(self, path: Path) -> None:
        """Write the set as JSON."""
        write_text(path, json.dumps(self.to_json(), separators=(",", ":")))

    def changed(self, look: Look | None = None) -> list[str]:
        """The paths whose file is not what it was: changed, gone, or come into being."""
        seen = look or Look()
        return [path for path, state in self.states.items() if has_changed(path, state, seen)]

    def doubting(self, before_ns: int) -> FileSet:
        """The same set, but a file that was changed since the moment `before_ns` never counts as unchanged."""
        states = {
            path: dataclasses.replace(state, digest="") if state and is_fresh(state.ctime_ns, before_ns) else state
            for path, state in self.states.items()
        }
        return FileSet(states)

    def digest(self) -> str:
        """One digest for the content of all files, whatever their paths."""
        parts = [state.digest if state else "-" for state in self.states.values()]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class Look:
    """Files as they are at one time: each is looked at once, however many sets it is in."""

    def __init__(self) -> None:
        self._stats: dict[str, os.stat_result | None] = {}
        self._digests: dict[str, str] = {}

    def stat(self, path: str) -> os.stat_result | None:
        """The file's status, or None where there is no file that can be looked at."""
        if path not in self._stats:
            try:
                self._stats[path] = os.stat(path)  # noqa: PTH116
            except OSError:
                self._stats[path] = None
        return self._stats[path]

    def digest(self, path: str) -> str:
        """The digest of the file's content; empty if it can't be read."""
        if path not in self._digests:
            try:
                self._digests[path] = digest_of(path)
            except OSError:
                self._digests[path] = ""
        return self._digests[path]


def has_changed(path: Path | str, state: FileState | None, look: Look | None = None) -> bool:
    """Whether the file at `path` differs in content or existence from the recorded state."""
    seen = look or Look()
    stat = seen.stat(str(path))
    if stat is None or state is None:
        return (stat is None) != (state is None)
    return not state.digest or (not state.same_stat(stat) and seen.digest(str(path)) != state.digest)


def clock_ns() -> int:
    """Now, on the clock that file times are taken from."""
    return time.time_ns()
