# SPDX-License-Identifier: MIT
"""A prepared kernel tree: distribution headers, a build directory or a source tree, as `KDIR` names it."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Mapping
from pathlib import Path

from scons_kmod.base.errors import UserError

# Kbuild's SRCARCH for each machine that is supported (the kernel's Makefile, "SRCARCH").
SUPPORTED_ARCHES = {"x86_64": "x86", "x86": "x86"}


@dataclasses.dataclass(frozen=True)
class KernelTree:
    """A kernel tree. `release` is what `uname -r` prints when the kernel runs; `arch` is Kbuild's SRCARCH."""

    path: Path
    release: str
    arch: str

    @functools.cached_property
    def config(self) -> Mapping[str, str]:
        """The configuration: values by names (``CONFIG_SMP`` -> ``y``), strings without quotes, no unset symbols.

        From include/config/auto.conf, which Kbuild itself reads.
        """
        return parse_auto_conf((self.path / "include/config/auto.conf").read_text())

    @property
    def compiler(self) -> str:
        """The C compiler that the kernel was built with, as it names itself (``gcc-12 (Debian ...) 12.2.0``)."""
        return self.config.get("CONFIG_CC_VERSION_TEXT", "unknown")

    @property
    def symvers(self) -> Path:
        """Module.symvers: the exported symbols and their CRCs."""
        return self.path / "Module.symvers"

    @property
    def package_version(self) -> str | None:
        """The version of the Debian package that the tree is from (generated/package.h); None for other trees."""
        try:
            text = (self.path / "include/generated/package.h").read_text()
        except OSError:
            return None
        match = re.search(r'LINUX_PACKAGE_ID " Debian (\S+)"', text)
        return match[1] if match else None

    def enabled(self, *symbols: str) -> bool:
        """Whether any of these configuration symbols is y or m. A symbol may have other names in other versions."""
        return any(self.config.get(symbol) in ("y", "m") for symbol in symbols)


def open_tree(path: Path) -> KernelTree:
    """Read the tree at `path`. Raises `UserError` if it is no kernel tree, or not prepared for building modules."""
    where = f"KDIR={path}"
    if not path.is_dir():
        raise UserError("there is no such directory", where=where, fix="name a prepared kernel tree")
    if not (path / "Makefile").is_file():
        raise UserError(
            "this is not a kernel tree: it has no Makefile",
            where=where,
            fix="name the headers or build directory of a kernel",
        )
    needed = ("include/config/auto.conf", "include/generated/utsrelease.h", "scripts/mod/modpost", "Module.symvers")
    missing = [name for name in needed if not (path / name).exists()]
    if missing:
        raise UserError(
            f"this kernel tree is not prepared for modules: it lacks {', '.join(missing)}",
            where=where,
            fix="build the kernel in it (`make modules_prepare` and `make`), or install the distribution's headers",
        )
    arches = [
        arch for arch in sorted(set(SUPPORTED_ARCHES.values())) if (path / f"arch/{arch}/include/generated").is_dir()
    ]
    if not arches:
        raise UserError(
            f"this kernel tree is not configured for a supported architecture ({', '.join(sorted(SUPPORTED_ARCHES))})",
            where=where,
            fix="name a tree that is configured for one of them",
        )
    # Not from include/config/kernel.release: in Debian's 6.1 that is 6.1.192, and `uname -r` prints 6.1.0-56-amd64.
    release = re.search(r'UTS_RELEASE "([^"]+)"', (path / "include/generated/utsrelease.h").read_text())
    if not release:
        raise UserError("include/generated/utsrelease.h has no release", where=where, fix="prepare the tree again")
    return KernelTree(path=path.resolve(), release=release[1], arch=arches[0])


def parse_auto_conf(text: str) -> dict[str, str]:
    """The symbols in an auto.conf, with their values: ``CONFIG_X=y``, ``CONFIG_X="text"``, ``CONFIG_X=0x10``."""
    return {
        name: value[1:-1].replace('\\"', '"') if value.startswith('"') else value
        for name, value in re.findall(r"^(CONFIG_\w+)=(.*)$", text, re.MULTILINE)
    }
