# SPDX-License-Identifier: MIT
"""``AUDIT=1``: compares what the processes of a step have really read with the step's trace.

strace says which files the processes opened, and which they looked for in vain. Each of these must be in the trace, so
that the step is out of date when the file is changed or created. Otherwise it is an unknown read, unless one of the
rules in cut_offs.py says why it need not be known. Files of the toolchain and of the system do not count: their
digests and versions are in the steps' signatures.
"""

from __future__ import annotations

import functools
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from scons_kmod.base.errors import MachineError
from scons_kmod.base.programs import find_program
from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.cut_offs import CUT_OFFS, SYSTEM
from scons_kmod.engine.step import Step
from scons_kmod.engine.strace import (
    CREATED,
    LISTED,
    MISSING,
    OPENED,
    SEEN,
    Access,
    accesses,
    sandbox_mounts,
    strace_args,
)
from scons_kmod.engine.trace import Trace


class UnknownRead(NamedTuple):
    """What a step read or looked for, and its trace does not know. `kind` is as in strace.py."""

    step: str
    kind: str
    path: str

    def __str__(self) -> str:
        """The line that scons prints."""
        return f"audit: {self.step}: {self.path} {self.kind}"


class NamedDirectories:
    """Directories, by which the rules for cut-offs name files, and in which files do not count."""

    def __init__(self, names: Mapping[Path | str, str], system: Iterable[Path | str]) -> None:
        """`names` has the names of directories. No file counts in the directories `system`, and in those of any system.

        The innermost directory decides. A directory that is both is one of the system.
        """
        named = {real_path(str(path)): name for path, name in names.items()}
        self._system = tuple(f"{path}/" for path in system)
        of_system = {real_path(path): "" for path in (*SYSTEM, *map(str, system))}
        self._names = {**named, **of_system}

    def is_of_system(self, path: str) -> bool:
        """Whether the file is in one of the directories `system`. Links in a sysroot lead to files in it, too."""
        return path.startswith(self._system)

    def named(self, path: str) -> str:
        """The path with a name instead of the innermost directory that has one. Empty if the file does not count."""
        directory = path
        while directory not in self._names:
            if directory == "/":
                return path
            directory = directory.rpartition("/")[0] or "/"
        name = self._names[directory]
        return name + path[len(directory) :] if name else ""


class Audit:
    """What the steps of a run have read and their traces do not know. Safe to use from several threads."""

    def __init__(self, directories: NamedDirectories) -> None:
        self.directories = directories
        self.unknown: list[UnknownRead] = []
        # How many steps ran under strace, and which did not run: their outputs are in the cache.
        self.steps = 0
        self.not_run: list[str] = []
        self._strace = find_program("strace")
        self._lock = threading.Lock()

    @contextmanager
    def watching(self, step: Step, state: BuildState, log: RunLog) -> Iterator[RunLog]:
        """Watch a step, which the body runs with the log that it gets. Raises `MachineError` if strace fails."""
        with tempfile.TemporaryDirectory(prefix="scons-kmod-audit-") as directory:
            commands: list[tuple[Path, str, Sequence[str]]] = []

            def under_strace(argv: Sequence[str], cwd: Path) -> list[str]:
                output = Path(directory, str(len(commands)))
                commands.append((output, str(cwd), argv))
                return [*strace_args(self._strace, str(output)), *argv]

            yield log.observed(under_strace)
            found = [
                access
                for output, cwd, argv in commands
                for access in accesses(output.read_text(errors="surrogateescape"), cwd, sandbox_mounts(argv))
            ]
            if commands and not found:
                raise MachineError("it has written nothing", where=f"strace: {step.name} {step.unit}")
            self.check(step, state, found, ran=bool(commands))

    def check(self, step: Step, state: BuildState, found: Sequence[Access], *, ran: bool = True) -> None:
        """Note what a step that has just run has read, `found`, and its trace does not know."""
        trace = state.traces.latest(step.key)
        unknown = list(self.unknown_reads(step, trace, state, found)) if trace else []
        with self._lock:
            self.steps += ran
            self.not_run += [] if ran else [f"{step.name} {step.unit}"]
            self.unknown += unknown

    def unknown_reads(
        self, step: Step, trace: Trace, state: BuildState, found: Sequence[Access]
    ) -> Iterator[UnknownRead]:
        """The reads that neither the trace knows nor a rule covers. Each path once."""
        known, would_matter = known_files(step, trace, state), watched_paths(step, trace, state)
        for kind, path in foreign_accesses([read for read in found if not self.directories.is_of_system(read.path)]):
            name = self.directories.named(path)
            if (
                name
                and path not in (would_matter if kind == MISSING else known)
                and not any(cut_off.covers(f"{step.name} {step.unit}", kind, name) for cut_off in CUT_OFFS)
            ):
                yield UnknownRead(f"{step.name} {step.unit}", kind, path)

    def summary(self) -> list[str]:
        """The lines to print after the run."""
        lines = [str(read) for read in sorted(self.unknown)]
        lines += [f"audit: not audited, taken from the cache: {name}" for name in self.not_run]
        return [*lines, f"audit: {self.steps} steps, {len(self.unknown)} unknown reads"]


def foreign_accesses(found: Sequence[Access]) -> Iterator[Access]:
    """The accesses to files that the processes have not created, each once, with real paths."""
    real = [Access(kind, real_path(path)) for kind, path in found]
    created = {path for kind, path in real if kind == CREATED}
    by_now = set[str]()
    reads: dict[Access, None] = {}
    for kind, path in real:
        if kind == CREATED:
            by_now.add(path)
        # What a process looks for in vain before it is created is the step's own file, too.
        elif not is_below(path, created if kind == MISSING else by_now) and (kind == LISTED or not is_directory(path)):
            reads[Access(kind, path)] = None
    yield from (read for read in reads if read.kind != SEEN or read._replace(kind=OPENED) not in reads)


def is_below(path: str, directories: set[str]) -> bool:
    """Whether a path, or a directory that it is in, is among these."""
    while path and path not in directories:
        path = path.rpartition("/")[0]
    return bool(path)


def known_files(step: Step, trace: Trace, state: BuildState) -> set[str]:
    """The real paths of all files that the trace knows, and of those that are written for the step."""
    shared = state.traces.shared_files(trace.shared_key) if trace.shared_key else None
    of_trace = (*trace.inputs, *trace.files.digests, *(shared.digests if shared else ()))
    written = (*(path for path, _ in step.written_files), *(path for view in step.views for path in view.extracts))
    # A step that reads a part of a file in a file of its own does not read the whole.
    of_views = (p for view in step.views for p in (*view.names_from, *(() if view.extracts else view.paths)))
    return {
        *map(
            real_path,
            (*of_trace, *map(str, (*written, *of_views, *step.outputs, *step.depfiles, *step.assembler_depfiles))),
        )
    }


def watched_paths(step: Step, trace: Trace, state: BuildState) -> set[str]:
    """The real paths at which a file would make the step out of date, if it were created."""
    search = state.header_search(step.include_directories)
    shared = state.traces.shared_files(trace.shared_key) if trace.shared_key else None
    paths = (*trace.files.digests, *(shared.digests if shared else ()))
    missing = (path for path, digest in trace.files.digests.items() if digest is None)
    files = {*map(real_path, (*search.looked_for({*paths}), *missing))}
    # Some compilers look for a directory before they look for a file in it.
    return files | {directory for path in files for directory in directories_above(path)}


def directories_above(path: str) -> Iterator[str]:
    """The directories in which a file is, as far as they do not exist."""
    while (path := path.rpartition("/")[0]) and not is_directory(path):
        yield path


def real_path(path: str) -> str:
    """The path with all links of its directory resolved, and its own."""
    directory, _, name = os.path.normpath(path).rpartition("/")
    joined = f"{real_directory(directory or '/').rstrip('/')}/{name}"
    return os.path.realpath(joined) if name and Path(joined).is_symlink() else joined


def is_directory(path: str) -> bool:
    """Whether there is such a directory."""
    return Path(path).is_dir()


# Many files are in few directories.
@functools.lru_cache(maxsize=65536)
def real_directory(directory: str) -> str:
    """The directory with all links resolved."""
    return os.path.realpath(directory)
