# SPDX-License-Identifier: MIT
"""What a plan of crates is asked with (crate_plan.py), and the trees in which the kernel's Kbuild is asked."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from scons_kmod.base.atomic import write_text
from scons_kmod.distro.sysroot import System
from scons_kmod.kernel.kbuild import srctree
from scons_kmod.kernel.kernel_tree import KernelTree
from scons_kmod.kernel.toolchain import Toolchain

# For make, goals that end so need no configuration to be brought up to date (the kernel's Makefile,
# no-sync-config-targets): headers have no Kconfig files.
GOAL = "kmod-crates_install"
LAST = "rust/kernel.o"
TARGET_FILE = "scripts/target.json"


@dataclasses.dataclass(frozen=True)
class Question:
    """What a plan is asked with: the tree, where its Rust sources are, and what overrides its configuration.

    `has_crates`: the tree has the crates already, and only the command for modules is wanted.
    """

    tree: KernelTree
    sources: Path
    directory: Path
    toolchain: Toolchain
    system: System
    overrides: tuple[tuple[str, str], ...] = ()
    krustflags: tuple[str, ...] = ()
    has_crates: bool = False

    @property
    def own_sources(self) -> bool:
        """Whether the tree has its Rust sources itself."""
        return self.sources == srctree(self.tree)

    @property
    def source(self) -> Path:
        """Kbuild's srctree."""
        return self.sources if self.own_sources else self.directory / "source"

    @property
    def objects(self) -> Path:
        """Kbuild's objtree: where the crates are."""
        return self.tree.path if self.has_crates else self.directory / "objects"


def lay_out_source(question: Question) -> None:
    """A srctree of links: what the headers have, and rust/, scripts/ and more from the source package."""
    headers, sources = srctree(question.tree), question.sources
    for path in (*headers.iterdir(), *sources.iterdir()):
        if path.name not in ("scripts", "rust", "include"):
            link(question.source / path.name, path)
    # No link, as .. in a header's name leads from there to the headers that are only in the source package
    # (rust/bindings/bindings_helper.h, 7.2: <../../drivers/base/base.h>).
    for path in (*(headers / "include").iterdir(), *(headers / "include/uapi").iterdir()):
        if path.name != "uapi":
            link(question.source / path.relative_to(headers), path)
    link(question.source / "rust", sources / "rust")
    for path in (*(headers / "scripts").iterdir(), *(sources / "scripts").iterdir()):
        link(question.source / "scripts" / path.name, path)


def lay_out_objects(question: Question, objects: Path) -> None:
    """An objtree of links to the prepared one, with rust/ and scripts/ of its own."""
    tree = question.tree.path
    for old in list(objects.rglob("*")):
        if old.is_symlink():
            old.unlink()
    for path in tree.iterdir():
        if path.name not in ("Makefile", "scripts", "include", "rust", "source"):
            link(objects / path.name, path)
    for path in (tree / "scripts").iterdir():
        if path.name != Path(TARGET_FILE).name:
            link(objects / "scripts" / path.name, path)
    for path in (tree / "include").iterdir():
        if path.name != "generated":
            link(objects / "include" / path.name, path)
    for path in (tree / "include/generated").iterdir():
        if not (question.overrides and path.name == "rustc_cfg"):
            link(objects / "include/generated" / path.name, path)
    if question.overrides:
        write_text(objects / "include/generated/rustc_cfg", cfg_text(question))
    (objects / "rust").mkdir(exist_ok=True)
    goal = f"include {question.source}/Makefile\n{GOAL}:\n\t$(MAKE) -p $(build)=rust {LAST}\n"
    write_text(objects / "Makefile", goal)


def cfg_text(question: Question) -> str:
    """The tree's rustc_cfg with the overrides."""
    text = (question.tree.path / "include/generated/rustc_cfg").read_text()
    lines = [f'--cfg={name}\n--cfg={name}="{value}"\n' for name, value in question.overrides if value == "y"]
    return text.rstrip("\n") + "\n" + "".join(lines)


def link(place: Path, path: Path) -> None:
    """Make a link, unless there is one of that name."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.is_symlink():
        place.symlink_to(path.resolve())
