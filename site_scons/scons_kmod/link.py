# SPDX-License-Identifier: MIT
"""From a module's crate to its .ko: the C helpers, the link that drops what is unused, and Kbuild's own last steps."""

from __future__ import annotations

import functools
from pathlib import Path

from scons_kmod.bindgen import layout_header
from scons_kmod.build_target import BuildTarget
from scons_kmod.crates import LIBRARY_CRATES, crate_object, library_stamp, module_dir, support_object
from scons_kmod.digests import TOKENS
from scons_kmod.header_search import include_directories
from scons_kmod.kbuild import PROBE
from scons_kmod.manifest import Manifest
from scons_kmod.step import Command, Step
from scons_kmod.views import SYMBOLS, View

COLOR = "-fdiagnostics-color=always"
# ftrace's call at each function's entry: the helpers stand for inline functions and macros, which have none either.
TRACING = ("-pg", "-mrecord-mcount", "-mfentry")


@functools.cache
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


@functools.cache
def layout_object(target: BuildTarget) -> Path:
    """The object that is there if the sizes are the same."""
    return layout_header(target).with_name("layout.o")


def c_step(target: BuildTarget, source: Path, made: Path, inputs: tuple[Path, ...] = ()) -> Step:
    """Compile one of this project's own C files for a kernel: code without line numbers (no_lines.h)."""
    depfile = Path(f"{made}.d")
    no_lines = target.sources / "rust/helpers/no_lines.h"
    flags = [word for word in target.kbuild.cc[1:] if word not in TRACING]
    argv = [
        *(target.toolchain.cc.path, "-include", str(no_lines), *flags, f"-I{layout_header(target).parent}"),
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
        kind=TOKENS,
        exact=bool(target.kcflags),
        searched=searched(target),
        beside=str(source.parent),
    )


@functools.cache
def searched(target: BuildTarget) -> tuple[str, ...]:
    """Where the kernel's C code looks for headers."""
    return include_directories(target.kbuild.cc, str(target.tree.path))


def object_step(target: BuildTarget, manifest: Manifest) -> Step:
    """Link a module's crate with the support crates and the C helpers, and let objtool check and rewrite the whole.

    Four links, each for what the linker does in no other way: the first drops what nothing reaches, the second the
    undefined symbols that only the dropped code named, the third adds the helpers, whose tables the first would drop.
    The last is Kbuild's own link of a module's objects (cmd_ld_multi_m); without it the symbols' order would differ.
    """
    crate = crate_object(target, manifest)
    made = module_object(target, manifest)
    directory = made.parent
    whole = directory / "whole.o"
    script = target.sources / "rust/module.lds"
    own = [support_object(target, name) for name in ("kernel", "bindings")]
    rust = (crate, *own, *(support_object(target, name) for name in LIBRARY_CRATES))
    roots = ("-X", "--gc-sections", "-u", "init_module", "-u", "cleanup_module", "-T", str(script))
    ld = target.kbuild.ld
    commands = [
        Command((*ld, *roots, "-o", "reached.o", *map(str, rust)), directory),
        Command((*ld, "-o", "rust.o", "reached.o"), directory),
        Command((*ld, "-o", str(whole), "rust.o", str(helpers_archive(target))), directory),
        Command((*ld, "-o", str(made), str(whole)), directory),
    ]
    if target.kbuild.objtool:
        commands.append(objtool_command(target, made, "--link"))
    return Step(
        name="LD",
        unit=f"{manifest.name}.o",
        commands=tuple(commands),
        outputs=(made, whole),
        inputs=(crate, *own, library_stamp(target), helpers_archive(target), layout_object(target)),
        tracked=(script,),
        tools=(target.toolchain.cc.digest,),
    )


def objtool_command(target: BuildTarget, made: Path, *options: str) -> Command:
    """Let objtool check and rewrite an object in place."""
    # objtool reads the architecture from what Kbuild exports (tools/objtool/arch/x86/decode.c, 6.12).
    env = (("SRCARCH", target.tree.arch),)
    return Command((*target.kbuild.objtool, *options, str(made)), target.tree.path, env, label="OBJTOOL")


def module_object(target: BuildTarget, manifest: Manifest) -> Path:
    """The whole module as one object, before modpost."""
    return module_dir(target, manifest) / "link" / f"{manifest.name}.o"


def module_ko(target: BuildTarget, manifest: Manifest) -> Path:
    """The finished module."""
    return module_dir(target, manifest) / f"{manifest.name}.ko"


def shared_steps(target: BuildTarget) -> list[Step]:
    """What the last steps of all modules share."""
    return [header_step(target), precompiled_step(target), *common_steps(target)]


def header_step(target: BuildTarget) -> Step:
    """What the headers say to the C code that modpost writes for each module, as preprocessed text.

    That code includes the same headers for every module, so they are read once, here, for all of them. A comment or a
    shifted line ends here: the code calls none of the inline functions that have a line number in them (`WARN_ON`).
    """
    made = module_headers_text(target)
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
        kind=TOKENS,
        exact=bool(target.kcflags),
        searched=searched(target),
    )


@functools.cache
def module_headers_text(target: BuildTarget) -> Path:
    """The preprocessed headers of the modules' generated C code."""
    return target.build / "link/module_headers.i"


@functools.cache
def precompiled_step(target: BuildTarget) -> Step:
    """The headers of the modules' generated C code, precompiled: what is left of a module's own is a seventh.

    What the compiler makes of that code is the same (tests/graph/test_kbuild_link.py); so it depends on
    `module_headers_text`, and this has just to be there.
    """
    header = module_headers(target)
    flags, included = without_includes(target.kbuild.cc[1:])
    text = "".join(f'#include "{name}"\n' for name in included) + target.kbuild.preamble
    made = header.with_name(f"{header.name}.gch")
    argv = (target.toolchain.cc.path, *flags, f"-Wp,-MMD,{made}.d", "-x", "c-header", "-o", str(made), str(header))
    return Step(
        name="PCH",
        unit="module headers",
        commands=(Command(argv, target.tree.path, color=COLOR),),
        outputs=(made,),
        depfiles=(Path(f"{made}.d"),),
        files=((header, text),),
        tools=(target.toolchain.cc.digest,),
        kind=TOKENS,
        exact=bool(target.kcflags),
        searched=searched(target),
        kept=False,
    )


@functools.cache
def module_headers(target: BuildTarget) -> Path:
    """The header that includes all those of the modules' generated C code."""
    return target.build / "link/module_headers.h"


@functools.cache
def without_includes(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A compiler's flags without ``-include FILE``, and those files."""
    at = [number for number, word in enumerate(words) if word == "-include"]
    kept = tuple(word for number, word in enumerate(words) if number not in at and number - 1 not in at)
    return kept, tuple(words[number + 1] for number in at)


def common_steps(target: BuildTarget) -> list[Step]:
    """The object that the tree's Kbuild links into every module (6.12: scripts/module-common.c), if it has one."""
    return [
        Step(
            name="CC [M]",
            unit="module-common.o",
            commands=(common_command(target, str(made)),),
            outputs=(made,),
            depfiles=(Path(f"{made}.d"),),
            tools=(target.toolchain.cc.digest,),
            # There is no code in it, and so no line number.
            kind=TOKENS,
            exact=bool(target.kcflags),
            searched=searched(target),
        )
        for made in common_objects(target)
    ]


@functools.cache
def common_objects(target: BuildTarget) -> tuple[Path, ...]:
    """The objects, one or none, that are linked into every module."""
    return (target.build / "link/module-common.o",) if target.kbuild.common else ()


def ko_steps(target: BuildTarget, manifest: Manifest) -> list[Step]:
    """Kbuild's last steps: modpost, its .mod.c, and the final link (scripts/Makefile.modpost, Makefile.modfinal)."""
    return [modpost_step(target, manifest), mod_c_step(target, manifest), ko_step(target, manifest)]


def modpost_step(target: BuildTarget, manifest: Manifest) -> Step:
    """modpost's checks of the whole module, and the C file that it writes: symbol versions, dependencies, aliases."""
    linked = module_object(target, manifest)
    directory = linked.parent
    order = directory / "modules.order"
    extra = [word for path in target.extra_symbols for word in ("-i", str(path))]
    modpost = (*target.kbuild.modpost, *extra, "-o", str(directory / "Module.symvers"), "-T", str(order))
    return Step(
        name="MODPOST",
        unit=f"{manifest.name}.ko",
        commands=(Command(modpost, target.tree.path),),
        outputs=(linked.with_suffix(".mod.c"),),
        inputs=(linked,),
        views=(View(SYMBOLS, (target.tree.symvers, *target.extra_symbols), linked),),
        # modpost reads CRCs of exported symbols from the object's .cmd file, sources of the module from its .mod.
        files=(
            *((order, f"{linked}\n"), (linked.with_suffix(".mod"), f"{linked}\n")),
            (directory / f".{linked.name}.cmd", ""),
        ),
        tools=(target.toolchain.cc.digest,),
    )


def mod_c_step(target: BuildTarget, manifest: Manifest) -> Step:
    """Compile the C file that modpost writes, with its headers precompiled and the module's names in a header."""
    stem = module_object(target, manifest).with_suffix("")
    source, made, names = (Path(f"{stem}{end}") for end in (".mod.c", ".mod.o", ".names.h"))
    flags, _ = without_includes(target.kbuild.cc[1:])
    headers = ("-include", str(module_headers(target)), "-include", str(names))
    argv = (target.toolchain.cc.path, *headers, *flags, "-c", "-o", str(made), str(source))
    return Step(
        name="CC [M]",
        unit=f"{manifest.name}.mod.o",
        commands=(Command(argv, target.tree.path, color=COLOR),),
        outputs=(made,),
        inputs=(source, module_headers_text(target)),
        after=precompiled_step(target).outputs,
        files=((names, naming_text(manifest.crate, f"{stem.name}.mod")),),
        tools=(target.toolchain.cc.digest,),
    )


def ko_step(target: BuildTarget, manifest: Manifest) -> Step:
    """The link of a module's object, the one that says what it is, and what is common to all."""
    linked = module_object(target, manifest)
    objects = (linked, linked.with_suffix(".mod.o"), *common_objects(target))
    final = (*target.kbuild.ld_module, "-o", str(module_ko(target, manifest)), *map(str, objects))
    return Step(
        name="LD [M]",
        unit=f"{manifest.name}.ko",
        commands=(Command(final, target.tree.path),),
        outputs=(module_ko(target, manifest),),
        inputs=objects,
        tracked=tuple(linker_scripts(target)),
        tools=(target.toolchain.cc.digest,),
    )


def linker_scripts(target: BuildTarget) -> list[Path]:
    """The tree's own linker script for modules."""
    words = target.kbuild.ld_module
    return [target.tree.path / words[at + 1] for at, word in enumerate(words) if word == "-T"]


def common_command(target: BuildTarget, made: str) -> Command:
    """Compile the C file that the tree's Kbuild links into every module."""
    names = naming(".module_common.o", "module-common")
    source = str(target.kbuild.common)
    argv = (target.toolchain.cc.path, *target.kbuild.cc[1:], *names, f"-Wp,-MMD,{made}.d", "-c", "-o", made, source)
    return Command(argv, target.tree.path, color=COLOR)


def naming(module: str, base: str) -> tuple[str, ...]:
    """The macros by which C code knows its module and its file (scripts/Makefile.lib, modname_flags, name-fix)."""
    base = base.replace("-", "_")
    return (f'-DKBUILD_BASENAME="{base}"', f'-DKBUILD_MODNAME="{module}"', f"-D__KBUILD_MODNAME=kmod_{module}")


def naming_text(module: str, base: str) -> str:
    """As `naming`, for a header: precompiled headers can't be used with macros that they were not made with."""
    macros = (word.removeprefix("-D").partition("=") for word in naming(module, base))
    return "".join(f"#define {name} {value}\n" for name, _, value in macros)
