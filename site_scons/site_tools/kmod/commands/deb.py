# SPDX-License-Identifier: MIT
"""``deb``: modules as Debian packages."""

from __future__ import annotations

from pathlib import Path

from scons_kmod.manifest.manifest import Manifest
from scons_kmod.packaging.deb import build_deb, module_deb
from scons_kmod.packaging.deb_source import build_dsc

from ..modules import ko_files
from ..packages import PACKAGE_VARIABLES, PackageInputs, build_packages
from ..registry import SconsCommand
from ..session import Session


def write_deb(session: Session, inputs: PackageInputs) -> list[Path]:
    """Write a module's .deb, and with SOURCE=1 its source package. Returns the paths, the .deb first."""
    target, log = inputs.target, session.log(inputs.target.name)
    deb, directory = module_deb(inputs.package, target.tree.arch), target.build / "deb"
    paths = [build_deb(deb, directory, log)]
    if session.settings.source:
        release, settings = inputs.package.release, session.settings
        paths.append(build_dsc(deb, inputs.module, release, inputs.description, settings, directory, log))
    return paths


def run(session: Session, modules: list[Manifest]) -> int:
    """Build a .deb of each module that has a [package], for every target."""
    return build_packages(session, modules, "DEB", write_deb)


COMMAND = SconsCommand(
    "builds, and makes a Debian package of each module that has a [package]",
    run,
    needs=ko_files,
    variables=PACKAGE_VARIABLES,
    guide="packages.md",
)
