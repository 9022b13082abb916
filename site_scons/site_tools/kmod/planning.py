# SPDX-License-Identifier: MIT
"""Plans the modules that SConstruct has asked for, when it has said all: `KmodCommands` begins this.

First SCons builds the sources of modules that other builders make (built_sources.py). `scons NAME` builds only those
of the named modules, and plans no other module that has such sources.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import SCons.Node
from SCons.Node import FS
from SCons.Script import COMMAND_LINE_TARGETS

from scons_kmod.engine.digests import text_digest
from scons_kmod.engine.step_groups import TRACES
from scons_kmod.manifest.manifest import Manifest, with_needs
from scons_kmod.manifest.paths import missing_files
from scons_kmod.manifest.project import find_project
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_dir, module_ko

from .graph import Attachments
from .modules import chosen_modules, module_for
from .registry import command_names
from .session import Session, WantedModule
from .unplanned import Group, groups_of, planned_from, saved_manifests, source_directories, step_groups

if TYPE_CHECKING:
    from .built_sources import OtherBuilders

Env = Any  # SCons's environments are created at run time; they have no useful static type.
Node = Any


def complete_graph(session: Session, env: Env) -> None:
    """Plan all modules that SConstruct has asked for. Raises `UserError`, also for a missing source."""
    from .built_sources import other_builders

    others = other_builders(session, env)
    check_missing(session, others)
    if others.built or others.attached or session.named_sources:
        Planning(session, env, others).run()
    else:
        for wanted in session.wanted_modules:
            plan_module(session, wanted)


def read_project(session: Session) -> None:
    """Read the manifests of all modules, or read them again after sources were built. Raises `UserError`.

    A file that a manifest names may be missing: whether a builder makes it is known later.
    """
    with missing_files() as session.missing_files:
        saved = saved_manifests(session)
        session.project = find_project(session.module_dirs or (), reserved=command_names(), saved=saved)
    session.manifests = session.project.modules
    session.modules_by_target.clear()
    session.buildable.clear()
    session.rust_groups.clear()


def check_missing(session: Session, others: OtherBuilders) -> None:
    """Raise the error for the first file that a manifest names, if it is neither there nor made by a builder."""
    for error in session.missing_files:
        if not any(is_or_holds(error.path, path) for path in others.built):
            raise error


def is_or_holds(path: Path, built: str) -> bool:
    """Whether a file that is built is at `path`, which may be a pattern, or below this directory."""
    return built == str(path) or built.startswith(f"{path}/") or fnmatch(built, str(path))


def plan_module(session: Session, wanted: WantedModule) -> None:
    """Add the steps of a module to the graph, unless an earlier run has found all of them up to date."""
    env, target = wanted.env, wanted.target
    manifest = module_for(session, target, wanted.manifest) if wanted.is_as_read else wanted.manifest
    for group in groups_of(session, target, manifest):
        plan_unless_up_to_date(env, target, group)


def plan_unless_up_to_date(env: Env, target: BuildTarget, group: Group) -> None:
    """Add the steps of a group to the graph, unless an earlier run has found all of them up to date.

    Each module asks for the groups that it shares with others. Those are planned once.
    """
    session: Session = env["KMOD"]
    if (target.name, group.name) in session.planned_groups:
        return
    if group.is_shared:
        session.planned_groups.add((target.name, group.name))
    graph, saved = session.graph, step_groups(session, target)
    plan = planner(group.planner)
    if saved is None or group.directories is None or graph.built_later:
        plan(env, target, *group.arguments)
    elif not saved.is_up_to_date(group.name, graph.outputs, graph.doubtful, graph.attachments.keys()):
        steps = plan(env, target, *group.arguments)
        # What the SConstruct attaches is in no snapshot.
        if not any(str(path) in graph.attachments for step in steps for path in step.outputs):
            sources = planned_from(session, target, group.directories)
            saved.record(group.name, steps, graph, sources, session.build_state(target.name).shared_comparisons)


def planner(name: str) -> Callable[..., Any]:
    """A function of builders.py. That is imported when the function is called: a null build calls none."""

    def call(*arguments: Any) -> Any:
        from . import builders

        return getattr(builders, name)(*arguments)

    return call


class Sources(NamedTuple):
    """What comes before a module."""

    wanted: WantedModule
    # The names of the module and of the modules that it needs.
    names: set[str]
    # Nodes of sources, and of what the SConstruct names or has attached to outputs.
    nodes: list[Node]
    # The names of other modules that these are made from.
    modules: set[str]

    @property
    def name(self) -> str:
        """The name of the module."""
        return self.wanted.manifest.name


class Planning:
    """The order in which sources are built and modules are planned: a source may be made from another module."""

    def __init__(self, session: Session, env: Env, others: OtherBuilders) -> None:
        self.session = session
        self.env = env
        self.others = others
        # The nodes of sources that could not be built, with ``-k``.
        self.failed: set[Node] = set()
        # The built files that are in the traces of earlier runs, by the target's name.
        self.read_by_target: dict[str, set[str]] = {}
        self.modules_by_node: dict[Node, set[str]] = {}

    def run(self) -> None:
        """Build the sources, and plan the modules. Raises `UserError`."""
        left = [self.sources_of(wanted) for wanted in self.session.wanted_modules]
        asked = self.asked_modules()
        while more := {name for each in left if each.name in asked for name in each.names | each.modules} - asked:
            asked |= more
        left = [sources for sources in left if not sources.nodes or sources.name in asked]
        while left:
            names = {sources.name for sources in left}
            waiting = {sources.name for sources in left if sources.modules & names}
            ready: list[Sources] = []
            later: list[Sources] = []
            for sources in left:
                (later if sources.names & waiting else ready).append(sources)
            if not ready:
                # What is made from a module that needs it, is no source of that module.
                ready, later = later, []
            self.build([node for sources in ready for node in sources.nodes if not self.modules_in(node) & names])
            for sources in ready:
                self.plan(sources)
            left = later

    def build(self, nodes: list[Node]) -> None:
        """Build sources, unless the run cleans. Then read the manifests once more: more files may be there."""
        from .built_sources import build_now

        session = self.session
        if session.clean or not nodes:
            return
        changed, failed = build_now(session, self.env, nodes)
        self.failed.update(failed)
        if changed or session.missing_files:
            read_project(session)
            check_missing(session, self.others)

    def plan(self, sources: Sources) -> None:
        """Plan a module. One with a source that could not be built fails, too."""
        session, wanted = self.session, sources.wanted
        node = self.env.fs.File(str(module_ko(wanted.target, wanted.manifest)))
        if failed := [node for node in sources.nodes if node in self.failed]:
            session.graph.add_failing(self.env, node, failed)
            return
        session.graph.attachments |= self.attachments(wanted)
        plan_module(session, wanted)
        node.add_dependency([source for source in sources.nodes if isinstance(source, FS.Base)])

    def sources_of(self, wanted: WantedModule) -> Sources:
        """The nodes that come before a module: those that are not made from the module itself."""
        session, manifest, built = self.session, wanted.manifest, self.others.built
        prefixes = tuple(f"{directory}/" for directory in source_directories([manifest, *manifest.needs]))
        outside = f"{session.build}/"
        below = [node for path, node in built.items() if path.startswith(prefixes) and not path.startswith(outside)]
        named = [node for name in names_with_needs(manifest) for node in session.named_sources.get(name, ())]
        attached = [
            other for node in self.attached_to(wanted) for other in (*node.depends, *(node.prerequisites or ()))
        ]
        nodes = dict.fromkeys((*below, *named, *attached, *self.read_before(wanted)))
        found = {node: self.modules_in(node) for node in nodes}
        own = [node for node, names in found.items() if manifest.name not in names]
        return Sources(wanted, names_with_needs(manifest), own, {name for node in own for name in found[node]})

    def attached_to(self, wanted: WantedModule) -> list[Node]:
        """The outputs of a module, or of what modules share, to which the SConstruct has attached something."""
        names = (wanted.manifest.name, "")
        prefix = f"{wanted.target.build}/"
        attached = self.others.attached.items()
        return [node for path, node in attached if path.startswith(prefix) and self.module_of(path) in names]

    def read_before(self, wanted: WantedModule) -> list[Node]:
        """The nodes of built files, wherever they are, that an earlier run of the module's steps has read."""
        target, built = wanted.target, self.others.built
        if target.name not in self.read_by_target:
            with suppress(OSError):
                # To search the text is much faster than to parse all traces. A path may have .. in it.
                text = (target.build / TRACES).read_bytes()
                self.read_by_target[target.name] = {path for path in built if f'/{Path(path).name}"'.encode() in text}
        found = self.read_by_target.setdefault(target.name, set())
        if found:
            traces = self.session.build_state(target.name).traces
            found = found & traces.files_read(f"{module_dir(target, wanted.manifest)}/")
        return [built[path] for path in sorted(found)]

    def module_of(self, path: str) -> str:
        """The name of the module of which a path is an output. Empty if it is none."""
        parts = Path(path).parts[len(self.session.build.parts) :]
        is_output = path.startswith(f"{self.session.build}/") and len(parts) > 2 and parts[1] == "modules"
        return parts[2] if is_output else ""

    def modules_in(self, node: Node) -> set[str]:
        """The names of the modules from whose outputs a node is made."""
        from .built_sources import with_prerequisites

        if node not in self.modules_by_node:
            paths = (each.get_abspath() for each in with_prerequisites(node) if isinstance(each, FS.Base))
            self.modules_by_node[node] = {name for path in paths if (name := self.module_of(path))}
        return self.modules_by_node[node]

    def asked_modules(self) -> set[str]:
        """The names of the modules that the command line asks for."""
        session = self.session
        everything = {manifest.name for manifest in session.manifests}
        asked: set[str] = set() if COMMAND_LINE_TARGETS else {manifest.name for manifest in chosen_modules(session)}
        for argument in map(str, COMMAND_LINE_TARGETS):
            if argument in everything:
                asked.add(argument)
            elif argument == "all":
                asked |= everything
            elif argument in session.commands:
                asked |= {manifest.name for manifest in chosen_modules(session)}
            else:
                asked |= self.modules_in_argument(argument)
        return asked

    def modules_in_argument(self, argument: str) -> set[str]:
        """The names of the modules that a file or an alias of the SConstruct is made from. A directory may hold all."""
        node = next(filter(None, (find(argument) for find in SCons.Node.arg2nodes_lookups)), None)
        node = (node or self.env.fs.Entry(f"#{argument}")).disambiguate()
        if isinstance(node, FS.Dir) and not self.module_of(node.get_abspath()):
            return {manifest.name for manifest in self.session.manifests}
        return self.modules_in(node)

    def attachments(self, wanted: WantedModule) -> dict[str, Attachments]:
        """What the SConstruct has attached to outputs of a module's steps, by their paths."""
        return {node.get_abspath(): attachments_of(self.env, node) for node in self.attached_to(wanted)}


def attachments_of(env: Env, node: Node) -> Attachments:
    """What the SConstruct has attached to an output of a step."""
    from .built_sources import files_of

    files, contents = files_of(node.depends)
    executor = node.get_executor()
    before, after = (tuple(getattr(executor, name, ())) for name in ("pre_actions", "post_actions"))
    texts = [str(action.get_contents([node], [], env)) for action in (*before, *after)]
    return Attachments(tuple(files), (*contents, *map(text_digest, texts)), before, after)


def names_with_needs(manifest: Manifest) -> set[str]:
    """The names of a module and of those that it needs."""
    return {module.name for module in with_needs([manifest])}
