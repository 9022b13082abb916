# SPDX-License-Identifier: MIT
"""The variables of a Kbuild file: those that it sets, those of the command line, and what Kbuild sets before."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from scons_kmod.adopt.config_condition import ALWAYS, NEVER, ConfigCondition, conjunction, disjunction, negation
from scons_kmod.adopt.statements import StatementLocation
from scons_kmod.adopt.words import Word

# Variables that name the module's directory, and variables that name the kernel tree.
MODULE_DIRECTORIES = ("src", "obj", "M", "PWD", "CURDIR", "KBUILD_EXTMOD")
KERNEL_TREES = ("srctree", "objtree", "abs_srctree", "abs_objtree", "KERNEL_SRC")
# Variables that the kernel's makefiles set, with values that differ between kernels (the kernel's Makefile).
KERNEL_VARIABLES = frozenset(
    "KERNELRELEASE KERNELVERSION VERSION PATCHLEVEL SUBLEVEL CC LD AR NM OBJCOPY CPP MAKE SHELL"
    " CC_FLAGS_FPU CC_FLAGS_NO_FPU CC_FLAGS_LTO CC_FLAGS_CFI RETPOLINE_CFLAGS LINUXINCLUDE NOSTDINC_FLAGS"
    " KBUILD_CFLAGS KBUILD_CPPFLAGS KBUILD_AFLAGS KBUILD_RUSTFLAGS KBUILD_MODNAME".split()
)
# Variables that the kernel's makefiles set to the same value for all kernels of this architecture.
CONSTANTS = {
    "ARCH": "x86",
    "SRCARCH": "x86",
    "BITS": "64",
    "CC_FLAGS_FTRACE": "-pg -mrecord-mcount -mnop-mcount -mfentry",
}
# Kbuild sets these to nothing before it reads the file, so that += expands its value at once (scripts/Makefile.build).
KBUILD_LISTS = frozenset(
    "obj-y obj-m lib-y lib-m always-y always-m targets subdir-y subdir-m EXTRA_AFLAGS EXTRA_CFLAGS EXTRA_CPPFLAGS"
    " EXTRA_LDFLAGS asflags-y ccflags-y rustflags-y cppflags-y ldflags-y subdir-asflags-y subdir-ccflags-y".split()
)


@dataclasses.dataclass(frozen=True)
class DeferredText:
    """A part of a value that make expands when the variable is used."""

    text: str
    condition: ConfigCondition
    location: StatementLocation

    def under(self, condition: ConfigCondition) -> DeferredText:
        """The text if it applies only where this condition holds, too."""
        return dataclasses.replace(self, condition=conjunction(self.condition, condition))


@dataclasses.dataclass
class MakeVariable:
    """A variable of either flavor (GNU make manual, 6.2): if it is `simple`, += expands its value at once.

    `defined` is the condition under which the variable is set.
    """

    simple: bool
    parts: list[Word | DeferredText]
    defined: ConfigCondition = NEVER

    def remove(self, condition: ConfigCondition) -> None:
        """Remove the value where a condition holds."""
        others = negation(condition)
        self.parts = [part for old in self.parts if (part := old.under(others)).condition]

    def add(self, condition: ConfigCondition, *parts: Word | DeferredText) -> None:
        """Append to the value where a condition holds."""
        self.parts += [part for new in parts if (part := new.under(condition)).condition]
        self.defined = disjunction(self.defined, condition)


class Variables:
    """The variables of the Kbuild file in a module's `directory`.

    `given` are values that override those in the file: make's command line or the kernel sets them. `in_file` are the
    variables that the file sets. `expanding` are the names of variables whose expansion is under way.
    """

    def __init__(self, directory: Path, given: dict[str, str]) -> None:
        self.directory = directory
        self.given = given
        self.in_file = {name: MakeVariable(True, [], ALWAYS) for name in KBUILD_LISTS}
        self.expanding: list[str] = []
