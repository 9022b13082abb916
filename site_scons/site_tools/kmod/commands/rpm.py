# SPDX-License-Identifier: MIT
"""``rpm``: modules as packages for distributions with rpm."""

from __future__ import annotations

from pathlib import Path

from scons_kmod.manifest.manifest import Manifest
from scons_kmod.packaging.rpm import build_rpm

from ..modules import ko_files
from ..packages import PACKAGE_VARIABLES, PackageInputs, build_packages
from ..registry import SconsCommand
from ..session import Session


def write_rpm(session: Session, inputs: PackageInputs) -> list[Path]:
    """Write a module's .rpm, and with SOURCE=1 its source package. Returns the paths, the .rpm first."""
    target, log = inputs.target, session.log(inputs.target.name)
    return build_rpm(inputs.package, inputs.module, session.settings, target.tree.arch, target.build / "rpm", log)


def run(session: Session, modules: list[Manifest]) -> int:
    """Build an .rpm of each module that has a [package], for every target."""
    return build_packages(session, modules, "RPM", write_rpm)


COMMAND = SconsCommand(
    "builds, and makes an rpm of each module that has a [package]",
    run,
    needs=ko_files,
    variables=PACKAGE_VARIABLES,
    guide="packages.md",
)
