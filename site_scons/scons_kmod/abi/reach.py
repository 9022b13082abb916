# SPDX-License-Identifier: MIT
"""Finds the files of the kernel crate and of the C helpers that a module uses.

The module and the kernel crate are compiled once more, without optimization, so that no function is inlined into
another, and with line tables. The linker drops all code that nothing reaches, and the line tables of the remaining code
name the files. A constant has no code; so a file whose name is in the module's sources counts, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scons_kmod.bindings.parts import MODULES, SHARED
from scons_kmod.c.helpers import helper_sources, helpers_archive
from scons_kmod.crates.local import local_crate_step, local_crate_steps
from scons_kmod.crates.local_bindings import local_bindings_steps
from scons_kmod.crates.local_outputs import linked_crate_objects, linked_support_crates
from scons_kmod.crates.module_crate import module_crate_step
from scons_kmod.crates.support_outputs import LIBRARY_CRATES, library_stamp, support_object
from scons_kmod.crates.wrapper_steps import base_crate_step, wrapper_crate_step
from scons_kmod.engine.identifiers import names_in_source
from scons_kmod.engine.object_symbols import defined_symbols, object_symbols
from scons_kmod.engine.step import Command, Step
from scons_kmod.generators.outputs import with_generated_sources
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.source_files import files_below, source_directories
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.wrappers.wrapper_crates import wrapper_crates

if TYPE_CHECKING:
    from elftools.dwarf.lineprogram import LineProgram

# The address where the code begins. It is not 0, because line tables have dropped code at addresses from 0.
START = 0x100000
LINK = ("--gc-sections", "--unresolved-symbols=ignore-all", "-no-pie", "-z", "noexecstack", f"-Ttext={START:#x}")
ROOTS = ("-e", "init_module", "-u", "init_module", "-u", "cleanup_module")


def abi_dir(target: BuildTarget) -> Path:
    """The directory of all files of ``abi-diff``."""
    return target.build / "abi"


def unoptimized_step(step: Step, name: str, object_file: Path) -> Step:
    """The step of a crate, changed so that it compiles to `object_file` alone, without optimization."""
    *before, command = step.from_nothing().commands
    depfile = object_file.with_suffix(".d")
    flags = ("-Copt-level=0", "-Zinline-mir=n", "-Cdebuginfo=1")
    argv = (
        *(arg for arg in command.argv if not arg.startswith("--emit=")),
        *(*flags, f"--emit=obj={object_file},dep-info={depfile}"),
    )
    commands = (*before, Command(argv, object_file.parent / f"{name}.work", command.env, command.color))
    return Step(
        name="RUSTC",
        unit=f"{name} (abi)",
        commands=commands,
        outputs=(object_file,),
        inputs=step.inputs,
        tracked=step.tracked,
        depfiles=(depfile,),
        written_files=step.written_files,
        tools=step.tools,
        order_only=step.order_only,
        digest_kind=step.digest_kind,
        compare_raw=step.compare_raw,
    )


def unoptimized_kernel_object(target: BuildTarget, name: str) -> Path:
    """The object of a crate of kernel/, compiled without optimization."""
    return abi_dir(target) / f"{name}.o"


def reached_elf(target: BuildTarget, manifest: Manifest) -> Path:
    """The executable with a module's code and all code that it reaches."""
    return abi_dir(target) / f"{manifest.name}.elf"


def unoptimized_kernel_steps(target: BuildTarget) -> list[Step]:
    """Compile the crates of kernel/ without optimization, once for all modules."""
    crates = wrapper_crates(target).crates.values()
    steps = (base_crate_step(target), *(wrapper_crate_step(target, crate) for crate in crates))
    return [unoptimized_step(step, step.unit, unoptimized_kernel_object(target, step.unit)) for step in steps]


def reach_steps(target: BuildTarget, manifest: Manifest) -> list[Step]:
    """The steps that compile a module's crates without optimization, and link them without what nothing reaches."""
    crate_steps = local_crate_steps(target, manifest, partial(local_crate_step, target))
    steps = (*crate_steps, module_crate_step(target, manifest))
    *local_steps, module_step = (with_generated_sources(target, manifest, step) for step in steps)
    local_steps = [*local_bindings_steps(target, manifest), *local_steps]
    compile_steps = {path: step for step in local_steps for path in step.outputs}
    linked = {f"{manifest.name}-{path.stem}": compile_steps[path] for path in linked_crate_objects(target, manifest)}
    names = {manifest.name: module_step, **linked}.items()
    unoptimized = [unoptimized_step(step, name, abi_dir(target) / f"{name}.o") for name, step in names]
    elf = reached_elf(target, manifest)
    support = linked_support_crates(target, manifest)
    objects = (
        *(step.outputs[0] for step in unoptimized),
        *(unoptimized_kernel_object(target, name) for name in support if name not in (SHARED, MODULES)),
        *(support_object(target, name) for name in support if name in (SHARED, MODULES)),
    )
    archives = (*(support_object(target, name) for name in LIBRARY_CRATES), helpers_archive(target))
    # Kbuild's own linker, without the options for modules.
    argv = (target.kbuild.ld[0], *LINK, *ROOTS, "-o", str(elf), *map(str, (*objects, *archives)))
    link = Step(
        name="LD",
        unit=f"{manifest.name} (abi)",
        commands=(Command(argv, elf.parent),),
        outputs=(elf,),
        inputs=(*objects, library_stamp(target), helpers_archive(target)),
        tools=(target.toolchain.cc.digest,),
    )
    return [*local_steps, *unoptimized, link]


def reached_files(target: BuildTarget, manifest: Manifest) -> list[Path]:
    """The sources that a module's code comes from: its own, and those of the kernel crate and of the C helpers.

    The steps of `reach_steps` must have run.
    """
    generators = {generator.program for generator in manifest.generators}
    directories = source_directories(manifest)
    below = (path for directory in directories for path in files_below(directory, ".rs", target.build.parent))
    own = [path for path in below if path not in generators]
    names = {name for path in own for name in names_in_source(str(path), path.read_text())}
    crate = (path for path in (target.sources / "kernel").rglob("*.rs") if rust_module_name(path) in names)
    code = (target.sources / name for name in code_files(reached_elf(target, manifest)))
    symbols = set(object_symbols(reached_elf(target, manifest)))
    objects = (helpers_archive(target).with_name(f"{path.stem}.o") for path in helper_sources(target))
    pairs = zip(helper_sources(target), objects, strict=True)
    helpers = (path for path, helper in pairs if symbols.intersection(defined_symbols(helper)))
    return sorted({*own, *crate, *(path for path in code if path.is_file()), *helpers})


def rust_module_name(path: Path) -> str:
    """The name of the Rust module in a file."""
    return path.parent.name if path.stem == "mod" else path.stem


def code_files(elf: Path) -> set[str]:
    """The names of the files that the code in an executable comes from, as they are in its line tables."""
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as file:
        dwarf = ELFFile(file).get_dwarf_info()
        programs = (dwarf.line_program_for_CU(unit) for unit in dwarf.iter_CUs())
        return {name for program in programs if program for name in unit_files(program)}


def unit_files(program: LineProgram) -> Iterator[str]:
    """The files of a compilation unit whose code was not dropped (DWARF 4 and 5, section 6.2.4)."""
    header = program.header
    states = (entry.state for entry in program.get_entries())
    numbers = {state.file for state in states if state and state.address >= START}
    # From version 5 on, files and directories are counted from 0; before, from 1, and directory 0 is the unit's own.
    first = 0 if header.version >= 5 else 1
    for number in numbers:
        entry = header.file_entry[number - first]
        directory = header.include_directory[entry.dir_index - first] if entry.dir_index >= first else b""
        yield str(Path(directory.decode(), entry.name.decode()))
