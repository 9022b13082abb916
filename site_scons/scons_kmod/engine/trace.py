# SPDX-License-Identifier: MIT
"""The record of what steps have read and made: traces of steps, and the file that keeps them between builds.

A trace is written when its step has succeeded. It has the digests of the step's outputs, so a build that is killed
leaves nothing to clean up: an output that differs from its trace does not count as an output of the step. What follows
from a trace, up_to_date.py decides.

All traces of a target are lines of one file. The last line of a step is its latest trace. A few before it are kept,
since an undone edit may lead back to one of them.
"""

from __future__ import annotations

import dataclasses
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scons_kmod.base.atomic import write_text
from scons_kmod.engine.digests import text_digest
from scons_kmod.engine.views import ViewSeen

# How many traces of a step are remembered, the latest included.
TRACES_PER_STEP = 4
# The file is rewritten when it has more unused lines than these, and more than used ones.
UNUSED_LINES = 100
# The version of the form of a line.
FORMAT = 4
# The keys of shared files begin with this. The keys of steps are paths.
SHARED = "shared:"
# None: there was no file.
DigestByPath = dict[str, str | None]


@dataclasses.dataclass(frozen=True)
class FilesRead:
    """Files that a step has read, besides outputs of other steps."""

    # Which digests of source files these are: RAW, LINES, COLUMNS or TOKENS (digests.py).
    digest_kind: str
    digests: DigestByPath
    # Other files that existed and that a search for one of these files would find first (header_search.py). Of a file
    # that asks for others, there is an entry in any case.
    rivals: dict[str, list[str]]

    def to_json(self) -> list[Any]:
        """The files in types that JSON has."""
        return [FORMAT, self.digest_kind, self.digests, self.rivals]

    @classmethod
    def from_json(cls, raw: list[Any]) -> FilesRead:
        """The files of which `raw` is the JSON. Raises `TypeError` or `ValueError` for anything else."""
        form, digest_kind, digests, rivals = raw
        if form != FORMAT:
            raise ValueError("files of another form")
        return cls(digest_kind, digests, rivals)


@dataclasses.dataclass(frozen=True)
class Trace:
    """One run of a step: what it read and what it made."""

    # `Step.signature`: a digest of its commands, tools, ...
    signature: str
    # Outputs of other steps.
    inputs: DigestByPath
    # Other files that it read.
    files: FilesRead
    # The key of more of these, which many steps have read alike: the kernel's headers. Empty if there are none.
    shared_key: str
    # Files of which it depends on a part.
    views: tuple[ViewSeen, ...]
    outputs: DigestByPath

    def to_json(self) -> list[Any]:
        """The trace in types that JSON has."""
        views = [view.to_json() for view in self.views]
        return [FORMAT, self.signature, self.inputs, self.files.to_json(), self.shared_key, views, self.outputs]

    @classmethod
    def from_json(cls, raw: list[Any]) -> Trace:
        """The trace of which `raw` is the JSON. Raises `TypeError` or `ValueError` for anything else."""
        form, signature, inputs, files, shared_key, views, outputs = raw
        if form != FORMAT:
            raise ValueError("a trace of another form")
        seen = tuple(ViewSeen.from_json(view) for view in views)
        return cls(signature, inputs, FilesRead.from_json(files), shared_key, seen, outputs)


class Traces:
    """The traces of one target, in a file to which a build only appends. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        # The lines of each key, the latest last.
        self._lines: dict[str, list[str]] = {}
        self._parsed: dict[str, Trace | None] = {}
        # How many lines the file has, unused ones included.
        self._line_count = 0
        # Whether the file ends in a part of a line, which a killed build has left.
        self._torn = False
        self._load()

    def latest(self, key: str) -> Trace | None:
        """The latest trace of the step with this key, if there is one."""
        lines = self._lines.get(key)
        return self._parse(lines[-1]) if lines else None

    def all_of(self, key: str) -> list[Trace]:
        """All traces of the step that are remembered, the latest first."""
        found = [self._parse(line) for line in reversed(self._lines.get(key, []))]
        return [trace for trace in found if trace]

    def add(self, key: str, trace: Trace) -> None:
        """Write a trace down. It is the step's latest from now on. Raises `OSError`."""
        self._write(key, trace.to_json())

    def add_shared_files(self, files: FilesRead) -> str:
        """Write files down that several steps may have read. Returns their key, the same for the same files."""
        raw = files.to_json()
        key = SHARED + text_digest(json.dumps(raw))
        if self.shared_files(key) is None:
            self._write(key, raw)
        return key

    def shared_files(self, key: str) -> FilesRead | None:
        """The files that `add_shared_files` has written down under the key."""
        try:
            return FilesRead.from_json(json.loads(self._lines[key][-1]))
        except (KeyError, ValueError, TypeError):
            return None

    def _write(self, key: str, raw: list[Any]) -> None:
        line = json.dumps(raw, separators=(",", ":"))
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as file:
                file.write(("\n" if self._torn else "") + f"{json.dumps(key)}\t{line}\n")
            self._torn = False
            self._remember(key, line)

    def all_traces(self) -> Iterator[Trace]:
        """All traces of all steps that are remembered."""
        for key in self._lines:
            if not key.startswith(SHARED):
                yield from self.all_of(key)

    def files_read(self, prefix: str) -> set[str]:
        """The paths, without ``..``, of all files that steps with keys of this prefix have read when they last ran."""
        found: set[str] = set()
        for trace in filter(None, (self.latest(key) for key in self._lines if key.startswith(prefix))):
            shared = self.shared_files(trace.shared_key)
            found.update(trace.inputs, trace.files.digests, shared.digests if shared else ())
            found.update(path for view in trace.views for path in view.paths)
        return set(map(os.path.normpath, found))

    def compact(self) -> bool:
        """Rewrite the file without unused lines if these are more than the others. Returns whether it was rewritten."""
        steps = sum(not key.startswith(SHARED) for key in self._lines)
        # To know which shared files are used, all traces must be parsed. Small files are not worth it.
        if self._line_count <= 2 * steps + UNUSED_LINES:
            return False
        shared_keys = {trace.shared_key for trace in self.all_traces()}
        used = {key: lines for key, lines in self._lines.items() if not key.startswith(SHARED) or key in shared_keys}
        used_count = sum(map(len, used.values()))
        if self._line_count <= 2 * used_count + UNUSED_LINES:
            return False
        self._lines = used
        text = "".join(f"{json.dumps(key)}\t{line}\n" for key, lines in used.items() for line in lines)
        write_text(self.path, text)
        self._line_count = used_count
        return True

    def _load(self) -> None:
        try:
            text = self.path.read_text(errors="replace")
        except OSError:
            return
        complete, _, torn = text.rpartition("\n")
        for row in complete.splitlines():
            name, _, line = row.partition("\t")
            try:
                key = json.loads(name)
            except ValueError:
                continue
            if isinstance(key, str):
                self._remember(key, line)
        self._torn = bool(torn)

    def _remember(self, key: str, line: str) -> None:
        self._line_count += 1
        lines = self._lines.setdefault(key, [])
        if line in lines:
            lines.remove(line)
        lines.append(line)
        del lines[:-TRACES_PER_STEP]

    def _parse(self, line: str) -> Trace | None:
        if line not in self._parsed:
            try:
                self._parsed[line] = Trace.from_json(json.loads(line))
            except (ValueError, TypeError):
                self._parsed[line] = None
        return self._parsed[line]
