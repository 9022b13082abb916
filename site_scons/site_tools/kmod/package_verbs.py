# SPDX-License-Identifier: MIT
"""The verbs that make packages: deb, rpm, stage, dkms, crates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scons_kmod.base.errors import UserError
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_ko

from .graph import nodes
from .session import Session, reported

if TYPE_CHECKING:
    from scons_kmod.distro.target_file import Target
    from scons_kmod.packaging.module_package import ModulePackage

Env = Any


def packages(session: Session, manifests: Sequence[Manifest], kind: str) -> int:
    """Make a deb or an rpm of each module that says what a package needs: of all, or of that of MODULE=.

    Beside it is an SPDX document of what it was made of, and with SOURCE=1 the source package.
    """
    from scons_kmod.engine.why import steps_to
    from scons_kmod.packaging.module_package import module_package

    make = {"deb": debs, "rpm": rpms}[kind]
    with reported():
        for target, chosen in zip(session.targets, session.chosen, strict=True):
            for manifest in session.served(target, packaged(manifests, session)):
                log = session.log(target.name)
                package = module_package(target, chosen.description, manifest, session.settings, log)
                made = make(session, target, chosen.description, manifest, package)
                print(*(f"  {kind.upper():<8}{path.relative_to(session.top)}" for path in made), sep="\n")
                steps = steps_to(session.graph.steps, str(module_ko(target, manifest)))
                told = (package, target, manifest, steps, session.store(target.name))
                document(session, made[0], lambda sbom, path, told=told: sbom.write_module_sbom(path, *told))
    return 0


def debs(
    session: Session, target: BuildTarget, description: Target, manifest: Manifest, package: ModulePackage
) -> list[Path]:
    """Make a module's packages for Debian."""
    from scons_kmod.packaging.deb import build_deb, module_deb
    from scons_kmod.packaging.deb_source import build_dsc

    deb, directory, log = module_deb(package, target.tree.arch), target.build / "deb", session.log(target.name)
    made = [build_deb(deb, directory, log)]
    if session.settings.source:
        made.append(build_dsc(deb, manifest, package.release, description, session.settings, directory, log))
    return made


def rpms(
    session: Session, target: BuildTarget, description: Target, manifest: Manifest, package: ModulePackage
) -> list[Path]:
    """Make a module's packages for distributions with rpm."""
    from scons_kmod.packaging.rpm import build_rpm

    directory, log = target.build / "rpm", session.log(target.name)
    return build_rpm(package, manifest, session.settings, target.tree.arch, directory, log)


def stage(session: Session, manifests: Sequence[Manifest]) -> int:
    """Write what packages of the modules hold below DESTDIR=, for those who make packages in other ways."""
    from scons_kmod.packaging import module_package as packing

    with reported():
        root = session.settings.destdir
        if root is None:
            raise UserError("a directory is missing", where="stage", fix="write DESTDIR=/path")
        for target, chosen in zip(session.targets, session.chosen, strict=True):
            for manifest in session.served(target, packaged(manifests, session)):
                log = session.log(target.name)
                package = packing.module_package(target, chosen.description, manifest, session.settings, log)
                print(*(f"  {'STAGE':<8}{path}" for path in packing.stage_package(package, root)), sep="\n")
    return 0


def document(session: Session, package: Path, write: Callable[[Any, Path], None]) -> None:
    """Write the SPDX document of a package, if the library for it is there: Debian has no package of it.

    `write` gets our module that writes documents, and where to.
    """
    try:
        from scons_kmod.packaging import sbom
    except ImportError as error:
        missing = f"the Python package {error.name} is not there: python3 -m pip install spdx-tools"
        print(f"  {'SPDX':<8}left out: {missing}")
        return
    made = package.with_suffix(".spdx.json")
    write(sbom, made)
    print(f"  {'SPDX':<8}{made.relative_to(session.top)}")


def dkms(session: Session, manifests: Sequence[Manifest]) -> int:
    """Write the source tree for DKMS of each module that says what a package needs, and a Debian package of it."""
    from scons_kmod.packaging.deb import build_deb
    from scons_kmod.packaging.dkms import dkms_deb, write_dkms_tree

    directory, log = session.build / "dkms", session.log(session.targets[0].name)
    with reported():
        for manifest in packaged(manifests, session):
            package = dkms_deb(manifest)
            made = (write_dkms_tree(manifest, directory), build_deb(package, directory, log))
            print(*(f"  {'DKMS':<8}{path.relative_to(session.top)}" for path in made), sep="\n")
            told = (package, manifest)
            document(session, made[1], lambda sbom, path, told=told: sbom.write_source_sbom(path, *told))
    return 0


def support(env: Env, target: BuildTarget) -> list[Any]:
    """The nodes of all that the modules of a target share."""
    from scons_kmod.c.helpers import layout_step
    from scons_kmod.link.link import shared_steps

    session: Session = env["KMOD"]
    made = [*env.SupportCrates(target), *env.CHelpers(target)]
    others = (session.add(env, target.name, step) for step in (layout_step(target), *shared_steps(target, many=True)))
    return [*made, *nodes(env, *others)]


def crates(session: Session) -> int:
    """Make a Debian package of the support crates of each target."""
    from scons_kmod.engine.prebuilt import package_files
    from scons_kmod.packaging.crates_deb import crates_deb
    from scons_kmod.packaging.deb import build_deb

    with reported():
        for target in session.targets:
            log = session.log(target.name)
            own = [step for key, step in session.graph.steps.items() if Path(key).is_relative_to(target.build)]
            store = session.store(target.name)
            package = crates_deb(target, package_files(own, store, target.build), log)
            made = build_deb(package, target.build / "deb", log)
            print(f"  {'DEB':<8}{made.relative_to(session.top)}")
            told = (package, target, own, store)
            document(session, made, lambda sbom, path, told=told: sbom.write_crates_sbom(path, *told))
    return 0


def packaged(manifests: Sequence[Manifest], session: Session) -> list[Manifest]:
    """The modules to make packages of: those with a [package], and one that MODULE= names. Raises `UserError`."""
    found = [manifest for manifest in manifests if manifest.package or session.settings.module]
    if not found:
        fix = "write [package] with version, date, maintainer, summary and license into a manifest"
        raise UserError("no module says anything of packages", where="deb, rpm and dkms", fix=fix)
    return found
