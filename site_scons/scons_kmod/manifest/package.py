# SPDX-License-Identifier: MIT
"""``[package]`` of a manifest: what a distribution's package says of a module."""

from __future__ import annotations

import dataclasses
import datetime
import re

from scons_kmod.base.located_toml import Table

# What both dpkg and rpm take for an upstream version; a hyphen would begin the package's own revision.
VERSION = re.compile(r"[0-9][A-Za-z0-9.+~]*")
MAINTAINER = re.compile(r"[^<>\n,]+ <[^<>\s@]+@[^<>\s@]+>")
LICENSE = re.compile(r"[A-Za-z0-9.+() -]+")
URL = re.compile(r"https?://\S+")
# Debian's policy 5.6.13: the synopsis is one line of less than 80 characters.
MAX_SUMMARY = 79


@dataclasses.dataclass(frozen=True)
class PackageInfo:
    """`version` is the module's, `date` the day of its release (UTC), `license` an SPDX expression."""

    version: str
    date: datetime.date
    maintainer: str
    summary: str
    license: str
    description: str = ""
    homepage: str = ""

    @property
    def seconds(self) -> int:
        """The release as seconds since 1970: midnight, UTC."""
        return int(datetime.datetime.combine(self.date, datetime.time(), datetime.UTC).timestamp())


def read_package(table: Table) -> PackageInfo:
    """Read and check the table. Raises `UserError`."""
    info = PackageInfo(
        version=matching(table, "version", VERSION, "use digits, letters, . + and ~, first a digit"),
        date=table.date("date"),
        maintainer=matching(table, "maintainer", MAINTAINER, 'write "Name <name@example.org>"'),
        summary=table.string("summary"),
        license=matching(table, "license", LICENSE, "write an SPDX expression: GPL-2.0-only"),
        description=table.string("description", default=""),
        homepage=table.string("homepage", default=""),
    )
    table.done()
    if "\n" in info.summary or len(info.summary) > MAX_SUMMARY:
        table.wrong("summary", f"must be one line of at most {MAX_SUMMARY} characters", "put the rest in description")
    if info.homepage and not URL.fullmatch(info.homepage):
        table.wrong("homepage", f"{info.homepage!r} is no address", "write https://...")
    return info


def matching(table: Table, key: str, pattern: re.Pattern[str], fix: str) -> str:
    """A string that matches a pattern."""
    value = table.string(key)
    return value if pattern.fullmatch(value) else table.wrong(key, f"{value!r} can't be used here", fix)
