# SPDX-License-Identifier: MIT
"""What each step read and made when it ran: the build's memory, and all that decides whether a step runs again.

A trace is written when its step has ended well, with the digests of its outputs. So it needs no word of how a build
ended: whatever a killed build, or anybody else, has left behind, an output that is not as its trace has it is no
output of that step.

All traces of a target lie in one file, a line each; the last one of a step is its latest. Some before it are kept,
since an edit that is undone leads back to one of them.
"""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scons_kmod.base.atomic import write_text
from scons_kmod.engine.digests import text_digest
from scons_kmod.engine.views import Seen

# How many traces of a step are kept, the latest included.
KEPT = 4
# How many lines that are of no use are too few to write the file anew for.
SLACK = 100
# Changes with the form of a line.
FORMAT = 4
# The keys of shared files begin with this; those of steps are paths.
SHARED = "shared:"
Digested = dict[str, str | None]


@dataclasses.dataclass(frozen=True)
class Files:
    """Files that were read, digested as `kind` says (None: it was not there).

    `rivals` are files that would be found in place of one of them if the search began anew.
    """

    kind: str
    digests: Digested
    rivals: dict[str, list[str]]

    def to_json(self) -> list[Any]:
        """The files in types that JSON has."""
        return [FORMAT, self.kind, self.digests, self.rivals]

    @classmethod
    def from_json(cls, raw: list[Any]) -> Files:
        """The files that `to_json` made `raw` of. Raises `TypeError` or `ValueError` for anything else."""
        form, kind, digests, rivals = raw
        if form != FORMAT:
            raise ValueError("files of another form")
        return cls(kind, digests, rivals)


@dataclasses.dataclass(frozen=True)
class Trace:
    """One run of a step.

    `signature` stands for its commands and tools; `inputs` are outputs of other steps, `files` what it read besides;
    `shared` is the key of more files, which many steps have read alike: the kernel's headers. `parts` are files that it
    read in part; `outputs` is what it made.
    """

    signature: str
    inputs: Digested
    files: Files
    shared: str
    parts: tuple[Seen, ...]
    outputs: Digested

    def to_json(self) -> list[Any]:
        """The trace in types that JSON has."""
        parts = [seen.to_json() for seen in self.parts]
        return [FORMAT, self.signature, self.inputs, self.files.to_json(), self.shared, parts, self.outputs]

    @classmethod
    def from_json(cls, raw: list[Any]) -> Trace:
        """The trace that `to_json` made `raw` of. Raises `TypeError` or `ValueError` for anything else."""
        form, signature, inputs, files, shared, parts, outputs = raw
        if form != FORMAT:
            raise ValueError("a trace of another form")
        seen = tuple(Seen.from_json(part) for part in parts)
        return cls(signature, inputs, Files.from_json(files), shared, seen, outputs)


class Traces:
    """The traces of one target, in a file that only grows while a build runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._raw: dict[str, list[str]] = {}
        self._read: dict[str, Trace | None] = {}
        self._lines = 0
        # What a killed build left of its last line.
        self._torn = False
        self._load()

    def latest(self, key: str) -> Trace | None:
        """The last trace of the step, if there is one."""
        lines = self._raw.get(key)
        return self._parsed(lines[-1]) if lines else None

    def all_of(self, key: str) -> list[Trace]:
        """All traces of the step that are kept, the latest first."""
        found = [self._parsed(line) for line in reversed(self._raw.get(key, []))]
        return [trace for trace in found if trace]

    def add(self, key: str, trace: Trace) -> None:
        """Write a trace down; it is the step's latest from now on."""
        self._write(key, trace.to_json())

    def share(self, files: Files) -> str:
        """Write files down that several steps may have read; returns their key, the same for the same files."""
        raw = files.to_json()
        key = SHARED + text_digest(json.dumps(raw))
        if self.shared(key) is None:
            self._write(key, raw)
        return key

    def shared(self, key: str) -> Files | None:
        """The files that `share` has written down under the key."""
        try:
            return Files.from_json(json.loads(self._raw[key][-1]))
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

    def everything(self) -> Iterator[Trace]:
        """All traces that are kept."""
        for key in self._raw:
            if not key.startswith(SHARED):
                yield from self.all_of(key)

    def compact(self) -> bool:
        """Write the file anew if most of its lines are of no use any more; returns whether they were."""
        steps = sum(not key.startswith(SHARED) for key in self._raw)
        if self._lines <= 2 * steps + SLACK:
            return False
        wanted = {trace.shared for trace in self.everything()}
        of_use = {k: lines for k, lines in self._raw.items() if not k.startswith(SHARED) or k in wanted}
        live = sum(map(len, of_use.values()))
        if self._lines > 2 * live + SLACK:
            self._raw = of_use
            text = "".join(f"{json.dumps(key)}\t{line}\n" for key, lines in self._raw.items() for line in lines)
            write_text(self.path, text)
            self._lines = live
            return True
        return False

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
        self._lines += 1
        lines = self._raw.setdefault(key, [])
        if line in lines:
            lines.remove(line)
        lines.append(line)
        del lines[:-KEPT]

    def _parsed(self, line: str) -> Trace | None:
        if line not in self._read:
            try:
                self._read[line] = Trace.from_json(json.loads(line))
            except (ValueError, TypeError):
                self._read[line] = None
        return self._read[line]
