# SPDX-License-Identifier: MIT
"""A target that is ready to build for: its kernel tree, its toolchain, and its directories."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

from scons_kmod.distro.sysroot import THIS_MACHINE, System
from scons_kmod.engine.digests import Digests, text_digest
from scons_kmod.kernel.kbuild import Kbuild
from scons_kmod.kernel.kernel_tree import KernelTree
from scons_kmod.kernel.rust_flags import config_cfgs, rust_flags
from scons_kmod.kernel.rustc_versions import TARGET_FLAG, flags_for_rustc
from scons_kmod.kernel.toolchain import Toolchain
from scons_kmod.manifest.manifest import BUNDLED, Manifest
from scons_kmod.target.provider import CARRIED, NONE, Provider, unsupported_reason

# Flags for C that no debug information comes with: a line that moves in a header must not change a module.
NO_DEBUG_INFO = "-g0"


# Compared by identity, as there is one object for each target: so functions of a target can be cached.
@dataclasses.dataclass(frozen=True, eq=False)
class BuildTarget:
    """All that decides how a crate or a C file is compiled for one kernel.

    `build` is the target's own directory below build/, `cache` the cache directory, `sources` the directory that holds
    the bundled rust/ and kernel/. `kcflags` and `krustflags` are the user's own flags for C and for crates.
    `extra_symbols` are more Module.symvers files. `kbuild_link`: Kbuild itself makes the .ko from the objects. `system`
    is where the tools are, `provider` where the kernel's own crates come from. `rustc_target` is a file that describes
    rustc's target, None if rustc knows the kernel's target by name. `digests` are those of the run.
    `whole_kernel_crate`: no wrapper is a crate of its own. Builds are compared with that, none is made so.
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
    digests: Digests = dataclasses.field(default_factory=Digests, repr=False)
    whole_kernel_crate: bool = False

    def skip_reason(self, manifest: Manifest) -> str | None:
        """Why a module can't be built for this kernel, for people to read; None if it can."""
        for module in manifest.needs:
            if reason := unsupported_reason(module, self.tree, self.provider):
                return f"it depends on {module.name}: {reason}"
        if manifest.exports.crate and self.tree.enabled("CONFIG_MODVERSIONS") and not self.links_api_crates(manifest):
            return "it exports its crate, and this kernel needs versions of the crate's symbols (CONFIG_MODVERSIONS)"
        return unsupported_reason(manifest, self.tree, self.provider)

    def links_api_crates(self, manifest: Manifest) -> bool:
        """Whether a module with Rust links the crates of its API. If not, their code is in the kernel."""
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
