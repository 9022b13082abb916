# SPDX-License-Identifier: MIT
"""What the VM tests of a target need, handed from the build to pytest in a file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.base.atomic import write_text
from scons_kmod.base.cache import cache_directory
from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.c.compiler import COLOR
from scons_kmod.distro.kernel_packages import fetch
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.kernel_tree import KernelTree
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.open_target import Chosen
from scons_kmod.target.output_paths import module_dir, module_ko
from scons_kmod.vm.boot_image import uncompressed_kernel
from scons_kmod.vm.initramfs import GuestFile
from scons_kmod.vm.kernel_modules import depends, needed_modules
from scons_kmod.vm.runner import ModuleTest

PROGRAM_FLAGS = ("-static", "-O2", "-Wall", "-Wextra", "-Werror")
# Where the programs of a test lie in the guest.
PROGRAMS = "/tests/bin"


@dataclasses.dataclass(frozen=True)
class PlannedTest:
    """A module's test: its .ko, its script (None: the default test), the programs that the script runs, and the
    modules that are to be loaded before.
    """

    name: str
    ko: Path
    script: Path | None
    programs: tuple[Path, ...]
    needs: tuple[Path, ...] = ()

    def module_test(self) -> ModuleTest:
        """What the VM is to run."""
        extra = {f"{PROGRAMS}/{path.name}": GuestFile(path, 0o755) for path in self.programs}
        return ModuleTest(name=self.name, files=(*self.needs, self.ko), script=self.script, extra=extra)


@dataclasses.dataclass(frozen=True)
class VmPlan:
    """A target's kernel, uncompressed, and the tests of its modules. `selection` names it on the command line."""

    target: str
    selection: str
    release: str
    kernel: Path
    tests: tuple[PlannedTest, ...]


def program_steps(target: BuildTarget, manifest: Manifest) -> list[Step]:
    """Compile the programs of a module's test: ordinary C programs, linked statically: the guest has no libc."""
    cc = target.toolchain.cc
    steps = []
    for source in manifest.programs:
        made = module_dir(target, manifest) / "test" / source.stem
        argv = (cc.path, *PROGRAM_FLAGS, f"-Wp,-MMD,{made}.d", "-o", str(made), str(source))
        steps.append(
            Step(
                name="CC",
                unit=f"{manifest.name}/{source.stem}",
                commands=(Command(argv, manifest.directory, color=COLOR),),
                outputs=(made,),
                tracked=(source,),
                depfiles=(Path(f"{made}.d"),),
                tools=(cc.digest,),
            )
        )
    return steps


def make_plan(target: BuildTarget, chosen: Chosen, manifests: Sequence[Manifest], log: RunLog) -> VmPlan:
    """The plan for a target whose modules are built; fetches and unpacks its kernel. Raises `MachineError`."""
    if chosen.tree is None:
        selection = f"TARGET={chosen.name}"
        image = fetch(chosen.description, target.cache, log, "image").kernel
    else:
        selection = f"KDIR={chosen.tree.absolute()}"
        image = kernel_image(target.tree)
    kernel = uncompressed_kernel(image, cache_directory() / "kernels", log)
    tests = tuple(
        PlannedTest(
            one.name,
            module_ko(target, one),
            one.test,
            tuple(step.outputs[0] for step in program_steps(target, one)),
            needed_by(one, target, chosen, log),
        )
        for one in manifests
    )
    return VmPlan(target.name, selection, target.tree.release, kernel, tests)


def needed_by(manifest: Manifest, target: BuildTarget, chosen: Chosen, log: RunLog) -> tuple[Path, ...]:
    """The modules that are to be loaded before one. The kernel's are fetched only if need be. Raises `MachineError`."""
    ko = module_ko(target, manifest)
    others = {one.crate: module_ko(target, one) for one in manifest.needs}
    named = {name for path in (ko, *others.values()) for name in depends(path)}
    if not named:
        return ()
    if named <= others.keys():
        kernel = target.build
    elif chosen.tree is None:
        kernel = fetch(chosen.description, target.cache, log, "modules").modules
    else:
        kernel = Path("/lib/modules") / target.tree.release
    return tuple(needed_modules(ko, kernel, target.build / "kernel-modules", log, others))


def kernel_image(tree: KernelTree, boot: Path = Path("/boot")) -> Path:
    """The kernel that belongs to a tree: in the tree itself if it was built there, else the installed one."""
    places = (tree.path / "arch/x86/boot/bzImage", boot / f"vmlinuz-{tree.release}")
    for place in places:
        if place.is_file():
            return place
    raise MachineError(
        f"there is no kernel to boot for {tree.release}: neither {places[0]} nor {places[1]}",
        where=f"KDIR={tree.path}",
        fix="install the kernel's image package, or build bzImage in the tree",
    )


def save_plan(plan: VmPlan, path: Path) -> None:
    """Write a plan as JSON."""
    write_text(path, json.dumps(dataclasses.asdict(plan), default=str, indent=1) + "\n")


def load_plan(path: Path) -> VmPlan:
    """Read what `save_plan` has written."""
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
