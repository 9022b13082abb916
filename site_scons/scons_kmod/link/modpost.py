# SPDX-License-Identifier: MIT
"""The modpost step of a module, and the step that compiles the C file that modpost writes (.mod.c)."""

from __future__ import annotations

from pathlib import Path

from scons_kmod.c.compiler import (
    CC_COLOR,
    args_without_includes,
    depfile_arg,
    kernel_include_directories,
    name_defines,
    name_macros,
    objtool_command,
)
from scons_kmod.engine.digests import TOKENS
from scons_kmod.engine.step import Command, Step
from scons_kmod.engine.views import SYMBOLS, View
from scons_kmod.kernel.kbuild import without_options
from scons_kmod.link.module_headers import module_headers, module_headers_text, precompiled_headers_step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import modpost_cmd_files, module_object, symvers_file


def modpost_step(target: BuildTarget, manifest: Manifest) -> Step:
    """Let modpost check a module's object and write its .mod.c: symbol versions, dependencies and aliases."""
    object_file = module_object(target, manifest)
    directory = object_file.parent
    order = directory / "modules.order"
    needed = tuple(symvers_file(target, module.name) for module in manifest.needs)
    symvers = (target.tree.symvers, *target.extra_symbols, *needed)
    # modpost gets only the lines of the symbols that the module imports. Reading all 30,000 lines
    # of the kernel's symbols for each module would take most of its time.
    excerpts = tuple(directory / f"{number}.symvers" for number in range(len(symvers)))
    input_args = [arg for path in excerpts for arg in ("-i", str(path))]
    options = without_options(target.kbuild.modpost, {"-i"})
    modpost = (*options, *input_args, "-o", str(symvers_file(target, manifest.name)), "-T", str(order))
    return Step(
        name="MODPOST",
        unit=f"{manifest.name}.ko",
        commands=(Command(modpost, target.tree.path),),
        outputs=(object_file.with_suffix(".mod.c"), symvers_file(target, manifest.name)),
        inputs=(object_file, *(modpost_cmd_files(target, manifest) if manifest.has_c else ())),
        order_only=needed,
        views=(View(SYMBOLS, symvers, (object_file,), excerpts),),
        # modpost finds the CRCs of exported symbols in the object's .cmd file, the module's sources by its .mod file.
        written_files=(
            *((order, f"{object_file}\n"), (object_file.with_suffix(".mod"), f"{object_file}\n")),
            *(() if manifest.has_c else ((modpost_cmd_files(target, manifest)[0], ""),)),
        ),
        tools=(target.toolchain.cc.digest,),
    )


def mod_c_step_precompiled(target: BuildTarget, manifest: Manifest) -> Step:
    """Compile a module's .mod.c with precompiled headers: that is quicker for many modules.

    Macros with the module's name can't be args then; they are in a header of their own (`name_macros`).
    """
    stem = module_object(target, manifest).with_suffix("")
    source, object_file, names_header = (Path(f"{stem}{end}") for end in (".mod.c", ".mod.o", ".names.h"))
    flags = args_without_includes(target.kbuild.cc[1:])
    headers = ("-include", str(module_headers(target)), "-include", str(names_header))
    argv = (target.toolchain.cc.path, *headers, *flags, "-c", "-o", str(object_file), str(source))
    return Step(
        name="CC [M]",
        unit=f"{manifest.name}.mod.o",
        commands=(Command(argv, target.tree.path, color=CC_COLOR), *objtool_commands(target, object_file)),
        outputs=(object_file,),
        inputs=(source, module_headers_text(target)),
        order_only=precompiled_headers_step(target).outputs,
        written_files=((names_header, name_macros(manifest.crate, f"{stem.name}.mod")),),
        tools=(target.toolchain.cc.digest,),
    )


def mod_c_step(target: BuildTarget, manifest: Manifest) -> Step:
    """Compile a module's .mod.c with its headers: that is quicker for a few modules.

    No line number gets into the object, for the reason that `module_headers_text_step` gives.
    """
    stem = module_object(target, manifest).with_suffix("")
    source, object_file = Path(f"{stem}.mod.c"), Path(f"{stem}.mod.o")
    depfile = Path(f"{object_file}.d")
    flags = (*target.kbuild.cc[1:], *name_defines(manifest.crate, f"{stem.name}.mod"), depfile_arg(depfile))
    argv = (target.toolchain.cc.path, *flags, "-c", "-o", str(object_file), str(source))
    return Step(
        name="CC [M]",
        unit=f"{manifest.name}.mod.o",
        commands=(Command(argv, target.tree.path, color=CC_COLOR), *objtool_commands(target, object_file)),
        outputs=(object_file,),
        inputs=(source,),
        depfiles=(depfile,),
        tools=(target.toolchain.cc.digest,),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=kernel_include_directories(target),
    )


def objtool_commands(target: BuildTarget, object_file: Path) -> tuple[Command, ...]:
    """The command that lets objtool check an object of generated C code; none if the kernel's Kbuild has none."""
    return (objtool_command(target, object_file, "--link"),) if target.kbuild.objtool_generated else ()
