# SPDX-License-Identifier: MIT
"""A target's Debian packages: found and downloaded by apt, unpacked as files in the cache directory.

Nothing is installed and no root is needed. Below the cache directory:

    apt/                                    package lists of our own, where the system's do not do
    packages/TARGET/headers.json            which headers were taken: a null build reads this one file
    packages/TARGET/RELEASE/image.json      the same for the image of that release
    packages/TARGET/RELEASE/DIGEST/         an unpacked tree, never changed afterwards
"""

from __future__ import annotations

import dataclasses
import fnmatch
import hashlib
import json
import lzma
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from scons_kmod.base.atomic import locked, write_text
from scons_kmod.base.errors import MachineError, StepError, UserError
from scons_kmod.base.located_toml import load
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.apt import Apt, Package, dependencies, private_apt
from scons_kmod.distro.target_file import Target, is_of_this_system

What = Literal["headers", "image", "modules", "source"]
# What is unpacked of a kernel's sources: what the crates are made of, and the headers that they include from elsewhere.
SOURCES = re.compile(r"(rust|scripts)/.*|.*\.rs|samples/rust/.*|drivers/base/[^/]*\.h")


@dataclasses.dataclass(frozen=True)
class Unpacked:
    """Packages of one kernel, unpacked below `root`. `release` is the kernel's, `versions` are the packages'."""

    root: Path
    release: str
    versions: Mapping[str, str]

    @property
    def kernel_tree(self) -> Path:
        """Of headers: the prepared kernel tree, as ``KDIR`` names it."""
        return self.root / "usr/src" / f"linux-headers-{self.release}"

    @property
    def kernel(self) -> Path:
        """Of an image: the compressed kernel."""
        return self.root / "boot" / f"vmlinuz-{self.release}"

    @property
    def modules(self) -> Path:
        """Of modules: the directory that has them below it."""
        return self.root

    @property
    def sources(self) -> Path:
        """Of a source package: the directory with the kernel's rust/ and scripts/."""
        return self.root / "linux"


def fetch(
    target: Target,
    cache: Path,
    log: RunLog,
    what: What = "headers",
    *,
    headers: Unpacked | None = None,
    refresh: bool = False,
) -> Unpacked:
    """The target's headers, image, modules or sources, downloaded and unpacked unless they are there.

    Any number may ask at once. An image and modules are those of the headers' release, sources are of their version.
    `headers` are those that count, if not the ones that were fetched. `refresh` looks for a newer release in lists
    fetched anew. Raises `UserError` if the archive has no such kernel (any more), `MachineError` if it can't be reached
    or there is no apt.
    """
    try:
        with locked(cache / "packages/lock"):
            there = None if refresh else installed(target, cache, what, headers)
            return there or obtain(target, cache, log, what, headers, refresh)
    except OSError as error:
        fix = "make room or give the right to write there, or set SCONS_KMOD_CACHE=DIR"
        raise MachineError(f"{error.strerror}", where=str(error.filename or cache), fix=fix) from error


def installed(target: Target, cache: Path, what: What = "headers", headers: Unpacked | None = None) -> Unpacked | None:
    """What `fetch` left in the cache, if anything; starts no process."""
    place = cache / "packages" / target.name
    if what != "headers":
        headers = headers or installed(target, cache)
        if headers is None:
            return None
        place /= headers.release
    try:
        record = json.loads((place / f"{what}.json").read_text())
        found = Unpacked(place / record["root"], record["release"], record["versions"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # The archive may have built the same release anew.
    if what == "source" and headers and set(found.versions.values()) != {source_version(target, headers)}:
        return None
    # The target file may ask for another release than it did then.
    return found if re.fullmatch(target.packages.release, found.release) and found.root.is_dir() else None


def source_version(target: Target, headers: Unpacked) -> str:
    """The version that the sources of these headers have."""
    return headers.versions[target.packages.headers.format(release=headers.release)]


def obtain(target: Target, cache: Path, log: RunLog, what: What, headers: Unpacked | None, refresh: bool) -> Unpacked:
    """Find, download and unpack: by the system's package lists, by our own, by our own fetched anew."""
    own = private_apt(target, cache, log)
    system = [(Apt((), log), False)] if is_of_this_system(target) else []
    tries = [(own, True)] if refresh else [*system, (own, False), (own, True)]
    # An image must fit the headers in use, a newer one of the same target does not.
    headers = None if what == "headers" else headers or installed(target, cache)
    for apt, update in tries:
        problem = None
        try:
            if update:
                apt.run("apt-get", "update", "-q", unit="update", why=f"{target.name}: the lists are wanted anew")
        except StepError as error:
            if refresh:
                raise unreachable(target, error) from error
            problem = error
        release = headers.release if headers else newest_release(target, apt)
        packages = find_packages(target, apt, what, release, headers) if release else []
        if not packages:
            continue
        try:
            return unpack(target, cache, apt, what, str(release), packages)
        except StepError as error:
            problem = error
    # The last try counts: what an older list named may be gone from the archive.
    if problem:
        raise unreachable(target, problem)
    raise gone(target, own, what, headers)


def newest_release(target: Target, apt: Apt) -> str | None:
    """The newest release that matches the target's pattern and whose headers can be downloaded."""
    head, tail = target.packages.headers.split("{release}")
    names = []
    for name in apt.package_names(head):
        release = name.removeprefix(head).removesuffix(tail)
        if name == head + release + tail and re.fullmatch(target.packages.release, release):
            names.append(name)
    there = {package.name for package in apt.available_packages(names)} if names else set()
    newest = [name for name in names if name in there][-1:]
    return newest[0].removeprefix(head).removesuffix(tail) if newest else None


def find_packages(target: Target, apt: Apt, what: What, release: str, there: Unpacked | None = None) -> list[Package]:
    """The packages to unpack for a release: the headers with their companions, the image, the modules, or the sources
    of just the version of the headers that are there; empty if not there.
    """
    if what == "source" and there:
        same = source_version(target, there)
        return [p for p in apt.available_packages([target.packages.source]) if p.version == same]
    if what in ("image", "modules"):
        names = [name.format(release=release) for name in asked_names(target, what)]
        found = apt.available_packages(names)
        return next(([p] for name in names for p in reversed(found) if p.name == name), [])
    headers = apt.available_packages([target.packages.headers.format(release=release)])[-1:]
    wanted = [
        (name, version)
        for package in headers
        for name, version in dependencies(package.depends)
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in target.packages.headers_with)
    ]
    found = apt.available_packages([name for name, _ in wanted]) if wanted else []
    for name, version in wanted:
        fitting = [p for p in found if p.name == name and version in (None, p.version)]
        if not fitting:
            return []
        headers.append(fitting[-1])
    return headers


def asked_names(target: Target, what: What) -> tuple[str, ...]:
    """The packages of which one has the image, or the modules."""
    packages = target.packages
    return (packages.modules or packages.image) if what == "modules" else packages.image


# Make's words for the directory above that of a makefile.
BESIDE = "$(dir $(lastword $(MAKEFILE_LIST)))../"


def unpack(target: Target, cache: Path, apt: Apt, what: What, release: str, packages: Sequence[Package]) -> Unpacked:
    """Download packages and unpack them in a place named by their versions; record it. Needs the lock."""
    versions = {package.name: package.version for package in packages}
    # The same package has the image and the modules; another version of this file may unpack more of the sources.
    part = {"source": SOURCES.pattern, "modules": "modules"}.get(what, "")
    digest = hashlib.sha256((json.dumps(versions, sort_keys=True) + part).encode()).hexdigest()[:16]
    place = cache / "packages" / target.name
    root = place / release / digest
    if not root.is_dir():
        # Whoever was killed here has left it; the lock says that nobody is using it.
        partial = cache / "packages/partial"
        shutil.rmtree(partial, ignore_errors=True)
        for directory in (partial / "debs", partial / "root"):
            directory.mkdir(parents=True)
        exact = [f"{name}={version}" for name, version in versions.items()]
        apt.run("apt-get", "download", "-q", *exact, unit=packages[0].name, why=target.name, cwd=partial / "debs")
        for deb in sorted((partial / "debs").glob("*.deb")):
            if what in ("headers", "modules"):
                apt.log.run(["dpkg-deb", "-x", deb, partial / "root"], step="UNPACK", unit=deb.name, why=target.name)
            elif what == "image":
                unpack_boot(deb, partial / "root", apt.log, target.name)
            else:
                unpack_sources(deb, partial / "root/linux", apt.log, target.name)
        if what == "headers":
            make_movable(partial / "root")
        root.parent.mkdir(parents=True, exist_ok=True)
        (partial / "root").rename(root)
        shutil.rmtree(partial)
    record = place / "headers.json" if what == "headers" else place / release / f"{what}.json"
    content = {"release": release, "root": str(root.relative_to(record.parent)), "versions": versions}
    write_text(record, json.dumps(content, indent=1) + "\n")
    return Unpacked(root, release, versions)


@contextmanager
def contents(deb: Path, log: RunLog, why: str) -> Iterator[tarfile.TarFile]:
    """The files of a package, to be read in their order, as far as one likes. Raises `StepError`."""
    argv = ["dpkg-deb", "--fsys-tarfile", str(deb)]
    with (
        log.recorded("UNPACK", deb.name, why),
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process,
    ):
        try:
            with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
                yield archive
        except (tarfile.TarError, lzma.LZMAError, EOFError) as error:
            raise StepError(f"{deb.name} can't be unpacked: {error}", where=f"UNPACK {deb.name}") from error
        finally:
            process.kill()


def unpack_boot(deb: Path, root: Path, log: RunLog, why: str) -> None:
    """Unpack the files of /boot only: they come first, and the modules behind them are ten times as much."""
    found = False
    with contents(deb, log, why) as archive:
        for member in archive:
            name = boot_name(Path(member.name))
            if name and (file := archive.extractfile(member)):
                (root / "boot").mkdir(exist_ok=True)
                with (root / "boot" / name).open("wb") as copy:
                    shutil.copyfileobj(file, copy)
                found = True
            elif found:
                break
    if not found:
        raise StepError(f"{deb.name} has no kernel in it", where=f"UNPACK {deb.name}")


def unpack_sources(deb: Path, root: Path, log: RunLog, why: str) -> None:
    """Unpack `SOURCES` of the archive that a source package has in it (linux-source-VERSION.tar.xz)."""
    found = False
    with contents(deb, log, why) as outer:
        archives = (member for member in outer if member.name.endswith(".tar.xz"))
        for file in map(outer.extractfile, archives):
            with tarfile.open(fileobj=file, mode="r|xz") as inner:
                for member in inner:
                    # All is in one directory, which has the version's name.
                    name = member.name.partition("/")[2]
                    if SOURCES.fullmatch(name) and ".." not in name:
                        write_member(inner, member, root / name)
                        found = True
    if not found:
        raise StepError(f"{deb.name} has no kernel sources in it", where=f"UNPACK {deb.name}")


def write_member(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    """Write a file of an archive; what is neither a file nor a link within its directory is left out."""
    if member.issym() and not member.linkname.startswith("/") and ".." not in member.linkname.split("/"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(member.linkname)
    elif file := archive.extractfile(member) if member.isfile() else None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        path.chmod(0o755 if member.mode & 0o100 else 0o644)
        os.utime(path, (member.mtime, member.mtime))


def boot_name(path: Path) -> str | None:
    """What a file of an image's package is called in /boot; None for others. The kernel of 7.2 lies elsewhere."""
    match path.parts:
        case ("boot", name):
            return name
        case ("usr", "lib", "modules", release, "vmlinuz"):
            return f"vmlinuz-{release}"
    return None


def make_movable(root: Path) -> None:
    """Let the headers' Makefile find its common part beside itself, rather than below /usr/src.

    Links below /lib/modules go: they lead to /usr/src, where another kernel's headers may lie.
    """
    shutil.rmtree(root / "lib", ignore_errors=True)
    for makefile in root.glob("usr/src/*/Makefile"):
        text = makefile.read_text()
        # That of 7.2 says where it lies itself, too.
        moved = re.sub(r"^(include |KBUILD_OUTPUT ?=)/usr/src/", rf"\1{BESIDE}", text, flags=re.MULTILINE)
        if moved != text:
            write_text(makefile, moved)


def unreachable(target: Target, problem: StepError) -> MachineError:
    """The error for packages that can't be downloaded, with apt's own words."""
    own_words = re.findall(r"^(?:E:|W: Failed|Err:).*$", problem.what, re.MULTILINE) or [problem.what]
    what = "its packages can't be downloaded\n" + "\n".join(f"    {line}" for line in dict.fromkeys(own_words))
    fix = "check the network and apt's sources (apt-get update), or name a prepared kernel tree with KDIR="
    return MachineError(what, where=target.name, fix=fix)


def gone(target: Target, apt: Apt, what: What, headers: Unpacked | None) -> UserError:
    """The error for a kernel that the archive does not have, or has no more."""
    packages = target.packages
    if what == "source":
        version = next(iter(headers.versions.values())) if headers else "?"
        return UserError(
            f"{packages.source} {version} is not in apt's sources (any more): the crates of this kernel need it",
            where=load(target.path).where(("packages", "source")),
            fix="UPDATE=1 takes the newest headers and the sources that fit them, if the archive has moved on",
        )
    if headers:
        release = headers.release
        names = " or ".join(name.format(release=release) for name in asked_names(target, what))
        fits = "modules that fit" if what == "modules" else "image that fits"
        fix = f"UPDATE=1 takes the newest headers and the {fits} them, if the archive has moved on"
        return UserError(f"{names} is not in apt's sources (any more)", where=f"{target.name} {what}", fix=fix)
    head = packages.headers.partition("{release}")[0]
    there = newest_names(apt.package_names(head), head, target)
    what_there = f"the newest that are there: {', '.join(there)}" if there else f"there is no {head}* at all"
    return UserError(
        f"no {packages.headers} with a release like '{packages.release}' in apt's sources; "
        f"Debian's suite {packages.suite} should have it\n    {what_there}",
        where=load(target.path).where(("packages", "release")),
        fix=f"update the pattern in {target.path}, add {packages.suite} to apt's sources, or name a kernel with KDIR=",
    )


def newest_names(names: Iterable[str], head: str, target: Target) -> list[str]:
    """The last five headers packages among the names, the newest first: of the target's version, or else of all."""
    companions = tuple(f"{pattern}*" for pattern in target.packages.headers_with)
    headers = [name for name in names if not any(fnmatch.fnmatchcase(name, pattern) for pattern in companions)]
    near = [name for name in headers if name.startswith(f"{head}{target.version}.")]
    return (near or [name for name in headers if name.removeprefix(head)[:1].isdigit()])[:-6:-1]
