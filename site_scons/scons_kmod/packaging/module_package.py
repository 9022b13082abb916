# SPDX-License-Identifier: MIT
"""The package of a module for one kernel, whatever its format: its name, what it needs, and its files."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping
from pathlib import Path

from license_expression import get_spdx_licensing

from scons_kmod.base.atomic import write_bytes
from scons_kmod.base.errors import MachineError, UserError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.target_file import Target
from scons_kmod.install.finish import choose_finish
from scons_kmod.install.record import NAME_WRITABLE_DIRECTORY
from scons_kmod.manifest.manifest import FILE_NAME, Manifest
from scons_kmod.manifest.sections.package import PackageInfo
from scons_kmod.packaging.reproducible import source_date_epoch
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_ko
from scons_kmod.target.settings import Settings

# The package's own revision. It is always 1: each version of the module has one package.
REVISION = "1"


@dataclasses.dataclass(frozen=True)
class ModulePackage:
    """The package `name` of a module, for the kernel `release`, which any of the packages `kernels` brings.

    `files` are by their paths below the root directory. `seconds` is the time of all files, since 1970. `needs` are the
    packages of the modules that the module depends on, with their versions.
    """

    name: str
    module: str
    release: str
    kernels: tuple[str, ...]
    info: PackageInfo
    files: Mapping[str, bytes]
    seconds: int
    needs: tuple[tuple[str, str], ...] = ()


def module_package(
    target: BuildTarget, description: Target, manifest: Manifest, settings: Settings, log: RunLog
) -> ModulePackage:
    """The package of a built module. The module is stripped, signed and compressed as `scons install` does it.

    Raises `UserError`, `MachineError` and `StepError`.
    """
    release, info = target.tree.release, package_info(manifest)
    name = modules_package_name(manifest, release)
    finish = choose_finish(settings, target.tree, target.kbuild, target.system)
    with tempfile.TemporaryDirectory(prefix="package-", dir=target.build) as directory:
        finished = finish.apply(module_ko(target, manifest), Path(directory), log)
        files = {f"lib/modules/{release}/{settings.mod_dir}/{finished.name}": finished.read_bytes()}
    for path, text in manifest.modprobe.files(name, manifest.name).items():
        files[path.replace("etc/", "usr/lib/", 1)] = text.encode()
    return ModulePackage(
        name=name,
        module=manifest.name,
        release=release,
        kernels=tuple(image.replace("{release}", release) for image in description.packages.image),
        info=info,
        files=files,
        seconds=source_date_epoch(info),
        needs=tuple((modules_package_name(module, release), package_info(module).version) for module in manifest.needs),
    )


def modules_package_name(manifest: Manifest, release: str) -> str:
    """The name of a module's package for one kernel."""
    return f"{package_name(manifest)}-modules-{release}"


def package_name(manifest: Manifest) -> str:
    """A module's name in the names of packages (Debian policy 5.6.1)."""
    return manifest.name.replace("_", "-").lower()


def package_info(manifest: Manifest) -> PackageInfo:
    """The manifest's [package]. Raises `UserError` if there is none, or SPDX does not know its licence."""
    info = manifest.package
    if info is None:
        problem = f"the manifest of {manifest.name} has no [package]"
        fix = "write a table [package] with version, date, maintainer, summary and license"
        raise UserError(problem, where=str(manifest.directory / FILE_NAME), fix=fix)
    unknown = get_spdx_licensing().validate(info.license).errors
    if unknown:
        where = f"{manifest.directory / FILE_NAME}: [package] license"
        raise UserError(" ".join(unknown), where=where, fix="write an SPDX expression: GPL-2.0-only")
    return info


def stage_package(package: ModulePackage, root: Path) -> list[Path]:
    """Write the package's files below `root`; returns their paths.

    If one file can't be written, none is left there, and `MachineError` is raised.
    """
    written: list[Path] = []
    try:
        for path, data in package.files.items():
            write_bytes(root / path, data)
            written.append(root / path)
    except OSError as error:
        for file in written:
            file.unlink()
        where = str(error.filename or root)
        raise MachineError(f"{error.strerror}", where=where, fix=NAME_WRITABLE_DIRECTORY) from error
    return written
