# SPDX-License-Identifier: MIT
"""From a module's crate to its .ko: the C helpers, the link that drops what is unused, and Kbuild's own last steps."""

from __future__ import annotations

from pathlib import Path

from scons_kmod.bindgen import layout_header
from scons_kmod.build_target import BuildTarget
from scons_kmod.crates import LIBRARY_CRATES, library_stamp, module_crate_step, module_dir, support_object
from scons_kmod.kbuild import PROBE
from scons_kmod.manifest import Manifest
from scons_kmod.step import Command, Step

COLOR = "-fdiagnostics-color=always"
# ftrace's call at each function's entry: the helpers stand for inline functions and macros, which have none either.
TRACING = ("-pg", "-mrecord-mcount", "-mfentry")


def helpers_archive(target: BuildTarget) -> Path:
    """The compiled C helpers; a module is linked with those of its files that it needs."""
    return target.build / "helpers/libhelpers.a"


def helper_steps(target: BuildTarget) -> list[Step]:
    """Compile each file of C helpers with the kernel's own flags, and archive the objects."""
    directory = helpers_archive(target).parent
    sources = sorted((target.sources / "rust/helpers").glob("*.c"))
    compiled = [c_step(target, source, directory / f"{source.stem}.o") for source in sources]
    objects = [step.outputs[0] for step in compiled]
    made = helpers_archive(target)
    archive = Step(
        name="AR",
        unit="libhelpers.a",
        commands=(Command((target.kbuild.archiver, "rcsD", str(made), *map(str, objects)), directory),),
        outputs=(made,),
        inputs=tuple(objects),
        tools=(target.toolchain.cc.digest,),
    )
    return [*compiled, archive]


def layout_step(target: BuildTarget) -> Step:
    """Let the kernel's compiler confirm the sizes of types that bindgen's libclang saw; the object is not linked."""
    source = target.sources / "rust/bindings/layout.c"
    return c_step(target, source, layout_object(target), inputs=(layout_header(target),))


def layout_object(target: BuildTarget) -> Path:
    """The object that is there if the sizes are the same."""
    return layout_header(target).with_name("layout.o")


def c_step(target: BuildTarget, source: Path, made: Path, inputs: tuple[Path, ...] = ()) -> Step:
    """Compile one of this project's own C files for a kernel."""
    depfile = Path(f"{made}.d")
    flags = [word for word in target.kbuild.cc[1:] if word not in TRACING]
    argv = [
        *(target.toolchain.cc.path, *flags, f"-I{layout_header(target).parent}"),
        *(f"-fmacro-prefix-map={target.sources}/=", f"-Wp,-MMD,{depfile}", "-c", "-o", str(made), str(source)),
    ]
    return Step(
        name="CC",
        unit=f"{source.relative_to(target.sources).with_suffix('.o')}",
        commands=(Command(tuple(argv), target.tree.path, color=COLOR),),
        outputs=(made,),
        inputs=inputs,
        tracked=(source,),
        depfiles=(depfile,),
        tools=(target.toolchain.cc.digest,),
    )


def object_step(target: BuildTarget, manifest: Manifest) -> Step:
    """Link a module's crate with the support crates and the C helpers, and let objtool check and rewrite the whole.

    Four links, each for what the linker does in no other way: the first drops what nothing reaches, the second the
    undefined symbols that only the dropped code named, the third adds the helpers, whose tables the first would drop.
    The last is Kbuild's own link of a module's objects (cmd_ld_multi_m); without it the symbols' order would differ.
    """
    crate = module_crate_step(target, manifest).outputs[0]
    made = module_object(target, manifest)
    directory = made.parent
    script = target.sources / "rust/module.lds"
    own = [support_object(target, name) for name in ("kernel", "bindings")]
    rust = (crate, *own, *(support_object(target, name) for name in LIBRARY_CRATES))
    roots = ("-X", "--gc-sections", "-u", "init_module", "-u", "cleanup_module", "-T", str(script))
    ld = target.kbuild.ld
    commands = [
        Command((*ld, *roots, "-o", "reached.o", *map(str, rust)), directory),
        Command((*ld, "-o", "rust.o", "reached.o"), directory),
        Command((*ld, "-o", "whole.o", "rust.o", str(helpers_archive(target))), directory),
        Command((*ld, "-o", str(made), "whole.o"), directory),
    ]
    if target.kbuild.objtool:
        # objtool reads the architecture from what Kbuild exports (tools/objtool/arch/x86/decode.c, 6.12).
        env = (("SRCARCH", target.tree.arch),)
        commands.append(Command((*target.kbuild.objtool, "--link", str(made)), target.tree.path, env, label="OBJTOOL"))
    return Step(
        name="LD",
        unit=f"{manifest.name}.o",
        commands=tuple(commands),
        outputs=(made,),
        inputs=(crate, *own, library_stamp(target), helpers_archive(target), layout_object(target)),
        tracked=(script,),
        tools=(target.toolchain.cc.digest,),
    )


def module_object(target: BuildTarget, manifest: Manifest) -> Path:
    """The whole module as one object, before modpost."""
    return module_dir(target, manifest) / "link" / f"{manifest.name}.o"


def module_ko(target: BuildTarget, manifest: Manifest) -> Path:
    """The finished module."""
    return module_dir(target, manifest) / f"{manifest.name}.ko"


def header_step(target: BuildTarget) -> Step:
    """What the headers say to the C code that modpost writes for each module, as preprocessed text.

    That code includes the same headers for every module, so they are read once, here, for all of them. A comment or a
    shifted line ends here: the code calls none of the inline functions that have a line number in them (`WARN_ON`).
    """
    made = module_headers(target)
    no_lines = ("-D__LINE__=0", "-w", "-P")
    names = naming(PROBE, f"{PROBE}.mod")
    flags = (*target.kbuild.cc[1:], *names, *no_lines, f"-Wp,-MMD,{made}.d", "-E", "-o", str(made))
    source = target.build / "config/module" / f"{PROBE}.mod.c"
    return Step(
        name="CPP",
        unit="module headers",
        commands=(Command((target.toolchain.cc.path, *flags, str(source)), target.tree.path, color=COLOR),),
        outputs=(made,),
        depfiles=(Path(f"{made}.d"),),
        tools=(target.toolchain.cc.digest,),
    )


def module_headers(target: BuildTarget) -> Path:
    """The preprocessed headers of the modules' generated C code."""
    return target.build / "link/module_headers.i"


def common_steps(target: BuildTarget) -> list[Step]:
    """The object that the tree's Kbuild links into every module (6.12: scripts/module-common.c), if it has one."""
    return [
        Step(
            name="CC [M]",
            unit="module-common.o",
            commands=(c_command(target, ".module_common.o", str(target.kbuild.common), str(made)),),
            outputs=(made,),
            depfiles=(Path(f"{made}.d"),),
            tools=(target.toolchain.cc.digest,),
        )
        for made in common_objects(target)
    ]


def common_objects(target: BuildTarget) -> tuple[Path, ...]:
    """The objects, one or none, that are linked into every module."""
    return (target.build / "link/module-common.o",) if target.kbuild.common else ()


def ko_step(target: BuildTarget, manifest: Manifest) -> Step:
    """Kbuild's last steps: modpost, its .mod.c, and the final link (scripts/Makefile.modpost, Makefile.modfinal)."""
    linked = module_object(target, manifest)
    directory = linked.parent
    stem = linked.with_suffix("")
    order = directory / "modules.order"
    command_file = directory / f".{linked.name}.cmd"
    extra = [word for path in target.extra_symbols for word in ("-i", str(path))]
    modpost = (*target.kbuild.modpost, *extra, "-o", str(directory / "Module.symvers"), "-T", str(order))
    common = common_objects(target)
    objects = (linked, Path(f"{stem}.mod.o"), *common)
    final = (*target.kbuild.ld_module, "-o", str(module_ko(target, manifest)), *map(str, objects))
    return Step(
        name="LD [M]",
        unit=f"{manifest.name}.ko",
        commands=(
            Command(modpost, target.tree.path, label="MODPOST"),
            c_command(target, manifest.crate, f"{stem}.mod.c", f"{stem}.mod.o"),
            Command(final, target.tree.path),
        ),
        outputs=(module_ko(target, manifest),),
        inputs=(linked, module_headers(target), *common),
        tracked=(target.tree.symvers, *target.extra_symbols, *linker_scripts(target)),
        # modpost reads CRCs of exported symbols from the object's .cmd file, sources of the module from its .mod.
        files=((order, f"{linked}\n"), (Path(f"{stem}.mod"), f"{linked}\n"), (command_file, "")),
        tools=(target.toolchain.cc.digest,),
    )


def linker_scripts(target: BuildTarget) -> list[Path]:
    """The tree's own linker script for modules."""
    words = target.kbuild.ld_module
    return [target.tree.path / words[at + 1] for at, word in enumerate(words) if word == "-T"]


def c_command(target: BuildTarget, module: str, source: str, made: str) -> Command:
    """Compile a C file that Kbuild adds to modules."""
    names = naming(module, Path(made).name.removesuffix(".o"))
    argv = (target.toolchain.cc.path, *target.kbuild.cc[1:], *names, f"-Wp,-MMD,{made}.d", "-c", "-o", made, source)
    return Command(argv, target.tree.path, color=COLOR, label="CC [M]")


def naming(module: str, base: str) -> tuple[str, ...]:
    """The macros by which C code knows its module and its file (scripts/Makefile.lib, modname_flags, name-fix)."""
    base = base.replace("-", "_")
    return (f'-DKBUILD_BASENAME="{base}"', f'-DKBUILD_MODNAME="{module}"', f"-D__KBUILD_MODNAME=kmod_{module}")
