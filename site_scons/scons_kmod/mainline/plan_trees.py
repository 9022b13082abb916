# SPDX-License-Identifier: MIT
"""The question about a kernel's crates that plan.py asks Kbuild, and the trees in which Kbuild is asked."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from scons_kmod.base.atomic import write_text
from scons_kmod.distro.sysroot import System
from scons_kmod.kernel.kbuild import srctree
from scons_kmod.kernel.kernel_tree import KernelTree
from scons_kmod.kernel.toolchain import Toolchain

# For a goal that ends so, the kernel's Makefile does not update the configuration (no-sync-config-targets). It could
# not: kernel headers have no Kconfig files.
GOAL = "kmod-crates_install"
LAST_OUTPUT = "rust/kernel.o"
TARGET_FILE = "scripts/target.json"


@dataclasses.dataclass(frozen=True)
class Question:
    """All that the answer of Kbuild depends on.

    `sources` is the source tree with the kernel's rust/, `directory` the target's kernel-rust/. `overrides` take
    precedence over the kernel's configuration. `has_crates`: the kernel tree has the crates already, and only the
    command for modules is asked for.
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
    def has_sources(self) -> bool:
        """Whether the kernel tree itself has the Rust sources."""
        return self.sources == srctree(self.tree)

    @property
    def srctree(self) -> Path:
        """Kbuild's srctree."""
        return self.sources if self.has_sources else self.directory / "source"

    @property
    def objtree(self) -> Path:
        """Kbuild's objtree, in which the crates are."""
        return self.tree.path if self.has_crates else self.directory / "objects"


def lay_out_srctree(question: Question) -> None:
    """Lay out a srctree of links to the headers, and to what only the source package has: rust/, scripts/ and more."""
    headers, sources = srctree(question.tree), question.sources
    for path in (*headers.iterdir(), *sources.iterdir()):
        if path.name not in ("scripts", "rust", "include"):
            make_link(question.srctree / path.name, path)
    # include/ is no link itself. A header's name may begin with .. (rust/bindings/bindings_helper.h, 7.2:
    # <../../drivers/base/base.h>), and then leads to headers that only the source package has.
    for path in (*(headers / "include").iterdir(), *(headers / "include/uapi").iterdir()):
        if path.name != "uapi":
            make_link(question.srctree / path.relative_to(headers), path)
    make_link(question.srctree / "rust", sources / "rust")
    for path in (*(headers / "scripts").iterdir(), *(sources / "scripts").iterdir()):
        make_link(question.srctree / "scripts" / path.name, path)


def lay_out_objtree(question: Question, objtree: Path) -> None:
    """Lay out an objtree of links to the kernel tree, with directories rust/ and scripts/ of its own."""
    tree = question.tree.path
    for old in list(objtree.rglob("*")):
        if old.is_symlink():
            old.unlink()
    for path in tree.iterdir():
        if path.name not in ("Makefile", "scripts", "include", "rust", "source"):
            make_link(objtree / path.name, path)
    for path in (tree / "scripts").iterdir():
        if path.name != Path(TARGET_FILE).name:
            make_link(objtree / "scripts" / path.name, path)
    for path in (tree / "include").iterdir():
        if path.name != "generated":
            make_link(objtree / "include" / path.name, path)
    for path in (tree / "include/generated").iterdir():
        if not (question.overrides and path.name == "rustc_cfg"):
            make_link(objtree / "include/generated" / path.name, path)
    if question.overrides:
        write_text(objtree / "include/generated/rustc_cfg", overridden_cfgs(question))
    (objtree / "rust").mkdir(exist_ok=True)
    makefile = f"include {question.srctree}/Makefile\n{GOAL}:\n\t$(MAKE) -p $(build)=rust {LAST_OUTPUT}\n"
    write_text(objtree / "Makefile", makefile)


def overridden_cfgs(question: Question) -> str:
    """The text of the kernel tree's rustc_cfg, with the overrides added."""
    text = (question.tree.path / "include/generated/rustc_cfg").read_text()
    lines = [f'--cfg={name}\n--cfg={name}="{value}"\n' for name, value in question.overrides if value == "y"]
    return text.rstrip("\n") + "\n" + "".join(lines)


def make_link(link: Path, path: Path) -> None:
    """Create a symbolic link to a path, unless there is a link of that name already."""
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(path.resolve())
