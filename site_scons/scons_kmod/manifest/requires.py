# SPDX-License-Identifier: MIT
"""``[requires]`` of a manifest: the kernels that a module can be built for."""

from __future__ import annotations

import dataclasses
import operator
import re

from scons_kmod.base.located_toml import Table
from scons_kmod.kernel.kernel_tree import KernelTree

SYMBOL = re.compile(r"CONFIG_[A-Za-z0-9_]+")
BOUND = re.compile(r"\s*(>=|<=|==|!=|<|>)\s*(\d+(?:\.\d+)*)\s*")
COMPARE = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
Bound = tuple[str, tuple[int, ...]]


@dataclasses.dataclass(frozen=True)
class Requires:
    """`kernel` are bounds that a kernel's version must keep, `config` symbols that must be ``y`` or ``m``."""

    kernel: tuple[Bound, ...] = ()
    config: tuple[str, ...] = ()

    def unmet(self, tree: KernelTree) -> str | None:
        """Why the module is not for this kernel, in words; None if it is.

        Of both versions as many parts are compared as the bound has: 6.12.3 is no more than 6.12.
        """
        numbers = re.match(r"\d+(?:\.\d+)*", tree.release)
        version = tuple(map(int, numbers[0].split("."))) if numbers else ()
        for sign, bound in self.kernel:
            if not COMPARE[sign](version[: len(bound)], bound):
                return f"it is for Linux {sign} {'.'.join(map(str, bound))}, and this is {tree.release}"
        missing = [symbol for symbol in self.config if not tree.enabled(symbol)]
        return f"it needs {', '.join(missing)}, which this kernel has not" if missing else None


def read_requires(table: Table) -> Requires:
    """Read and check the table. Raises `UserError`."""
    config = table.strings("config", default=())
    for symbol in config:
        if not SYMBOL.fullmatch(symbol):
            table.wrong("config", f"{symbol!r} is no symbol of the kernel's configuration", "write CONFIG_NAME")
    bounds = []
    text = table.string("kernel", default="")
    for part in text.split(",") if text else ():
        match = BOUND.fullmatch(part)
        if not match:
            table.wrong("kernel", f"{part.strip()!r} is no bound of a version", 'write it so: ">= 6.1, < 6.13"')
        else:
            bounds.append((match[1], tuple(map(int, match[2].split(".")))))
    table.done()
    return Requires(tuple(bounds), config)
