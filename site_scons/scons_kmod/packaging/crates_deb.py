# SPDX-License-Identifier: MIT
"""The Debian package of the support crates for one kernel (engine/prebuilt.py)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from scons_kmod import RELEASED, __version__
from scons_kmod.base.errors import MachineError, StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.prebuilt import SYSTEM
from scons_kmod.manifest.sections.package import PackageInfo
from scons_kmod.packaging.deb import DEB_ARCHITECTURES
from scons_kmod.packaging.deb_control import DebPackage
from scons_kmod.packaging.reproducible import source_date_epoch
from scons_kmod.target.build_target import BuildTarget

CRATES_INFO = PackageInfo(
    version=__version__,
    date=RELEASED,
    maintainer="the scons-kmod authors <scons-kmod@example.org>",
    summary="what kernel modules in Rust are compiled against, for one kernel",
    license="GPL-2.0-only AND (MIT OR Apache-2.0)",
    description="A build of modules by scons-kmod starts from these crates instead of compiling them.",
)


def crates_deb(target: BuildTarget, files: Mapping[str, bytes], log: RunLog) -> DebPackage:
    """The package with `files` (`prebuilt.package_files`).

    Raises `MachineError` if a tool that made them belongs to no Debian package.
    """
    release, tools = target.tree.release, target.toolchain
    inputs = (tools.rustc.path, f"{tools.library_sources}/core/src/lib.rs", target.tree.path / "Makefile")
    dependencies = sorted({dependency_on_owner(Path(path), log) for path in inputs})
    return DebPackage(
        name=f"scons-kmod-crates-{release}",
        architecture=DEB_ARCHITECTURES[target.tree.arch],
        depends=", ".join((f"scons-kmod (= {__version__})", *dependencies)),
        info=CRATES_INFO,
        about=f"These are core, alloc, bindings and kernel for Linux {release}, by rustc {tools.rustc.version}.",
        change=f"Support crates for Linux {release}.",
        files={f"{str(SYSTEM / release).lstrip('/')}/{name}": data for name, data in files.items()},
        scripts={},
        seconds=source_date_epoch(CRATES_INFO),
        compression=("-Zxz", "-z1"),
    )


def dependency_on_owner(path: Path, log: RunLog) -> str:
    """A dependency on the installed package that owns a file, in exactly its version.

    Raises `MachineError` if no package owns it.
    """
    try:
        owners = log.run(["dpkg-query", "-S", str(path.resolve())], step="DPKG", unit=path.name).stdout.decode()
        package = re.split(r"[:,]", owners)[0]
        version_format = "${Version}"
        version = log.run(
            ["dpkg-query", "-W", "-f", version_format, package], step="DPKG", unit=package
        ).stdout.decode()
    except StepError as error:
        fix = "build with the kernel's headers and rustc from Debian packages: the package must depend on theirs"
        raise MachineError("this file belongs to no package", where=str(path), fix=fix) from error
    return f"{package} (= {version})"
