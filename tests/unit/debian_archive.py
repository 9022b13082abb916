# SPDX-License-Identifier: MIT
"""A repository of tiny Debian packages in a directory, for the real apt and dpkg-deb."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

from scons_kmod.distro.kernel_packages.unpack import UnpackedPackages

RELEASE = "6.12.9+deb12-amd64"


def run_make(headers: UnpackedPackages) -> str:
    """What the Makefile of these headers prints: it works where it was unpacked."""
    done = subprocess.run(["make", "-s", "-C", headers.kernel_tree], capture_output=True, text=True, check=True)
    return done.stdout.strip()


class Archive:
    """An apt repository of our own, and a machine whose apt knows only that one and has no lists of it yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: dict[str, str] = {}
        for directory in ("pool", "system/lists/partial"):
            (path / directory).mkdir(parents=True)
        (path / "system/status").touch()
        (path / "sources.list").write_text(f"deb [trusted=yes] copy:{path}/ ./\n")
        (path / "apt.conf").write_text(
            f'Dir::Etc::sourcelist "{path}/sources.list";\nDir::Etc::sourceparts "/dev/null";\n'
            f'Dir::Etc::preferencesparts "/dev/null";\nDir::Etc::parts "/dev/null";\n'
            f'Acquire::Retries "0";\nDir::Cache "{path}/system/cache";\n'
            f'Dir::State "{path}/system";\nDir::State::status "{path}/system/status";\n'
        )
        self.write()

    def add(self, name: str, version: str, files: Mapping[str, str | bytes], depends: str = "") -> Path:
        """Put one package into the archive."""
        tree = self.path / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        for path, content in {"usr/share/doc/x": "", **files}.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_bytes(content.encode() if isinstance(content, str) else content)
        control = f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: x <x@example.org>\n"
        control += f"Depends: {depends}\n" if depends else ""
        (tree / "DEBIAN").mkdir()
        (tree / "DEBIAN/control").write_text(f"{control}Description: x\n")
        deb = self.path / f"pool/{name}_{version}.deb"
        subprocess.run(["dpkg-deb", "-Znone", "-b", tree, deb], check=True, stdout=subprocess.DEVNULL)
        digest = hashlib.sha256(deb.read_bytes()).hexdigest()
        self.entries[f"{name} {version}"] = (
            f"{control}Filename: ./pool/{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest}\nDescription: x\n"
        )
        self.write()
        return deb

    def add_kernel(self, release: str, version: str) -> None:
        """Put the headers and images of one kernel into the archive, as Debian names them."""
        base = release.removesuffix("-amd64")
        headers, common = f"linux-headers-{release}", f"linux-headers-{base}-common"
        makefile = {f"usr/src/{headers}/Makefile": f"include /usr/src/{common}/Makefile\n"}
        self.add(headers, version, makefile, f"{common} (= {version}), linux-kbuild-{base}, gcc-12, linux-base (>= 1~)")
        self.add(common, version, {f"usr/src/{common}/Makefile": f"all:\n\t@echo built for {release}\n"})
        self.add(f"linux-kbuild-{base}", version, {f"usr/lib/linux-kbuild-{base}/scripts/x": ""})
        boot = {f"boot/vmlinuz-{release}": f"kernel {release}", f"lib/modules/{release}/x.ko": "a module"}
        self.add(f"linux-image-{release}", version, boot)

    def add_sources(self, version: str, members: Mapping[str, str | tarfile.TarInfo] | None = None) -> Path:
        """Put a kernel's sources into the archive, as Debian packs them. A member is a text or an entry."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:xz") as inner:
            for name, member in (members or {"rust/kernel/lib.rs": f"// {version}"}).items():
                entry = tarfile.TarInfo() if isinstance(member, str) else member
                entry.name = f"linux-source-6.12/{name}"
                data = member.encode() if isinstance(member, str) else b""
                entry.size = len(data)
                inner.addfile(entry, io.BytesIO(data))
        files = {"usr/src/linux-config.tar": "", "usr/src/linux-source-6.12.tar.xz": packed.getvalue()}
        return self.add("linux-source-6.12", version, files)

    def remove(self, part: str) -> None:
        """Take the packages whose names hold `part` out of the archive."""
        for key in [key for key in self.entries if part in key]:
            del self.entries[key]
        self.write()

    def write(self) -> None:
        """Write the archive's lists."""
        text = "\n".join([*self.entries.values(), ""])
        (self.path / "Packages").write_text(text)
        line = f" {hashlib.sha256(text.encode()).hexdigest()} {len(text.encode())} Packages\n"
        (self.path / "Release").write_text(f"Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n{line}")
