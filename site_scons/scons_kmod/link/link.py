# SPDX-License-Identifier: MIT
"""From a module's crate to its .ko: the link that drops what is unused, and Kbuild's own last steps."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.base.library_process import process_args, process_files
from scons_kmod.c.compiler import (
    COLOR,
    included,
    includes,
    naming,
    naming_text,
    objtool_command,
    precompile_step,
    searched,
    without_includes,
)
from scons_kmod.c.helpers import helpers_archive, layout_object
from scons_kmod.crates.local_outputs import linked_crate_objects
from scons_kmod.crates.support_outputs import LIBRARY_CRATES, library_stamp, support_object
from scons_kmod.engine.digests import TOKENS
from scons_kmod.engine.step import Command, Step
from scons_kmod.engine.views import SYMBOLS, View
from scons_kmod.kernel.kbuild import PROBE, probe_mod_c, strip_options
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import (
    crate_object,
    module_dir,
    module_ko,
    module_object,
    renames,
    symvers_file,
    versions_files,
)

# What ld says of two parts with one symbol (bfd's ldmain.c), and what to do about it.
TWICE = (
    r"([^/\s]+)\.o:(?: in function [^\n]*\n)?[^\n]*multiple definition of `([^']+)'; [^\n]*?([^/\n]+)\.o:",
    r"\1 and \3 both define \2: rename it in one of them, or leave out #[no_mangle]",
)


def bundled_object_step(target: BuildTarget, manifest: Manifest, c: Sequence[Path] = ()) -> Step:
    """Link a module's crate with the support crates, the module's C objects and the C helpers, and let objtool check
    and rewrite the whole.

    Four links, each for what the linker does in no other way: the first drops what nothing reaches, the second the
    undefined symbols that only the dropped code named, the third adds C, whose tables the first would drop.
    The last is Kbuild's own link of a module's objects (cmd_ld_multi_m); without it the symbols' order would differ.
    """
    crate = crate_object(target, manifest)
    own = [support_object(target, name) for name in ("kernel", "bindings")]
    library = [support_object(target, name) for name in LIBRARY_CRATES]
    ours = linked_crate_objects(target, manifest)
    rust = [crate, *ours, *own, *library]
    step = linked(target, manifest, rust, helpers_archive(target), "rust/module.lds", c=c)
    others = (*c, *renames(target, manifest), library_stamp(target), helpers_archive(target), layout_object(target))
    inputs = (crate, *ours, *own, *others)
    return dataclasses.replace(step, inputs=inputs)


def linked(
    target: BuildTarget,
    manifest: Manifest,
    rust: Sequence[Path],
    archive: Path,
    script: str,
    *,
    c: Sequence[Path] = (),
    roots: Sequence[str] = (),
    renamed: Sequence[tuple[str, str]] = (),
) -> Step:
    """Link Rust objects, of which what nothing reaches is dropped, with C objects and what they need of an archive.

    `roots` are symbols that the archive's objects reach, besides the module's entry points. `renamed` are symbols that
    have another name to Rust than to the archive.
    """
    made = module_object(target, manifest)
    directory = made.parent
    whole = whole_object(target, manifest)
    lds = target.sources / script
    entries = [word for root in ("init_module", "cleanup_module", *roots) for word in ("-u", root)]
    ld = target.kbuild.ld
    names = [f"--redefine-sym={old}={new}" for old, new in renamed]
    renaming = renames(target, manifest)
    names += [f"--redefine-syms={path}" for path in renaming]
    kept = directory / "roots.lds"
    check, files = mixed(target, manifest, rust[0], c, kept) if c else ((), ())
    inputs = tuple(rust)
    rust = [*rust, kept] if c else rust
    commands = [
        *check,
        Command((*ld, "-X", "--gc-sections", *entries, "-T", str(lds), "-o", "reached.o", *map(str, rust)), directory),
        Command((*ld, "-o", "rust.o", "reached.o"), directory),
        # Not before: what objcopy writes, ld takes for needed.
        *([Command((target.kbuild.binutil("objcopy"), *names, "rust.o"), directory)] if names else []),
        Command((*ld, "-o", str(whole), "rust.o", *map(str, c), str(archive)), directory),
        Command((*ld, "-o", str(made), str(whole)), directory),
    ]
    if target.kbuild.objtool:
        commands.append(objtool_command(target, made, "--link"))
    return Step(
        name="LD",
        unit=f"{manifest.name}.o",
        commands=tuple(commands),
        outputs=(made, whole),
        inputs=(*inputs, *c, *renaming, archive),
        tracked=(lds, *(process_files("link.mixed") if c else ())),
        written_files=files,
        tools=(target.toolchain.cc.digest,),
        hints=(TWICE,),
    )


def mixed(
    target: BuildTarget, manifest: Manifest, crate: Path, c: Sequence[Path], roots: Path | None = None
) -> tuple[tuple[Command, ...], tuple[tuple[Path, str], ...]]:
    """The command that looks at a module's crate and its C objects before they are linked (mixed.py), and its request.

    `roots` is where to write the linker script that keeps of the crates what C calls.
    """
    request = module_object(target, manifest).with_name("mixed.json")
    tools = {name: target.kbuild.binutil(name) for name in ("nm", "readelf")}
    asked = {**tools, "crate": str(crate), "c": [*map(str, c)], "roots": str(roots) if roots else ""}
    if roots:
        asked["renames"] = [str(path) for path in renames(target, manifest)]
    command = Command(process_args(target.system.python, "link.mixed", request), request.parent)
    return (command,), ((request, json.dumps(asked, indent=1)),)


def whole_object(target: BuildTarget, manifest: Manifest) -> Path:
    """A Rust module's object before Kbuild's own link of a module's objects."""
    return module_dir(target, manifest) / "link/whole.o"


def shared_steps(target: BuildTarget, *, many: bool) -> list[Step]:
    """What the last steps of all modules share. For `many` modules the headers of what modpost writes are read once."""
    return [*((header_step(target), precompiled_step(target)) if many else ()), *common_steps(target)]


def header_step(target: BuildTarget) -> Step:
    """What the headers say to the C code that modpost writes for each module, as preprocessed text.

    That code includes the same headers for every module, so they are read once, here, for all of them. A comment or a
    shifted line ends here: the code calls none of the inline functions that have a line number in them (`WARN_ON`).
    All macros are in the text (-dD): modpost writes more kinds of them than the probe's module needs.
    """
    made = module_headers_text(target)
    no_lines = ("-D__LINE__=0", "-w", "-P", "-dD")
    names = naming(PROBE, f"{PROBE}.mod")
    flags = (*target.kbuild.cc[1:], *names, *no_lines, f"-Wp,-MMD,{made}.d", "-E", "-o", str(made))
    source = probe_mod_c(target.build / "config")
    return Step(
        name="CPP",
        unit="module headers",
        commands=(Command((target.toolchain.cc.path, *flags, str(source)), target.tree.path, color=COLOR),),
        outputs=(made,),
        depfiles=(Path(f"{made}.d"),),
        tools=(target.toolchain.cc.digest,),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=searched(target),
    )


@functools.cache
def module_headers_text(target: BuildTarget) -> Path:
    """The preprocessed headers of the modules' generated C code."""
    return target.build / "link/module_headers.i"


@functools.cache
def precompiled_step(target: BuildTarget) -> Step:
    """The headers of the modules' generated C code, precompiled: what is left of a module's own is a seventh.

    What the compiler makes of that code is the same (tests/long/test_kbuild_link.py); so it depends on
    `module_headers_text`, and this has just to be there.
    """
    text = includes(included(target.kbuild.cc)) + target.kbuild.preamble
    flags = without_includes(target.kbuild.cc[1:])
    return precompile_step(target, module_headers(target), flags, text, "module headers")


@functools.cache
def module_headers(target: BuildTarget) -> Path:
    """The header that includes all those of the modules' generated C code."""
    return target.build / "link/module_headers.h"


def common_steps(target: BuildTarget) -> list[Step]:
    """The object that the tree's Kbuild links into every module (6.12: scripts/module-common.c), if it has one."""
    return [
        Step(
            name="CC [M]",
            unit="module-common.o",
            commands=(common_command(target, str(made)), *checked(target, made)),
            outputs=(made,),
            depfiles=(Path(f"{made}.d"),),
            tools=(target.toolchain.cc.digest,),
            # There is no code in it, and so no line number.
            digest_kind=TOKENS,
            compare_raw=bool(target.kcflags),
            include_directories=searched(target),
        )
        for made in common_objects(target)
    ]


@functools.cache
def common_objects(target: BuildTarget) -> tuple[Path, ...]:
    """The objects, one or none, that are linked into every module."""
    return (target.build / "link/module-common.o",) if target.kbuild.common else ()


def ko_steps(target: BuildTarget, manifest: Manifest, *, many: bool) -> list[Step]:
    """Kbuild's last steps: modpost, its .mod.c, and the final link (scripts/Makefile.modpost, Makefile.modfinal)."""
    compiled = (mod_c_step if many else lone_mod_c_step)(target, manifest)
    return [modpost_step(target, manifest), compiled, ko_step(target, manifest)]


def modpost_step(target: BuildTarget, manifest: Manifest) -> Step:
    """modpost's checks of the whole module, and the C file that it writes: symbol versions, dependencies, aliases."""
    linked = module_object(target, manifest)
    directory = linked.parent
    order = directory / "modules.order"
    # modpost reads all 30,000 lines of the kernel's symbols for each module, which is most of its time.
    needed = tuple(symvers_file(target, one.name) for one in manifest.needs)
    symvers = (target.tree.symvers, *target.extra_symbols, *needed)
    own = tuple(directory / f"{number}.symvers" for number in range(len(symvers)))
    given = [word for path in own for word in ("-i", str(path))]
    options = strip_options(target.kbuild.modpost, {"-i"})
    modpost = (*options, *given, "-o", str(symvers_file(target, manifest.name)), "-T", str(order))
    return Step(
        name="MODPOST",
        unit=f"{manifest.name}.ko",
        commands=(Command(modpost, target.tree.path),),
        outputs=(linked.with_suffix(".mod.c"), symvers_file(target, manifest.name)),
        inputs=(linked, *(versions_files(target, manifest) if manifest.has_c else ())),
        order_only=needed,
        views=(View(SYMBOLS, symvers, linked, own),),
        # modpost reads CRCs of exported symbols from the object's .cmd file, sources of the module from its .mod.
        written_files=(
            *((order, f"{linked}\n"), (linked.with_suffix(".mod"), f"{linked}\n")),
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
        commands=(Command(argv, target.tree.path, color=COLOR), *checked(target, made)),
        outputs=(made,),
        inputs=(source, module_headers_text(target)),
        order_only=precompiled_step(target).outputs,
        written_files=((names, naming_text(manifest.crate, f"{stem.name}.mod")),),
        tools=(target.toolchain.cc.digest,),
    )


def lone_mod_c_step(target: BuildTarget, manifest: Manifest) -> Step:
    """Compile the C file that modpost writes, with headers of its own: that is quicker for a few modules.

    There is no line number in it, as in `header_step`.
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
            *checked(target, made),
        ),
        outputs=(made,),
        inputs=(source,),
        depfiles=(depfile,),
        tools=(target.toolchain.cc.digest,),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=searched(target),
    )


def checked(target: BuildTarget, made: Path) -> tuple[Command, ...]:
    """objtool's run over what is compiled beside the module itself, where this kernel's Kbuild has one."""
    return (objtool_command(target, made, "--link"),) if target.kbuild.objtool_generated else ()


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
