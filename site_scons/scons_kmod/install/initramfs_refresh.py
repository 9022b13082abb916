# SPDX-License-Identifier: MIT
"""The initramfs of an installed kernel, made anew when a module that is in it has changed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.base.programs import system_program
from scons_kmod.base.run_log import RunLog


@dataclasses.dataclass(frozen=True)
class Maker:
    """A distribution's program that makes initramfs images: its commands, ``{}`` is the release, and the image."""

    image: str
    list: tuple[str, ...]
    make: tuple[str, ...]


MAKERS = (
    Maker("initrd.img-{}", ("lsinitramfs", "/boot/initrd.img-{}"), ("update-initramfs", "-u", "-k", "{}")),
    Maker("initramfs-{}.img", ("lsinitrd", "-k", "{}"), ("dracut", "--force", "--kver", "{}")),
)


def refresh(release: str, modules: Iterable[str], log: RunLog, boot: Path = Path("/boot")) -> bool:
    """Make the image of a kernel anew if it has one of the modules; whether that was done. Raises `StepError`."""
    for maker in MAKERS:
        lister, program = (located(words, release) for words in (maker.list, maker.make))
        if lister and program and (boot / maker.image.format(release)).exists():
            listing = log.run(lister, step="INITRD", unit=release).stdout.decode(errors="replace")
            # In a file's name - and _ are as the module's author has them.
            names = "|".join(re.escape(name) for name in modules)
            if not re.search(rf"/({names})\.ko(\.\w+)?\s*$", listing, re.MULTILINE):
                return False
            log.run(program, step="INITRD", unit=release)
            return True
    return False


def located(words: tuple[str, ...], release: str) -> list[str] | None:
    """A command for a release, if its program is there."""
    found = system_program(words[0])
    return [found, *(word.format(release) for word in words[1:])] if found else None
