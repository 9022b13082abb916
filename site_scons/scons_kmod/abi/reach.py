# SPDX-License-Identifier: MIT
"""What of the kernel crate is in a module: the files that any of its code comes from, as the compiler says.

The module and the kernel crate are compiled for this alone: without optimization, so that each function that is called
is one, and with line tables. The linker drops what nothing reaches; the line tables of the rest name the files. What
has no code, such as a constant, can be reached by its name only: so a file that the module's own sources name counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scons_kmod.bindings.bindgen import files_below, source_directories
from scons_kmod.c.helpers import helper_sources, helpers_archive
from scons_kmod.crates.local import local_crate_step as kernel_crate
from scons_kmod.crates.local import local_crate_steps
from scons_kmod.crates.local_outputs import linked_crate_objects
from scons_kmod.crates.module_crate import module_crate_step
from scons_kmod.crates.support import kernel_crate_step
from scons_kmod.crates.support_outputs import LIBRARY_CRATES, library_stamp, support_object
from scons_kmod.engine.identifiers import names_in_source
from scons_kmod.engine.step import Command, Step
from scons_kmod.engine.views import defined_symbols, object_symbols
from scons_kmod.generators.steps import with_generated
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget

if TYPE_CHECKING:
    from elftools.dwarf.lineprogram import LineProgram

# Where the code begins: not at 0, where the line tables have what was dropped.
START = 0x100000
LINK = ("--gc-sections", "--unresolved-symbols=ignore-all", "-no-pie", "-z", "noexecstack", f"-Ttext={START:#x}")
ROOTS = ("-e", "init_module", "-u", "init_module", "-u", "cleanup_module")


def abi_dir(target: BuildTarget) -> Path:
    """Where all this lies."""
    return target.build / "abi"


def unoptimized(step: Step, name: str, made: Path) -> Step:
    """A crate's step again, for its object alone, which goes to `made`."""
    command = step.commands[-1]
    depfile = made.with_suffix(".d")
    flags = ("-Copt-level=0", "-Zinline-mir=n", "-Cdebuginfo=1")
    argv = (
        *(word for word in command.argv if not word.startswith("--emit=")),
        *(*flags, f"--emit=obj={made},dep-info={depfile}"),
    )
    commands = (*step.commands[:-1], Command(argv, made.parent / f"{name}.work", command.env, command.color))
    return Step(
        name="RUSTC",
        unit=f"{name} (abi)",
        commands=commands,
        outputs=(made,),
        inputs=step.inputs,
        tracked=step.tracked,
        depfiles=(depfile,),
        written_files=step.written_files,
        tools=step.tools,
        order_only=step.order_only,
        digest_kind=step.digest_kind,
        compare_raw=step.compare_raw,
    )


def kernel_object(target: BuildTarget) -> Path:
    """The kernel crate, unoptimized."""
    return abi_dir(target) / "kernel.o"


def reached_elf(target: BuildTarget, manifest: Manifest) -> Path:
    """The module's code with all that it reaches."""
    return abi_dir(target) / f"{manifest.name}.elf"


def unoptimized_kernel_step(target: BuildTarget) -> Step:
    """The kernel crate, for all modules."""
    return unoptimized(kernel_crate_step(target), "kernel", kernel_object(target))


def reach_steps(target: BuildTarget, manifest: Manifest) -> list[Step]:
    """A module's own crate and those that it is linked with, and the link that drops what is not reached."""
    crates = local_crate_steps(target, manifest, partial(kernel_crate, target))
    steps = (*crates, module_crate_step(target, manifest))
    *whole, last = (with_generated(target, manifest, step) for step in steps)
    makers = {path: step for step in whole for path in step.outputs}
    linked = {f"{manifest.name}-{path.stem}": makers[path] for path in linked_crate_objects(target, manifest)}
    again = {manifest.name: last, **linked}.items()
    compiled = [unoptimized(step, name, abi_dir(target) / f"{name}.o") for name, step in again]
    made = reached_elf(target, manifest)
    own = (*(step.outputs[0] for step in compiled), kernel_object(target), support_object(target, "bindings"))
    archives = (*(support_object(target, name) for name in LIBRARY_CRATES), helpers_archive(target))
    # Kbuild's own linker, without the options for modules.
    argv = (target.kbuild.ld[0], *LINK, *ROOTS, "-o", str(made), *map(str, (*own, *archives)))
    link = Step(
        name="LD",
        unit=f"{manifest.name} (abi)",
        commands=(Command(argv, made.parent),),
        outputs=(made,),
        inputs=(*own, library_stamp(target), helpers_archive(target)),
        tools=(target.toolchain.cc.digest,),
    )
    return [*whole, *compiled, link]


def reached_files(target: BuildTarget, manifest: Manifest) -> list[Path]:
    """The sources that the module's code comes from: its own, and those of the kernel crate and of the C helpers."""
    for_machine = {generator.program for generator in manifest.generators}
    below = (path for place in source_directories(manifest) for path in files_below(place, ".rs", target.build.parent))
    own = [path for path in below if path not in for_machine]
    named = {word for path in own for word in names_in_source(str(path), path.read_text())}
    crate = (path for path in (target.sources / "kernel").rglob("*.rs") if named_by(path) in named)
    code = (target.sources / name for name in code_files(reached_elf(target, manifest)))
    symbols = set(object_symbols(reached_elf(target, manifest)))
    objects = (helpers_archive(target).with_name(f"{path.stem}.o") for path in helper_sources(target))
    linked = zip(helper_sources(target), objects, strict=True)
    helpers = (path for path, made in linked if symbols.intersection(defined_symbols(made)))
    return sorted({*own, *crate, *(path for path in code if path.is_file()), *helpers})


def named_by(path: Path) -> str:
    """The name of the Rust module that a file is."""
    return path.parent.name if path.stem == "mod" else path.stem


def code_files(elf: Path) -> set[str]:
    """The names of the files that the code in an executable comes from, as its line tables have them."""
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as file:
        dwarf = ELFFile(file).get_dwarf_info()
        programs = (dwarf.line_program_for_CU(unit) for unit in dwarf.iter_CUs())
        return {name for program in programs if program for name in files_of(program)}


def files_of(program: LineProgram) -> Iterator[str]:
    """The files of one compilation unit whose code was not dropped (DWARF 4 and 5, 6.2.4)."""
    header = program.header
    states = (entry.state for entry in program.get_entries())
    numbers = {state.file for state in states if state and state.address >= START}
    # From version 5 on, the first file and the first directory have the number 0; before, 1, and 0 is the unit's own.
    first = 0 if header.version >= 5 else 1
    for number in numbers:
        entry = header.file_entry[number - first]
        abi_dir = header.include_directory[entry.dir_index - first] if entry.dir_index >= first else b""
        yield str(Path(abi_dir.decode(), entry.name.decode()))
