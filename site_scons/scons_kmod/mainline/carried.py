# SPDX-License-Identifier: MIT
"""Modules that bring the kernel's own crates with them, as the kernel was built without (CONFIG_RUST=n).

Each is linked with the crates' code, of which the linker drops what the module does not reach; so there is no module
that others depend on, no order of loading, and each import has the kernel's own CRC. What the kernel's C code lacks
for it is in rust/carried/.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.c.compiler import COLOR, searched
from scons_kmod.c.helpers import archive_step, own_flags
from scons_kmod.crates.local_outputs import linked_crate_objects
from scons_kmod.engine.digests import LINES
from scons_kmod.engine.step import Command, Step
from scons_kmod.link.rust_object import rust_link_step
from scons_kmod.mainline.mainline import Mainline
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import crate_object

PART = re.compile(r'^\s*#\s*include\s+"([\w-]+)\.c"\s*$', re.MULTILINE)
# The function by which the kernel formats what %pA names (lib/vsprintf.c), and the stand-in for _printk that calls it.
FORMATTER = "rust_fmt_argument"
PRINTK = ("_printk", "kmod_rust_printk")


def carried_helper_steps(mainline: Mainline) -> list[Step]:
    """The kernel's C helpers, each of its files to an object of its own, and this project's; all in one archive."""
    compiled = [*kernel_helper_steps(mainline), *project_c_steps(mainline)]
    objects = [step.outputs[0] for step in compiled]
    return [*compiled, archive_step(mainline.target, carried_archive(mainline), objects)]


def carried_archive(mainline: Mainline) -> Path:
    """The archive of C code that the crates call."""
    return mainline.path("rust/helpers/libcarried.a")


def kernel_helper_steps(mainline: Mainline) -> list[Step]:
    """Each file that rust/helpers/helpers.c includes, with all else that stands in that."""
    whole = mainline.plan.source / "rust/helpers/helpers.c"
    text = whole.read_text()
    steps = []
    for name in PART.findall(text):
        unit = mainline.path(f"rust/helpers/only_{name}.c")
        one = "".join(f"{line}\n" for line in text.splitlines() if not (part := PART.match(line)) or part[1] == name)
        step = carried_c_step(mainline.target, unit, mainline.path(f"rust/helpers/{name}.o"), f"-I{whole.parent}")
        steps.append(dataclasses.replace(step, written_files=((unit, one),), tracked=(whole,)))
    return steps


def project_c_steps(mainline: Mainline) -> list[Step]:
    """This project's own C files for modules that bring their crates."""
    sources = sorted((mainline.target.sources / "rust/carried").glob("*.c"))
    steps = [carried_c_step(mainline.target, path, mainline.path(f"rust/carried/{path.stem}.o")) for path in sources]
    return [dataclasses.replace(step, tracked=(path,)) for step, path in zip(steps, sources, strict=True)]


def carried_c_step(target: BuildTarget, source: Path, made: Path, *flags: str) -> Step:
    """One C file to an object, by the kernel's flags."""
    depfile = Path(f"{made}.d")
    # Helpers are called from Rust alone (rust/Makefile, CFLAGS_REMOVE_helpers).
    quiet = ("-Wno-missing-prototypes", "-Wno-missing-declarations")
    argv = (target.toolchain.cc.path, *own_flags(target), *quiet, *flags, f"-Wp,-MMD,{depfile}", "-c", "-o", str(made))
    return Step(
        name="CC",
        unit=f"carried/{made.name}",
        commands=(Command((*argv, str(source)), target.tree.path, color=COLOR),),
        outputs=(made,),
        depfiles=(depfile,),
        tools=(target.toolchain.cc.digest,),
        digest_kind=LINES,
        compare_raw=bool(target.kcflags),
        include_directories=searched(target),
        source_directory=str(source.parent),
    )


def carried_object_step(mainline: Mainline, manifest: Manifest, c: Sequence[Path] = ()) -> Step:
    """Link a module's crate with those that it reaches, the module's C objects, and the C code that the crates call."""
    target = mainline.target
    rust = [crate_object(target, manifest), *linked_crate_objects(target, manifest), *mainline.objects]
    archive = carried_archive(mainline)
    script = "rust/carried/module.lds"
    return rust_link_step(target, manifest, rust, archive, script, c=c, roots=[FORMATTER], renamed=[PRINTK])
