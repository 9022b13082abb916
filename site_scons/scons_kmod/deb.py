# SPDX-License-Identifier: MIT
"""Binary packages for Debian, made by dpkg-deb (deb-control(5), Debian policy 4.6)."""

from __future__ import annotations

import datetime
import email.utils
import gzip
import hashlib
import os
import textwrap
from pathlib import Path

from scons_kmod.atomic import write_bytes, write_text
from scons_kmod.module_package import REVISION, ModulePackage, workplace
from scons_kmod.programs import program
from scons_kmod.run_log import RunLog

# dpkg's name for the machine of each of Kbuild's.
ARCHITECTURES = {"x86": "amd64"}
# The licences that every Debian system has the text of, by their SPDX names.
COMMON = {"GPL-2.0-only": "GPL-2", "GPL-2.0-or-later": "GPL-2", "GPL-2.0": "GPL-2"}
# Run when the package is configured and when it is removed: modprobe's lists, and an initramfs with the module in it.
SCRIPT = """\
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


def build_deb(package: ModulePackage, arch: str, directory: Path, log: RunLog) -> Path:
    """Make the package in `directory`; returns its path. `arch` is Kbuild's SRCARCH.

    Raises `MachineError` if dpkg-deb is not there or nothing can be written, and `StepError`.
    """
    architecture = ARCHITECTURES[arch]
    made = directory / f"{package.name}_{package.info.version}-{REVISION}_{architecture}.deb"
    dpkg_deb = program("dpkg-deb")
    with workplace(directory) as work:
        root = work / "root"
        lay_out(package, architecture, root)
        whole = work / made.name
        argv = (dpkg_deb, "--root-owner-group", "-Zxz", "--build", root, whole)
        log.run(argv, step="DEB", unit=made.name, env={"SOURCE_DATE_EPOCH": str(package.seconds)})
        whole.replace(made)
    return made


def lay_out(package: ModulePackage, architecture: str, root: Path) -> None:
    """Write the package's files below `root`, and what dpkg is to know into DEBIAN/."""
    documents = f"usr/share/doc/{package.name}"
    files = {
        **package.files,
        f"{documents}/changelog.Debian.gz": gzip.compress(changelog(package).encode(), 9, mtime=0),
        f"{documents}/copyright": copyright_text(package).encode(),
    }
    for path, data in sorted(files.items()):
        write_bytes(root / path, data)
    sums = "".join(f"{hashlib.md5(data).hexdigest()}  {path}\n" for path, data in sorted(files.items()))
    size = sum(-(-len(data) // 1024) for data in files.values())
    write_text(root / "DEBIAN/control", control(package, architecture, size))
    write_text(root / "DEBIAN/md5sums", sums)
    for name, action in (("postinst", "configure"), ("postrm", "remove")):
        text = SCRIPT.format(action=action, release=package.release, module=package.module)
        write_text(root / "DEBIAN" / name, text, mode=0o755)
    # Whatever the umask and the time are. dpkg-deb itself changes no time that is before SOURCE_DATE_EPOCH.
    for place in (root, *root.rglob("*")):
        if place.is_dir():
            place.chmod(0o755)
        os.utime(place, (package.seconds, package.seconds))


def control(package: ModulePackage, architecture: str, size: int) -> str:
    """The control file; `size` is in KiB."""
    info = package.info
    fields = {
        "Package": package.name,
        "Version": f"{info.version}-{REVISION}",
        "Architecture": architecture,
        "Maintainer": info.maintainer,
        "Installed-Size": str(size),
        "Depends": f"kmod, {' | '.join(package.kernels)}",
        "Section": "kernel",
        "Priority": "optional",
        **({"Homepage": info.homepage} if info.homepage else {}),
        "Description": f"{info.summary}\n{extended(package)}",
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def extended(package: ModulePackage) -> str:
    """The description's further lines, each of which begins with a blank."""
    texts = [
        *package.info.description.split("\n\n"),
        f"This is the kernel module {package.module} for Linux {package.release}.",
    ]
    paragraphs = [textwrap.fill(text, 78) for text in texts if text.strip()]
    return "\n .\n".join(textwrap.indent(paragraph, " ") for paragraph in paragraphs)


def changelog(package: ModulePackage) -> str:
    """The changelog of a package that is made anew for each version."""
    info = package.info
    date = email.utils.format_datetime(datetime.datetime.fromtimestamp(package.seconds, datetime.UTC))
    return (
        f"{package.name} ({info.version}-{REVISION}) unstable; urgency=medium\n\n"
        f"  * {package.module} {info.version} for Linux {package.release}.\n\n"
        f" -- {info.maintainer}  {date}\n"
    )


def copyright_text(package: ModulePackage) -> str:
    """The copyright file, as machines read it (copyright-format 1.0)."""
    info = package.info
    common = COMMON.get(info.license)
    text = f" On Debian systems, the text is in /usr/share/common-licenses/{common}.\n" if common else ""
    source = f"Source: {info.homepage}\n" if info.homepage else ""
    return (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        f"Upstream-Name: {package.module}\n{source}\n"
        f"Files: *\nCopyright: {info.date.year} {info.maintainer}\nLicense: {info.license}\n"
        + (f"\nLicense: {info.license}\n{text}" if text else "")
    )
