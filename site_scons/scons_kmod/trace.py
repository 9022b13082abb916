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

from scons_kmod.atomic import write_text
from scons_kmod.views import Seen

# How many traces of a step are kept, the latest included.
KEPT = 4
# Changes with the form of a line.
FORMAT = 2
Digested = dict[str, str | None]


@dataclasses.dataclass(frozen=True)
class Trace:
    """One run of a step.

    `signature` stands for its commands and tools; `inputs` are outputs of other steps, `files` what it read besides,
    digested as `kind` says (None: it was not there); `parts` are files that it read in part; `rivals` are files that
    would be found in place of one that it read if the search began anew; `outputs` is what it made.
    """

    signature: str
    inputs: Digested
    kind: str
    files: Digested
    parts: tuple[Seen, ...]
    rivals: dict[str, list[str]]
    outputs: Digested

    def to_json(self) -> list[Any]:
        """The trace in types that JSON has."""
        parts = [seen.to_json() for seen in self.parts]
        return [FORMAT, self.signature, self.inputs, self.kind, self.files, parts, self.rivals, self.outputs]

    @classmethod
    def from_json(cls, raw: list[Any]) -> Trace:
        """The trace that `to_json` made `raw` of. Raises `TypeError` or `ValueError` for anything else."""
        form, signature, inputs, kind, files, parts, rivals, outputs = raw
        if form != FORMAT:
            raise ValueError("a trace of another form")
        return cls(signature, inputs, kind, files, tuple(Seen.from_json(part) for part in parts), rivals, outputs)


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
        line = json.dumps(trace.to_json(), separators=(",", ":"))
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as file:
                file.write(("\n" if self._torn else "") + f"{json.dumps(key)}\t{line}\n")
            self._torn = False
            self._remember(key, line)

    def everything(self) -> Iterator[Trace]:
        """All traces that are kept."""
        for key in self._raw:
            yield from self.all_of(key)

    def compact(self) -> None:
        """Write the file anew if most of its lines are of no use any more."""
        live = sum(map(len, self._raw.values()))
        if self._lines > 2 * live + 100:
            text = "".join(f"{json.dumps(key)}\t{line}\n" for key, lines in self._raw.items() for line in lines)
            write_text(self.path, text)
            self._lines = live

    def _load(self) -> None:
        try:
            text = self.path.read_text()
        except (OSError, ValueError):
            return
        complete, _, torn = text.rpartition("\n")
        for row in complete.splitlines():
            name, _, line = row.partition("\t")
            try:
                key = json.loads(name)
            except ValueError:
                continue
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
