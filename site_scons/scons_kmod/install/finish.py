# SPDX-License-Identifier: MIT
"""From a .ko to the file that is installed: stripped, signed and compressed as the kernel's own modules are."""

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
    """A file's ending, and the command that makes FILE.ending of FILE."""

    ending: str
    argv: tuple[str, ...]


# By the symbol of the kernel's configuration; the options are those of scripts/Makefile.modinst (6.12). One thread:
# with several, what xz makes depends on how many there are.
COMPRESSIONS = {
    "CONFIG_MODULE_COMPRESS_GZIP": Compression(".gz", ("gzip", "-n", "-f")),
    "CONFIG_MODULE_COMPRESS_XZ": Compression(".xz", ("xz", "-T1", "--check=crc32", "--lzma2=dict=1MiB", "-f")),
    "CONFIG_MODULE_COMPRESS_ZSTD": Compression(".zst", ("zstd", "-T1", "--rm", "-f", "-q")),
}


@dataclasses.dataclass(frozen=True)
class Finish:
    """What is done to each module, in this order: `strip` is a command, None if nothing is to be stripped."""

    strip: tuple[str, ...] | None
    signing: Signing | None
    compression: Compression | None

    def apply(self, module: Path, directory: Path, log: RunLog) -> Path:
        """The file to install, made of the .ko `module` in `directory`. Raises `StepError` and `MachineError`."""
        made = directory / module.name
        copy_file(module, made)
        if self.strip:
            log.run((*self.strip, made), step="STRIP", unit=made.name)
        if self.signing:
            self.signing.sign(made, log)
        if self.compression is None:
            return made
        name, *options = self.compression.argv
        log.run((find_program(name), *options, made), step=name.upper(), unit=made.name)
        return made.with_name(f"{made.name}{self.compression.ending}")


def choose_finish(settings: Settings, tree: KernelTree, kbuild: Kbuild, system: System = THIS_MACHINE) -> Finish:
    """What the command line and the kernel's configuration ask for. Raises `UserError` and `MachineError`."""
    signing = choose_signing(settings, tree, system=system)
    return Finish(strip_command(settings, kbuild), signing, compression_of(tree))


def strip_command(settings: Settings, kbuild: Kbuild) -> tuple[str, ...] | None:
    """The command for INSTALL_MOD_STRIP=, which is 1 or strip's own options (Documentation/kbuild/kbuild.rst)."""
    if not settings.mod_strip:
        return None
    options = ("--strip-debug",) if settings.mod_strip == "1" else tuple(settings.mod_strip.split())
    if not all(option.startswith("-") for option in options):
        where = f"INSTALL_MOD_STRIP={settings.mod_strip}"
        raise UserError("1 or options of strip are expected", where=where, fix="write INSTALL_MOD_STRIP=1")
    return (f"{kbuild.linker.removesuffix('ld')}strip", *options)


def compression_of(tree: KernelTree) -> Compression | None:
    """How this kernel's own modules are compressed, if they are."""
    # Since 6.12 there is one symbol for the method and another for whether modules_install uses it.
    if "CONFIG_MODULE_COMPRESS" in tree.config and not tree.enabled("CONFIG_MODULE_COMPRESS_ALL"):
        return None
    return next((one for symbol, one in COMPRESSIONS.items() if tree.enabled(symbol)), None)
