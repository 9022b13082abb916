# SPDX-License-Identifier: MIT
"""Digests of files. Each file is looked at once a run, and read only if it may have changed.

A file counts as unchanged while its size, its time stamps and its inode are as they were when it was last read (one
`stat`). So a touch costs one reading. An edit that keeps size and modification time is seen, since nobody can set back
the change time.

A source file (.rs, .c, .h) has several digests, and a step says which one it depends on:

* `RAW`: of its content, to the letter.
* `RUST`: for rustc. For Rust it is the same as `LINES`; anything else that rustc reads counts to the letter, because it
  takes in Rust from files of any name, and texts.
* `LINES`: of its key text (key_text.py), the text without comments, in which each token keeps its line. For compilers
  whose output has line numbers: ``__LINE__``, panic messages.
* `COLUMNS`: of its key text, in which each token keeps its line and its column. For C whose output has columns: those
  of what a sanitizer checks. For Rust it is the same as `LINES`.
* `TOKENS`: of its key text without line numbers, so that one more line of comment is no change. For C whose output has
  no line numbers: headers for bindgen, C helpers. For Rust it is the same as `LINES`.

All other files have their `RAW` digest in all cases.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from scons_kmod.base.atomic import write_text
from scons_kmod.engine.environment import PREFIX, variable_digest, variable_stat

RAW = "raw"
RUST = "rust"
LINES = "lines"
COLUMNS = "columns"
TOKENS = "tokens"

# Their key texts keep each line, so `scons why` can say which lines have changed.
KEEP_LINES = (RUST, LINES, COLUMNS)

# A digest that no file has, for a file that changed while a step ran: nobody knows what the step has read.
UNKNOWN = "?"
SOURCES = (".rs", ".c", ".h")
# The kernel stamps files with a clock that ticks every few milliseconds.
CLOCK_TICK_NS = 20_000_000
# Shared files of digests that no build has written for so many seconds are removed.
UNUSED_S = 30 * 24 * 3600
# The version of the form of a file of digests, and of what `LINES`, `COLUMNS` and `TOKENS` are digests of.
FORMAT = 2

# Size in bytes, times in nanoseconds, inode number.
Stat = tuple[int, int, int, int]
# The status of a file when it was read, and its digests by their kind.
KnownDigests = tuple[Stat, dict[str, str]]


def file_digest(path: Path | str) -> str:
    """The digest of a file's content, as hexadecimal text. Raises `OSError`."""
    with open(path, "rb") as file:  # noqa: PTH123 - takes plain text too: thousands of paths a run
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def text_digest(text: str) -> str:
    """The digest of a text, as hexadecimal text."""
    return bytes_digest(text.encode(errors="surrogateescape"))


def bytes_digest(content: bytes) -> str:
    """The digest of bytes, as hexadecimal text."""
    return hashlib.sha256(content).hexdigest()[:32]


def clock_ns() -> int:
    """The time now in nanoseconds, on the clock that file times are taken from."""
    return time.time_ns()


def path_stat(path: str) -> Stat | None:
    """The status of a file or directory now, or None if there is none."""
    if path.startswith(PREFIX):
        return variable_stat(path)
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


class Digests:
    """The digests of files by path. Safe to use from several threads: at worst a file is read twice."""

    def __init__(self, saved: Path | None = None, started: int | None = None) -> None:
        """`saved` is the file with the digests of earlier runs. If it can't be read, all files are digested again.

        `started` is when the run began, on `clock_ns`; now, if it is not given.
        """
        self.saved = saved
        # The status of each file that this run has asked for.
        self._stats: dict[str, Stat | None] = {}
        self.started = clock_ns() if started is None else started
        # What `watching` collects.
        self._looked_at: set[str] | None = None
        # When this run found a file changed, on `clock_ns`.
        self._found_changed: dict[str, int] = {}
        self._computed = False
        # Files of digests that builds share, each with prefixes of the paths that it has.
        self._shared: dict[Path, tuple[str, ...]] = {}

    @functools.cached_property
    def _known(self) -> dict[str, KnownDigests]:
        """For each path its status when it was read, and its digests by their kind.

        Read when the first digest is asked for. A run in which nothing has changed asks for none.
        """
        known: dict[str, KnownDigests] = {}
        for path in (*reversed(self._shared), *([self.saved] if self.saved else [])):
            known |= read_digests(path)
        return known

    def stat(self, path: str) -> Stat | None:
        """The status of a file or directory when this run first asked for it, or None if there is none."""
        if self._looked_at is not None:
            self._looked_at.add(path)
        try:
            return self._stats[path]
        except KeyError:
            stat = self._stats[path] = path_stat(path)
            return stat

    def look_at(self, paths: Iterable[str]) -> None:
        """Note that something was found out from files or directories by other means than `stat`."""
        if self._looked_at is not None:
            self._looked_at.update(paths)

    @contextmanager
    def watching(self) -> Iterator[set[str]]:
        """Collect what the body looks at. Only while SCons reads SConstruct: later there are several threads."""
        before, self._looked_at = self._looked_at, set()
        try:
            yield self._looked_at
        finally:
            self._looked_at = before

    def of(self, path: Path | str, kind: str = RAW) -> str | None:
        """The digest of a file, of this kind if it is a source. None if there is no file that can be read."""
        name = str(path)
        stat = self.stat(name)
        if stat is None:
            return None
        if name.startswith(PREFIX):
            return variable_digest(name)
        known = self._known.get(name)
        if known is None or known[0] != stat:
            known = self._known[name] = (stat, {})
            self._found_changed[name] = clock_ns()
        kind = kind_for(name, kind)
        if kind not in known[1]:
            try:
                known[1][kind] = file_digest(name) if kind == RAW else key_text_digest(name, kind)
            except OSError:
                return None
            self._computed = True
        return known[1][kind]

    def derived(self, path: Path | str, kind: str, find: Callable[[str], str]) -> str:
        """What `find` finds in a file's text, remembered as the file's digests are.

        `kind` names what is found, and all else that it depends on. Only the latest kind with the same text before its
        first colon is remembered. Empty if there is no file that can be read.
        """
        name = str(path)
        if self.of(name) is None or name.startswith(PREFIX):
            return ""
        known = self._known[name][1]
        if kind not in known:
            try:
                text = Path(name).read_text(errors="surrogateescape")
            except OSError:
                return ""
            family = kind.partition(":")[0] + ":"
            for old in [other for other in known if other.startswith(family)]:
                del known[old]
            known[kind] = find(text)
            self._computed = True
        return known[kind]

    def all_of(self, paths: Iterable[Path | str], kind: str = RAW) -> dict[str, str | None]:
        """The digests of files by path, sorted by path."""
        return {name: self.of(name, kind) for name in sorted({str(path) for path in paths})}

    def combined(self, paths: Iterable[Path | str]) -> str:
        """One digest of the content of all these files, in the order of their paths. The paths are not in it."""
        return text_digest("\n".join(map(str, self.all_of(paths).values())))

    def forget(self, path: Path | str) -> None:
        """Look at the file once more when it is next asked for: it may have changed during this run."""
        self._stats.pop(str(path), None)

    def forget_all(self) -> None:
        """Look at each file once more: other programs have written files during this run."""
        self._stats.clear()

    def changed_since(self, path: Path | str, moment_ns: int) -> bool:
        """Look at the file once more: whether it may have changed at or after a moment of `clock_ns`."""
        self.forget(path)
        stat = self.stat(str(path))
        return stat is not None and stat[2] >= moment_ns - CLOCK_TICK_NS

    def share(self, shared: Path, directories: Iterable[Path]) -> None:
        """Share the digests of files below these directories with other builds, through the file `shared`."""
        if shared not in self._shared:
            self._shared[shared] = tuple(f"{path}/" for path in directories)
            if "_known" in vars(self):
                self._known = {**read_digests(shared), **self._known}

    def save(self) -> None:
        """Write the digests of files that this run has asked for, and of others that still exist. Raises `OSError`."""
        if self.saved is None or not self._computed:
            return
        files = {
            name: [*stat, digests]
            for name, (stat, digests) in self._known.items()
            # A file that was read within a tick of its last change may have changed again since, with the same times.
            if stat[2] < self._found_changed.get(name, stat[2] + CLOCK_TICK_NS + 1) - CLOCK_TICK_NS
            and (name in self._stats or Path(name).exists())
        }
        write_digests(self.saved, files)
        for path, prefixes in self._shared.items():
            with suppress(OSError):
                write_digests(path, {name: known for name, known in files.items() if name.startswith(prefixes)})
                remove_unused(path.parent)


def kind_for(path: str, kind: str) -> str:
    """Which digest a file has where a step depends on `kind`."""
    if kind == RUST:
        return LINES if path.endswith(".rs") else RAW
    return kind if path.endswith(SOURCES) else RAW


def key_text_digest(path: str, kind: str) -> str:
    """The digest of a source's key text, or of its content if that is not UTF-8. Raises `OSError`."""
    with open(path, "rb") as file:  # noqa: PTH123
        content = file.read()
    try:
        return text_digest(key_text_by_kind(path, content.decode(), kind))
    except UnicodeDecodeError:
        return hashlib.sha256(content).hexdigest()[:32]


def key_text_of(path: str, kind: str) -> str | None:
    """The key text of which a source's digest of this kind is, or None if the file can't be read as text."""
    try:
        return key_text_by_kind(path, Path(path).read_bytes().decode(), kind)
    except (OSError, UnicodeDecodeError):
        return None


def key_text_by_kind(path: str, text: str, kind: str) -> str:
    """The key text for a kind of digest, or the text itself if the file counts to the letter."""
    from scons_kmod.engine.key_text import key_text  # a null build never gets here

    kind = kind_for(path, kind)
    return text if kind == RAW else key_text(path, text, lines=kind != TOKENS, columns=kind == COLUMNS)


def write_digests(path: Path, files: dict[str, list[Any]]) -> None:
    """Write what `read_digests` reads. Raises `OSError`."""
    write_text(path, json.dumps({"format": FORMAT, "files": files}, separators=(",", ":")))


def remove_unused(directory: Path) -> None:
    """Remove shared files that no build has written for long: nobody has their trees any more. Raises `OSError`."""
    for path in directory.glob("*.json"):
        if path.stat().st_mtime < time.time() - UNUSED_S:
            path.unlink()


def read_digests(path: Path) -> dict[str, KnownDigests]:
    """What an earlier run has written: status and digests by path. Empty if it can't be read."""
    try:
        saved = json.loads(path.read_text())
        if saved["format"] != FORMAT:
            return {}
        return {name: ((s, m, c, ino), dict(digests)) for name, (s, m, c, ino, digests) in saved["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
