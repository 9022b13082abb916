# SPDX-License-Identifier: MIT
"""The steps of ``[generate.NAME]``: a program of the module is compiled if need be, and run in a sandbox.

The program runs on this machine itself, even if the target's tools are in a sysroot. So a compiled program is linked
statically.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from scons_kmod.c.compiler import CC_COLOR
from scons_kmod.engine.digests import LINES, RUST
from scons_kmod.engine.step import Command, Step
from scons_kmod.generators.run import GeneratorStep
from scons_kmod.generators.sandbox import GENERATOR_ENV, MODULE, PROGRAM, SANDBOX_HINTS, sandbox_argv
from scons_kmod.kernel.rustc import EDITION, RUSTC_COLOR
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.sections.generate import Generator
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import generated_dir, module_dir

# Where gcc looks for headers of the C library (cpp -v), besides its own directory.
SYSTEM_INCLUDE_DIRECTORIES = ("/usr/local/include", "/usr/include/x86_64-linux-gnu", "/usr/include")


def generator_steps(target: BuildTarget, manifest: Manifest) -> list[Step]:
    """The steps of all generators of a module."""
    return [step for generator in manifest.generators for step in compile_and_run_steps(target, manifest, generator)]


def compile_and_run_steps(target: BuildTarget, manifest: Manifest, generator: Generator) -> list[Step]:
    """The run of a generator, and before it the compilation if the program is not in Python."""
    if generator.program.suffix == ".py":
        return [run_generator_step(target, manifest, generator, None)]
    compiled = compile_generator_step(target, manifest, generator)
    return [compiled, run_generator_step(target, manifest, generator, compiled.outputs[0])]


def generator_dir(target: BuildTarget, manifest: Manifest, generator: Generator) -> Path:
    """The directory of a generator's files, except its outputs."""
    return module_dir(target, manifest) / "generators" / generator.name


def compile_generator_step(target: BuildTarget, manifest: Manifest, generator: Generator) -> Step:
    """Compile a generator in C or Rust to a program for this machine, by the target's compilers."""
    in_c = generator.program.suffix == ".c"
    compiler = target.toolchain.cc if in_c else target.toolchain.rustc
    program = generator_dir(target, manifest, generator) / "program"
    depfile = Path(f"{program}.d")
    files = (generator.program, program, depfile)
    args = c_program_args(target, manifest.directory, *files) if in_c else rust_program_args(manifest.directory, *files)
    color = CC_COLOR if in_c else RUSTC_COLOR
    return Step(
        name="CC" if in_c else "RUSTC",
        unit=f"{manifest.name}/{generator.name}",
        commands=(Command((compiler.path, *args), program.parent, compiler.env, color),),
        outputs=(program,),
        tracked=(generator.program,),
        depfiles=(depfile,),
        tools=(compiler.digest,),
        digest_kind=LINES if in_c else RUST,
        include_directories=SYSTEM_INCLUDE_DIRECTORIES if in_c else (),
    )


def c_program_args(target: BuildTarget, directory: Path, source: Path, program: Path, depfile: Path) -> tuple[str, ...]:
    """The C compiler's args for a program, with libm for tables of numbers. `directory` is the module's."""
    prefix = f"-fmacro-prefix-map={directory}/={MODULE}/"
    # The headers of a sysroot never change, and are not at the paths that the depfile would have.
    with_system_headers = "-MD" if target.system.root is None else "-MMD"
    return ("-static", "-O2", prefix, f"-Wp,{with_system_headers},{depfile}", "-o", str(program), str(source), "-lm")


def rust_program_args(directory: Path, source: Path, program: Path, depfile: Path) -> tuple[str, ...]:
    """rustc's args for a program with the standard library. `directory` is the module's."""
    flags = (f"--edition={EDITION}", "--crate-name=generator", "-O", "-Ctarget-feature=+crt-static")
    # Since 1.97, rustc passes on the linker's warning that glibc's resolver does not work in a static program.
    quiet = ("-Aunknown_lints", "-Alinker_messages")
    prefix = f"--remap-path-prefix={directory}={MODULE}"
    return (*flags, *quiet, prefix, f"--emit=link={program},dep-info={depfile}", str(source))


def run_generator_step(target: BuildTarget, manifest: Manifest, generator: Generator, compiled: Path | None) -> Step:
    """Run a generator: the program `compiled`, or without one its source in Python."""
    work = generator_dir(target, manifest, generator) / "work"
    visible = {path: path_in_sandbox(manifest, path) for path in generator.inputs}
    inputs = {str(path.relative_to(manifest.directory)): inside for path, inside in visible.items()}
    arguments = [inputs.get(os.path.normpath(argument), argument) for argument in generator.arguments]
    program = (PROGRAM,) if compiled else (sys.executable, path_in_sandbox(manifest, generator.program))
    visible |= {compiled or generator.program: program[-1]}
    return GeneratorStep(
        name="GEN",
        unit=f"{manifest.name}/{generator.name}",
        commands=(Command(sandbox_argv(visible, work, (*program, *arguments)), work, GENERATOR_ENV),),
        outputs=tuple(generated_dir(target, manifest) / output for output in generator.outputs),
        inputs=(compiled,) if compiled else (),
        tracked=(*generator.inputs, *(() if compiled else (generator.program,))),
        # A program sees the permissions of its inputs, too.
        tools=(*(() if compiled else (sys.version,)), *(f"{path} {mode(path)}" for path in generator.inputs)),
        hints=SANDBOX_HINTS,
        generator=generator,
        work=work,
        directory=manifest.directory,
    )


def mode(path: Path) -> str:
    """A file's permissions, octal. Empty if there is no such file."""
    try:
        return f"{stat.S_IMODE(path.stat().st_mode):o}"
    except OSError:
        return ""


def path_in_sandbox(manifest: Manifest, path: Path) -> str:
    """The path of a module's file in the sandbox."""
    return f"{MODULE}/{path.relative_to(manifest.directory)}"
