# SPDX-License-Identifier: MIT
"""Binary packages for Debian, built by dpkg-deb. deb_control.py has the texts of the control file and the like."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path

from scons_kmod.base.atomic import write_bytes, write_text
from scons_kmod.base.programs import find_program
from scons_kmod.base.run_log import RunLog
from scons_kmod.packaging.deb_control import DebPackage, changelog_text, control_text, copyright_text
from scons_kmod.packaging.module_package import REVISION, ModulePackage
from scons_kmod.packaging.reproducible import set_modes_and_times, work_directory

# dpkg's architecture, by Kbuild's SRCARCH.
DEB_ARCHITECTURES = {"x86": "amd64"}
# postinst and postrm of a module's package: run depmod, and rebuild the initramfs if the module is in it.
MAINTAINER_SCRIPT = """\
#!/bin/sh
set -e

if [ "$1" = {action} ] && [ -d /lib/modules/{release} ]; then
    depmod {release}
    image=/boot/initrd.img-{release}
    if [ -e "$image" ] && command -v update-initramfs >/dev/null; then
        if lsinitramfs "$image" | grep -q '/{module}\\.ko'; then
            update-initramfs -u -k {release}
        fi
    fi
fi
"""


def module_deb(package: ModulePackage, arch: str) -> DebPackage:
    """The Debian package of a module for one kernel. `arch` is Kbuild's SRCARCH."""
    release = package.release
    return DebPackage(
        name=package.name,
        architecture=DEB_ARCHITECTURES[arch],
        depends=", ".join(("kmod", " | ".join(package.kernels), *module_dependencies(package))),
        info=package.info,
        about=f"This is the kernel module {package.module} for Linux {release}.",
        change=f"{package.module} {package.info.version} for Linux {release}.",
        files=package.files,
        scripts={
            name: MAINTAINER_SCRIPT.format(action=action, release=release, module=package.module)
            for name, action in (("postinst", "configure"), ("postrm", "remove"))
        },
        seconds=package.seconds,
    )


def module_dependencies(package: ModulePackage) -> Iterator[str]:
    """The dependencies on packages of other modules, in the versions against which this module was linked."""
    for name, version in package.needs:
        yield f"{name} (= {version}-{REVISION})"


def build_deb(package: DebPackage, directory: Path, log: RunLog) -> Path:
    """Build the package in `directory`; returns its path.

    Raises `MachineError` if dpkg-deb is not installed or the directory can't be written, and `StepError`.
    """
    deb = directory / f"{package.name}_{package.version}_{package.architecture}.deb"
    dpkg_deb = find_program("dpkg-deb")
    with work_directory(directory) as work:
        root = work / "root"
        write_package_root(package, root)
        complete = work / deb.name
        argv = [dpkg_deb, "--root-owner-group", *package.compression, "--build", str(root), str(complete)]
        log.run(argv, step="DEB", unit=deb.name, env={"SOURCE_DATE_EPOCH": str(package.seconds)})
        complete.replace(deb)
    return deb


def write_package_root(package: DebPackage, root: Path) -> None:
    """Write the package's files below `root`, and its metadata for dpkg-deb into DEBIAN/."""
    documents = f"usr/share/doc/{package.name}"
    files = {
        **package.files,
        f"{documents}/changelog.Debian.gz": gzip.compress(changelog_text(package).encode(), 9, mtime=0),
        f"{documents}/copyright": copyright_text(package).encode(),
    }
    for path, data in sorted(files.items()):
        write_bytes(root / path, data)
    sums = "".join(f"{hashlib.md5(data).hexdigest()}  {path}\n" for path, data in sorted(files.items()))
    size = sum(-(-len(data) // 1024) for data in files.values())
    write_text(root / "DEBIAN/control", control_text(package, size))
    write_text(root / "DEBIAN/md5sums", sums)
    for name, text in package.scripts.items():
        write_text(root / "DEBIAN" / name, text, mode=0o755)
    # dpkg-deb clamps only times that are later than SOURCE_DATE_EPOCH.
    set_modes_and_times(root, package.seconds)
