# SPDX-License-Identifier: MIT
"""Which crates a kernel offers to modules: those of this project, and where the kernel's own come from."""

from __future__ import annotations

import dataclasses
import re

from scons_kmod.distro.target_file import PROVIDERS, Target
from scons_kmod.kernel.kbuild import srctree
from scons_kmod.kernel.kernel_tree import KernelTree
from scons_kmod.manifest.manifest import MAINLINE, Manifest

# The ways to the kernel's own crates: a tree that has their metadata; a kernel that has them in it, and whose headers
# lack the metadata; a kernel without, whose sources have them.
TREE, REBUILT, CARRIED = PROVIDERS
# The first kernel whose rust/ has what modules need (it is near-empty in 6.1).
FIRST_CARRIED = (6, 12)
# What changes how C code lays out or calls, and can't be told to rustc for crates that the kernel does not know.
REFUSED = ("CONFIG_RANDSTRUCT", "CONFIG_KASAN", "CONFIG_CFI_CLANG", "CONFIG_CFI")


@dataclasses.dataclass(frozen=True)
class Provider:
    """Where the crates of a kernel's mainline API come from: one of `PROVIDERS`; if there is none, `lacks` says why."""

    name: str = ""
    lacks: str = ""


def has_source_package(target: Target, tree: KernelTree) -> bool:
    """Whether a target names the package with a tree's sources."""
    return bool(target.packages.source and re.fullmatch(target.packages.release, tree.release))


def find_provider(tree: KernelTree, has_source_package: bool, wanted: str = "") -> Provider:
    """The provider for a tree; `wanted` is the one that the target asks for, if it does."""
    has_metadata = (tree.path / "rust/libkernel.rmeta").is_file()
    has_sources = has_source_package or (srctree(tree) / "rust/kernel/lib.rs").is_file()
    if wanted:
        lacks = {
            TREE: "" if has_metadata else f"it has no metadata ({tree.path}/rust/libkernel.rmeta)",
            REBUILT: "" if has_sources else "its Rust sources are not there",
            CARRIED: carrying_problem(tree, has_sources),
        }[wanted]
        return Provider("" if lacks else wanted, lacks)
    if not tree.enabled("CONFIG_RUST"):
        lacks = carrying_problem(tree, has_sources)
        return Provider("" if lacks else CARRIED, lacks)
    if has_metadata:
        return Provider(TREE)
    if has_sources:
        return Provider(REBUILT)
    return Provider(
        lacks="it has neither the crates' metadata nor their sources, and its target names no source package"
    )


def carrying_problem(tree: KernelTree, has_sources: bool) -> str:
    """Why a kernel's crates can't be carried into modules; empty if they can."""
    numbers = re.match(r"(\d+)\.(\d+)", tree.release)
    if numbers and tuple(map(int, numbers.groups())) < FIRST_CARRIED:
        return (
            f"Linux {numbers[0]} has no crates to speak of (the first that has is {'.'.join(map(str, FIRST_CARRIED))})"
        )
    if refused := [symbol for symbol in REFUSED if tree.enabled(symbol)]:
        return f"it was built without CONFIG_RUST, and with {', '.join(refused)}, which crates from outside can't keep"
    return "" if has_sources else "it was built without CONFIG_RUST, and its target names no source package"


# Unless something is found.
NONE = Provider()


def unserved(manifest: Manifest, tree: KernelTree, provider: Provider) -> str | None:
    """Why a module can't be built for a kernel, in words; None if it can."""
    if why := manifest.requires.unmet(tree):
        return why
    if manifest.api == MAINLINE and not provider.name:
        return f"the mainline API is not served by {tree.release}: {provider.lacks}"
    return None
