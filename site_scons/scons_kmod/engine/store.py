# SPDX-License-Identifier: MIT
"""Whether a step has to run, and running it: with what is remembered of earlier runs and of what they made."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

from scons_kmod.base.atomic import copy_file, write_text
from scons_kmod.base.errors import StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.digests import LINES, RAW, UNKNOWN, Digests, clock_ns, key_text_of
from scons_kmod.engine.header_search import Search
from scons_kmod.engine.step import Step, discard
from scons_kmod.engine.trace import Digested, Files, Trace, Traces
from scons_kmod.engine.views import Seen, View, look

# Sources whose text is kept beside the outputs, to tell later what changed in them.
TOLD = (".rs", ".c")
NEVER_MADE = "it was never made"
# Sources that take in the text of others, comments and all.
INCLUDES_TEXT = ("include_str", "include_bytes")


class Store:
    """The traces of one target, and the outputs of earlier runs that an undone edit leads back to."""

    def __init__(self, build: Path, digests: Digests) -> None:
        """`build` is the target's build directory."""
        self.digests = digests
        self.traces = Traces(build / "traces.jsonl")
        self.kept = build / "kept"
        # What is known of shared files is worked out once a run; modules' own headers may be written during the run.
        self.never_shared = f"{build / 'modules'}/"
        self._searches: dict[tuple[str, ...], Search] = {}
        # Of files that several steps have read: why they are not as they were, and their paths.
        self._shared: dict[str, tuple[list[str], list[str]]] = {}
        self._worked = False

    def reasons(self, step: Step) -> Iterator[str]:
        """Why the step is out of date as things are now, in words; nothing if it is up to date."""
        trace = self.traces.latest(step.key)
        if trace is None:
            yield NEVER_MADE
            return
        yield from self.differences(step, trace)
        for path, digest in trace.outputs.items():
            if self.digests.of(path) != digest:
                yield f"{path} was missing or damaged"

    def differences(self, step: Step, trace: Trace) -> Iterator[str]:
        """What the step would read that is not as it was when the trace was made, in words."""
        if step.signature() != trace.signature:
            yield "its command or its tools changed"
        of = self.digests.of
        if trace.inputs.keys() != set(map(str, step.inputs)) or trace.outputs.keys() != set(map(str, step.outputs)):
            yield "it has other inputs or outputs"
        for path, digest in trace.inputs.items():
            if of(path) != digest:
                yield spoken(path)
        search = self.search(step)
        yield from self.files_differ(trace.files, search, step.source_directory)
        for seen in trace.parts:
            yield from map(spoken, seen.changed(self.digests))
        if trace.shared:
            yield from self.shared_differ(trace.shared, step)

    def files_differ(self, files: Files, search: Search, beside: str = "") -> Iterator[str]:
        """Which of the files are not as they were, in words."""
        rivals = search.of(files.digests, beside)
        for path, digest in files.digests.items():
            if self.digests.of(path, files.kind) != digest:
                yield spoken(path)
        for path in files.digests:
            if rivals.get(path) != files.rivals.get(path):
                yield f"another file would be found before {path}"

    def shared_differ(self, key: str, step: Step) -> Iterator[str]:
        """Which of the files that several steps have read are not as they were: worked out once a run."""
        search = self.search(step)
        if key not in self._shared:
            files = self.traces.shared(key)
            self._shared[key] = (
                list(self.files_differ(files, search)) if files else ["it is not known what it read"],
                list(files.digests) if files else [],
            )
        reasons, paths = self._shared[key]
        yield from reasons
        for path in search.beside(step.source_directory, paths):
            yield f"another file would be found before {path}"

    def search(self, step: Step) -> Search:
        """The directories in which the step's compiler looks for headers."""
        if step.include_directories not in self._searches:
            self._searches[step.include_directories] = Search(step.include_directories)
        return self._searches[step.include_directories]

    def restore(self, step: Step) -> bool:
        """Bring back the outputs of an earlier run that read just what the step would read now, if they are kept."""
        for trace in self.traces.all_of(step.key) if step.restorable else ():
            if any(self.differences(step, trace)):
                continue
            places = {path: self.place(path, digest) for path, digest in trace.outputs.items()}
            if all(places.values()):
                self.keep_outputs(step)
                for path, digest in trace.outputs.items():
                    self.bring_back(path, digest)
                self.traces.add(step.key, trace)
                self._worked = True
                # A part is told by the names in a file that may be an output: now it is the one that belongs to it.
                return not any(self.differences(step, trace))
        return False

    def place(self, path: str, digest: str | None) -> Path | None:
        """Where an output of an earlier run lies, whole: in its place, or kept."""
        for place in (Path(path), self.kept / str(digest)):
            if self.digests.of(place) == digest:
                return place
        return None

    def bring_back(self, path: str, digest: str | None) -> None:
        """Put a kept output in its place, unless it is there. It stays kept: another step may have made the same."""
        self.digests.again(path)
        if self.digests.of(path) != digest:
            copy_file(self.kept / str(digest), Path(path))
            self.digests.again(path)

    def keep_outputs(self, step: Step) -> None:
        """Put the outputs of the latest run aside, those that are whole."""
        trace = self.traces.latest(step.key) if step.restorable else None
        for path, digest in trace.outputs.items() if trace else ():
            self.digests.again(path)
            if digest and self.digests.of(path) == digest:
                self.kept.mkdir(parents=True, exist_ok=True)
                Path(path).replace(self.kept / digest)
                self.digests.again(self.kept / digest)
            self.digests.again(path)

    def run(
        self,
        step: Step,
        log: RunLog,
        *,
        why: str = "",
        color: bool = False,
        show: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Run the step; on success all its outputs are there and its trace is written, otherwise none is.

        `show` gets what the tools print when they succeed (warnings). Raises `StepError` and `MachineError`.
        """
        self.keep_outputs(step)
        started = clock_ns()
        try:
            read = step.execute(log, why, color, show)
            trace = self.take(step, read, started)
        except BaseException:
            discard(step)
            for path in step.outputs:
                self.digests.again(path)
            raise
        self.traces.add(step.key, trace)
        self._worked = True

    def take(self, step: Step, read: list[str], started: int) -> Trace:
        """The trace of a step that has just run, and that began at the moment `started`."""
        kind = RAW if exact(step) or includes_text(read) else step.digest_kind
        for name in (*map(str, step.inputs), *read):
            self.digests.again(name)
        inputs = self.digests.all_of(step.inputs)
        outputs: Digested = {}
        for path in step.outputs:
            self.digests.again(path)
            outputs[str(path)] = self.digests.of(path)
        files = {path: self.digests.of(path, kind) for path in read}
        # Looked at once more: a file may have changed while others were read. One that is gone was there to be read.
        fresh = {path for path in read if files[path] is None or self.edited(path, step, started)}
        files |= dict.fromkeys(fresh, UNKNOWN)
        parts = tuple(self.part(step, view, started) for view in step.views)
        if kind == LINES:
            self.keep_texts(files)
        search = self.search(step)
        held = {path: digest for path, digest in files.items() if search.holds(path) and digest != UNKNOWN}
        shared = {path: digest for path, digest in held.items() if not path.startswith(self.never_shared)}
        own = {path: digest for path, digest in files.items() if path not in shared}
        if search.beside(step.source_directory, shared):
            own, shared = files, {}
        key = self.traces.share(Files(kind, shared, search.of(shared))) if shared else ""
        return Trace(
            step.signature(), inputs, Files(kind, own, search.of(own, step.source_directory)), key, parts, outputs
        )

    def part(self, step: Step, view: View, started: int) -> Seen:
        """What a step saw of a file that it reads in part."""
        try:
            seen = look(view, self.digests)
        except OSError as error:
            raise StepError(f"{view.by} can't be read: {error}", where=f"{step.name} {step.unit}") from error
        if not any(self.edited(path, step, started) for path in view.paths):
            return seen
        unknown = (UNKNOWN,) * len(seen.paths)
        return dataclasses.replace(seen, raw=unknown, pieces=unknown, part=UNKNOWN)

    def edited(self, path: Path | str, step: Step, started: int) -> bool:
        """Whether a file may have been changed since a step began; what other steps make was made before."""
        return Path(path) not in step.order_only and self.digests.changed_since(path, started)

    def keep_texts(self, files: Digested) -> None:
        """Put the text of sources aside, by their digests."""
        for path, digest in files.items():
            place = self.kept / f"text-{digest}"
            if path.endswith(TOLD) and digest != UNKNOWN and not place.exists():
                text = key_text_of(path)
                if text is not None:
                    write_text(place, text)

    def kept_text(self, digest: str | None) -> str | None:
        """What `keep_texts` has put aside, if it is still there."""
        return self.kept_content(f"text-{digest}")

    def kept_content(self, name: str | None) -> str | None:
        """The content of a file that was put aside, if it is still there."""
        try:
            return (self.kept / str(name)).read_text()
        except (OSError, UnicodeDecodeError):
            return None

    def close(self) -> None:
        """Forget, now and then, what was put aside and no trace leads to any more."""
        if self._worked and self.traces.compact() and self.kept.is_dir():
            wanted = {name for trace in self.traces.everything() for name in kept_names(trace)}
            for path in self.kept.iterdir():
                if path.name not in wanted:
                    path.unlink()


def exact(step: Step) -> bool:
    """Whether a step that has run takes its sources as they are."""
    return step.compare_raw or bool(step.compare_raw_if and step.compare_raw_if.stat().st_size)


def includes_text(read: list[str]) -> bool:
    """Whether one of the Rust sources takes in another file as text, or can't be read any more to say so."""
    try:
        texts = (Path(path).read_text(errors="replace") for path in read if path.endswith(".rs"))
        return any(macro in text for text in texts for macro in INCLUDES_TEXT)
    except OSError:
        return True


def kept_names(trace: Trace) -> Iterator[str]:
    """The names under which a step's outputs and sources are put aside."""
    yield from filter(None, trace.outputs.values())
    if trace.files.kind == LINES:
        yield from (f"text-{digest}" for path, digest in trace.files.digests.items() if path.endswith(TOLD))


def spoken(path: str) -> str:
    """The reason that a file has changed, in words."""
    return f"{path} changed"
