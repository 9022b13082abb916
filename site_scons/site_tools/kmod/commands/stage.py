# SPDX-License-Identifier: MIT
"""``stage``: the contents of packages, for those who make packages with other tools."""

from __future__ import annotations

from scons_kmod.base.errors import UserError
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.packaging.module_package import module_package, stage_package

from ..modules import buildable_modules, ko_files
from ..packages import INSTALL_VARIABLES, packaged_modules
from ..registry import SconsCommand
from ..session import Session


def run(session: Session, modules: list[Manifest]) -> int:
    """Write the contents of the modules' packages below DESTDIR=. Raises `UserError` without it."""
    root = session.settings.destdir
    if root is None:
        raise UserError("a directory is missing", where="stage", fix="write DESTDIR=/path")
    for target, kernel in zip(session.targets, session.chosen, strict=True):
        for module in buildable_modules(session, target, packaged_modules(session, modules)):
            log = session.log(target.name)
            package = module_package(target, kernel.description, module, session.settings, log)
            print(*(f"  {'STAGE':<8}{path}" for path in stage_package(package, root)), sep="\n")
    return 0


COMMAND = SconsCommand(
    "builds, and writes the contents of the packages below DESTDIR=",
    run,
    needs=ko_files,
    variables=("MODULE", "DESTDIR", *INSTALL_VARIABLES),
    guide="packages.md",
)
