# SPDX-License-Identifier: MIT
"""``uninstall``: the opposite of ``install``."""

from __future__ import annotations

from scons_kmod.install.install import uninstall_modules
from scons_kmod.manifest.manifest import Manifest

from ..registry import SconsCommand
from ..session import Session


def run(session: Session, modules: list[Manifest]) -> int:
    """Remove what was installed for every target: for all modules, or for the module that MODULE= names."""
    chosen = modules if session.settings.module else None
    for target in session.targets:
        removed, left = uninstall_modules(target.tree.release, chosen, session.settings, session.log(target.name))
        for path in removed:
            print(f"  {'REMOVE':<8}{path}")
        for path in left:
            print(f"  {'LEFT':<8}{path}: somebody has changed it")
    return 0


COMMAND = SconsCommand(
    "removes what install has installed",
    run,
    variables=("MODULE", "DESTDIR", "INSTALL_MOD_PATH"),
    guide="install.md",
)
