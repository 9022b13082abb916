# SPDX-License-Identifier: MIT
"""What the packaging commands share: which modules get a package, and the SPDX document beside each package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from scons_kmod.base.errors import UserError
from scons_kmod.engine.step import steps_to
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.packaging.module_package import ModulePackage, module_package
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_ko

from .modules import buildable_modules
from .session import Session

if TYPE_CHECKING:
    from scons_kmod.distro.target_file import Target

INSTALL_VARIABLES = ("INSTALL_MOD_DIR", "INSTALL_MOD_STRIP", "SIGN_KEY", "SIGN_CERT", "SIGN_PIN_FILE")
PACKAGE_VARIABLES = ("MODULE", "SOURCE", *INSTALL_VARIABLES)


class PackageInputs(NamedTuple):
    """What a package of a module for a kernel is built from."""

    target: BuildTarget
    description: Target
    module: Manifest
    package: ModulePackage


def build_packages(
    session: Session,
    modules: list[Manifest],
    label: str,
    write: Callable[[Session, PackageInputs], list[Path]],
) -> int:
    """Build the packages of the modules for every target, and an SPDX document beside each package.

    `write` writes the packages of a module for a kernel, and returns their paths. `label` begins the line that is
    printed for each path. Returns the exit status, 0. Raises `UserError` if no module has a [package].
    """
    for target, kernel in zip(session.targets, session.chosen, strict=True):
        for module in buildable_modules(session, target, packaged_modules(session, modules)):
            package = module_package(target, kernel.description, module, session.settings, session.log(target.name))
            inputs = PackageInputs(target, kernel.description, module, package)
            paths = write(session, inputs)
            print(*(f"  {label:<8}{path.relative_to(session.top)}" for path in paths), sep="\n")
            write_module_spdx(session, paths[0], inputs)
    return 0


def write_module_spdx(session: Session, package: Path, inputs: PackageInputs) -> None:
    """Write the SPDX document of a module's package at `package`."""
    target, _, module, contents = inputs
    steps, state = steps_to(session.graph.steps, str(module_ko(target, module))), session.build_state(target.name)
    write_spdx(
        session, package, lambda sbom, path: sbom.write_module_sbom(path, contents, target, module, steps, state)
    )


def write_spdx(session: Session, package: Path, write: Callable[[Any, Path], None]) -> None:
    """Write the SPDX document of a package beside it.

    `write` gets the library's module packaging/sbom.py, and the path to write to. If the Python package spdx-tools is
    missing, as on Debian, which has no package of it, no document is written, and that is printed.
    """
    try:
        from scons_kmod.packaging import sbom
    except ImportError as error:
        fix = f"the Python package {error.name} is missing: python3 -m pip install spdx-tools"
        print(f"  {'SPDX':<8}skipped: {fix}")
        return
    path = package.with_suffix(".spdx.json")
    write(sbom, path)
    print(f"  {'SPDX':<8}{path.relative_to(session.top)}")


def packaged_modules(session: Session, modules: list[Manifest]) -> list[Manifest]:
    """The modules to make packages of: those with a [package], and the module that MODULE= names.

    Raises `UserError` if there is none.
    """
    packaged = [module for module in modules if module.package or session.settings.module]
    if not packaged:
        fix = "write [package] with version, date, maintainer, summary and license into a manifest"
        raise UserError("no module has a [package]", where="deb, rpm and dkms", fix=fix)
    return packaged
