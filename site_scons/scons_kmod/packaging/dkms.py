# SPDX-License-Identifier: MIT
"""A module's source tree for DKMS, which builds it for each kernel of a machine (dkms(8)), and a package of the tree.

The tree builds with this plugin. If the module can't be built for a kernel, dkms.conf tells DKMS that the module is not
for this kernel. dkms 3.0 takes any other answer, even BUILD_EXCLUSIVE, for a failure, and then the kernel's own upgrade
fails.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from scons_kmod.base.atomic import write_bytes
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.packaging.deb_control import DebPackage
from scons_kmod.packaging.module_package import REVISION, package_info, package_name
from scons_kmod.packaging.reproducible import source_date_epoch, work_directory
from scons_kmod.packaging.source_tree import fill_template, source_tree

TREE_FILE_NAMES = ("dkms.conf", "build-module")
DKMS_SCRIPT_NAMES = ("postinst", "prerm", "postrm")


def dkms_files(manifest: Manifest) -> dict[str, bytes]:
    """The files of the source tree for DKMS, by their paths in it. Raises `UserError` if there is no [package]."""
    return {**{name: dkms_file_text(name, manifest).encode() for name in TREE_FILE_NAMES}, **source_tree(manifest)}


def dkms_file_text(name: str, manifest: Manifest) -> str:
    """The text of a file in templates/dkms, for a module.

    Names and versions are checked earlier: they have no character that is special to a shell.
    """
    values = {"PACKAGE": package_name(manifest), "VERSION": package_info(manifest).version, "MODULE": manifest.name}
    return fill_template(f"dkms/{name}", values)


def dkms_tree_name(manifest: Manifest) -> str:
    """DKMS's name for the source tree. Raises `UserError`."""
    return f"{package_name(manifest)}-{package_info(manifest).version}"


def write_dkms_tree(manifest: Manifest, directory: Path) -> Path:
    """Write the source tree into `directory`, instead of an older one; returns its path.

    Raises `UserError` and `MachineError`.
    """
    tree = directory / dkms_tree_name(manifest)
    with work_directory(directory) as work:
        for name, data in dkms_files(manifest).items():
            write_bytes(work / "tree" / name, data)
        if tree.exists():
            shutil.rmtree(tree)
        (work / "tree").rename(tree)
    return tree


def dkms_deb(manifest: Manifest) -> DebPackage:
    """The Debian package that installs the source tree and adds it to DKMS. Raises `UserError`."""
    info = package_info(manifest)
    dependencies = (
        f"{package_name(module)}-dkms (= {package_info(module).version}-{REVISION})" for module in manifest.needs
    )
    return DebPackage(
        name=f"{package_name(manifest)}-dkms",
        architecture="all",
        depends=", ".join(("dkms (>= 3.0.10)", "scons-kmod", *dependencies)),
        info=info,
        about=f"DKMS builds the kernel module {manifest.name} from this package's sources for each kernel.",
        change=f"{manifest.name} {info.version}.",
        files={f"usr/src/{dkms_tree_name(manifest)}/{path}": data for path, data in dkms_files(manifest).items()},
        scripts={name: dkms_file_text(name, manifest) for name in DKMS_SCRIPT_NAMES},
        seconds=source_date_epoch(info),
    )
