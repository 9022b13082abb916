# SPDX-License-Identifier: MIT
"""The kernel's own modules that a module needs: found by name where the kernel's are, and unpacked for a VM."""

from __future__ import annotations

import gzip
import lzma
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from scons_kmod.base.atomic import write_bytes
from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog

# How the kernel's modules may be compressed (kernel/module/Kconfig), by the end of the file's name.
OPENERS: Mapping[str, Callable[[Path], AbstractContextManager[Any]]] = {".xz": lzma.LZMAFile, ".gz": gzip.GzipFile}


def depends(module: Path) -> tuple[str, ...]:
    """The modules that a module says it needs (``.modinfo``, depends=), by the names that the kernel has for them:
    modpost writes those of their files, which may have - for _.
    """
    # Slow to import, and a build with nothing to do never gets here.
    from elftools.elf.elffile import ELFFile

    with module.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".modinfo")
        entries = section.data().split(b"\0") if section else []
    listed = (entry.removeprefix(b"depends=").decode() for entry in entries if entry.startswith(b"depends="))
    return tuple(name.replace("-", "_") for names in listed for name in names.split(",") if name)


def needed_modules(
    module: Path, kernel: Path, made: Path, log: RunLog, others: Mapping[str, Path] = MappingProxyType({})
) -> list[Path]:
    """The modules that a module needs, in an order in which they can be loaded: the kernel's, uncompressed in `made`,
    and `others` by their names.

    `kernel` is a directory with the kernel's modules. Raises `MachineError` if it lacks one.
    """
    found: dict[str, Path] = {}

    def visit(path: Path) -> None:
        for name in depends(path):
            if name not in found:
                needed = others.get(name) or unpacked(name, kernel, made, log)
                visit(needed)
                found[name] = needed

    visit(module)
    return list(found.values())


def unpacked(name: str, kernel: Path, made: Path, log: RunLog) -> Path:
    """A module of the kernel as a plain file. Raises `MachineError`."""
    place = made / f"{name}.ko"
    for path in candidates(name, kernel):
        if path.suffix == ".ko":
            return path
        if opener := OPENERS.get(path.suffix):
            with opener(path) as file:
                write_bytes(place, file.read())
        else:
            made.mkdir(parents=True, exist_ok=True)
            log.run(["zstd", "-dqf", path, "-o", place], step="UNPACK", unit=path.name)
        return place
    raise MachineError(
        f"the kernel's module {name} is not there", where=str(kernel), fix="install the kernel's modules"
    )


def candidates(name: str, kernel: Path) -> Iterator[Path]:
    """The files of a module of this name: file names may have - for _."""
    pattern = re.compile(name.replace("_", "[-_]") + r"\.ko(\.\w+)?")
    yield from (path for path in sorted(kernel.rglob("*.ko*")) if pattern.fullmatch(path.name))
