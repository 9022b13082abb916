# SPDX-License-Identifier: MIT
"""Chooses a target's toolchain: the first rustc, bindgen and C compiler that fit, and why others were refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scons_kmod.base.errors import KmodError, MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.sysroot import THIS_MACHINE, System
from scons_kmod.distro.target_file import ToolVersions
from scons_kmod.engine.remember import Answer, remembered
from scons_kmod.kernel import tool_finder
from scons_kmod.kernel.kbuild import Kbuild
from scons_kmod.kernel.tool_finder import COMPILER_PROGRAMS, FoundTool, Tool, ToolFinder

# The tool that was chosen, and for each tool before it why that was refused.
ToolChoice = tuple[FoundTool, list[str]]


@dataclasses.dataclass(frozen=True)
class Toolchain:
    """The programs for one target. `library_sources` is the directory of rustc's library sources.

    `refused` says for each program that was tried before the chosen one why it was refused.
    """

    rustc: Tool
    library_sources: str
    bindgen: Tool
    cc: Tool
    refused: tuple[str, ...]


def find_toolchain(
    wanted: ToolVersions,
    kbuild: Kbuild,
    tree: Path,
    cache: Path,
    directory: Path,
    log: RunLog,
    system: System = THIS_MACHINE,
) -> Toolchain:
    """Choose the toolchain. The answer is kept in `directory` until one of the programs or PATH changes.

    Raises `MachineError` if a program is missing, or if none of those that are there fits.
    """
    binutils = (kbuild.linker, kbuild.archiver, *map(kbuild.binutil, ("nm", "objcopy", "readelf")))
    finder = ToolFinder(system, log, cache)
    candidates = [
        *finder.rustcs(),
        *finder.bindgens(),
        *(path for name in (kbuild.compiler, *COMPILER_PROGRAMS, *binutils) for path in system.programs(name)),
    ]

    def ask() -> Answer:
        rustc, refused_rustcs = choose_rustc(finder, wanted.rustc)
        bindgen, refused_bindgens = choose_bindgen(finder, wanted)
        cc, _ = choose_compiler(finder, kbuild.compiler, tree, binutils)
        refused = (*refused_rustcs, *refused_bindgens)
        toolchain = Toolchain(rustc.tool, rustc.library_sources, bindgen.tool, cc.tool, refused)
        # The code too: another version of it may choose in another way.
        code = (__file__, tool_finder.__file__)
        files = [*map(system.host_path, candidates), *rustc.files, *bindgen.files, *cc.files, *code]
        return dataclasses.asdict(toolchain), files

    key = [dataclasses.astuple(wanted), candidates, kbuild.compiler, str(tree), *finder.libclangs(), str(system.root)]
    return toolchain_from_json(remembered(directory / "toolchain.json", key, ask))


def toolchain_from_json(raw: dict[str, Any]) -> Toolchain:
    """A `Toolchain` from the output of `dataclasses.asdict`."""
    tools = {
        name: Tool(**{**raw[name], "env": tuple((k, v) for k, v in raw[name]["env"])})
        for name in ("rustc", "bindgen", "cc")
    }
    return Toolchain(library_sources=raw["library_sources"], refused=tuple(raw["refused"]), **tools)


def choose_rustc(finder: ToolFinder, wanted: str) -> ToolChoice:
    """A rustc of the wanted version, with its library sources. Raises `MachineError`."""
    fix = f"the target needs {wanted}; on Debian 12: apt-get install rustc-web rust-web-src"
    return choose("rustc", finder.rustcs(), lambda path: finder.inspect_rustc(path, wanted), fix)


def choose_bindgen(finder: ToolFinder, wanted: ToolVersions) -> ToolChoice:
    """A bindgen of the wanted version, with its libclang. Raises `MachineError`."""
    fix = f"the target needs {wanted.bindgen}; on Debian 12: apt-get install bindgen"
    return choose("bindgen", finder.bindgens(), lambda path: finder.inspect_bindgen(path, wanted), fix)


def choose_compiler(finder: ToolFinder, name: str, tree: Path, binutils: Sequence[str] = ()) -> ToolChoice:
    """The C compiler that the tree's Kbuild calls by this name, with its binutils. Raises `MachineError`."""
    fix = f"apt-get install {Path(name).name.removeprefix('x86_64-linux-gnu-')}"
    paths = finder.system.programs(name)
    return choose(name, paths, lambda path: finder.inspect_compiler(path, tree, binutils), fix)


def choose(name: str, paths: list[str], inspect: Callable[[str], FoundTool], fix: str) -> ToolChoice:
    """The first program that fits, and the reasons why those before it were refused.

    `inspect` raises a `KmodError` for a program that does not fit. Raises `MachineError` if none fits.
    """
    refused: list[str] = []
    for path in paths:
        try:
            return inspect(path), refused
        except KmodError as error:
            refused.append(f"{path}: {error.message.splitlines()[0]}")
    if not paths:
        raise MachineError("not found", where=name, fix=fix)
    reasons = "".join(f"\n    {reason}" for reason in refused)
    raise MachineError(f"none of those installed can be used{reasons}", where=name, fix=fix)
