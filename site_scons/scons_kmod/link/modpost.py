# SPDX-License-Identifier: MIT
"""modpost, and the C file that it writes for a module (.mod.c)."""

from __future__ import annotations

from pathlib import Path

from scons_kmod.c.compiler import COLOR, naming, naming_text, objtool_command, searched, without_includes
from scons_kmod.engine.digests import TOKENS
from scons_kmod.engine.step import Command, Step
from scons_kmod.engine.views import SYMBOLS, View
from scons_kmod.kernel.kbuild import without_options
from scons_kmod.link.module_headers import module_headers, module_headers_text, precompiled_headers_step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_object, symvers_file, versions_files


def modpost_step(target: BuildTarget, manifest: Manifest) -> Step:
    """modpost's checks of the whole module, and the C file that it writes: symbol versions, dependencies, aliases."""
    linked_object = module_object(target, manifest)
    directory = linked_object.parent
    order = directory / "modules.order"
    # modpost reads all 30,000 lines of the kernel's symbols for each module, which is most of its time.
    needed = tuple(symvers_file(target, one.name) for one in manifest.needs)
    symvers = (target.tree.symvers, *target.extra_symbols, *needed)
    own = tuple(directory / f"{number}.symvers" for number in range(len(symvers)))
    given = [word for path in own for word in ("-i", str(path))]
    options = without_options(target.kbuild.modpost, {"-i"})
    modpost = (*options, *given, "-o", str(symvers_file(target, manifest.name)), "-T", str(order))
    return Step(
        name="MODPOST",
        unit=f"{manifest.name}.ko",
        commands=(Command(modpost, target.tree.path),),
        outputs=(linked_object.with_suffix(".mod.c"), symvers_file(target, manifest.name)),
        inputs=(linked_object, *(versions_files(target, manifest) if manifest.has_c else ())),
        order_only=needed,
        views=(View(SYMBOLS, symvers, linked_object, own),),
        # modpost reads CRCs of exported symbols from the object's .cmd file, sources of the module from its .mod.
        written_files=(
            *((order, f"{linked_object}\n"), (linked_object.with_suffix(".mod"), f"{linked_object}\n")),
            *(() if manifest.has_c else ((versions_files(target, manifest)[0], ""),)),
        ),
        tools=(target.toolchain.cc.digest,),
    )


def mod_c_step(target: BuildTarget, manifest: Manifest) -> Step:
    """Compile the C file that modpost writes, with its headers precompiled and the module's names in a header."""
    stem = module_object(target, manifest).with_suffix("")
    source, made, names = (Path(f"{stem}{end}") for end in (".mod.c", ".mod.o", ".names.h"))
    flags = without_includes(target.kbuild.cc[1:])
    headers = ("-include", str(module_headers(target)), "-include", str(names))
    argv = (target.toolchain.cc.path, *headers, *flags, "-c", "-o", str(made), str(source))
    return Step(
        name="CC [M]",
        unit=f"{manifest.name}.mod.o",
        commands=(Command(argv, target.tree.path, color=COLOR), *objtool_commands(target, made)),
        outputs=(made,),
        inputs=(source, module_headers_text(target)),
        order_only=precompiled_headers_step(target).outputs,
        written_files=((names, naming_text(manifest.crate, f"{stem.name}.mod")),),
        tools=(target.toolchain.cc.digest,),
    )


def mod_c_step_with_headers(target: BuildTarget, manifest: Manifest) -> Step:
    """Compile the C file that modpost writes, with headers of its own: that is quicker for a few modules.

    There is no line number in it, as in `module_headers_text_step`.
    """
    stem = module_object(target, manifest).with_suffix("")
    source, made = Path(f"{stem}.mod.c"), Path(f"{stem}.mod.o")
    depfile = Path(f"{made}.d")
    flags = (*target.kbuild.cc[1:], *naming(manifest.crate, f"{stem.name}.mod"), f"-Wp,-MMD,{depfile}")
    return Step(
        name="CC [M]",
        unit=f"{manifest.name}.mod.o",
        commands=(
            Command(
                (target.toolchain.cc.path, *flags, "-c", "-o", str(made), str(source)), target.tree.path, color=COLOR
            ),
            *objtool_commands(target, made),
        ),
        outputs=(made,),
        inputs=(source,),
        depfiles=(depfile,),
        tools=(target.toolchain.cc.digest,),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=searched(target),
    )


def objtool_commands(target: BuildTarget, made: Path) -> tuple[Command, ...]:
    """objtool's run over what is compiled beside the module itself, where this kernel's Kbuild has one."""
    return (objtool_command(target, made, "--link"),) if target.kbuild.objtool_generated else ()
