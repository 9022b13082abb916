# SPDX-License-Identifier: MIT
"""Debian source packages of a module for one kernel, built by dpkg-source (dpkg-source(1), 3.0 (quilt)).

dpkg-buildpackage builds from it the same binary package as `scons deb`.
"""

from __future__ import annotations

import lzma
import shlex
from pathlib import Path

from scons_kmod.base.atomic import write_bytes
from scons_kmod.base.programs import find_program
from scons_kmod.base.run_log import RunLog
from scons_kmod.base.tar import tar_archive
from scons_kmod.distro.target_file import Target, ToolVersions
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.packaging.deb_control import DebPackage, changelog_text, copyright_text, extended_description
from scons_kmod.packaging.reproducible import set_modes_and_times, work_directory
from scons_kmod.packaging.source_tree import fill_template, install_args, source_tree
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
    """Build the source package in `directory`; returns the path of its .dsc.

    Raises `MachineError` if dpkg-source is not installed or the directory can't be written, and `StepError`.
    """
    dpkg_source = find_program("dpkg-source")
    tree_name = f"{package.name}-{package.info.version}"
    files = source_tree(manifest)
    original = f"{package.name}_{package.info.version}.orig.tar.xz"
    with work_directory(directory) as work:
        archive = tar_archive({f"{tree_name}/{name}": data for name, data in files.items()}, package.seconds)
        write_bytes(work / original, lzma.compress(archive))
        texts = debian_texts(package, manifest, release, target, settings)
        debian = {name: text.encode() for name, text in texts.items()}
        for name, data in {**files, **debian}.items():
            write_bytes(work / tree_name / name, data, mode=0o755 if name == "debian/rules" else 0o644)
        set_modes_and_times(work / tree_name, package.seconds)
        argv = [dpkg_source, "-b", tree_name]
        log.run(argv, step="DSC", unit=package.name, cwd=work, env={"SOURCE_DATE_EPOCH": str(package.seconds)})
        outputs = sorted(path for path in work.iterdir() if path.is_file())
        for path in outputs:
            path.replace(directory / path.name)
    return directory / f"{package.name}_{package.version}.dsc"


def debian_texts(
    package: DebPackage, manifest: Manifest, release: str, target: Target, settings: Settings
) -> dict[str, str]:
    """The texts of the files in debian/, by their paths in the source package."""
    headers = target.packages.headers.replace("{release}", release)
    values = {
        "PACKAGE": package.name,
        "ARCHITECTURE": package.architecture,
        "MAINTAINER": package.info.maintainer,
        "BUILD_DEPENDS": ", ".join(("scons-kmod", headers, *build_tool_packages(target.toolchain))),
        "SUMMARY": package.info.summary,
        "EXTENDED_DESCRIPTION": extended_description(package),
        "MODULE": manifest.name,
        "HEADERS": headers,
        "RELEASE": release,
        "DEB": f"{package.name}_{package.version}_{package.architecture}.deb",
        "INSTALL_ARGS": shlex.join(install_args(settings)).replace("$", "$$"),
    }
    return {
        "debian/control": fill_template("deb-source/control", values),
        "debian/rules": fill_template("deb-source/rules", values),
        "debian/changelog": changelog_text(package),
        "debian/copyright": copyright_text(package),
        "debian/source/format": "3.0 (quilt)\n",
    }


def build_tool_packages(versions: ToolVersions) -> tuple[str, ...]:
    """The build dependencies for a target's tools."""
    return (
        f"rustc-web (>= {versions.rustc}) | rustc (>= {versions.rustc})",
        f"rust-web-src (>= {versions.rustc}) | rust-src (>= {versions.rustc})",
        "bindgen",
        f"libclang1-{versions.libclang}",
        f"gcc-{versions.gcc}",
    )
