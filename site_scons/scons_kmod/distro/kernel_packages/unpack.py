# SPDX-License-Identifier: MIT
"""Unpacks a kernel's Debian packages as files: headers, the image, modules, sources. Nothing is installed."""

from __future__ import annotations

import dataclasses
import lzma
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from scons_kmod.base.atomic import write_text
from scons_kmod.base.errors import StepError
from scons_kmod.base.run_log import RunLog

# What can be unpacked for a kernel.
PackageKind = Literal["headers", "image", "modules", "source"]
# The kernel's sources that are unpacked: those of the crates, and the headers that they include from elsewhere.
UNPACKED_SOURCES = re.compile(r"(rust|scripts)/.*|.*\.rs|samples/rust/.*|drivers/base/[^/]*\.h")
# The directory above a makefile's own, in make's language.
PARENT_DIRECTORY = "$(dir $(lastword $(MAKEFILE_LIST)))../"


@dataclasses.dataclass(frozen=True)
class UnpackedPackages:
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


def unpack(deb: Path, kind: PackageKind, root: Path, log: RunLog, why: str) -> None:
    """Unpack what is needed of one package into `root`. Raises `StepError`."""
    if kind == "image":
        unpack_boot(deb, root, log, why)
    elif kind == "source":
        unpack_sources(deb, root / "linux", log, why)
    else:
        log.run(["dpkg-deb", "-x", deb, root], step="UNPACK", unit=deb.name, why=why)


@contextmanager
def open_package(deb: Path, log: RunLog, why: str) -> Iterator[tarfile.TarFile]:
    """The files of a package as an archive that is read in order. The rest need not be read. Raises `StepError`."""
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
    """Unpack only the files of /boot: they come first in the package, before ten times as much of modules."""
    found = False
    with open_package(deb, log, why) as archive:
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


def boot_name(path: Path) -> str | None:
    """The name in /boot of a file of an image's package; None for other files.

    The package of Linux 7.2 has its kernel in /usr/lib/modules.
    """
    match path.parts:
        case ("boot", name):
            return name
        case ("usr", "lib", "modules", release, "vmlinuz"):
            return f"vmlinuz-{release}"
    return None


def unpack_sources(deb: Path, root: Path, log: RunLog, why: str) -> None:
    """Unpack `UNPACKED_SOURCES` from the archive in a source package (linux-source-VERSION.tar.xz)."""
    found = False
    with open_package(deb, log, why) as outer:
        archives = (member for member in outer if member.name.endswith(".tar.xz"))
        for file in map(outer.extractfile, archives):
            with tarfile.open(fileobj=file, mode="r|xz") as inner:
                for member in inner:
                    # All files are in one directory, whose name has the version.
                    name = member.name.partition("/")[2]
                    if UNPACKED_SOURCES.fullmatch(name) and ".." not in name:
                        write_member(inner, member, root / name)
                        found = True
    if not found:
        raise StepError(f"{deb.name} has no kernel sources in it", where=f"UNPACK {deb.name}")


def write_member(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    """Write a member of an archive: a file, or a link that stays below its directory. Other members are skipped."""
    if member.issym() and not member.linkname.startswith("/") and ".." not in member.linkname.split("/"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(member.linkname)
    elif file := archive.extractfile(member) if member.isfile() else None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        path.chmod(0o755 if member.mode & 0o100 else 0o644)
        os.utime(path, (member.mtime, member.mtime))


def make_relocatable(root: Path) -> None:
    """Let the headers' Makefile include its common part from the directory beside it, instead of from /usr/src.

    Links below /lib/modules are removed: they lead to /usr/src, where the headers of another kernel may be.
    """
    shutil.rmtree(root / "lib", ignore_errors=True)
    for makefile in root.glob("usr/src/*/Makefile"):
        text = makefile.read_text()
        # The Makefile of Linux 7.2 also sets KBUILD_OUTPUT, its own directory.
        moved = re.sub(r"^(include |KBUILD_OUTPUT ?=)/usr/src/", rf"\1{PARENT_DIRECTORY}", text, flags=re.MULTILINE)
        if moved != text:
            write_text(makefile, moved)
