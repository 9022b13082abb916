# SPDX-License-Identifier: MIT
"""A target that is ready to build for: its kernel tree, its toolchain, and where things go."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

from scons_kmod.distro.sysroot import THIS_MACHINE, System
from scons_kmod.engine.digests import text_digest
from scons_kmod.kernel.kbuild import Kbuild
from scons_kmod.kernel.kernel_tree import KernelTree
from scons_kmod.kernel.rust_flags import config_cfgs, rust_flags
from scons_kmod.kernel.rustc_versions import TARGET_FLAG, flags_for_rustc
from scons_kmod.kernel.toolchain import Toolchain
from scons_kmod.manifest.manifest import BUNDLED, Manifest
from scons_kmod.target.provider import CARRIED, NONE, Provider, unserved

# Flags for C that no debug information comes with: a line that moves in a header must not change a module.
NO_DEBUG_INFO = "-g0"


# There is one for each target: they are told apart by identity, so that what is worked out of one can be kept.
@dataclasses.dataclass(frozen=True, eq=False)
class BuildTarget:
    """All that decides how a crate or a C file is compiled for one kernel.

    `build` is the target's own directory below build/, `cache` the cache directory, `sources` the directory that holds
    the bundled rust/ and kernel/. `kcflags` and `krustflags` are the user's own flags for C and for every crate.
    `kbuild_link`: Kbuild itself makes the .ko from the objects. `system` is where the tools are,
    `provider` where the kernel's own crates come from,
    `rustc_target` a file with rustc's target, if there is one.
    """

    name: str
    tree: KernelTree
    kbuild: Kbuild
    toolchain: Toolchain
    build: Path
    cache: Path
    sources: Path
    kcflags: tuple[str, ...]
    krustflags: tuple[str, ...]
    extra_symbols: tuple[Path, ...]
    kbuild_link: bool = False
    system: System = THIS_MACHINE
    provider: Provider = NONE
    rustc_target: Path | None = None

    def unserved(self, manifest: Manifest) -> str | None:
        """Why a module can't be built for this kernel, in words; None if it can."""
        for one in manifest.needs:
            if why := unserved(one, self.tree, self.provider):
                return f"it depends on {one.name}: {why}"
        if manifest.exports.crate and self.tree.enabled("CONFIG_MODVERSIONS") and not self.brings_crates(manifest):
            return "it exports its crate, whose symbols this kernel would want versions of (CONFIG_MODVERSIONS)"
        return unserved(manifest, self.tree, self.provider)

    def brings_crates(self, manifest: Manifest) -> bool:
        """Whether a module with a crate brings the code of the crates that this one is written to."""
        return manifest.api == BUNDLED or self.provider.name == CARRIED

    @functools.cached_property
    def rust_flags(self) -> tuple[str, ...]:
        """rustc's flags for every crate of this kernel, as the target's rustc takes them."""
        flags = rust_flags(self.tree, self.kbuild)
        if self.rustc_target:
            flags = tuple(f"--target={self.rustc_target}" if flag == TARGET_FLAG else flag for flag in flags)
        return flags_for_rustc(self.toolchain.rustc, flags)

    @property
    def header_digests(self) -> Path:
        """The file with the digests of the kernel's headers, for all builds for this tree."""
        return self.cache / "digests" / f"{text_digest(str(self.tree.path))}.json"

    @property
    def cfg_file(self) -> Path:
        """The kernel's configuration as a file of rustc arguments."""
        return self.build / "config/rustc_cfg"

    def cfg_text(self) -> str:
        """What `cfg_file` must hold."""
        return config_cfgs(self.tree)
