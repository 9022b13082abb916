# SPDX-License-Identifier: MIT
"""``dkms``: modules as sources that DKMS builds for each kernel."""

from __future__ import annotations

from scons_kmod.manifest.manifest import Manifest
from scons_kmod.packaging.deb import build_deb
from scons_kmod.packaging.dkms import dkms_deb, write_dkms_tree

from ..packages import packaged_modules, write_spdx
from ..registry import SconsCommand
from ..session import Session


def run(session: Session, modules: list[Manifest]) -> int:
    """Write the source tree for DKMS of each module that has a [package], and a Debian package of the tree."""
    for module in packaged_modules(session, modules):
        write_dkms(session, module)
    return 0


def write_dkms(session: Session, module: Manifest) -> None:
    """Write a module's tree and package, and print their paths."""
    directory, log = session.build / "dkms", session.log(session.targets[0].name)
    package = dkms_deb(module)
    paths = (write_dkms_tree(module, directory), build_deb(package, directory, log))
    print(*(f"  {'DKMS':<8}{path.relative_to(session.top)}" for path in paths), sep="\n")
    write_spdx(session, paths[1], lambda sbom, path: sbom.write_source_sbom(path, package, module))


COMMAND = SconsCommand(
    "writes the DKMS source tree of each module that has a [package], and a deb",
    run,
    variables=("MODULE",),
    guide="packages.md",
)
