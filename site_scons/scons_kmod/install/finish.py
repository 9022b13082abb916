# SPDX-License-Identifier: MIT
"""Finish a .ko file for installation: strip, sign and compress it as the kernel's own modules are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from scons_kmod.base.atomic import copy_file
from scons_kmod.base.errors import UserError
from scons_kmod.base.programs import find_program
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.sysroot import THIS_MACHINE, System
from scons_kmod.install.signing import Signing, choose_signing
from scons_kmod.kernel.kbuild import Kbuild
from scons_kmod.kernel.kernel_tree import KernelTree
from scons_kmod.target.settings import Settings


@dataclasses.dataclass(frozen=True)
class Compression:
    """A file name's ending, and the command line that replaces FILE by FILE.ending."""

    ending: str
    argv: tuple[str, ...]


# By the symbol in the kernel's configuration. The options are those of scripts/Makefile.modinst (6.12), but with one
# thread: xz's output depends on how many there are.
COMPRESSIONS = {
    "CONFIG_MODULE_COMPRESS_GZIP": Compression(".gz", ("gzip", "-n", "-f")),
    "CONFIG_MODULE_COMPRESS_XZ": Compression(".xz", ("xz", "-T1", "--check=crc32", "--lzma2=dict=1MiB", "-f")),
    "CONFIG_MODULE_COMPRESS_ZSTD": Compression(".zst", ("zstd", "-T1", "--rm", "-f", "-q")),
}


@dataclasses.dataclass(frozen=True)
class Finish:
    """What is done to each module, in this order; None: not done. `strip` is a command line without the file."""

    strip: tuple[str, ...] | None
    signing: Signing | None
    compression: Compression | None

    def apply(self, module: Path, directory: Path, log: RunLog) -> Path:
        """Finish a copy of the .ko file `module` in `directory`; returns the path of the file to install.

        Raises `StepError` and `MachineError`.
        """
        copy = directory / module.name
        copy_file(module, copy)
        if self.strip:
            log.run((*self.strip, copy), step="STRIP", unit=copy.name)
        if self.signing:
            self.signing.sign(copy, log)
        if self.compression is None:
            return copy
        program, *options = self.compression.argv
        log.run((find_program(program), *options, copy), step=program.upper(), unit=copy.name)
        return copy.with_name(f"{copy.name}{self.compression.ending}")


def choose_finish(settings: Settings, tree: KernelTree, kbuild: Kbuild, system: System = THIS_MACHINE) -> Finish:
    """The finish that command line and kernel configuration ask for. Raises `UserError` and `MachineError`."""
    signing = choose_signing(settings, tree, system=system)
    return Finish(strip_argv(settings, kbuild), signing, compression_of(tree))


def strip_argv(settings: Settings, kbuild: Kbuild) -> tuple[str, ...] | None:
    """strip's command line, without the file; None if nothing is to be stripped.

    INSTALL_MOD_STRIP= is 1 or options of strip (Documentation/kbuild/kbuild.rst). Raises `UserError` for anything else.
    """
    if not settings.mod_strip:
        return None
    options = ("--strip-debug",) if settings.mod_strip == "1" else tuple(settings.mod_strip.split())
    if not all(option.startswith("-") for option in options):
        where = f"INSTALL_MOD_STRIP={settings.mod_strip}"
        raise UserError("1 or options of strip are expected", where=where, fix="write INSTALL_MOD_STRIP=1")
    return (f"{kbuild.linker.removesuffix('ld')}strip", *options)


def compression_of(tree: KernelTree) -> Compression | None:
    """How this kernel's own modules are compressed; None if they are not."""
    # Since 6.12, one symbol says which method, and another whether modules_install uses it.
    if "CONFIG_MODULE_COMPRESS" in tree.config and not tree.enabled("CONFIG_MODULE_COMPRESS_ALL"):
        return None
    return next((compression for symbol, compression in COMPRESSIONS.items() if tree.enabled(symbol)), None)
