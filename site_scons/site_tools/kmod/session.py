# SPDX-License-Identifier: MIT
"""One run of SCons: what it starts from, and what it writes down when it ends."""

from __future__ import annotations

import atexit
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from SCons.Script import GetOption, SConsignFile, SetOption

from scons_kmod.build_target import BuildTarget
from scons_kmod.errors import KmodError
from scons_kmod.ledger import Ledger
from scons_kmod.manifest import Manifest
from scons_kmod.open_target import Chosen
from scons_kmod.run_log import RunLog
from scons_kmod.settings import Settings

from .graph import Graph

USAGE_ERROR = 2


class Session:
    """The state of one run: the command line, the graph, and for each target the log of its processes."""

    def __init__(self, settings: Settings, top: Path) -> None:
        self.settings = settings
        self.top = top
        self.build = top / "build"
        self.graph = Graph(self.build, verbose=settings.verbose)
        self.logs: dict[str, RunLog] = {}
        self.chosen: list[Chosen] = []
        self.targets: list[BuildTarget] = []
        self.manifests: list[Manifest] = []
        self.shared: dict[tuple[str, str], list[Any]] = {}
        self.dry = bool(GetOption("no_exec"))
        self._lock: IO[str] | None = None
        # Every input is compared by content: SCons's default trusts time stamps of files that are two days old.
        SetOption("max_drift", -1)
        SetOption("num_jobs", os.cpu_count() or 1)
        SetOption("no_progress", True)

    def begin(self) -> None:
        """Wait for another build in this directory, and for what a killed one started; then settle what it left."""
        database = self.build / ".sconsign"
        # This makes the build directory, so that what goes wrong before leaves none.
        SConsignFile(str(database))
        if self.dry:
            return
        self.build.mkdir(exist_ok=True)
        self._lock = (self.build / ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("scons-kmod: waiting for the end of another build in this directory", file=sys.stderr)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.ledger = Ledger(self.build / "ledger.json", database.with_suffix(".dblite"))
        self.ledger.settle()
        # SCons writes its database when the build ends, before the interpreter's exit handlers run.
        atexit.register(self.end)

    def end(self) -> None:
        """Write each target's last-run.json, then the ledger."""
        if GetOption("clean"):
            return
        for name, log in self.logs.items():
            log.write(self.build / name / "last-run.json")
        self.ledger.close(self.graph.made)

    def log(self, target: str) -> RunLog:
        """The log of a target's processes."""
        if target not in self.logs:
            self.logs[target] = RunLog(target, self._lock.fileno() if self._lock else None)
        return self.logs[target]


@contextmanager
def reported() -> Iterator[None]:
    """Report an error of the body without a traceback and end the run; what was done is written down all the same."""
    try:
        yield
    except KmodError as error:
        print(error.shown(), file=sys.stderr)
        sys.exit(USAGE_ERROR)
