# SPDX-License-Identifier: MIT
"""Install modules where modprobe finds them, and remove exactly what was installed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from scons_kmod.base.errors import MachineError
from scons_kmod.base.programs import system_program
from scons_kmod.base.run_log import RunLog
from scons_kmod.install.atomic_install import NewFile, install_files, remove_files
from scons_kmod.install.finish import choose_finish
from scons_kmod.install.initramfs_refresh import refresh_initramfs
from scons_kmod.install.record import InstallRecord, read_record
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_ko
from scons_kmod.target.settings import Settings

# The record's name in lib/modules/RELEASE.
RECORD = "scons-kmod.json"


def install_root(settings: Settings) -> Path:
    """The root directory to install into: DESTDIR with INSTALL_MOD_PATH below it, as Kbuild has it; / by default."""
    root = settings.destdir or Path("/")
    return root / str(settings.mod_path).lstrip("/") if settings.mod_path else root


def install_modules(target: BuildTarget, manifests: Sequence[Manifest], settings: Settings, log: RunLog) -> list[Path]:
    """Install the modules below lib/modules/RELEASE, with their files for modprobe, and run depmod.

    The modules are stripped, signed and compressed first (finish.py). Returns the paths of the installed files. If one
    file can't be written, nothing is installed. Raises `UserError`, `MachineError` and `StepError`.
    """
    root, release = install_root(settings), target.tree.release
    depmod = find_depmod()
    finish = choose_finish(settings, target.tree, target.kbuild, target.system)
    files: list[NewFile] = []
    with tempfile.TemporaryDirectory(prefix="install-", dir=target.build) as directory:
        for manifest in manifests:
            finished = finish.apply(module_ko(target, manifest), Path(directory), log)
            path = f"lib/modules/{release}/{settings.mod_dir}/{finished.name}"
            files.append(NewFile(path, finished.read_bytes(), manifest.name))
            texts = manifest.modprobe.files(manifest.name, manifest.name)
            files += [NewFile(path, text.encode(), manifest.name, shared=True) for path, text in texts.items()]
    paths = install_files(install_record(root, release), files)
    log.run((depmod, "-b", str(root.absolute()), release), step="DEPMOD", unit=release)
    refresh_running_system(root, release, [manifest.name for manifest in manifests], log)
    return paths


def uninstall_modules(
    release: str, manifests: Sequence[Manifest] | None, settings: Settings, log: RunLog
) -> tuple[list[Path], list[Path]]:
    """Remove what `install_modules` has installed for these modules, or for all (None), and run depmod.

    Returns the paths that were removed, and those that were left as somebody has changed them. Raises `UserError`,
    `MachineError` and `StepError`.
    """
    root = install_root(settings)
    depmod = find_depmod()
    needed = paths_of_other_kernels(root, release)
    record = install_record(root, release)
    names = record.owners() if manifests is None else {manifest.name for manifest in manifests}
    removed, changed = remove_files(record, names, lambda path: path in needed)
    if removed and (root / "lib/modules" / release).is_dir():
        log.run((depmod, "-b", str(root.absolute()), release), step="DEPMOD", unit=release)
        refresh_running_system(root, release, names, log)
    return removed, changed


def install_record(root: Path, release: str) -> InstallRecord:
    """The record of what is installed for a kernel."""
    return InstallRecord(root, f"lib/modules/{release}/{RECORD}")


def paths_of_other_kernels(root: Path, release: str) -> set[str]:
    """The paths of all files that are installed for other kernels than `release`."""
    records = (root / "lib/modules").glob(f"*/{RECORD}")
    return {path for record in records if record.parent.name != release for path in read_record(record)[0]}


def find_depmod() -> str:
    """The path of depmod. Raises `MachineError`."""
    depmod = system_program("depmod")
    if depmod is None:
        raise MachineError("not found", where="depmod", fix="apt-get install kmod")
    return depmod


def refresh_running_system(root: Path, release: str, names: Iterable[str], log: RunLog) -> None:
    """Rebuild the running system's initramfs if a module is in it. Below another root, nothing is rebuilt."""
    if root.resolve() == Path("/"):
        refresh_initramfs(release, names, log)
