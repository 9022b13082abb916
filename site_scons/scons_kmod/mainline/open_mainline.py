# SPDX-License-Identifier: MIT
"""Opens a kernel's own crates for a target: finds their sources, and the plan that says how they are compiled.

This is all that must be known of them before SCons gets its graph.
"""

from __future__ import annotations

import re
from pathlib import Path

from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.kernel_packages.download import fetch_packages, fetched_packages
from scons_kmod.distro.kernel_packages.unpack import UnpackedPackages
from scons_kmod.distro.target_file import Target
from scons_kmod.engine.remember import Answer, remembered
from scons_kmod.kernel.kbuild import srctree
from scons_kmod.kernel.rustc import RUSTC_ENVIRONMENT
from scons_kmod.mainline.mainline import Mainline
from scons_kmod.mainline.plan import crate_plan
from scons_kmod.mainline.plan_trees import Question
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.provider import CARRIED, TREE

# A crate with the name of the kernel's most used crate. Its symbol has the disambiguator that rustc gives this name.
KERNEL_CRATE = "pub fn probe() {}\n"
ABSTRACTIONS = re.compile(r"\bCONFIG_RUST_(\w+)_ABSTRACTIONS\b")
DISAMBIGUATOR = re.compile(r"_RNvCs(\w+)_6kernel5probe")


def open_mainline(target: BuildTarget, description: Target, log: RunLog) -> Mainline:
    """Find the sources of the kernel's crates, fetch them if they are missing, and ask Kbuild for the plan.

    `description` is the target's file, which names the packages. Raises `UserError`, `MachineError` or `StepError`.
    """
    check_symbol_names(target, log)
    has_crates = target.provider.name == TREE
    sources = srctree(target.tree) if has_crates else kernel_sources(target, description, log)
    question = Question(
        tree=target.tree,
        sources=sources,
        directory=target.build / "kernel-rust",
        toolchain=target.toolchain,
        system=target.system,
        overrides=config_overrides(target, sources),
        krustflags=target.krustflags,
        has_crates=has_crates,
    )
    return Mainline(target, crate_plan(question, log))


def kernel_sources(target: BuildTarget, description: Target, log: RunLog) -> Path:
    """The source tree with the kernel's rust/: the kernel tree's own, or the source package of the same version.

    The package is fetched if it is missing.
    """
    tree_sources = srctree(target.tree)
    if (tree_sources / "rust/kernel/lib.rs").is_file():
        return tree_sources
    tree = target.tree
    name = description.packages.headers.format(release=tree.release)
    headers = UnpackedPackages(tree.path, tree.release, {name: tree.package_version or ""})
    packages = fetched_packages(description, target.cache, "source", headers)
    return (packages or fetch_packages(description, target.cache, log, "source", headers=headers)).sources


def config_overrides(target: BuildTarget, sources: Path) -> tuple[tuple[str, str], ...]:
    """The settings that turn Rust on for a kernel that was built without it (init/Kconfig); none for other providers.

    A wrapper for a C interface is turned on if the kernel has the interface: CONFIG_PHYLIB gives
    CONFIG_RUST_PHYLIB_ABSTRACTIONS (drivers/net/phy/Kconfig, 6.12). The interface may be in a module of the kernel: the
    wrapper is linked into modules only, never into the kernel.
    """
    if target.provider.name != CARRIED:
        return ()
    major, minor, patch = (int(part) for part in re.findall(r"\d+", target.toolchain.rustc.version)[:3])
    version = str(major * 100000 + minor * 100 + patch)
    texts = (path.read_text() for path in sorted((sources / "rust/kernel").rglob("*.rs")))
    names = sorted({name for text in texts for name in ABSTRACTIONS.findall(text)})
    wrappers = (f"CONFIG_RUST_{name}_ABSTRACTIONS" for name in names if target.tree.enabled(f"CONFIG_{name}"))
    symbols = ("CONFIG_RUST", "CONFIG_RUST_IS_AVAILABLE", "CONFIG_RUST_OVERFLOW_CHECKS", *wrappers)
    return (*((symbol, "y") for symbol in symbols), ("CONFIG_RUSTC_VERSION", version))


def check_symbol_names(target: BuildTarget, log: RunLog) -> None:
    """Check that rustc gives the kernel's Rust symbols the names that they have in this kernel. Raises `MachineError`.

    A symbol's name has its crate's disambiguator, which depends on the crate's name and on the exact version of rustc
    (rustc_span, StableCrateId). So it is enough to compile a crate of the same name with one function.
    """
    if not target.tree.enabled("CONFIG_RUST"):
        return
    rustc = target.toolchain.rustc
    symvers = target.tree.symvers

    def ask() -> Answer:
        directory = target.build / "config"
        source, assembly = directory / "preflight.rs", directory / "preflight.s"
        source.write_text(KERNEL_CRATE)
        options = ("--edition=2021", "--crate-name=kernel", "--crate-type=rlib", "-Csymbol-mangling-version=v0")
        argv = (rustc.path, *options, "-Copt-level=0", "--emit=asm", "-o", str(assembly), str(source))
        env = dict((*RUSTC_ENVIRONMENT, *rustc.env))
        log.inside(target.system.enter_args).run(argv, step="PREFLIGHT", unit="kernel", env=env)
        match = DISAMBIGUATOR.search(assembly.read_text())
        disambiguator = match[1] if match else "none"
        in_kernel = sorted(set(re.findall(r"Cs(\w+?)_6kernel", symvers.read_text())))
        return [disambiguator, in_kernel], [symvers, Path(__file__)]

    key = [rustc.digest, str(symvers)]
    disambiguator, in_kernel = remembered(target.build / "config/preflight.json", key, ask)
    if in_kernel and disambiguator not in in_kernel:
        built_by = target.tree.config.get("CONFIG_RUSTC_VERSION_TEXT", "another rustc")
        raise MachineError(
            f"this kernel was built by {built_by}; modules by rustc {rustc.version} would not find its symbols",
            where=f"{target.name}: {rustc.path}",
            fix="use the rustc that built the kernel: the package rustc of its release, or a [sysroot] with it",
        )
