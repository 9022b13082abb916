# SPDX-License-Identifier: MIT
"""The metadata of a Debian package: control file, changelog and copyright (deb-control(5), Debian policy 4.6)."""

from __future__ import annotations

import dataclasses
import datetime
import email.utils
import textwrap
from collections.abc import Mapping

from scons_kmod.manifest.sections.package import PackageInfo
from scons_kmod.packaging.module_package import REVISION

# The licences whose text is on every Debian system: SPDX name, file name in /usr/share/common-licenses.
COMMON_LICENSES = {"GPL-2.0-only": "GPL-2", "GPL-2.0-or-later": "GPL-2", "GPL-2.0": "GPL-2"}


@dataclasses.dataclass(frozen=True)
class DebPackage:
    """A binary package for Debian.

    `about` is the last paragraph of the description, and `change` the entry in the changelog. `files` are by their
    paths below the root directory, and maintainer `scripts` by their names (deb-postinst(5)). `seconds` is the time of
    all files, since 1970. `compression` are options for dpkg-deb.
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


def control_text(package: DebPackage, size: int) -> str:
    """The text of DEBIAN/control. `size` is the installed size in KiB."""
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
        "Description": f"{info.summary}\n{extended_description(package)}",
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def extended_description(package: DebPackage) -> str:
    """The extended description: the lines after the summary. Each begins with a blank (Debian policy 5.6.13)."""
    texts = [*package.info.description.split("\n\n"), package.about]
    paragraphs = [textwrap.fill(text, 78) for text in texts if text.strip()]
    return "\n .\n".join(textwrap.indent(paragraph, " ") for paragraph in paragraphs)


def changelog_text(package: DebPackage) -> str:
    """The changelog. It has one entry, as the package starts from nothing with each version."""
    date = email.utils.format_datetime(datetime.datetime.fromtimestamp(package.seconds, datetime.UTC))
    return (
        f"{package.name} ({package.version}) unstable; urgency=medium\n\n"
        f"  * {package.change}\n\n"
        f" -- {package.info.maintainer}  {date}\n"
    )


def copyright_text(package: DebPackage) -> str:
    """The copyright file, in the machine-readable format (copyright-format 1.0)."""
    info = package.info
    common = COMMON_LICENSES.get(info.license)
    text = f" On Debian systems, the text is in /usr/share/common-licenses/{common}.\n" if common else ""
    source = f"Source: {info.homepage}\n" if info.homepage else ""
    return (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        f"Upstream-Name: {package.name}\n{source}\n"
        f"Files: *\nCopyright: {info.date.year} {info.maintainer}\nLicense: {info.license}\n"
        + (f"\nLicense: {info.license}\n{text}" if text else "")
    )
