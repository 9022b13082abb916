# SPDX-License-Identifier: MIT
"""``[package]`` of a manifest: what a distribution's package says of a module."""

from __future__ import annotations

import dataclasses
import datetime

from scons_kmod.manifest.keys import key
from scons_kmod.manifest.kinds import Date, Form, Text

# What both dpkg and rpm take for an upstream version; a hyphen would begin the package's own revision.
VERSION = Form("[0-9][A-Za-z0-9.+~]*", "{!r} can't be used here", "use digits, letters, . + and ~, first a digit")
MAINTAINER = Form(r"[^<>\n,]+ <[^<>\s@]+@[^<>\s@]+>", "{!r} can't be used here", 'write "Name <name@example.org>"')
LICENSE = Form("[A-Za-z0-9.+() -]+", "{!r} can't be used here", "write an SPDX expression: GPL-2.0-only")
URL = Form(r"https?://\S+", "{!r} is not a web address", "write https://...")
# Debian's policy 5.6.13: the synopsis is one line of less than 80 characters.
MAX_SUMMARY = 79
SUMMARY = Form(
    rf"[^\n]{{1,{MAX_SUMMARY}}}",
    f"must be one line of at most {MAX_SUMMARY} characters",
    "put the rest in description",
)


@dataclasses.dataclass(frozen=True)
class PackageInfo:
    """The keys of [package]."""

    version: str = key(Text(VERSION), "The module's version.")
    date: datetime.date = key(Date(), "The day of this version's release (UTC), without quotes: 2026-01-31.")
    maintainer: str = key(Text(MAINTAINER), "Who maintains the package: `Name <name@example.org>`.")
    summary: str = key(Text(SUMMARY), f"What the module is, in one line of at most {MAX_SUMMARY} characters.")
    license: str = key(Text(LICENSE), "The module's license, an SPDX expression.")
    description: str = key(Text(), "What the module is, in more lines.", default="")
    homepage: str = key(Text(URL), "The address of the project's page.", default="")

    @property
    def seconds(self) -> int:
        """The release as seconds since 1970: midnight, UTC."""
        return int(datetime.datetime.combine(self.date, datetime.time(), datetime.UTC).timestamp())
