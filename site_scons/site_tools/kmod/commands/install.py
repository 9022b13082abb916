# SPDX-License-Identifier: MIT
"""``install``: modules where modprobe finds them."""

from __future__ import annotations

from scons_kmod.install.install import install_modules
from scons_kmod.manifest.manifest import Manifest, with_needs

from ..modules import buildable_modules, ko_files
from ..registry import SconsCommand
from ..session import Session


def run(session: Session, modules: list[Manifest]) -> int:
    """Install the modules, and those that they need, for every target. Print the path of each installed file."""
    for target in session.targets:
        needed = with_needs(buildable_modules(session, target, modules))
        for path in install_modules(target, needed, session.settings, session.log(target.name)):
            print(f"  {'INSTALL':<8}{path}")
    return 0


COMMAND = SconsCommand(
    "builds, copies each .ko to lib/modules/RELEASE/updates, and runs depmod",
    run,
    needs=ko_files,
    variables=(
        "MODULE",
        "DESTDIR",
        "INSTALL_MOD_PATH",
        "INSTALL_MOD_DIR",
        "INSTALL_MOD_STRIP",
        "SIGN_KEY",
        "SIGN_CERT",
        "SIGN_PIN_FILE",
    ),
    guide="install.md",
)
