# SPDX-License-Identifier: MIT
"""The steps of modules that carry the kernel's own crates."""

from __future__ import annotations

import itertools

from mainline_kernel import argv, names, of_both
from miniature import arg_after, write

from scons_kmod.c.helpers import TRACING_FLAGS
from scons_kmod.c.module_objects import c_objects
from scons_kmod.engine.views import MEMBERS, View
from scons_kmod.mainline import carried
from scons_kmod.mainline.mainline import Mainline
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import crate_object, module_object


def bundle(crates: Mainline) -> BuildTarget:
    """The target, with two C files of this project's own for modules that bring their crates."""
    for name in ("printk", "vrealloc"):
        write(crates.target.sources / f"rust/carried/{name}.c", "")
    return crates.target


def test_each_of_the_kernels_helpers_is_an_object_of_the_archive(carrying: Mainline) -> None:
    bundle(carrying)
    *compiled, archive = carried.carried_helper_steps(carrying)
    objects = ("rust/helpers/slab.o", "rust/helpers/spin-lock.o", "rust/carried/printk.o", "rust/carried/vrealloc.o")
    assert names(tuple(step.outputs[0] for step in compiled), carrying.plan.objtree) == list(objects)
    assert archive.inputs == tuple(step.outputs[0] for step in compiled)
    assert archive.outputs == (carried.carried_archive(carrying),)
    assert argv(archive)[:2] == ("x86_64-linux-gnu-ar", "rcsD"), "D: no time stamps"


def test_a_helper_has_all_that_stands_beside_it(carrying: Mainline) -> None:
    slab, lock = carried.carried_helper_steps(carrying)[:2]
    ((unit, text),) = slab.written_files
    assert text == '#include <linux/compiler.h>\n\n#define __rust_helper\n\n#include "slab.c"\nint between;\n'
    assert argv(slab)[-1] == str(unit)
    assert '"slab.c"' not in lock.written_files[0][1]
    helpers = carrying.plan.srctree / "rust/helpers"
    assert f"-I{helpers}" in argv(slab)
    assert slab.tracked == (helpers / "helpers.c",)


def test_this_projects_own_c_files_are_compiled_where_they_are(carrying: Mainline) -> None:
    build_target = bundle(carrying)
    step = carried.carried_helper_steps(carrying)[2]
    assert argv(step)[-1] == str(build_target.sources / "rust/carried/printk.c")
    assert step.tracked == (build_target.sources / "rust/carried/printk.c",)
    assert step.written_files == ()


def test_helpers_are_compiled_as_the_kernel_but_not_traced(carrying: Mainline) -> None:
    build_target = bundle(carrying)
    for step in carried.carried_helper_steps(carrying)[:-1]:
        (command,) = step.commands
        assert set(build_target.kbuild.cc[1:]) - set(TRACING_FLAGS) <= set(command.argv)
        assert not set(TRACING_FLAGS) & set(command.argv)
        assert command.cwd == build_target.tree.path
        assert f"-Wp,-MD,{step.depfiles[0]}" in command.argv


def test_a_module_is_linked_from_what_it_reaches_of_the_crates(carrying: Mainline, manifest: Manifest) -> None:
    step = carried.carried_object_step(carrying, manifest)
    object_file, archive = module_object(carrying.target, manifest), carried.carried_archive(carrying)
    reached, rust, renamed, whole, _, objtool = step.commands
    crates = (crate_object(carrying.target, manifest), *carrying.crate_objects)
    assert "--gc-sections" in reached.argv
    assert reached.argv[-3:] == tuple(map(str, crates))
    roots = [arg for before, arg in itertools.pairwise(reached.argv) if before == "-u"]
    assert roots == ["init_module", "cleanup_module", "rust_fmt_argument"]
    assert arg_after(reached.argv, "-T") == str(carrying.target.sources / "rust/carried/module.lds")
    assert renamed.argv == ("x86_64-linux-gnu-objcopy", "--redefine-sym=_printk=kmod_rust_printk", "rust.o")
    assert rust.argv[-1] == "reached.o"
    assert whole.argv[-2:] == ("rust.o", str(archive))
    assert objtool.argv == (*carrying.target.kbuild.objtool, "--link", str(object_file))
    assert step.inputs == crates
    assert step.order_only == (archive,)
    assert step.views == (View(MEMBERS, (archive,), (object_file.with_name("rust.o"),)),)
    assert step.outputs[0] == object_file


def test_c_is_linked_after_what_is_left_of_the_crates_that_a_module_brings(
    carrying: Mainline, manifest: Manifest
) -> None:
    both = of_both(manifest)
    objects = c_objects(carrying.target, both)
    step = carried.carried_object_step(carrying, both, objects)
    check, reached, _, _, whole, *_ = (command.argv for command in step.commands)
    archive, roots = carried.carried_archive(carrying), step.outputs[0].with_name("roots.lds")
    assert check[-1].endswith("/mixed.json")
    assert reached[-1] == str(roots), "what C calls is kept"
    assert whole[-3:] == ("rust.o", *map(str, objects), str(archive)), "C may need of the kernel's helpers"
    assert set(objects) <= set(step.inputs)
    assert step.views[0].names_from == (step.outputs[0].with_name("rust.o"), *objects)
    plain = carried.carried_object_step(carrying, manifest)
    assert [len(each.commands) for each in (step, plain)] == [7, 6]
