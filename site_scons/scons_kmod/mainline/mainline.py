# SPDX-License-Identifier: MIT
"""The kernel's own crates and modules written to them, by the commands that the kernel's Kbuild has for them.

Crates that are in the kernel itself (CONFIG_RUST=y) are only wanted for their metadata: no code is generated. Symbols
are named by the names of crates and rustc's version, and which there are by the kernel's own flags, which are kept: so
modules find those of the kernel.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

from scons_kmod.mainline.plan import CratePlan, Rule
from scons_kmod.mainline.plan_trees import TARGET_FILE
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.provider import CARRIED, TREE

# The bindings of the headers that bindings_helper.h lists.
BINDINGS = "rust/bindings/bindings_generated.rs"


@dataclasses.dataclass(frozen=True, eq=False)
class Mainline:
    """The kernel's crates for a target: `plan` says how they are made.

    `headers` are those of the kernel that modules add to the bindings.
    """

    target: BuildTarget
    plan: CratePlan
    headers: tuple[str, ...] = ()

    @functools.cached_property
    def rules(self) -> dict[str, Rule]:
        """The plan's rules by what they make."""
        return {rule.made: rule for rule in self.plan.rules}

    def path(self, name: str) -> Path:
        """A file as Kbuild names it, relative to its objtree."""
        return self.plan.objects / name

    def outputs(self, rule: Rule) -> tuple[Path, ...]:
        """The files that a rule makes and others read."""
        emitted = dict(emitted_paths(rule.parts[0].programs[0]))
        kinds = ("metadata", "link", "obj") if self.carried else ("metadata", "link")
        names = [emitted[kind] for kind in kinds if kind in emitted]
        return tuple(map(self.path, names or [rule.made]))

    @property
    def carried(self) -> bool:
        """Whether modules bring the crates' code with them."""
        return self.target.provider.name == CARRIED

    def all_of(self, names: Iterable[str]) -> tuple[Path, ...]:
        """The outputs of rules and of all that these need."""
        found: dict[Path, None] = {}
        for name in names:
            rule = self.rules[name]
            found |= dict.fromkeys((*self.all_of(rule.needs), *self.outputs(rule)))
        return tuple(found)

    @property
    def crates(self) -> tuple[Path, ...]:
        """What rustc reads for a module: the crates' metadata and the proc macros."""
        if self.target.provider.name == TREE:
            there = self.path("rust")
            found = (*there.glob("*.rmeta"), *there.glob("*.so"), self.path(TARGET_FILE))
            return tuple(sorted(path for path in found if path.is_file()))
        return tuple(path for path in self.all_of(self.rules) if path.suffix not in (".rs", ".o"))

    @property
    def objects(self) -> tuple[Path, ...]:
        """The crates' code, if modules bring it."""
        return tuple(path for path in self.all_of(self.rules) if path.suffix == ".o")


def emitted_paths(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What rustc is to make, by kind (``--emit=KIND=PATH,...``)."""
    for word in words:
        if word.startswith("--emit="):
            for one in word.removeprefix("--emit=").split(","):
                kind, _, path = one.partition("=")
                yield kind, path
