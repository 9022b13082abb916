# SPDX-License-Identifier: MIT
"""The outputs of steps in the cache directory, for all checkouts. A step that has never run imports them.

Steps say with `Step.shared` that their outputs are worth it. An entry is the trace of a step, with stand-ins for the
directories of the checkout. Entries are found by the step's signature, also with stand-ins. The outputs of a step are
imported if its trace says that it would make the same: from files with the same content, found in the same way.

Nothing in the cache is trusted: what is copied must have the digest that the trace says. Files are written under other
names first, so that several builds can read and write at the same time.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from scons_kmod.base.atomic import copy_file, write_text
from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.digests import file_digest, text_digest
from scons_kmod.engine.step import Step, remove_outputs
from scons_kmod.engine.trace import DigestByPath, FilesRead, Trace
from scons_kmod.engine.up_to_date import differences


class OutputCache:
    """The cache as one target of one checkout sees it."""

    def __init__(self, directory: Path, stand_ins: Mapping[Path, str]) -> None:
        """`directory` is that of the entries. `stand_ins` has texts for directories, the innermost directory first."""
        self.directory = directory
        self.stand_ins = stand_ins

    def import_outputs(self, step: Step, state: BuildState) -> bool:
        """Import the outputs of a step that has never run here, if an entry fits. Returns whether one does."""
        if not step.shared or state.traces.latest(step.key):
            return False
        for stored, shared in self.records(step):
            shared_key = state.traces.add_shared_files(shared) if shared else ""
            trace = dataclasses.replace(stored, signature=step.signature(), shared_key=shared_key)
            if not any(differences(step, trace, state)) and self.copy_outputs(step, trace.outputs, state):
                # Other steps may read these files.
                for path, text in step.written_files:
                    write_text(path, text)
                state.record(step, trace)
                return True
        return False

    def store(self, step: Step, state: BuildState) -> None:
        """Store the outputs of a step that has just run. Raises `OSError`."""
        trace = state.traces.latest(step.key)
        if not step.shared or trace is None:
            return
        shared = state.traces.shared_files(trace.shared_key) if trace.shared_key else None
        record = {
            "shared": shared.to_json() if shared else None,
            "trace": dataclasses.replace(trace, signature="", shared_key="").to_json(),
        }
        text = self.with_stand_ins(json.dumps(record, indent=1))
        for path, digest in trace.outputs.items():
            stored = self.output(digest)
            if not stored.exists():
                copy_file(Path(path), stored)
        write_text(self.entries(step) / f"{text_digest(text)}.json", text)

    def records(self, step: Step) -> Iterator[tuple[Trace, FilesRead | None]]:
        """The entries of a step with this signature: traces and shared files. Damaged ones are left out."""
        for path in sorted(self.entries(step).glob("*.json")):
            with suppress(OSError, ValueError, TypeError, KeyError):
                text = path.read_text()
                if text_digest(text) == path.stem:
                    record = json.loads(self.without_stand_ins(text))
                    shared = FilesRead.from_json(record["shared"]) if record["shared"] else None
                    yield Trace.from_json(record["trace"]), shared

    def copy_outputs(self, step: Step, outputs: DigestByPath, state: BuildState) -> bool:
        """Copy outputs to their paths. Returns whether all have their digests; otherwise none is left."""
        for name, digest in outputs.items():
            path, stored = Path(name), self.output(digest)
            try:
                copy_file(stored, path)
                copied = file_digest(path)
            except OSError:
                copied = ""
            state.digests.forget(path)
            if copied != digest:
                stored.unlink(missing_ok=True)
                remove_outputs(step)
                return False
        return True

    def entries(self, step: Step) -> Path:
        """The directory of the entries of a step."""
        return self.directory / text_digest(self.with_stand_ins(step.signature_text()))

    def output(self, digest: str | None) -> Path:
        """The file with the content of an output."""
        return self.directory / "outputs" / str(digest)

    def with_stand_ins(self, text: str) -> str:
        """The text as it is for all checkouts."""
        for path, stand_in in self.stand_ins.items():
            text = text.replace(str(path), stand_in)
        return text

    def without_stand_ins(self, text: str) -> str:
        """The text as it is for this checkout."""
        for path, stand_in in self.stand_ins.items():
            text = text.replace(stand_in, str(path))
        return text
