# SPDX-License-Identifier: MIT
"""Installing modules where modprobe finds them, and taking away just what was installed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from scons_kmod.base.errors import MachineError
from scons_kmod.base.programs import system_program
from scons_kmod.base.run_log import RunLog
from scons_kmod.install.finish import choose_finish
from scons_kmod.install.initramfs_refresh import refresh
from scons_kmod.install.placed_files import NewFile, PlacedFiles, read_record
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_ko
from scons_kmod.target.settings import Settings

RECORD = "scons-kmod.json"


def install_root(settings: Settings) -> Path:
    """The root directory to install into: DESTDIR with INSTALL_MOD_PATH below it, as Kbuild has it; / by default."""
    root = settings.destdir or Path("/")
    return root / str(settings.mod_path).lstrip("/") if settings.mod_path else root


def install_modules(target: BuildTarget, manifests: Sequence[Manifest], settings: Settings, log: RunLog) -> list[Path]:
    """Finish the modules, put them below lib/modules/RELEASE, with what modprobe is to know, and run depmod.

    Returns where the files went. All are there or none is. Raises `UserError`, `MachineError` and `StepError`.
    """
    root, release = install_root(settings), target.tree.release
    depmod = find_depmod()
    finish = choose_finish(settings, target.tree, target.kbuild, target.system)
    files: list[NewFile] = []
    with tempfile.TemporaryDirectory(prefix="install-", dir=target.build) as directory:
        for manifest in manifests:
            path = finish.apply(module_ko(target, manifest), Path(directory), log)
            place = f"lib/modules/{release}/{settings.mod_dir}/{path.name}"
            files.append(NewFile(place, path.read_bytes(), manifest.name))
            texts = manifest.modprobe.files(manifest.name, manifest.name)
            files += [NewFile(one, text.encode(), manifest.name, shared=True) for one, text in texts.items()]
    made = placed(root, release).put(files)
    log.run((depmod, "-b", str(root.absolute()), release), step="DEPMOD", unit=release)
    update_boot(root, release, [manifest.name for manifest in manifests], log)
    return made


def uninstall_modules(
    release: str, manifests: Sequence[Manifest] | None, settings: Settings, log: RunLog
) -> tuple[list[Path], list[Path]]:
    """Take away what `install_modules` put there for these modules, or for all (None), and run depmod.

    Returns what was removed, and what was left since somebody has changed it. Raises `UserError`, `MachineError` and
    `StepError`.
    """
    root = install_root(settings)
    depmod = find_depmod()
    others = other_records(root, release)
    files = placed(root, release)
    names = files.owners() if manifests is None else {manifest.name for manifest in manifests}
    removed, left = files.remove(names, lambda path: path in others)
    if removed and (root / "lib/modules" / release).is_dir():
        log.run((depmod, "-b", str(root.absolute()), release), step="DEPMOD", unit=release)
        update_boot(root, release, names, log)
    return removed, left


def placed(root: Path, release: str) -> PlacedFiles:
    """The record of what is installed for a kernel."""
    return PlacedFiles(root, f"lib/modules/{release}/{RECORD}")


def other_records(root: Path, release: str) -> set[str]:
    """The files that are installed for other kernels as well."""
    records = (root / "lib/modules").glob(f"*/{RECORD}")
    return {path for record in records if record.parent.name != release for path in read_record(record)[0]}


def find_depmod() -> str:
    """The path of depmod. Raises `MachineError`."""
    depmod = system_program("depmod")
    if depmod is None:
        raise MachineError("not found", where="depmod", fix="apt-get install kmod")
    return depmod


def update_boot(root: Path, release: str, names: Iterable[str], log: RunLog) -> None:
    """Make the running system's initramfs anew if one of the modules is in it; that of another root is its own."""
    if root.resolve() == Path("/"):
        refresh(release, names, log)
