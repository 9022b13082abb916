# SPDX-License-Identifier: MIT
"""The last steps of a module by Kbuild itself, from the same objects: the reference for those of link.py."""

from __future__ import annotations

from pathlib import Path

from scons_kmod.build_target import NO_DEBUG_INFO, BuildTarget
from scons_kmod.c_module import c_object
from scons_kmod.crates import crate_object, module_dir
from scons_kmod.link import module_ko, module_object, whole_object
from scons_kmod.manifest import MAINLINE, Manifest
from scons_kmod.provider import CARRIED
from scons_kmod.step import Command, Step


def kbuild_steps(target: BuildTarget, manifest: Manifest) -> list[Step]:
    """``make M=`` of a directory that has nothing but the module's objects, as files that were shipped."""
    work = module_dir(target, manifest) / "kbuild"
    name, made = manifest.name, module_ko(target, manifest)
    objects = module_objects(target, manifest)
    single = module_object(target, manifest) in objects
    shipped = [name] if single else [f"{name}_{number}" for number in range(len(objects))]
    copies = [
        Command(("cp", "--", str(path), str(work / f"{one}.o_shipped")), work)
        for path, one in zip(objects, shipped, strict=True)
    ]
    parts = "" if single else f"{name}-y := {' '.join(f'{one}.o' for one in shipped)}\n"
    # 7.2's Kbuild has no rule of its own for files that were shipped.
    rules = "".join(f"$(obj)/{one}.o: $(obj)/{one}.o_shipped\n\tcp $< $@\n" for one in shipped)
    listed = f"obj-m := {name}.o\n{parts}{rules}"
    words = (f"KCFLAGS={' '.join((NO_DEBUG_INFO, *target.kcflags))}", "CONFIG_DEBUG_INFO_BTF_MODULES=")
    extra = (f"KBUILD_EXTRA_SYMBOLS={' '.join(map(str, target.extra_symbols))}",) if target.extra_symbols else ()
    make = ("make", "-C", str(target.tree.path), f"M={work}", *words, *extra, "modules")
    return [
        Step(
            name="KBUILD",
            unit=made.name,
            commands=(*copies, Command(make, work), Command(("cp", "--", str(work / made.name), str(made)), work)),
            outputs=(made,),
            inputs=objects,
            tracked=(target.tree.symvers, *target.extra_symbols),
            # modpost looks for an object's sources in its .cmd file.
            files=(*((work / f".{one}.o.cmd", "") for one in shipped), (work / "Kbuild", listed)),
            tools=(target.toolchain.cc.digest,),
        )
    ]


def module_objects(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """What Kbuild is given: the objects of which it would make the module's, or that itself if there is one alone.

    Where Kbuild lets objtool check what it compiles, and not what it links, a Rust module has to be checked before.
    """
    compiled = tuple(c_object(target, manifest, source) for source in manifest.c.sources)
    if manifest.root is None:
        return compiled
    if manifest.api == MAINLINE and target.provider.name != CARRIED:
        return (crate_object(target, manifest), *compiled) if compiled else (module_object(target, manifest),)
    return ((module_object if target.kbuild.objtool_each else whole_object)(target, manifest),)
