# SPDX-License-Identifier: MIT
"""Where the kernel's own crates come from, which modules to the mainline API are compiled against."""

from __future__ import annotations

import dataclasses
import re

from scons_kmod.distro.target_file import PROVIDERS, Target
from scons_kmod.kernel.kbuild import srctree
from scons_kmod.kernel.kernel_tree import KernelTree
from scons_kmod.manifest.manifest import MAINLINE, Manifest

# The providers: a tree that has the crates' metadata; a kernel that has the crates, but whose headers lack the
# metadata; a kernel without the crates, whose sources have them.
TREE, REBUILT, CARRIED = PROVIDERS
# The first kernel whose rust/ has what modules need (it is near-empty in 6.1).
FIRST_CARRIED = (6, 12)
# Options that change the layout of structs or how functions are called in C. rustc can't be told about them for crates
# that the kernel was not built with.
REFUSED = ("CONFIG_RANDSTRUCT", "CONFIG_KASAN", "CONFIG_CFI_CLANG", "CONFIG_CFI")


@dataclasses.dataclass(frozen=True)
class Provider:
    """Where a kernel's mainline crates come from: one of `PROVIDERS`. If `name` is empty, `obstacle` says why."""

    name: str = ""
    obstacle: str = ""


def has_source_package(target: Target, tree: KernelTree) -> bool:
    """Whether a target names the package with a tree's sources: if it names one, and the tree is of its release."""
    return bool(target.packages.source and re.fullmatch(target.packages.release, tree.release))


def find_provider(tree: KernelTree, has_source_package: bool, wanted: str = "") -> Provider:
    """The provider for a tree: `wanted`, or the first that the kernel has if that is empty."""
    has_metadata = (tree.path / "rust/libkernel.rmeta").is_file()
    has_sources = has_source_package or (srctree(tree) / "rust/kernel/lib.rs").is_file()
    if wanted:
        obstacle = {
            TREE: "" if has_metadata else f"it has no metadata ({tree.path}/rust/libkernel.rmeta)",
            REBUILT: "" if has_sources else "its Rust sources are missing",
            CARRIED: carrying_problem(tree, has_sources),
        }[wanted]
        return Provider("" if obstacle else wanted, obstacle)
    if not tree.enabled("CONFIG_RUST"):
        obstacle = carrying_problem(tree, has_sources)
        return Provider("" if obstacle else CARRIED, obstacle)
    if has_metadata:
        return Provider(TREE)
    if has_sources:
        return Provider(REBUILT)
    return Provider(
        obstacle="it has neither the crates' metadata nor their sources, and its target names no source package"
    )


def carrying_problem(tree: KernelTree, has_sources: bool) -> str:
    """Why modules can't link a kernel's crates (the provider `carried`); empty if they can."""
    numbers = re.match(r"(\d+)\.(\d+)", tree.release)
    if numbers and tuple(map(int, numbers.groups())) < FIRST_CARRIED:
        first = ".".join(map(str, FIRST_CARRIED))
        return f"Linux {numbers[0]} has almost no Rust crates (the first version with enough of them is {first})"
    if refused := [symbol for symbol in REFUSED if tree.enabled(symbol)]:
        options = ", ".join(refused)
        return f"it was built without CONFIG_RUST and with {options}: rustc can't compile crates that fit such a kernel"
    return "" if has_sources else "it was built without CONFIG_RUST, and its target names no source package"


# The provider of a target until its kernel is known.
NONE = Provider()


def unsupported_reason(manifest: Manifest, tree: KernelTree, provider: Provider) -> str | None:
    """Why a module itself can't be built for a kernel, for people to read; None if it can."""
    if reason := manifest.requires.unmet(tree):
        return reason
    if manifest.api == MAINLINE and not provider.name:
        return f"the mainline API is not available for {tree.release}: {provider.obstacle}"
    return None
