# SPDX-License-Identifier: MIT
"""The last steps of a module by Kbuild itself, from the same objects: the reference for those of link.py."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scons_kmod.c.module_objects import c_objects
from scons_kmod.crates.local_outputs import linked_crate_objects
from scons_kmod.engine.step import Command, Step
from scons_kmod.link.rust_object import unordered_object
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import NO_DEBUG_INFO, BuildTarget
from scons_kmod.target.output_paths import (
    crate_object,
    module_dir,
    module_ko,
    module_object,
    symvers_file,
    versions_files,
)


def kbuild_link_steps(target: BuildTarget, manifest: Manifest) -> list[Step]:
    """``make M=`` of a directory that has nothing but the module's objects, as files that were shipped."""
    work = module_dir(target, manifest) / "kbuild"
    name, made = manifest.name, module_ko(target, manifest)
    objects = kbuild_objects(target, manifest)
    single = module_object(target, manifest) in objects
    shipped = [name] if single else [f"{name}_{number}" for number in range(len(objects))]
    copied = [(path, work / f"{one}.o_shipped") for path, one in zip(objects, shipped, strict=True)]
    # modpost looks for CRCs and sources in the .cmd files of the objects.
    cmds = [work / f".{one}.o.cmd" for one in shipped]
    if manifest.has_c:
        copied.append((versions_files(target, manifest)[0], cmds.pop(0)))
    results = [(work / made.name, made), (work / "Module.symvers", symvers_file(target, name))]
    parts = "" if single else f"{name}-y := {' '.join(f'{one}.o' for one in shipped)}\n"
    # 7.2's Kbuild has no rule of its own for files that were shipped.
    rules = "".join(f"$(obj)/{one}.o: $(obj)/{one}.o_shipped\n\tcp $< $@\n" for one in shipped)
    listed = f"obj-m := {name}.o\n{parts}{rules}"
    words = (f"KCFLAGS={' '.join((NO_DEBUG_INFO, *target.kcflags))}", "CONFIG_DEBUG_INFO_BTF_MODULES=")
    needed = tuple(symvers_file(target, one.name) for one in manifest.needs)
    others = (*target.extra_symbols, *needed)
    extra = (f"KBUILD_EXTRA_SYMBOLS={' '.join(map(str, others))}",) if others else ()
    make = ("make", "-C", str(target.tree.path), f"M={work}", *words, *extra, "modules")
    return [
        Step(
            name="KBUILD",
            unit=made.name,
            commands=(*copy_commands(copied, work), Command(make, work), *copy_commands(results, work)),
            outputs=tuple(path for _, path in results),
            inputs=(*objects, *needed, *(versions_files(target, manifest) if manifest.has_c else ())),
            tracked=(target.tree.symvers, *target.extra_symbols),
            written_files=(*((path, "") for path in cmds), (work / "Kbuild", listed)),
            tools=(target.toolchain.cc.digest,),
        )
    ]


def copy_commands(pairs: Sequence[tuple[Path, Path]], work: Path) -> tuple[Command, ...]:
    """The commands that copy files, each from the first place to the second."""
    return tuple(Command(("cp", "--", str(path), str(place)), work) for path, place in pairs)


def kbuild_objects(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """What Kbuild is given: the objects of which it would make the module's, or that itself if there is one alone.

    Where Kbuild lets objtool check what it compiles, and not what it links, a Rust module has to be checked before.
    """
    compiled = c_objects(target, manifest)
    if manifest.root is None:
        return compiled
    if not target.brings_crates(manifest):
        others = (*linked_crate_objects(target, manifest), *compiled)
        return (crate_object(target, manifest), *others) if others else (module_object(target, manifest),)
    return ((module_object if target.kbuild.objtool_each else unordered_object)(target, manifest),)
