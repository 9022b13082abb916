# SPDX-License-Identifier: MIT
"""``doc``: the documentation of the crates that a module's author sees."""

from __future__ import annotations

from typing import Any

from scons_kmod.crates.rustdoc import doc_step
from scons_kmod.manifest.manifest import Manifest

from ..graph import nodes
from ..registry import SconsCommand
from ..session import Session


def pages(env: Any, modules: list[Manifest]) -> list[Any]:
    """The first pages of the crates' documentation, for every target."""
    session: Session = env["KMOD"]
    for target in session.targets:
        env.SupportCrates(target)
    return nodes(env, *(session.add(env, target.name, doc_step(target)) for target in session.targets))


def run(session: Session, modules: list[Manifest]) -> int:
    """Print the paths of the first pages."""
    paths = [path for target in session.targets for path in doc_step(target).outputs]
    print(*(f"  {'SEE':<8}{path.relative_to(session.top)}" for path in paths), sep="\n")
    return 0


COMMAND = SconsCommand("writes the documentation of the kernel and macros crates", run, needs=pages)
