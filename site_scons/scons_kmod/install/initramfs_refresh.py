# SPDX-License-Identifier: MIT
"""Rebuild the initramfs of an installed kernel if a module that is in it has changed."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.base.programs import system_program
from scons_kmod.base.run_log import RunLog


@dataclasses.dataclass(frozen=True)
class InitramfsTool:
    """A distribution's tool for initramfs images: the image's file name, and what lists and what rebuilds the image.

    ``{}`` stands for the kernel's release.
    """

    image: str
    list_argv: tuple[str, ...]
    rebuild_argv: tuple[str, ...]


TOOLS = (
    InitramfsTool("initrd.img-{}", ("lsinitramfs", "/boot/initrd.img-{}"), ("update-initramfs", "-u", "-k", "{}")),
    InitramfsTool("initramfs-{}.img", ("lsinitrd", "-k", "{}"), ("dracut", "--force", "--kver", "{}")),
)


def refresh_initramfs(release: str, modules: Iterable[str], log: RunLog, boot: Path = Path("/boot")) -> bool:
    """Rebuild the image of the kernel `release` if one of the modules is in it; returns whether it was rebuilt.

    Raises `StepError`.
    """
    for tool in TOOLS:
        list_argv, rebuild_argv = (argv_for(release, argv) for argv in (tool.list_argv, tool.rebuild_argv))
        if list_argv and rebuild_argv and (boot / tool.image.format(release)).exists():
            listing = log.run(list_argv, step="INITRD", unit=release).stdout.decode(errors="replace")
            # A file's name has - and _ as the module's author wrote them.
            names = "|".join(re.escape(name) for name in modules)
            if not re.search(rf"/({names})\.ko(\.\w+)?\s*$", listing, re.MULTILINE):
                return False
            log.run(rebuild_argv, step="INITRD", unit=release)
            return True
    return False


def argv_for(release: str, argv: tuple[str, ...]) -> list[str] | None:
    """A command line for a release; None if its program is not installed."""
    # A hook of a package manager may run with any PATH.
    program = system_program(argv[0]) or shutil.which(argv[0], path="/usr/bin:/bin")
    return [program, *(arg.format(release) for arg in argv[1:])] if program else None
