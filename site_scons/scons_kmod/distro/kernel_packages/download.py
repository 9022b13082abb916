# SPDX-License-Identifier: MIT
"""Downloads a target's packages with apt, and unpacks them in the cache directory.

Nothing is installed and no root is needed. Below the cache directory:

    apt/                                    private package lists, for when the system's do not suffice
    packages/TARGET/headers.json            which headers are in use: a null build reads this one file
    packages/TARGET/RELEASE/image.json      the same for the image of that release
    packages/TARGET/RELEASE/DIGEST/         an unpacked tree, never changed afterwards
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.base.atomic import locked, write_text
from scons_kmod.base.errors import MachineError, StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.apt import Apt, Package, private_apt
from scons_kmod.distro.kernel_packages.selection import (
    find_packages,
    newest_release,
    not_in_archive,
    source_version,
)
from scons_kmod.distro.kernel_packages.unpack import (
    UNPACKED_SOURCES,
    PackageKind,
    UnpackedPackages,
    make_relocatable,
    unpack,
)
from scons_kmod.distro.target_choice import is_of_this_system
from scons_kmod.distro.target_file import Target


def fetch_packages(
    target: Target,
    cache: Path,
    log: RunLog,
    kind: PackageKind = "headers",
    *,
    headers: UnpackedPackages | None = None,
    refresh: bool = False,
) -> UnpackedPackages:
    """The target's headers, image, modules or sources. They are downloaded and unpacked unless they are in the cache.

    Several processes may ask at once. The image and the modules are those of the headers' release, the sources are
    those of the headers' version. `headers` says for which headers, if not for those in the cache. `refresh` looks for
    a newer release, in new package lists. Raises `UserError` if the archive does not have such a kernel (any more),
    `MachineError` if the archive can't be reached or apt is missing.
    """
    try:
        with locked(cache / "packages/lock"):
            unpacked = None if refresh else fetched_packages(target, cache, kind, headers)
            return unpacked or download_newest(target, cache, log, kind, headers, refresh)
    except OSError as error:
        fix = "free some space there, or make it writable, or set SCONS_KMOD_CACHE=DIR"
        raise MachineError(f"{error.strerror}", where=str(error.filename or cache), fix=fix) from error


def fetched_packages(
    target: Target, cache: Path, kind: PackageKind = "headers", headers: UnpackedPackages | None = None
) -> UnpackedPackages | None:
    """The packages that `fetch_packages` left in the cache, if any. Starts no process."""
    directory = cache / "packages" / target.name
    if kind != "headers":
        headers = headers or fetched_packages(target, cache)
        if headers is None:
            return None
        directory /= headers.release
    try:
        record = json.loads((directory / f"{kind}.json").read_text())
        unpacked = UnpackedPackages(directory / record["root"], record["release"], record["versions"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # The archive may have built the same release again, in another version.
    if kind == "source" and headers and set(unpacked.versions.values()) != {source_version(target, headers)}:
        return None
    # The target file may ask for another release than it did then.
    fits = re.fullmatch(target.packages.release, unpacked.release) and unpacked.root.is_dir()
    return unpacked if fits else None


def download_newest(
    target: Target, cache: Path, log: RunLog, kind: PackageKind, headers: UnpackedPackages | None, refresh: bool
) -> UnpackedPackages:
    """Find the newest packages, download and unpack them. Needs the lock.

    The packages are looked up in the system's lists, then in the private lists, then in these lists after an update.
    """
    private = private_apt(target, cache, log)
    system = [(Apt((), log), False)] if is_of_this_system(target) else []
    attempts = [(private, True)] if refresh else [*system, (private, False), (private, True)]
    # An image must fit the headers in use. A newer image of the same target does not.
    headers = None if kind == "headers" else headers or fetched_packages(target, cache)
    for apt, update in attempts:
        problem = None
        try:
            if update:
                apt.run(
                    "apt-get", "update", "-q", unit="update", why=f"{target.name}: the package lists must be updated"
                )
        except StepError as error:
            if refresh:
                raise unreachable(target, error) from error
            problem = error
        release = headers.release if headers else newest_release(target, apt)
        packages = find_packages(target, apt, kind, release, headers) if release else []
        if not packages:
            continue
        try:
            return download(target, cache, apt, kind, str(release), packages)
        except StepError as error:
            problem = error
    # The last attempt counts: packages in an older list may be gone from the archive.
    if problem:
        raise unreachable(target, problem)
    raise not_in_archive(target, private, kind, headers)


def download(
    target: Target, cache: Path, apt: Apt, kind: PackageKind, release: str, packages: Sequence[Package]
) -> UnpackedPackages:
    """Download packages, unpack them in a directory named by their versions, and record it. Needs the lock."""
    versions = {package.name: package.version for package in packages}
    # The same package has the image and the modules; another version of this library may unpack more of the sources.
    part = {"source": UNPACKED_SOURCES.pattern, "modules": "modules"}.get(kind, "")
    digest = hashlib.sha256((json.dumps(versions, sort_keys=True) + part).encode()).hexdigest()[:16]
    directory = cache / "packages" / target.name
    root = directory / release / digest
    if not root.is_dir():
        # A killed build may have left it. The lock says that nobody uses it.
        partial = cache / "packages/partial"
        shutil.rmtree(partial, ignore_errors=True)
        for path in (partial / "debs", partial / "root"):
            path.mkdir(parents=True)
        exact = [f"{name}={version}" for name, version in versions.items()]
        apt.run("apt-get", "download", "-q", *exact, unit=packages[0].name, why=target.name, cwd=partial / "debs")
        for deb in sorted((partial / "debs").glob("*.deb")):
            unpack(deb, kind, partial / "root", apt.log, target.name)
        if kind == "headers":
            make_relocatable(partial / "root")
        root.parent.mkdir(parents=True, exist_ok=True)
        (partial / "root").rename(root)
        shutil.rmtree(partial)
    record = directory / "headers.json" if kind == "headers" else directory / release / f"{kind}.json"
    content = {"release": release, "root": str(root.relative_to(record.parent)), "versions": versions}
    write_text(record, json.dumps(content, indent=1) + "\n")
    return UnpackedPackages(root, release, versions)


def unreachable(target: Target, error: StepError) -> MachineError:
    """The error for packages that can't be downloaded, with apt's messages."""
    messages = re.findall(r"^(?:E:|W: Failed|Err:).*$", error.message, re.MULTILINE) or [error.message]
    message = "its packages can't be downloaded\n" + "\n".join(f"    {line}" for line in dict.fromkeys(messages))
    fix = "check the network and apt's sources (apt-get update), or name a prepared kernel tree with KDIR="
    return MachineError(message, where=target.name, fix=fix)
