# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from miniature import ko, module, target, write

from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.target_choice import default_target
from scons_kmod.distro.target_file import read_targets
from scons_kmod.kernel.kernel_tree import KernelTree
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.open_target import ChosenKernel
from scons_kmod.target.output_paths import module_ko
from scons_kmod.vm.initramfs import GuestFile
from scons_kmod.vm.plan import image_of_tree, load_plan, make_plan, program_steps, save_plan

TARGETS = Path(__file__).resolve().parents[3] / "targets"


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


@pytest.fixture
def tree(build_target: BuildTarget) -> KernelTree:
    return build_target.tree


def test_a_tree_boots_the_kernel_that_was_built_in_it(tree: KernelTree, tmp_path: Path) -> None:
    installed = write(tmp_path / "boot" / f"vmlinuz-{tree.release}", "")
    assert image_of_tree(tree, tmp_path / "boot") == installed
    built = write(tree.path / "arch/x86/boot/bzImage", "")
    assert image_of_tree(tree, tmp_path / "boot") == built


def test_a_missing_kernel_image_is_named_with_both_paths(tree: KernelTree, tmp_path: Path) -> None:
    with pytest.raises(MachineError) as caught:
        image_of_tree(tree, tmp_path)
    assert str(caught.value) == (
        f"KDIR={tree.path}: there is no kernel to boot for {tree.release}: neither"
        f" {tree.path}/arch/x86/boot/bzImage nor {tmp_path}/vmlinuz-{tree.release}\n"
        "    install the kernel's image package, or build bzImage in the tree"
    )


def test_the_plan_of_a_tree(build_target: BuildTarget, tmp_path: Path) -> None:
    kernel = write(build_target.tree.path / "arch/x86/boot/bzImage", "\x7fELF, as if unpacked")
    plain = module(tmp_path / "plain", "plain")
    tested = dataclasses.replace(
        module(tmp_path / "tested", "tested"), test=tmp_path / "tested/test.sh", programs=(tmp_path / "tested/poll.c",)
    )
    for manifest in (plain, tested):
        ko(module_ko(build_target, manifest))
    chosen = ChosenKernel(build_target.name, default_target(read_targets(TARGETS)), build_target.tree.path)
    plan = make_plan(build_target, chosen, [plain, tested], RunLog())
    assert (plan.target, plan.release, plan.kernel) == (build_target.name, build_target.tree.release, kernel)
    assert plan.selection == f"KDIR={build_target.tree.path}"
    assert [(test.name, test.ko, test.script) for test in plan.tests] == [
        ("plain", module_ko(build_target, plain), None),
        ("tested", module_ko(build_target, tested), tmp_path / "tested/test.sh"),
    ]
    program = build_target.build / "modules/tested/test/poll"
    assert plan.tests[1].module_test().extra == {"/tests/bin/poll": GuestFile(program, 0o755)}
    save_plan(plan, tmp_path / "deep/plan.json")
    assert load_plan(tmp_path / "deep/plan.json") == plan


def test_a_module_comes_with_the_kernels_modules_that_it_needs(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m", "needy")
    ko(module_ko(build_target, manifest), depends="ledtrig")
    needed = ko(tmp_path / "modules/kernel/leds/ledtrig.ko")
    chosen = ChosenKernel(build_target.name, read_targets(TARGETS)[0], None)
    release = "6.1.0-56-amd64"
    record = json.dumps({"release": release, "root": str(tmp_path), "versions": {}})
    for name in ("headers", f"{release}/image", f"{release}/modules"):
        write(build_target.cache / "packages" / chosen.description.name / f"{name}.json", record)
    write(tmp_path / f"boot/vmlinuz-{release}", "\x7fELF, as if unpacked")
    plan = make_plan(build_target, chosen, [manifest], RunLog())
    assert plan.tests[0].needs == (needed,)
    save_plan(plan, tmp_path / "plan.json")
    assert load_plan(tmp_path / "plan.json") == plan


def test_modules_of_the_build_come_in_the_order_in_which_they_are_loaded(
    build_target: BuildTarget, tmp_path: Path
) -> None:
    core = module(tmp_path / "core", "my-core")
    ring = dataclasses.replace(module(tmp_path / "ring", "ring"), needs=(core,))
    unused = module(tmp_path / "unused", "unused")
    user = dataclasses.replace(module(tmp_path / "user", "user"), needs=(unused, core, ring))
    for manifest, depends in ((core, ""), (ring, "my-core"), (unused, ""), (user, "ring,my-core")):
        ko(module_ko(build_target, manifest), depends=depends)
    write(build_target.tree.path / "arch/x86/boot/bzImage", "\x7fELF, as if unpacked")
    # Nothing is fetched, and no module of the kernel is looked for: it has none.
    chosen = ChosenKernel(build_target.name, default_target(read_targets(TARGETS)), build_target.tree.path)
    plan = make_plan(build_target, chosen, [user], RunLog())
    assert plan.tests[0].needs == (module_ko(build_target, core), module_ko(build_target, ring))
    assert plan.tests[0].module_test().files == (*plan.tests[0].needs, module_ko(build_target, user))


def test_programs_of_a_test_need_no_library_in_the_guest(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = dataclasses.replace(module(tmp_path / "m"), programs=(write(tmp_path / "m/poll.c", ""),))
    (step,) = program_steps(build_target, manifest)
    assert "-static" in step.commands[0].argv
    assert step.tracked == (tmp_path / "m/poll.c",)
