# SPDX-License-Identifier: MIT
"""What files hold, as digests: each file is looked at once a run, and read only if it may have changed.

A file counts as unchanged while its size, its time stamps and its inode are as they were when it was last read (one
`stat`). So a touch costs one reading, and an edit that keeps size and modification time is still seen: the change time
can't be set back.

There are three digests of a file. `RAW` is of its content. `LINES` and `TOKENS` are of what its compiler can notice
(meaning.py): with the line numbers, or without. A file that is no source has one digest under all three names.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from scons_kmod.base.atomic import write_text
from scons_kmod.engine.key_text import key_text

RAW = "raw"
LINES = "lines"
TOKENS = "tokens"

# A digest that no file has: what was read of a file that was changed meanwhile can't be known.
UNKNOWN = "?"
SOURCES = (".rs", ".c", ".h")
# The kernel stamps files with a clock that ticks every few milliseconds.
CLOCK_TICK_NS = 20_000_000
# Seconds.
OLD = 30 * 24 * 3600
# Changes with the form of the file in which digests are kept, and with what `LINES` and `TOKENS` mean.
FORMAT = 1

# Size in bytes, times in nanoseconds, inode number.
Stat = tuple[int, int, int, int]


def digest_of(path: Path | str) -> str:
    """The digest of a file's content, as hexadecimal text. Raises `OSError`."""
    with open(path, "rb") as file:  # noqa: PTH123 - takes plain text too: thousands of paths a run
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def text_digest(text: str) -> str:
    """The digest of a text, as hexadecimal text."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]


def clock_ns() -> int:
    """Now, on the clock that file times are taken from."""
    return time.time_ns()


class Digests:
    """The digests of files by path. Safe to use from several threads: at worst a file is read twice."""

    def __init__(self, kept: Path | None = None) -> None:
        """`kept` is the file in which digests outlive the run, if any; one that can't be read is as good as none."""
        self.kept = kept
        self._known: dict[str, tuple[Stat, dict[str, str]]] = load(kept) if kept else {}
        self._stats: dict[str, Stat | None] = {}
        self._looked: dict[str, int] = {}
        self._learnt = False
        # Files of digests that other builds share, and the directories that each is about.
        self._common: dict[Path, tuple[str, ...]] = {}

    def stat(self, path: str) -> Stat | None:
        """The file's status as it was when this run first asked, or None where there is no such file."""
        if path in self._stats:
            return self._stats[path]
        try:
            found = os.stat(path)  # noqa: PTH116
        except OSError:
            self._stats[path] = None
            return None
        stat = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        self._stats[path] = stat
        return stat

    def of(self, path: Path | str, kind: str = RAW) -> str | None:
        """The digest of a file, or None where there is no file that can be read."""
        name = str(path)
        stat = self.stat(name)
        if stat is None:
            return None
        known = self._known.get(name)
        if known is None or known[0] != stat:
            known = self._known[name] = (stat, {})
            self._looked[name] = clock_ns()
        kind = kind if name.endswith(SOURCES) else RAW
        if kind not in known[1]:
            try:
                known[1][kind] = digest_of(name) if kind == RAW else meaning_digest(name, lines=kind == LINES)
            except OSError:
                return None
            self._learnt = True
        return known[1][kind]

    def all_of(self, paths: Iterable[Path | str], kind: str = RAW) -> dict[str, str | None]:
        """The digests of files by path, sorted."""
        return {name: self.of(name, kind) for name in sorted({str(path) for path in paths})}

    def whole(self, paths: Iterable[Path | str]) -> str:
        """One digest for the content of all these files, whatever their paths."""
        return text_digest("\n".join(map(str, self.all_of(paths).values())))

    def again(self, path: Path | str) -> None:
        """Look at the file anew when it is next asked for: it may have changed during this run."""
        self._stats.pop(str(path), None)

    def changed_since(self, path: Path | str, moment_ns: int) -> bool:
        """Whether the file, looked at anew, may have been changed at or after a moment of the clock."""
        self.again(path)
        stat = self.stat(str(path))
        return stat is not None and stat[2] >= moment_ns - CLOCK_TICK_NS

    def share(self, common: Path, directories: Iterable[Path]) -> None:
        """Have the digests of files below these directories in common with other builds, in the file `common`."""
        if common not in self._common:
            self._common[common] = tuple(f"{path}/" for path in directories)
            self._known = {**load(common), **self._known}

    def save(self) -> None:
        """Keep what is known of the files that were asked for, and of those that are still there."""
        if self.kept is None or not self._learnt:
            return
        files = {
            name: [*stat, digests]
            for name, (stat, digests) in self._known.items()
            # A file that was read within a tick of its last change may have changed again since, with the same times.
            if stat[2] < self._looked.get(name, stat[2] + CLOCK_TICK_NS + 1) - CLOCK_TICK_NS
            and (name in self._stats or Path(name).exists())
        }
        write_files(self.kept, files)
        for path, prefixes in self._common.items():
            with suppress(OSError):
                write_files(path, {name: known for name, known in files.items() if name.startswith(prefixes)})
                forget_old(path.parent)


def meaning_digest(path: str, *, lines: bool) -> str:
    """The digest of what a source's compiler can notice; of the content, if that is not text. Raises `OSError`."""
    with open(path, "rb") as file:  # noqa: PTH123
        content = file.read()
    try:
        return text_digest(key_text(path, content.decode(), lines=lines))
    except UnicodeDecodeError:
        return hashlib.sha256(content).hexdigest()[:32]


def key_text_of(path: str) -> str | None:
    """The text of which a source's `LINES` digest is, or None if it can't be read as text."""
    try:
        return key_text(path, Path(path).read_bytes().decode(), lines=True)
    except (OSError, UnicodeDecodeError):
        return None


def write_files(path: Path, files: dict[str, list[Any]]) -> None:
    """Write what `load` reads. Raises `OSError`."""
    write_text(path, json.dumps({"format": FORMAT, "files": files}, separators=(",", ":")))


def forget_old(directory: Path) -> None:
    """Remove files that no build has written for long: nobody has their trees any more. Raises `OSError`."""
    for path in directory.glob("*.json"):
        if path.stat().st_mtime < time.time() - OLD:
            path.unlink()


def load(path: Path) -> dict[str, tuple[Stat, dict[str, str]]]:
    """What an earlier run kept; nothing if that can't be read."""
    try:
        kept = json.loads(path.read_text())
        if kept["format"] != FORMAT:
            return {}
        return {name: ((s, m, c, ino), dict(digests)) for name, (s, m, c, ino, digests) in kept["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
