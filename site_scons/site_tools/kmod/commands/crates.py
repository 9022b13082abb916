# SPDX-License-Identifier: MIT
"""``crates``: the support crates of a kernel as a Debian package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scons_kmod.c.helpers import layout_step
from scons_kmod.engine.prebuilt import package_files
from scons_kmod.link.ko import shared_link_steps
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.packaging.crates_deb import crates_deb
from scons_kmod.packaging.deb import build_deb
from scons_kmod.target.build_target import BuildTarget

from ..graph import nodes
from ..packages import write_spdx
from ..registry import SconsCommand
from ..session import Session


def shared_outputs(env: Any, modules: list[Manifest]) -> list[Any]:
    """The nodes of all that modules share, for every target."""
    session: Session = env["KMOD"]
    outputs: list[Any] = []
    for target in session.targets:
        outputs += [*env.SupportCrates(target), *env.CHelpers(target)]
        steps = (layout_step(target), *shared_link_steps(target, many=True))
        outputs += nodes(env, *(session.add(env, target.name, step) for step in steps))
    return outputs


def run(session: Session, modules: list[Manifest]) -> int:
    """Build a Debian package of the support crates of each target."""
    for target in session.targets:
        write_crates_deb(session, target)
    return 0


def write_crates_deb(session: Session, target: BuildTarget) -> None:
    """Write the package of a target's support crates, and print its path."""
    log, state = session.log(target.name), session.build_state(target.name)
    steps = [step for key, step in session.graph.steps.items() if Path(key).is_relative_to(target.build)]
    package = crates_deb(target, package_files(steps, state, target.build), log)
    path = build_deb(package, target.build / "deb", log)
    print(f"  {'DEB':<8}{path.relative_to(session.top)}")
    write_spdx(session, path, lambda sbom, path: sbom.write_crates_sbom(path, package, target, steps, state))


COMMAND = SconsCommand(
    "builds a kernel's support crates, and makes a Debian package of them",
    run,
    needs=shared_outputs,
    modules=False,
    guide="packages.md",
)
