# SPDX-License-Identifier: MIT
"""The kernel's own modules that a module needs in a VM: find them by name, and uncompress them."""

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

# How the kernel's modules may be compressed (kernel/module/Kconfig), by the file name's suffix. zstd is a tool's job.
OPENERS: Mapping[str, Callable[[Path], AbstractContextManager[Any]]] = {".xz": lzma.LZMAFile, ".gz": gzip.GzipFile}


def modinfo_depends(module: Path) -> tuple[str, ...]:
    """The modules that a .ko file names in its ``.modinfo`` section (depends=), by the kernel's names for them.

    modpost writes there the names of the files, which may have - where the kernel's names have _.
    """
    # Slow to import, and a null build never gets here.
    from elftools.elf.elffile import ELFFile

    with module.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".modinfo")
        entries = section.data().split(b"\0") if section else []
    listed = (entry.removeprefix(b"depends=").decode() for entry in entries if entry.startswith(b"depends="))
    return tuple(name.replace("-", "_") for names in listed for name in names.split(",") if name)


def needed_ko_files(
    module: Path,
    kernel_modules: Path,
    directory: Path,
    log: RunLog,
    built_modules: Mapping[str, Path] = MappingProxyType({}),
) -> list[Path]:
    """The .ko files that the .ko file `module` needs, in an order in which they can be loaded.

    `built_modules` are modules of this build, by name. The others come from `kernel_modules`, a directory with the
    kernel's modules, and are uncompressed into `directory` if need be. Raises `MachineError` if the kernel lacks one.
    """
    load_order: dict[str, Path] = {}

    def visit(ko_file: Path) -> None:
        for name in modinfo_depends(ko_file):
            if name not in load_order:
                needed = built_modules.get(name) or uncompressed_ko(name, kernel_modules, directory, log)
                visit(needed)
                load_order[name] = needed

    visit(module)
    return list(load_order.values())


def uncompressed_ko(name: str, kernel_modules: Path, directory: Path, log: RunLog) -> Path:
    """The uncompressed .ko file of a module of the kernel: its own, or one in `directory`. Raises `MachineError`."""
    uncompressed = directory / f"{name}.ko"
    for path in ko_files_named(name, kernel_modules):
        if path.suffix == ".ko":
            return path
        if opener := OPENERS.get(path.suffix):
            with opener(path) as file:
                write_bytes(uncompressed, file.read())
        else:
            directory.mkdir(parents=True, exist_ok=True)
            log.run(["zstd", "-dqf", path, "-o", uncompressed], step="UNPACK", unit=path.name)
        return uncompressed
    raise MachineError(
        f"the kernel's module {name} does not exist", where=str(kernel_modules), fix="install the kernel's modules"
    )


def ko_files_named(name: str, kernel_modules: Path) -> Iterator[Path]:
    """The files of the module `name`, compressed or not. A file's name may have - where `name` has _."""
    pattern = re.compile(name.replace("_", "[-_]") + r"\.ko(\.\w+)?")
    yield from (path for path in sorted(kernel_modules.rglob("*.ko*")) if pattern.fullmatch(path.name))
