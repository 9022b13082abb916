# SPDX-License-Identifier: MIT
"""The plan of a target's VM tests: a JSON file by which `scons test` tells pytest what to run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.base.atomic import write_text
from scons_kmod.base.directories import cache_directory
from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.c.compiler import CC_COLOR
from scons_kmod.distro.kernel_packages.download import fetch_packages
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.kernel_tree import KernelTree
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.open_target import ChosenKernel
from scons_kmod.target.output_paths import module_dir, module_ko
from scons_kmod.vm.bzimage import uncompressed_kernel
from scons_kmod.vm.initramfs import GuestFile
from scons_kmod.vm.kernel_modules import modinfo_depends, needed_ko_files
from scons_kmod.vm.packed_tests import ModuleTest

PROGRAM_FLAGS = ("-static", "-O2", "-Wall", "-Wextra", "-Werror")
# The directory in the guest with the programs of a test.
GUEST_PROGRAM_DIRECTORY = "/tests/bin"


@dataclasses.dataclass(frozen=True)
class PlannedTest:
    """A module's test: its .ko file, its script (None: load and unload it), and the programs that the script runs.

    `needs` are the .ko files to load before, in load order.
    """

    name: str
    ko: Path
    script: Path | None
    programs: tuple[Path, ...]
    needs: tuple[Path, ...] = ()

    def module_test(self) -> ModuleTest:
        """The test as the VM runs it."""
        extra = {f"{GUEST_PROGRAM_DIRECTORY}/{path.name}": GuestFile(path, 0o755) for path in self.programs}
        return ModuleTest(name=self.name, files=(*self.needs, self.ko), script=self.script, extra=extra)


@dataclasses.dataclass(frozen=True)
class VmPlan:
    """A target's kernel, as an ELF file, and the tests of its modules.

    `selection` is the variable that selects the target: ``TARGET=NAME`` or ``KDIR=PATH``.
    """

    target: str
    selection: str
    release: str
    kernel: Path
    tests: tuple[PlannedTest, ...]


def program_steps(target: BuildTarget, manifest: Manifest) -> list[Step]:
    """The steps that compile the C programs of a module's test. They are linked statically: the guest has no libc."""
    cc = target.toolchain.cc
    steps = []
    for source in manifest.programs:
        program = module_dir(target, manifest) / "test" / source.stem
        argv = (cc.path, *PROGRAM_FLAGS, f"-Wp,-MMD,{program}.d", "-o", str(program), str(source))
        steps.append(
            Step(
                name="CC",
                unit=f"{manifest.name}/{source.stem}",
                commands=(Command(argv, manifest.directory, color=CC_COLOR),),
                outputs=(program,),
                tracked=(source,),
                depfiles=(Path(f"{program}.d"),),
                tools=(cc.digest,),
            )
        )
    return steps


def make_plan(target: BuildTarget, chosen: ChosenKernel, manifests: Sequence[Manifest], log: RunLog) -> VmPlan:
    """The plan for a target whose modules are built. Downloads and unpacks the target's kernel if need be.

    Raises `MachineError` if there is no kernel.
    """
    if chosen.tree is None:
        selection = f"TARGET={chosen.name}"
        image = fetch_packages(chosen.description, target.cache, log, "image").kernel
    else:
        selection = f"KDIR={chosen.tree.absolute()}"
        image = image_of_tree(target.tree)
    kernel = uncompressed_kernel(image, cache_directory() / "kernels", log)
    tests = tuple(
        PlannedTest(
            manifest.name,
            module_ko(target, manifest),
            manifest.test,
            tuple(step.outputs[0] for step in program_steps(target, manifest)),
            ko_files_to_load_before(manifest, target, chosen, log),
        )
        for manifest in manifests
    )
    return VmPlan(target.name, selection, target.tree.release, kernel, tests)


def ko_files_to_load_before(
    manifest: Manifest, target: BuildTarget, chosen: ChosenKernel, log: RunLog
) -> tuple[Path, ...]:
    """The .ko files that a module needs, in load order. The kernel's modules are downloaded only if it needs one.

    Raises `MachineError` if the kernel lacks one.
    """
    ko = module_ko(target, manifest)
    built_modules = {needed.crate: module_ko(target, needed) for needed in manifest.needs}
    names = {name for path in (ko, *built_modules.values()) for name in modinfo_depends(path)}
    if not names:
        return ()
    if names <= built_modules.keys():
        # No module of the kernel will be looked for.
        kernel_modules = target.build
    elif chosen.tree is None:
        kernel_modules = fetch_packages(chosen.description, target.cache, log, "modules").modules
    else:
        kernel_modules = Path("/lib/modules") / target.tree.release
    return tuple(needed_ko_files(ko, kernel_modules, target.build / "kernel-modules", log, built_modules))


def image_of_tree(tree: KernelTree, boot: Path = Path("/boot")) -> Path:
    """The kernel image of a tree: the one that was built in it, else the installed one. Raises `MachineError`."""
    built, installed = tree.path / "arch/x86/boot/bzImage", boot / f"vmlinuz-{tree.release}"
    for image in (built, installed):
        if image.is_file():
            return image
    raise MachineError(
        f"there is no kernel to boot for {tree.release}: neither {built} nor {installed}",
        where=f"KDIR={tree.path}",
        fix="install the kernel's image package, or build bzImage in the tree",
    )


def save_plan(plan: VmPlan, path: Path) -> None:
    """Write a plan as JSON."""
    write_text(path, json.dumps(dataclasses.asdict(plan), default=str, indent=1) + "\n")


def load_plan(path: Path) -> VmPlan:
    """The plan that `save_plan` has written."""
    raw = json.loads(path.read_text())
    tests = tuple(
        PlannedTest(
            test["name"],
            Path(test["ko"]),
            Path(test["script"]) if test["script"] else None,
            tuple(map(Path, test["programs"])),
            tuple(map(Path, test["needs"])),
        )
        for test in raw["tests"]
    )
    return VmPlan(raw["target"], raw["selection"], raw["release"], Path(raw["kernel"]), tests)
