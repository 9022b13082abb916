# SPDX-License-Identifier: MIT
"""A module for DKMS, which builds it for each kernel of a machine (dkms(8)): its source tree, and a package of that.

The tree builds with this plugin. For a kernel that the module can't be built for, DKMS is told that it is not meant for
it: dkms 3.0 takes any other answer, BUILD_EXCLUSIVE even, for a failure, and then the kernel's own upgrade fails.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from scons_kmod.base.atomic import write_bytes
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.packaging.deb import DebPackage
from scons_kmod.packaging.module_package import REVISION, described, package_name, source_date, workplace
from scons_kmod.packaging.source_tree import filled_in, source_tree

TREE = ("dkms.conf", "build-module")
SCRIPTS = ("postinst", "prerm", "postrm")


def dkms_files(manifest: Manifest) -> dict[str, bytes]:
    """The source tree for DKMS: what belongs to it, and the module's own files. Raises `UserError`."""
    return {**{name: dkms_file(name, manifest).encode() for name in TREE}, **source_tree(manifest)}


def dkms_file(name: str, manifest: Manifest) -> str:
    """A file's text for a module. No name and no version has a character that a shell would take for more."""
    words = {"PACKAGE": package_name(manifest), "VERSION": described(manifest).version, "MODULE": manifest.name}
    return filled_in(f"dkms/{name}", words)


def tree_name(manifest: Manifest) -> str:
    """What DKMS calls the tree. Raises `UserError`."""
    return f"{package_name(manifest)}-{described(manifest).version}"


def write_dkms_tree(manifest: Manifest, directory: Path) -> Path:
    """Write the source tree into `directory`, in place of an older one; returns its path.

    Raises `UserError` and `MachineError`.
    """
    made = directory / tree_name(manifest)
    with workplace(directory) as work:
        for name, data in dkms_files(manifest).items():
            write_bytes(work / "tree" / name, data)
        if made.exists():
            shutil.rmtree(made)
        (work / "tree").rename(made)
    return made


def dkms_deb(manifest: Manifest) -> DebPackage:
    """The package that brings the source tree and tells DKMS of it. Raises `UserError`."""
    info = described(manifest)
    needed = (f"{package_name(one)}-dkms (= {described(one).version}-{REVISION})" for one in manifest.needs)
    return DebPackage(
        name=f"{package_name(manifest)}-dkms",
        architecture="all",
        depends=", ".join(("dkms (>= 3.0.10)", "scons-kmod", *needed)),
        info=info,
        about=f"DKMS builds the kernel module {manifest.name} from this package's sources for each kernel.",
        change=f"{manifest.name} {info.version}.",
        files={f"usr/src/{tree_name(manifest)}/{path}": data for path, data in dkms_files(manifest).items()},
        scripts={name: dkms_file(name, manifest) for name in SCRIPTS},
        seconds=source_date(info),
    )
