# SPDX-License-Identifier: MIT
"""The steps of modules that carry the kernel's own crates: for a kernel that was built without Rust (CONFIG_RUST=n).

Each module is linked with the crates' code, and the linker drops what the module does not reach. So there is no module
with the crates that all others depend on, and no order of loading; and each import has the kernel's own CRC. C
code that the crates need and that such a kernel lacks is in rust/carried/.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.c.compiler import CC_COLOR, code_digest_kind, depfile_arg, kernel_include_directories
from scons_kmod.c.helpers import archive_step, project_c_flags
from scons_kmod.crates.local_outputs import linked_crate_objects
from scons_kmod.engine.step import Command, Step
from scons_kmod.link.rust_object import rust_link_step
from scons_kmod.mainline.mainline import Mainline
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import crate_object

INCLUDE = re.compile(r'^\s*#\s*include\s+"([\w-]+)\.c"\s*$', re.MULTILINE)
# The function that formats %pA for lib/vsprintf.c, and _printk with the stand-in that calls this function.
FORMATTER = "rust_fmt_argument"
PRINTK = ("_printk", "kmod_rust_printk")


def carried_helper_steps(mainline: Mainline) -> list[Step]:
    """The steps that compile the kernel's C helpers and this project's own C files, to objects in one archive."""
    compile_steps = [*kernel_helper_steps(mainline), *project_c_steps(mainline)]
    objects = [step.outputs[0] for step in compile_steps]
    return [*compile_steps, archive_step(mainline.target, carried_archive(mainline), objects)]


def carried_archive(mainline: Mainline) -> Path:
    """The archive of the C code that the crates call."""
    return mainline.path("rust/helpers/libcarried.a")


def kernel_helper_steps(mainline: Mainline) -> list[Step]:
    """The steps that compile the kernel's C helpers: one for each file that rust/helpers/helpers.c includes.

    Each compiles helpers.c without the includes of the other files. So the linker can drop helpers file by file.
    """
    helpers = mainline.plan.srctree / "rust/helpers/helpers.c"
    text = helpers.read_text()
    steps = []
    for name in INCLUDE.findall(text):
        source = mainline.path(f"rust/helpers/only_{name}.c")
        lines = [line for line in text.splitlines() if not (match := INCLUDE.match(line)) or match[1] == name]
        object_file = mainline.path(f"rust/helpers/{name}.o")
        step = carried_c_step(mainline.target, source, object_file, f"-I{helpers.parent}")
        source_text = "".join(f"{line}\n" for line in lines)
        directories = (*step.include_directories, str(helpers.parent))
        written = ((source, source_text),)
        steps.append(
            dataclasses.replace(step, written_files=written, tracked=(helpers,), include_directories=directories)
        )
    return steps


def project_c_steps(mainline: Mainline) -> list[Step]:
    """The steps that compile this project's own C files for carried crates."""
    sources = sorted((mainline.target.sources / "rust/carried").glob("*.c"))
    steps = [carried_c_step(mainline.target, path, mainline.path(f"rust/carried/{path.stem}.o")) for path in sources]
    return [dataclasses.replace(step, tracked=(path,)) for step, path in zip(steps, sources, strict=True)]


def carried_c_step(target: BuildTarget, source: Path, object_file: Path, *flags: str) -> Step:
    """Compile a C file with the kernel's flags."""
    depfile = Path(f"{object_file}.d")
    # Only Rust calls helpers, so they have no prototypes (rust/Makefile, CFLAGS_REMOVE_helpers).
    quiet = ("-Wno-missing-prototypes", "-Wno-missing-declarations")
    argv = (target.toolchain.cc.path, *project_c_flags(target), *quiet, *flags, depfile_arg(depfile), "-c")
    return Step(
        name="CC",
        unit=f"carried/{object_file.name}",
        commands=(Command((*argv, "-o", str(object_file), str(source)), target.tree.path, color=CC_COLOR),),
        outputs=(object_file,),
        depfiles=(depfile,),
        tools=(target.toolchain.cc.digest,),
        digest_kind=code_digest_kind(target),
        compare_raw=bool(target.kcflags),
        include_directories=kernel_include_directories(target),
    )


def carried_object_step(mainline: Mainline, manifest: Manifest, c: Sequence[Path] = ()) -> Step:
    """Link a module's crates with the kernel's crates, its C objects `c`, and the C code that the crates call."""
    target = mainline.target
    rust = [crate_object(target, manifest), *linked_crate_objects(target, manifest), *mainline.crate_objects]
    archive = carried_archive(mainline)
    script = "rust/carried/module.lds"
    return rust_link_step(target, manifest, rust, archive, script, c=c, roots=[FORMATTER], renamed=[PRINTK])
