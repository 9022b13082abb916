# SPDX-License-Identifier: MIT
"""One run of SCons: what it starts from, and what it writes down when it ends."""

from __future__ import annotations

import atexit
import dataclasses
import fcntl
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from SCons.Script import COMMAND_LINE_TARGETS, GetOption, SConsignFile, SetOption

from scons_kmod.base.errors import KmodError
from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.digests import Digests
from scons_kmod.engine.prebuilt import Prebuilt, open_prebuilt
from scons_kmod.engine.step import Step
from scons_kmod.engine.store import Store
from scons_kmod.generators.steps import discard_others, generator_steps
from scons_kmod.mainline.mainline import Mainline
from scons_kmod.mainline.open_mainline import open_mainline
from scons_kmod.manifest.manifest import MAINLINE, Manifest
from scons_kmod.manifest.project import Project
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.open_target import Chosen
from scons_kmod.target.settings import Settings

from .graph import Graph

USAGE_ERROR = 2
Env = Any  # SCons's environments are made at run time; they have no useful static type.


class Session:
    """The state of one run: the command line, the graph, and for each target the log of its processes."""

    def __init__(self, settings: Settings, top: Path) -> None:
        self.settings = settings
        self.top = top
        self.build = top / "build"
        self.graph = Graph(verbose=settings.verbose, everything=bool(GetOption("clean")))
        self.digests = Digests(self.build / "digests.json")
        self.stores: dict[str, Store] = {}
        self.logs: dict[str, RunLog] = {}
        self.chosen: list[Chosen] = []
        self.targets: list[BuildTarget] = []
        self.project = Project({}, {})
        self.manifests: list[Manifest] = []
        self.resolved: dict[str, dict[str, Manifest]] = {}
        self.all_served: dict[str, list[Manifest]] = {}
        self.shared: dict[tuple[str, str], list[Step]] = {}
        # The modules that can't be built for a kernel, by the reason.
        self.skipped: dict[str, list[str]] = {}
        self.mainlines: dict[str, Mainline] = {}
        self.prebuilts: dict[str, Prebuilt] = {}
        # The words that run a target's tools in its sysroot.
        self.enter: dict[str, tuple[str, ...]] = {}
        self.dry = bool(GetOption("no_exec"))
        # A verb that only asks leaves the record of the last build alone.
        self.silent = False
        self._lock: IO[str] | None = None
        SetOption("num_jobs", os.cpu_count() or 1)
        SetOption("no_progress", True)

    def begin(self) -> None:
        """Wait for another build in this directory, and for what a killed one started."""
        # Here, so that what goes wrong before leaves none; and before SCons 4.4 makes it and says so.
        if not self.dry:
            self.build.mkdir(exist_ok=True)
        # What others add to the graph has SCons's own memory.
        if self.build.is_dir():
            SConsignFile(str(self.build / ".sconsign"))
        if self.dry:
            return
        self._lock = (self.build / ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("scons-kmod: waiting for the end of another build in this directory", file=sys.stderr)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        atexit.register(self.end)

    def end(self) -> None:
        """Write each target's last-run.json, and what is known of files."""
        if GetOption("clean") or self.silent:
            return
        for name, log in self.logs.items():
            log.write(self.build / name / "last-run.json")
        for store in self.stores.values():
            store.close()
        self.digests.save()

    def sow(self) -> None:
        """Let first builds start from installed packages of support crates; a run that only asks makes nothing."""
        asks = self.dry or GetOption("clean") or "why" in COMMAND_LINE_TARGETS
        for target in () if asks else self.targets:
            if prebuilt := open_prebuilt(target.tree.release, target.build):
                self.prebuilts[target.name] = prebuilt

    def store(self, target: str) -> Store:
        """What is remembered of a target's steps."""
        if target not in self.stores:
            self.stores[target] = Store(self.build / target, self.digests)
        return self.stores[target]

    def add(self, env: Env, target: str, step: Step) -> Step:
        """Add a step of a target to the graph."""
        store, prebuilt = self.store(target), self.prebuilts.get(target)
        if prebuilt:
            prebuilt.import_outputs(step, store)
        self.graph.add(env, step, store, self.log(target).inside(self.enter.get(target, ())), prebuilt)
        return step

    def add_generators(self, env: Env, target: BuildTarget, manifest: Manifest) -> None:
        """Add what writes a module's generated sources to the graph; first of all that is to read them."""
        if not self.dry:
            discard_others(target, manifest)
        for step in generator_steps(target, manifest):
            self.add(env, target.name, step)

    def module(self, target: BuildTarget, manifest: Manifest) -> Manifest:
        """A module as it is for a kernel."""
        if target.name not in self.resolved:
            self.resolved[target.name] = {one.name: one for one in self.project.on(target.tree)}
        return self.resolved[target.name][manifest.name]

    def served(self, target: BuildTarget, some: Sequence[Manifest] | None = None) -> list[Manifest]:
        """Those of some modules, or of all, that can be built for a kernel, as they are for it."""
        if some is None and target.name in self.all_served:
            return self.all_served[target.name]
        found = (self.module(target, one) for one in (self.manifests if some is None else some))
        served = [one for one in found if target.unserved(one) is None]
        if some is None:
            # Each module asks for it.
            self.all_served[target.name] = served
        return served

    def mainline(self, target: BuildTarget) -> Mainline:
        """How a kernel's own crates are made, found out when the first module asks for them."""
        if target.name not in self.mainlines:
            (chosen,) = (one for one in self.chosen if one.name == target.name)
            known = open_mainline(target, chosen.description, self.log(target.name))
            users = (one for one in self.served(target) if one.api == MAINLINE)
            headers = sorted({header for one in users for header in one.bindings.headers})
            self.mainlines[target.name] = dataclasses.replace(known, headers=tuple(headers))
        return self.mainlines[target.name]

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
