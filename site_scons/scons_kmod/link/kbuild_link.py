# SPDX-License-Identifier: MIT
"""Lets Kbuild itself do the last steps of a module, from the same objects: the reference for modpost.py and ko.py."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scons_kmod.c.module_objects import c_objects
from scons_kmod.crates.local_outputs import linked_crate_objects
from scons_kmod.engine.step import Command, Step
from scons_kmod.link.rust_object import prelinked_object
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import NO_DEBUG_INFO, BuildTarget
from scons_kmod.target.output_paths import (
    crate_object,
    modpost_cmd_files,
    module_dir,
    module_ko,
    module_object,
    symvers_file,
)


def kbuild_link_steps(target: BuildTarget, manifest: Manifest) -> list[Step]:
    """The step that runs ``make M=`` in a directory that has only the module's objects, as ``.o_shipped`` files."""
    work = module_dir(target, manifest) / "kbuild"
    name, ko = manifest.name, module_ko(target, manifest)
    objects = kbuild_objects(target, manifest)
    single = module_object(target, manifest) in objects
    shipped = [name] if single else [f"{name}_{number}" for number in range(len(objects))]
    copies_in = [(path, work / f"{stem}.o_shipped") for path, stem in zip(objects, shipped, strict=True)]
    # modpost looks for CRCs and sources in the .cmd files of the objects.
    cmd_files = [work / f".{stem}.o.cmd" for stem in shipped]
    if manifest.has_c:
        copies_in.append((modpost_cmd_files(target, manifest)[0], cmd_files.pop(0)))
    copies_out = [(work / ko.name, ko), (work / "Module.symvers", symvers_file(target, name))]
    needed = tuple(symvers_file(target, module.name) for module in manifest.needs)
    symbol_files = (*target.extra_symbols, *needed)
    variables = (
        *(f"KCFLAGS={' '.join((NO_DEBUG_INFO, *target.kcflags))}", "CONFIG_DEBUG_INFO_BTF_MODULES="),
        *((f"KBUILD_EXTRA_SYMBOLS={' '.join(map(str, symbol_files))}",) if symbol_files else ()),
    )
    make = ("make", "-C", str(target.tree.path), f"M={work}", *variables, "modules")
    return [
        Step(
            name="KBUILD",
            unit=ko.name,
            commands=(*copy_commands(copies_in, work), Command(make, work), *copy_commands(copies_out, work)),
            outputs=tuple(path for _, path in copies_out),
            inputs=(*objects, *needed, *(modpost_cmd_files(target, manifest) if manifest.has_c else ())),
            tracked=(target.tree.symvers, *target.extra_symbols),
            written_files=(*((path, "") for path in cmd_files), (work / "Kbuild", kbuild_text(name, shipped))),
            tools=(target.toolchain.cc.digest,),
        )
    ]


def kbuild_text(name: str, shipped: Sequence[str]) -> str:
    """The Kbuild file of a module: it is linked from the shipped objects with these stems."""
    parts = "" if list(shipped) == [name] else f"{name}-y := {' '.join(f'{stem}.o' for stem in shipped)}\n"
    # 7.2's Kbuild has no rule for .o_shipped files.
    rules = "".join(f"$(obj)/{stem}.o: $(obj)/{stem}.o_shipped\n\tcp $< $@\n" for stem in shipped)
    return f"obj-m := {name}.o\n{parts}{rules}"


def copy_commands(pairs: Sequence[tuple[Path, Path]], work: Path) -> tuple[Command, ...]:
    """The commands that copy files. `pairs` are the source and the destination of each."""
    return tuple(Command(("cp", "--", str(source), str(destination)), work) for source, destination in pairs)


def kbuild_objects(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """The objects that Kbuild gets: those that it links to the module's object, or that object if there is only one.

    Some kernels' Kbuild lets objtool check each object that it compiles, and not the linked one (`objtool_each`). For
    them a Rust module with its crates' code is checked before, and Kbuild gets the module's object.
    """
    compiled = c_objects(target, manifest)
    if manifest.root is None:
        return compiled
    if not target.links_api_crates(manifest):
        more = (*linked_crate_objects(target, manifest), *compiled)
        return (crate_object(target, manifest), *more) if more else (module_object(target, manifest),)
    return ((module_object if target.kbuild.objtool_each else prelinked_object)(target, manifest),)
