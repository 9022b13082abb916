# SPDX-License-Identifier: MIT
"""All that has to be known of a kernel's own crates before the graph is made."""

from __future__ import annotations

import re
from pathlib import Path

from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.download import fetch_packages, fetched_packages
from scons_kmod.distro.target_file import Target
from scons_kmod.distro.unpack import UnpackedPackages
from scons_kmod.engine.remember import Answer, remembered
from scons_kmod.kernel.kbuild import srctree
from scons_kmod.kernel.rustc import RUSTC_ENVIRONMENT
from scons_kmod.mainline.mainline import Mainline
from scons_kmod.mainline.plan import crate_plan
from scons_kmod.mainline.plan_trees import Question
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.provider import CARRIED, TREE

# A crate of the name that exports most: what is asked of it is its disambiguator.
KERNEL_CRATE = "pub fn probe() {}\n"
ABSTRACTIONS = re.compile(r"\bCONFIG_RUST_(\w+)_ABSTRACTIONS\b")
DISAMBIGUATOR = re.compile(r"_RNvCs(\w+)_6kernel5probe")


def open_mainline(target: BuildTarget, description: Target, log: RunLog) -> Mainline:
    """Find the sources of the kernel's crates and how they are made.

    `description` names the packages. Raises `UserError`, `MachineError` or `StepError`.
    """
    preflight(target, log)
    has_crates = target.provider.name == TREE
    sources = srctree(target.tree) if has_crates else kernel_sources(target, description, log)
    question = Question(
        tree=target.tree,
        sources=sources,
        directory=target.build / "kernel-rust",
        toolchain=target.toolchain,
        system=target.system,
        overrides=overrides(target, sources),
        krustflags=target.krustflags,
        has_crates=has_crates,
    )
    return Mainline(target, crate_plan(question, log))


def kernel_sources(target: BuildTarget, description: Target, log: RunLog) -> Path:
    """The directory with the kernel's rust/: in the tree itself, or of the source package of the same version."""
    own = srctree(target.tree)
    if (own / "rust/kernel/lib.rs").is_file():
        return own
    tree = target.tree
    name = description.packages.headers.format(release=tree.release)
    headers = UnpackedPackages(tree.path, tree.release, {name: tree.package_version or ""})
    there = fetched_packages(description, target.cache, "source", headers)
    return (there or fetch_packages(description, target.cache, log, "source", headers=headers)).sources


def overrides(target: BuildTarget, sources: Path) -> tuple[tuple[str, str], ...]:
    """The configuration of a kernel that was built without Rust, as it would be with it (init/Kconfig).

    Crates of a C interface that the kernel has are there: CONFIG_PHYLIB brings CONFIG_RUST_PHYLIB_ABSTRACTIONS
    (drivers/net/phy/Kconfig, 6.12). A module of the kernel will do, too: no kernel has these crates in it.
    """
    if target.provider.name != CARRIED:
        return ()
    major, minor, patch = (int(part) for part in re.findall(r"\d+", target.toolchain.rustc.version)[:3])
    version = str(major * 100000 + minor * 100 + patch)
    texts = (path.read_text() for path in sorted((sources / "rust/kernel").rglob("*.rs")))
    named = {name for text in texts for name in ABSTRACTIONS.findall(text)}
    there = (f"CONFIG_RUST_{name}_ABSTRACTIONS" for name in sorted(named) if target.tree.enabled(f"CONFIG_{name}"))
    symbols = ("CONFIG_RUST", "CONFIG_RUST_IS_AVAILABLE", "CONFIG_RUST_OVERFLOW_CHECKS", *there)
    return (*((symbol, "y") for symbol in symbols), ("CONFIG_RUSTC_VERSION", version))


def preflight(target: BuildTarget, log: RunLog) -> None:
    """Check that rustc gives symbols the names that the kernel has them under. Raises `MachineError`.

    A crate's disambiguator depends on its name and the exact version of rustc (rustc_span, StableCrateId), so a crate
    of one function tells.
    """
    if not target.tree.enabled("CONFIG_RUST"):
        return
    rustc = target.toolchain.rustc
    symvers = target.tree.symvers

    def ask() -> Answer:
        directory = target.build / "config"
        source, made = directory / "preflight.rs", directory / "preflight.s"
        source.write_text(KERNEL_CRATE)
        words = ("--edition=2021", "--crate-name=kernel", "--crate-type=rlib", "-Csymbol-mangling-version=v0")
        argv = (rustc.path, *words, "-Copt-level=0", "--emit=asm", "-o", str(made), str(source))
        env = dict((*RUSTC_ENVIRONMENT, *rustc.env))
        log.inside(target.system.enter_args).run(argv, step="PREFLIGHT", unit="kernel", env=env)
        match = DISAMBIGUATOR.search(made.read_text())
        ours = match[1] if match else "none"
        theirs = sorted(set(re.findall(r"Cs(\w+?)_6kernel", symvers.read_text())))
        return [ours, theirs], [symvers, Path(__file__)]

    key = [rustc.digest, str(symvers)]
    ours, theirs = remembered(target.build / "config/preflight.json", key, ask)
    if theirs and ours not in theirs:
        built_by = target.tree.config.get("CONFIG_RUSTC_VERSION_TEXT", "another rustc")
        raise MachineError(
            f"this kernel was built by {built_by}; modules by rustc {rustc.version} would not find its symbols",
            where=f"{target.name}: {rustc.path}",
            fix="take the rustc that the kernel was built by: of its own release's packages (rustc), or in a [sysroot]",
        )
