# SPDX-License-Identifier: MIT
"""A module for one kernel as a package, whatever its format: its name, what it needs, and the files in it."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from license_expression import get_spdx_licensing

from scons_kmod.base.atomic import write_bytes
from scons_kmod.base.errors import MachineError, UserError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.target_file import Target
from scons_kmod.install.finish import choose_finish
from scons_kmod.manifest.manifest import FILE_NAME, Manifest
from scons_kmod.manifest.sections.package import PackageInfo
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_ko
from scons_kmod.target.settings import Settings

# Of the package itself: it is made anew for each version of the module.
REVISION = "1"


@dataclasses.dataclass(frozen=True)
class ModulePackage:
    """`name` is the package's. It is for the kernel `release`, which one of the packages `kernels` brings.

    `files` are by their paths below the root directory. `seconds` is the time of all that has one, since 1970.
    `needs` are the packages of the modules that it depends on, with their versions.
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
    """What to pack of a built module: stripped, signed and compressed as `install` does it.

    Raises `UserError`, `MachineError` and `StepError`.
    """
    release, info = target.tree.release, described(manifest)
    name = modules_package(manifest, release)
    finish = choose_finish(settings, target.tree, target.kbuild, target.system)
    with tempfile.TemporaryDirectory(prefix="package-", dir=target.build) as directory:
        module = finish.apply(module_ko(target, manifest), Path(directory), log)
        files = {f"lib/modules/{release}/{settings.mod_dir}/{module.name}": module.read_bytes()}
    for path, text in manifest.modprobe.files(name, manifest.name).items():
        files[path.replace("etc/", "usr/lib/", 1)] = text.encode()
    return ModulePackage(
        name=name,
        module=manifest.name,
        release=release,
        kernels=tuple(image.replace("{release}", release) for image in description.packages.image),
        info=info,
        files=files,
        seconds=source_date(info),
        needs=tuple((modules_package(one, release), described(one).version) for one in manifest.needs),
    )


def modules_package(manifest: Manifest, release: str) -> str:
    """The name of the package of a module for one kernel."""
    return f"{package_name(manifest)}-modules-{release}"


def package_name(manifest: Manifest) -> str:
    """A module's name as packages have it (Debian policy 5.6.1)."""
    return manifest.name.replace("_", "-").lower()


def described(manifest: Manifest) -> PackageInfo:
    """What the manifest says of packages, with a licence that SPDX knows. Raises `UserError`."""
    info = manifest.package
    if info is None:
        what = f"the manifest of {manifest.name} says nothing of packages"
        fix = "write a table [package] with version, date, maintainer, summary and license"
        raise UserError(what, where=str(manifest.directory / FILE_NAME), fix=fix)
    unknown = get_spdx_licensing().validate(info.license).errors
    if unknown:
        where = f"{manifest.directory / FILE_NAME}: [package] license"
        raise UserError(" ".join(unknown), where=where, fix="write an SPDX expression: GPL-2.0-only")
    return info


@contextmanager
def workplace(directory: Path) -> Iterator[Path]:
    """A directory in `directory` to make a package in; gone afterwards. Raises `MachineError` if there is no room."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".package-", dir=directory) as work:
            yield Path(work)
    except OSError as error:
        raise MachineError(f"{error.strerror}", where=str(error.filename or directory), fix="make room") from error


def stage_package(package: ModulePackage, root: Path) -> list[Path]:
    """Write the package's files below `root`, all or none; returns where they are. Raises `MachineError`."""
    made: list[Path] = []
    try:
        for path, data in package.files.items():
            write_bytes(root / path, data)
            made.append(root / path)
    except OSError as error:
        for whole in made:
            whole.unlink()
        fix = "name a directory that can be written: DESTDIR="
        raise MachineError(f"{error.strerror}", where=str(error.filename or root), fix=fix) from error
    return made


def settle(root: Path, seconds: int) -> None:
    """Make what lies below `root` the same whatever the umask and the time are."""
    for place in (root, *root.rglob("*")):
        if place.is_dir():
            place.chmod(0o755)
        os.utime(place, (seconds, seconds))


def source_date(info: PackageInfo) -> int:
    """The time of the package's files: SOURCE_DATE_EPOCH, or the day of the module's release. Raises `UserError`."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given is None:
        return info.seconds
    if not given.isdecimal():
        raise UserError("seconds since 1970 are expected", where=f"SOURCE_DATE_EPOCH={given}", fix="unset it")
    return int(given)
