# SPDX-License-Identifier: MIT
"""The record of a kernel's own crates for a target: the plan, and the files that its rules make."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

from scons_kmod.mainline.plan import CratePlan, Rule
from scons_kmod.mainline.plan_trees import TARGET_FILE
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.provider import CARRIED, TREE

# The bindings to the headers that bindings_helper.h lists, relative to the objtree.
BINDINGS = "rust/bindings/bindings_generated.rs"


@dataclasses.dataclass(frozen=True, eq=False)
class Mainline:
    """The kernel's crates for a target. `plan` says how they are compiled.

    `headers` are the kernel's headers that modules need besides those in the kernel's own list: bindgen reads both.
    `sources` are the sources of modules that may use the bindings, and `written_sources` those that generators write.
    """

    target: BuildTarget
    plan: CratePlan
    headers: tuple[str, ...] = ()
    sources: tuple[Path, ...] = ()
    written_sources: tuple[Path, ...] = ()

    @functools.cached_property
    def rules(self) -> dict[str, Rule]:
        """The plan's rules by their outputs."""
        return {rule.output: rule for rule in self.plan.rules}

    def path(self, name: str) -> Path:
        """The path of a file that Kbuild names relative to its objtree."""
        return self.plan.objtree / name

    def outputs(self, rule: Rule) -> tuple[Path, ...]:
        """The outputs of a rule that other steps read."""
        emitted = dict(emitted_paths(rule.commands[0].programs[0]))
        kinds = ("metadata", "link", "obj") if self.carried else ("metadata", "link")
        names = [emitted[kind] for kind in kinds if kind in emitted]
        return tuple(map(self.path, names or [rule.output]))

    @property
    def carried(self) -> bool:
        """Whether the crates' code is linked into each module."""
        return self.target.provider.name == CARRIED

    def outputs_with_needs(self, names: Iterable[str]) -> tuple[Path, ...]:
        """The outputs of these rules and of all that they need."""
        files: dict[Path, None] = {}
        for name in names:
            rule = self.rules[name]
            files |= dict.fromkeys((*self.outputs_with_needs(rule.needs), *self.outputs(rule)))
        return tuple(files)

    @property
    def crate_files(self) -> tuple[Path, ...]:
        """The files that rustc reads for a module: metadata, proc macros, and rustc's target if that is a file."""
        if self.target.provider.name == TREE:
            directory = self.path("rust")
            candidates = (*directory.glob("*.rmeta"), *directory.glob("*.so"), self.path(TARGET_FILE))
            return tuple(sorted(path for path in candidates if path.is_file()))
        target_file = (self.path(TARGET_FILE),) if self.plan.target_file else ()
        outputs = self.outputs_with_needs(self.rules)
        return (*target_file, *(path for path in outputs if path.suffix not in (".rs", ".o")))

    @property
    def crate_objects(self) -> tuple[Path, ...]:
        """The crates' objects; none unless their code is linked into each module."""
        return tuple(path for path in self.outputs_with_needs(self.rules) if path.suffix == ".o")


def emitted_paths(args: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The kind and the path of each output in rustc's args (``--emit=KIND=PATH,...``)."""
    for arg in args:
        if arg.startswith("--emit="):
            for emit in arg.removeprefix("--emit=").split(","):
                kind, _, path = emit.partition("=")
                yield kind, path


def bindings_helper_header(mainline: Mainline, rule: Rule, header: str) -> tuple[str, tuple[tuple[Path, str], ...]]:
    """The header that bindgen reads, and the files to write for it.

    It is the kernel's `header`, or a written one that also includes the headers that modules need.
    """
    if rule.output != BINDINGS or not mainline.headers:
        return header, ()
    helper = mainline.path(BINDINGS).with_name("kmod_bindings_helper.h")
    lines = (f"#include <{name}>\n" for name in mainline.headers)
    return str(helper), ((helper, f'#include "{header}"\n' + "".join(lines)),)
