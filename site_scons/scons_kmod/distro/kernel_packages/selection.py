# SPDX-License-Identifier: MIT
"""Which packages of the archive belong to a target's kernel: its headers, image, modules and sources."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import read_toml
from scons_kmod.distro.apt import Apt, Package, parse_depends
from scons_kmod.distro.kernel_packages.unpack import PackageKind, UnpackedPackages
from scons_kmod.distro.target_file import Target


def newest_release(target: Target, apt: Apt) -> str | None:
    """The newest release that matches the target's pattern and whose headers can be downloaded."""
    head, tail = target.packages.headers.split("{release}")
    names = []
    for name in apt.package_names(head):
        release = name.removeprefix(head).removesuffix(tail)
        if name == head + release + tail and re.fullmatch(target.packages.release, release):
            names.append(name)
    available = {package.name for package in apt.available_packages(names)} if names else set()
    newest = [name for name in names if name in available][-1:]
    return newest[0].removeprefix(head).removesuffix(tail) if newest else None


def find_packages(
    target: Target, apt: Apt, kind: PackageKind, release: str, headers: UnpackedPackages | None = None
) -> list[Package]:
    """The packages to download for a release; empty if the archive lacks one.

    They are the headers with their companions, the image, the modules, or the sources of the version of `headers`.
    """
    if kind == "source" and headers:
        version = source_version(target, headers)
        return [p for p in apt.available_packages([target.packages.source]) if p.version == version]
    if kind in ("image", "modules"):
        names = [name.format(release=release) for name in candidate_names(target, kind)]
        available = apt.available_packages(names)
        return next(([p] for name in names for p in reversed(available) if p.name == name), [])
    return find_headers(target, apt, release)


def find_headers(target: Target, apt: Apt, release: str) -> list[Package]:
    """The package with the headers of a release and those of its dependencies that belong to the kernel tree."""
    packages = apt.available_packages([target.packages.headers.format(release=release)])[-1:]
    companions = [
        (name, version)
        for package in packages
        for name, version in parse_depends(package.depends)
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in target.packages.headers_with)
    ]
    available = apt.available_packages([name for name, _ in companions]) if companions else []
    for name, version in companions:
        fitting = [p for p in available if p.name == name and version in (None, p.version)]
        if not fitting:
            return []
        packages.append(fitting[-1])
    return packages


def source_version(target: Target, headers: UnpackedPackages) -> str:
    """The version of the source package that these headers were built from."""
    return headers.versions[target.packages.headers.format(release=headers.release)]


def candidate_names(target: Target, kind: PackageKind) -> tuple[str, ...]:
    """The names of packages one of which has the image, or the modules."""
    packages = target.packages
    return (packages.modules or packages.image) if kind == "modules" else packages.image


def not_in_archive(target: Target, apt: Apt, kind: PackageKind, headers: UnpackedPackages | None) -> UserError:
    """The error for a kernel that the archive does not have, or no longer has."""
    packages = target.packages
    if kind == "source":
        version = next(iter(headers.versions.values())) if headers else "?"
        return UserError(
            f"{packages.source} {version} is not in apt's sources (any more): the crates of this kernel need it",
            where=read_toml(target.path).where(("packages", "source")),
            fix="run scons UPDATE=1: it takes the newest headers and the sources that fit them",
        )
    if headers:
        release = headers.release
        names = " or ".join(name.format(release=release) for name in candidate_names(target, kind))
        fits = "modules that fit" if kind == "modules" else "image that fits"
        fix = f"run scons UPDATE=1: it takes the newest headers and the {fits} them"
        return UserError(f"{names} is not in apt's sources (any more)", where=f"{target.name} {kind}", fix=fix)
    head = packages.headers.partition("{release}")[0]
    newest = newest_headers(apt.package_names(head), head, target)
    available = f"the newest that are there: {', '.join(newest)}" if newest else f"there is no {head}* at all"
    return UserError(
        f"no {packages.headers} with a release like '{packages.release}' in apt's sources; "
        f"Debian's suite {packages.suite} should have it\n    {available}",
        where=read_toml(target.path).where(("packages", "release")),
        fix=f"update the pattern in {target.path}, add {packages.suite} to apt's sources, or name a kernel with KDIR=",
    )


def newest_headers(names: Iterable[str], head: str, target: Target) -> list[str]:
    """The five newest headers packages among the names, the newest first: of the target's version, or else of any."""
    companions = tuple(f"{pattern}*" for pattern in target.packages.headers_with)
    headers = [name for name in names if not any(fnmatch.fnmatchcase(name, pattern) for pattern in companions)]
    same_version = [name for name in headers if name.startswith(f"{head}{target.version}.")]
    return (same_version or [name for name in headers if name.removeprefix(head)[:1].isdigit()])[:-6:-1]
