# SPDX-License-Identifier: MIT
"""What the VM tests of a target need, handed from the build to pytest in a file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.atomic import write_text
from scons_kmod.boot_image import uncompressed_kernel
from scons_kmod.build_target import BuildTarget
from scons_kmod.cache import cache_directory
from scons_kmod.errors import MachineError
from scons_kmod.kernel_tree import KernelTree
from scons_kmod.link import module_ko
from scons_kmod.manifest import Manifest
from scons_kmod.open_target import Chosen
from scons_kmod.packages import fetch
from scons_kmod.run_log import RunLog
from scons_kmod.vm import ModuleTest


@dataclasses.dataclass(frozen=True)
class VmPlan:
    """A target's kernel, uncompressed, and its modules: each one's name, .ko and test script."""

    target: str
    release: str
    kernel: Path
    modules: tuple[tuple[str, Path, Path | None], ...]

    def tests(self) -> list[ModuleTest]:
        """What the VM is to run."""
        return [ModuleTest(name=name, files=(ko,), script=script) for name, ko, script in self.modules]


def make_plan(target: BuildTarget, chosen: Chosen, manifests: Sequence[Manifest], log: RunLog) -> VmPlan:
    """The plan for a target whose modules are built; fetches and unpacks its kernel. Raises `MachineError`."""
    if chosen.tree is None:
        image = fetch(chosen.description, target.cache, log, "image").kernel
    else:
        image = kernel_image(target.tree)
    kernel = uncompressed_kernel(image, cache_directory() / "kernels", log)
    modules = tuple((one.name, module_ko(target, one), one.test) for one in manifests)
    return VmPlan(target.name, target.tree.release, kernel, modules)


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
    modules = tuple((name, Path(ko), Path(script) if script else None) for name, ko, script in raw["modules"])
    return VmPlan(raw["target"], raw["release"], Path(raw["kernel"]), modules)
