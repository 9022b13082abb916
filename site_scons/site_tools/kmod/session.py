# SPDX-License-Identifier: MIT
"""One run of SCons: what it starts from, and what it writes down when it ends."""

from __future__ import annotations

import atexit
import fcntl
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from SCons.Script import GetOption, SConsignFile, SetOption

from scons_kmod import LOADED_NS
from scons_kmod.base.errors import KmodError
from scons_kmod.base.library_process import LIBRARY
from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.digests import Digests
from scons_kmod.engine.step_groups import StepGroups
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.paths import MissingFileError
from scons_kmod.manifest.project import Project
from scons_kmod.manifest.saved_manifests import SavedManifests
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.open_target import ChosenKernel
from scons_kmod.target.settings import Settings

from .graph import Graph, import_outputs
from .registry import SconsCommand, When

if TYPE_CHECKING:
    from scons_kmod.engine.build_state import BuildState
    from scons_kmod.engine.output_cache import OutputCache
    from scons_kmod.engine.prebuilt import Prebuilt
    from scons_kmod.engine.step import Step
    from scons_kmod.mainline.mainline import Mainline

    from .unplanned import Group

USAGE_ERROR = 2
Env = Any  # SCons's environments are created at run time; they have no useful static type.


class WantedModule(NamedTuple):
    """A module that SConstruct asks for."""

    env: Env
    target: BuildTarget
    manifest: Manifest
    # Whether this is the manifest as it was read. An SConstruct may have changed it.
    is_as_read: bool


class Session:
    """The state of one run: the command line, the graph, and for each target the log of its processes."""

    def __init__(self, settings: Settings, commands: Mapping[str, SconsCommand], top: Path) -> None:
        """`commands` are those that the command line names, `top` is the directory of SConstruct."""
        self.settings = settings
        self.commands = commands
        self.top = top
        self.build = top / "build"
        # `scons -h` prints a text, and neither looks for kernels nor reads manifests.
        self.help = bool(GetOption("help"))
        # Nor does such a run build or write anything.
        self.dry_run = bool(GetOption("no_exec") or GetOption("question"))
        self.clean = bool(GetOption("clean"))
        # Such a run leaves the record of the last build alone.
        self.only_asks = any(command.when is When.GRAPH_COMPLETE for command in commands.values())
        self.graph = Graph(verbose=settings.verbose, everything=self.clean)
        self.digests = Digests(self.build / "digests.json", LOADED_NS)
        self.build_states: dict[str, BuildState] = {}
        # By the target's name: steps that need no planning, and the group of what modules to the 2021 API share.
        self.step_groups: dict[str, StepGroups | None] = {}
        self.rust_groups: dict[str, Group] = {}
        # Targets and groups that several modules share, as far as this run has planned them.
        self.planned_groups: set[tuple[str, str]] = set()
        self.saved_manifests: SavedManifests | None = None
        # Whether the kernels are chosen. An SConstruct with several environments asks for them again.
        self.has_begun = False
        # Whether all modules and commands are in the graph.
        self.is_graph_complete = False
        self.logs: dict[str, RunLog] = {}
        self.chosen: list[ChosenKernel] = []
        self.targets: list[BuildTarget] = []
        self.project = Project({}, {})
        # The directories that the modules are taken from. None before the first call of KmodManifests.
        self.module_dirs: list[Path] | None = None
        self.manifests: list[Manifest] = []
        # Files that manifests name and that are not there. An SConstruct may make them.
        self.missing_files: list[MissingFileError] = []
        # The modules that SConstruct asks for, and what comes before a module besides its sources, by its name.
        self.wanted_modules: list[WantedModule] = []
        self.named_sources: dict[str, list[Any]] = {}
        # By the target's name: all modules as they are for it, and those that can be built for it.
        self.modules_by_target: dict[str, dict[str, Manifest]] = {}
        self.buildable: dict[str, list[Manifest]] = {}
        # The steps of what all modules share, by the target's name and the part.
        self.shared_steps: dict[tuple[str, str], list[Step]] = {}
        # The names of modules that can't be built for a kernel, by the reason.
        self.skipped: dict[str, list[str]] = {}
        self.mainlines: dict[str, Mainline] = {}
        # Where first builds import outputs from, by the target's name.
        self.opened_sources: dict[str, list[Prebuilt | OutputCache]] = {}
        # The args that run a target's tools in its sysroot.
        self.sysroot_args: dict[str, tuple[str, ...]] = {}
        self._lock: IO[str] | None = None
        SetOption("num_jobs", os.cpu_count() or 1)
        SetOption("no_progress", True)

    def begin(self) -> None:
        """Wait for another build in this directory, and for the processes that a killed build has left."""
        self.has_begun = True
        # Not earlier: an error before this leaves no build directory. Not later: SCons 4.4 would create the directory
        # and print that.
        if not self.dry_run:
            self.build.mkdir(exist_ok=True)
        # SCons's own database, for nodes that an SConstruct adds by other means.
        if self.build.is_dir():
            SConsignFile(str(self.build / ".sconsign"))
        if self.dry_run:
            return
        self._lock = (self.build / ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("scons-kmod: waiting for the end of another build in this directory", file=sys.stderr)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        atexit.register(self.end)

    def end(self) -> None:
        """Write each target's last-run.json and traces, and the digests of files."""
        if self.clean or self.only_asks:
            return
        if self.graph.audit:
            for line in self.graph.audit.summary():
                print(line)
        for name, log in self.logs.items():
            log.write(self.build / name / "last-run.json")
        for state in self.build_states.values():
            state.close()
        # A run that refuses what it reads writes nothing.
        if self.is_graph_complete:
            for groups in filter(None, self.step_groups.values()):
                groups.save()
            if self.saved_manifests:
                self.saved_manifests.save()
        self.digests.save()

    def output_sources(self, target: str) -> list[Prebuilt | OutputCache]:
        """Where first builds import outputs from: an installed package of support crates, and the cache.

        A run that only asks imports nothing, nor does an audit, which watches steps run.
        """
        if self.dry_run or self.clean or self.only_asks or self.graph.audit:
            return []
        if target not in self.opened_sources:
            # A run in which nothing has changed never gets here.
            from scons_kmod.engine.output_cache import OutputCache
            from scons_kmod.engine.prebuilt import open_prebuilt

            (kernel,) = (other for other in self.targets if other.name == target)
            stand_ins = {kernel.build: "@BUILD@", LIBRARY: "@LIBRARY@", self.top: "@TOP@"}
            cache = OutputCache(kernel.cache / "kernel-crates", stand_ins)
            prebuilt = open_prebuilt(kernel.tree.release, kernel.build)
            self.opened_sources[target] = [*([prebuilt] if prebuilt else []), cache]
        return self.opened_sources[target]

    def build_state(self, target: str) -> BuildState:
        """The traces and kept outputs of a target's steps."""
        if target not in self.build_states:
            # A run in which nothing has changed never gets here.
            from scons_kmod.engine.build_state import BuildState

            self.build_states[target] = BuildState(self.build / target, self.digests)
        return self.build_states[target]

    def add(self, env: Env, target: str, step: Step) -> Step:
        """Add a step of a target to the graph. Returns it with what the SConstruct has attached to its outputs."""
        state, sources = self.build_state(target), self.output_sources(target)
        import_outputs(step, state, sources)
        log = self.log(target).inside(self.sysroot_args.get(target, ()))
        return self.graph.add(env, step, state, log, sources)

    def add_generators(self, env: Env, target: BuildTarget, manifest: Manifest) -> None:
        """Add the steps that write a module's generated sources to the graph, before what reads them."""
        from scons_kmod.generators.outputs import remove_stale_outputs
        from scons_kmod.generators.steps import generator_steps

        if not self.dry_run:
            remove_stale_outputs(target, manifest)
        for step in generator_steps(target, manifest):
            self.add(env, target.name, step)

    def log(self, target: str) -> RunLog:
        """The log of a target's processes."""
        if target not in self.logs:
            self.logs[target] = RunLog(target, self._lock.fileno() if self._lock else None)
        return self.logs[target]


@contextmanager
def reported() -> Iterator[None]:
    """Print an error of the body without a traceback, and end the run. `Session.end` still writes its record."""
    try:
        yield
    except KmodError as error:
        print(error.shown(), file=sys.stderr)
        sys.exit(USAGE_ERROR)
