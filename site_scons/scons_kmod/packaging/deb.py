# SPDX-License-Identifier: MIT
"""Binary packages for Debian, made by dpkg-deb (deb-control(5), Debian policy 4.6)."""

from __future__ import annotations

import dataclasses
import datetime
import email.utils
import gzip
import hashlib
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

from scons_kmod.base.atomic import write_bytes, write_text
from scons_kmod.base.programs import find_program
from scons_kmod.base.run_log import RunLog
from scons_kmod.manifest.sections.package import PackageInfo
from scons_kmod.packaging.module_package import REVISION, ModulePackage, settle, workplace

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


@dataclasses.dataclass(frozen=True)
class DebPackage:
    """What dpkg is to know of a package. `about` and `change` say what it holds: in the description, in the changelog.

    `files` are by their paths below the root directory, `scripts` by their names (deb-postinst(5)). `seconds` is the
    time of all files, since 1970. `compression` are options for dpkg-deb.
    """

    name: str
    architecture: str
    depends: str
    info: PackageInfo
    about: str
    change: str
    files: Mapping[str, bytes]
    scripts: Mapping[str, str]
    seconds: int
    compression: tuple[str, ...] = ("-Zxz",)

    @property
    def version(self) -> str:
        """The upstream version and the package's own revision."""
        return f"{self.info.version}-{REVISION}"


def module_deb(package: ModulePackage, arch: str) -> DebPackage:
    """The package of a module for one kernel. `arch` is Kbuild's SRCARCH."""
    release = package.release
    return DebPackage(
        name=package.name,
        architecture=ARCHITECTURES[arch],
        depends=", ".join(("kmod", " | ".join(package.kernels), *needed(package))),
        info=package.info,
        about=f"This is the kernel module {package.module} for Linux {release}.",
        change=f"{package.module} {package.info.version} for Linux {release}.",
        files=package.files,
        scripts={
            name: SCRIPT.format(action=action, release=release, module=package.module)
            for name, action in (("postinst", "configure"), ("postrm", "remove"))
        },
        seconds=package.seconds,
    )


def needed(package: ModulePackage) -> Iterator[str]:
    """The packages of other modules, in the versions that this one was linked against."""
    for name, version in package.needs:
        yield f"{name} (= {version}-{REVISION})"


def build_deb(package: DebPackage, directory: Path, log: RunLog) -> Path:
    """Make the package in `directory`; returns its path.

    Raises `MachineError` if dpkg-deb is not there or nothing can be written, and `StepError`.
    """
    made = directory / f"{package.name}_{package.version}_{package.architecture}.deb"
    dpkg_deb = find_program("dpkg-deb")
    with workplace(directory) as work:
        root = work / "root"
        lay_out(package, root)
        whole = work / made.name
        argv = [dpkg_deb, "--root-owner-group", *package.compression, "--build", str(root), str(whole)]
        log.run(argv, step="DEB", unit=made.name, env={"SOURCE_DATE_EPOCH": str(package.seconds)})
        whole.replace(made)
    return made


def lay_out(package: DebPackage, root: Path) -> None:
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
    write_text(root / "DEBIAN/control", control(package, size))
    write_text(root / "DEBIAN/md5sums", sums)
    for name, text in package.scripts.items():
        write_text(root / "DEBIAN" / name, text, mode=0o755)
    # dpkg-deb itself changes no time that is before SOURCE_DATE_EPOCH.
    settle(root, package.seconds)


def control(package: DebPackage, size: int) -> str:
    """The control file; `size` is in KiB."""
    info = package.info
    fields = {
        "Package": package.name,
        "Version": package.version,
        "Architecture": package.architecture,
        "Maintainer": info.maintainer,
        "Installed-Size": str(size),
        "Depends": package.depends,
        "Section": "kernel",
        "Priority": "optional",
        **({"Homepage": info.homepage} if info.homepage else {}),
        "Description": f"{info.summary}\n{extended(package)}",
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def extended(package: DebPackage) -> str:
    """The description's further lines, each of which begins with a blank."""
    texts = [*package.info.description.split("\n\n"), package.about]
    paragraphs = [textwrap.fill(text, 78) for text in texts if text.strip()]
    return "\n .\n".join(textwrap.indent(paragraph, " ") for paragraph in paragraphs)


def changelog(package: DebPackage) -> str:
    """The changelog of a package that is made anew for each version."""
    date = email.utils.format_datetime(datetime.datetime.fromtimestamp(package.seconds, datetime.UTC))
    return (
        f"{package.name} ({package.version}) unstable; urgency=medium\n\n"
        f"  * {package.change}\n\n"
        f" -- {package.info.maintainer}  {date}\n"
    )


def copyright_text(package: DebPackage) -> str:
    """The copyright file, as machines read it (copyright-format 1.0)."""
    info = package.info
    common = COMMON.get(info.license)
    text = f" On Debian systems, the text is in /usr/share/common-licenses/{common}.\n" if common else ""
    source = f"Source: {info.homepage}\n" if info.homepage else ""
    return (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        f"Upstream-Name: {package.name}\n{source}\n"
        f"Files: *\nCopyright: {info.date.year} {info.maintainer}\nLicense: {info.license}\n"
        + (f"\nLicense: {info.license}\n{text}" if text else "")
    )
