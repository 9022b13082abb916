# SPDX-License-Identifier: MIT
"""A kernel tree and a checkout whose files a test edits, one edit after the other, and builds after each."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from checkout import Checkout, copy_of_tree
from oracle_edits import write_c_module


class Table:
    """The kernel tree, the checkout in which everything is edited, and one to build from nothing in."""

    def __init__(
        self, directory: Path, modules: Sequence[str], c_modules: Sequence[str] = (), *, after_each: bool = False
    ) -> None:
        """`modules` are copied from the project, `c_modules` are written."""
        self.after_each = after_each
        self.tree = copy_of_tree(directory / "tree")
        (self.common,) = (path for path in self.tree.parent.iterdir() if path.name.endswith("-common"))
        self.checkout = Checkout(directory / "kept", modules)
        for name in c_modules:
            write_c_module(self.checkout.path / "modules" / name, name)
        self.clean = directory / "clean"
        self.checkout.scons(f"KDIR={self.tree}")

    def build(self) -> tuple[set[str], set[str]]:
        """Build; the names of the steps that ran, and the modules that were linked."""
        before = self.checkout.modules()
        self.checkout.scons(f"KDIR={self.tree}")
        after = self.checkout.modules()
        ran = self.checkout.ran()
        linked = {unit.removesuffix(".ko") for step, unit in ran if step == "LD [M]"}
        # No module is linked again to the bytes that it had.
        changed = {name.removesuffix(".ko") for name in after if after[name] != before.get(name)}
        assert linked == changed
        if self.after_each:
            self.check_with_a_clean_build()
        return {step for step, _ in ran}, linked

    def header(self, name: str) -> Path:
        return self.common / "include" / name

    def source(self, name: str) -> Path:
        return self.checkout.path / name

    def edit(self, path: Path, change: Callable[[str], str]) -> str:
        """Change a file's text; returns the text that it had."""
        text = path.read_text()
        assert change(text) != text
        path.write_text(change(text))
        return text

    def matching(self, pattern: str) -> set[str]:
        """The modules with a Rust source at their top that matches a pattern."""
        sources = self.source("modules").glob("*/*.rs")
        return {path.parent.name for path in sources if re.search(pattern, path.read_text())}

    def check_with_a_clean_build(self) -> None:
        """Compare all modules with those that a build from nothing makes in another directory."""
        shutil.rmtree(self.clean, ignore_errors=True)
        shutil.copytree(self.checkout.path, self.clean, ignore=shutil.ignore_patterns("build"))
        reference = Checkout(self.clean, (), copy=False)
        reference.scons(f"KDIR={self.tree}")
        assert reference.modules() == self.checkout.modules()
