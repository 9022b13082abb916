# SPDX-License-Identifier: MIT
"""Installing modules where modprobe finds them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.atomic import write_bytes
from scons_kmod.errors import MachineError
from scons_kmod.run_log import RunLog
from scons_kmod.settings import Settings

# Where modules from outside the kernel go, ahead of its own (depmod.d(5): "search updates").
DIRECTORY = "updates"
# Where depmod lies; PATH leads there for root only.
SYSTEM_DIRECTORIES = "/usr/sbin:/sbin"


def install_root(settings: Settings) -> Path:
    """The root directory to install into: DESTDIR with INSTALL_MOD_PATH below it, as Kbuild has it; / by default."""
    root = settings.destdir or Path("/")
    return root / str(settings.mod_path).lstrip("/") if settings.mod_path else root


def install_modules(release: str, modules: Iterable[Path], root: Path, log: RunLog) -> list[Path]:
    """Copy modules below lib/modules/RELEASE and run depmod; returns where they went.

    Raises `MachineError` if that can't be written or depmod is not there; a file is replaced as a whole or not at all.
    """
    depmod = shutil.which("depmod") or shutil.which("depmod", path=SYSTEM_DIRECTORIES)
    if depmod is None:
        raise MachineError("not found", where="depmod", fix="apt-get install kmod")
    directory = root / "lib/modules" / release
    made = []
    try:
        for module in modules:
            place = directory / DIRECTORY / module.name
            write_bytes(place, module.read_bytes())
            made.append(place)
    except OSError as error:
        raise MachineError(
            f"{error.strerror}",
            where=str(error.filename or directory),
            fix="name a directory that can be written: DESTDIR=",
        ) from error
    log.run([depmod, "-b", str(root.absolute()), release], step="DEPMOD", unit=release)
    return made
