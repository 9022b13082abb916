# SPDX-License-Identifier: MIT
"""Which groups of steps may need no planning, and all that decides which steps are in them."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from scons_kmod.base.directories import LIBRARY
from scons_kmod.base.saved_object import load_object, save_object
from scons_kmod.engine.digests import Digests, text_digest
from scons_kmod.engine.snapshot import Snapshot, take_snapshot, tree_snapshot
from scons_kmod.engine.step_groups import TRACES, StepGroups
from scons_kmod.manifest.manifest import BUNDLED, MAINLINE, Manifest
from scons_kmod.manifest.saved_manifests import SavedManifests
from scons_kmod.target.build_target import BuildTarget

from .modules import buildable_modules, module_for
from .registry import command_names
from .session import Session

# Up to this number of modules, a step that all modules share costs more than it saves when the modules are linked.
FEW_MODULES = 4
# This directory.
TOOL = Path(__file__).parent


class Group(NamedTuple):
    """Steps that are planned together."""

    # The name of a module, or of what modules share, which no module can have: it begins with a bracket.
    name: str
    # The function of builders.py that adds the steps to the graph, and its arguments after the target.
    planner: str
    arguments: tuple[Any, ...]
    # The directories that decide which steps there are, by all that is in them, besides what `step_groups` knows. None
    # if more decides it: such a group is planned in each run. So are the steps of generators, because the files that
    # they wrote for an earlier manifest are removed then.
    directories: tuple[Path, ...] | None

    @property
    def is_shared(self) -> bool:
        """Whether several modules have the group."""
        return self.name.startswith("(")


def saved_manifests(session: Session) -> SavedManifests | None:
    """The manifests that earlier runs of this build directory have read. None if the code is just being changed."""
    code = code_snapshot(session.digests)
    if session.saved_manifests is None and code is not None:
        key = json.dumps([sys.version, code, command_names()])
        session.saved_manifests = SavedManifests(session.build / "manifests", key, session.digests, session.build)
    return session.saved_manifests


def step_groups(session: Session, target: BuildTarget) -> StepGroups | None:
    """The groups of a target that may need no planning.

    None in a run that asks for steps, and if what all of them depend on is just being changed.
    """
    if session.clean or any(command.run for command in session.commands.values()):
        return None
    if target.name not in session.step_groups:
        session.step_groups[target.name] = opened_groups(session, target)
    return session.step_groups[target.name]


def opened_groups(session: Session, target: BuildTarget) -> StepGroups | None:
    """The groups of a target that earlier runs have saved. None if what all of them depend on is just being changed."""
    config = take_snapshot((str(target.tree.path / "include/config/auto.conf"),), session.digests)
    code = code_snapshot(session.digests)
    if config is None or code is None:
        return None
    key = json.dumps([sys.version, code, config, repr(target), is_many(session, target)])
    digest = saved_plan_digest(session, target, key)
    groups = StepGroups(target.build / "step-groups", f"{key}{digest}", session.digests, target.build / TRACES)
    return groups if digest else None


def saved_plan_digest(session: Session, target: BuildTarget, key: str) -> str:
    """What the plan takes from the project's own sources, as a digest that is computed only if these have changed.

    Empty if they are just being changed. `key` is all else that decides.
    """
    paths = [path for name in ("kernel", "rust") for path in files_below(target.sources / name)]
    sources = take_snapshot(paths, session.digests)
    if sources is None:
        return ""
    path = target.build / "plan-digest"
    saved: tuple[Snapshot, str] | None = load_object(path, key)
    if saved and saved[0] == sources:
        return saved[1]
    from scons_kmod.crates.plan_digest import plan_digest

    digest = plan_digest(target, paths, buildable_modules(session, target))
    if not session.dry_run:
        save_object(path, key, (sources, digest))
    return digest


def is_many(session: Session, target: BuildTarget) -> bool:
    """Whether so many modules are built for a target that the headers of .mod.c are read once for all of them."""
    return len(buildable_modules(session, target)) > FEW_MODULES


def groups_of(session: Session, target: BuildTarget, manifest: Manifest) -> Iterator[Group]:
    """The groups of steps by which a module is built. The last is its own, the others are shared by modules."""
    many = is_many(session, target)
    if not target.kbuild_link:
        yield Group("(link)", "add_shared_link", (many,), ())
    if manifest.root and manifest.api == BUNDLED:
        if target.name not in session.rust_groups:
            session.rust_groups[target.name] = rust_group(session, target)
        yield session.rust_groups[target.name]
    # An SConstruct may have changed the manifest. The steps of a module to the mainline API depend on the plan of the
    # kernel's own crates.
    is_as_read = module_for(session, target, manifest) is manifest
    decided = is_as_read and not manifest.generators and not (manifest.root and manifest.api == MAINLINE)
    directories = source_directories([manifest, *manifest.needs]) if decided else None
    yield Group(manifest.name, "add_module", (manifest, many), directories)


def rust_group(session: Session, target: BuildTarget) -> Group:
    """What modules to the 2021 API share. All of them decide what the bindings have."""
    modules = [module for module in buildable_modules(session, target) if module.api == BUNDLED]
    directories = source_directories(modules)
    name = f"(rust {text_digest(str(directories))})"
    decided = not any(module.generators for module in modules)
    with_rust = [module for module in modules if module.root]
    return Group(name, "add_rust_support", (with_rust,), directories if decided else None)


def planned_from(session: Session, target: BuildTarget, directories: Sequence[Path]) -> list[Snapshot | None]:
    """Snapshots of the files that decide which steps a group has.

    They are all files in its directories, and the sources that Rust sources there take in as code (named_wrappers.py).
    """
    from scons_kmod.crates.facade import rust_files
    from scons_kmod.wrappers.named_wrappers import named_in

    digests = session.digests
    with digests.watching() as taken_in:
        named_in(target, (path for directory in directories for path in rust_files(target, directory)))
    trees = [tree_snapshot(directory, digests, session.build) for directory in directories]
    return [*trees, take_snapshot(taken_in, digests)]


def source_directories(modules: Iterable[Manifest]) -> tuple[Path, ...]:
    """The directories of modules' manifests, and of the libraries that they link."""
    modules = list(modules)
    libraries = (crate.library for module in modules for crate in module.crates if crate.library)
    return tuple(sorted({*(module.directory for module in modules), *libraries}))


@functools.cache
def code_snapshot(digests: Digests) -> Snapshot | None:
    """The code that reads manifests and plans steps. None if it was changed since it was loaded."""
    return take_snapshot((path for directory in (LIBRARY, TOOL) for path in files_below(directory)), digests)


def files_below(directory: Path) -> Iterator[str]:
    """The paths of all files below a directory, except what Python has compiled."""
    for parent, names, files in os.walk(directory):
        names[:] = sorted(name for name in names if name != "__pycache__")
        yield from (f"{parent}/{name}" for name in sorted(files))
