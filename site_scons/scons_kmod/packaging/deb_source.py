# SPDX-License-Identifier: MIT
"""Source packages for Debian of a module for one kernel, made by dpkg-source (dpkg-source(1), 3.0 (quilt)).

What dpkg-buildpackage makes of one is the package that `scons deb` makes.
"""

from __future__ import annotations

import lzma
import shlex
from pathlib import Path

from scons_kmod.base.atomic import write_bytes
from scons_kmod.base.programs import find_program
from scons_kmod.base.run_log import RunLog
from scons_kmod.base.tar import archived
from scons_kmod.distro.target_file import Target, ToolVersions
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.packaging.deb import DebPackage, changelog, copyright_text, extended
from scons_kmod.packaging.module_package import settle, workplace
from scons_kmod.packaging.source_tree import filled_in, install_words, source_tree
from scons_kmod.target.settings import Settings


def build_dsc(
    package: DebPackage,
    manifest: Manifest,
    release: str,
    target: Target,
    settings: Settings,
    directory: Path,
    log: RunLog,
) -> Path:
    """Make the source package in `directory`; returns the path of its .dsc.

    Raises `MachineError` if dpkg-source is not there or nothing can be written, and `StepError`.
    """
    dpkg_source = find_program("dpkg-source")
    tree = f"{package.name}-{package.info.version}"
    files = source_tree(manifest)
    original = f"{package.name}_{package.info.version}.orig.tar.xz"
    with workplace(directory) as work:
        archive = archived({f"{tree}/{name}": data for name, data in files.items()}, package.seconds)
        write_bytes(work / original, lzma.compress(archive))
        own = {name: text.encode() for name, text in debian_files(package, manifest, release, target, settings).items()}
        for name, data in {**files, **own}.items():
            write_bytes(work / tree / name, data, mode=0o755 if name == "debian/rules" else 0o644)
        settle(work / tree, package.seconds)
        argv = [dpkg_source, "-b", tree]
        log.run(argv, step="DSC", unit=package.name, cwd=work, env={"SOURCE_DATE_EPOCH": str(package.seconds)})
        made = sorted(path for path in work.iterdir() if path.is_file())
        for path in made:
            path.replace(directory / path.name)
    return directory / f"{package.name}_{package.version}.dsc"


def debian_files(
    package: DebPackage, manifest: Manifest, release: str, target: Target, settings: Settings
) -> dict[str, str]:
    """The directory debian/."""
    headers = target.packages.headers.replace("{release}", release)
    words = {
        "PACKAGE": package.name,
        "ARCHITECTURE": package.architecture,
        "MAINTAINER": package.info.maintainer,
        "NEEDS": ", ".join(("scons-kmod", headers, *tool_packages(target.toolchain))),
        "SUMMARY": package.info.summary,
        "EXTENDED": extended(package),
        "MODULE": manifest.name,
        "HEADERS": headers,
        "RELEASE": release,
        "DEB": f"{package.name}_{package.version}_{package.architecture}.deb",
        "WORDS": shlex.join(install_words(settings)).replace("$", "$$"),
    }
    return {
        "debian/control": filled_in("debian/control", words),
        "debian/rules": filled_in("debian/rules", words),
        "debian/changelog": changelog(package),
        "debian/copyright": copyright_text(package),
        "debian/source/format": "3.0 (quilt)\n",
    }


def tool_packages(need: ToolVersions) -> tuple[str, ...]:
    """The packages that bring a target's tools."""
    return (
        f"rustc-web (>= {need.rustc}) | rustc (>= {need.rustc})",
        f"rust-web-src (>= {need.rustc}) | rust-src (>= {need.rustc})",
        "bindgen",
        f"libclang1-{need.libclang}",
        f"gcc-{need.gcc}",
    )
