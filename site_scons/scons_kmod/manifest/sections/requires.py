# SPDX-License-Identifier: MIT
"""``[requires]`` of a manifest: the kernels that a module can be built for."""

from __future__ import annotations

import dataclasses
import operator
import re
from pathlib import Path
from typing import Any

from scons_kmod.base.located_toml import Table
from scons_kmod.kernel.kernel_tree import KernelTree
from scons_kmod.manifest.keys import key
from scons_kmod.manifest.kinds import Form, Kind, Texts

SYMBOL = Form("CONFIG_[A-Za-z0-9_]+", "{!r} is not a symbol of the kernel's configuration", "write CONFIG_NAME")
BOUND = Form(
    r"\s*(>=|<=|==|!=|<|>)\s*(\d+(?:\.\d+)*)\s*",
    "{!r} is not a bound of a version",
    'write it like this: ">= 6.1, < 6.13"',
)
COMPARE = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
# A comparison, and the version to compare with.
Bound = tuple[str, tuple[int, ...]]


def parse_bound(text: str) -> Bound | None:
    """A bound of a kernel's version as it is written, ``>= 6.1``; None if the text is none."""
    match = re.fullmatch(BOUND.pattern, text)
    return (match[1], tuple(map(int, match[2].split(".")))) if match else None


class VersionBounds(Kind):
    """A string with bounds of a kernel's version, separated by commas."""

    label = "string"

    def read(self, table: Table, name: str, directory: Path) -> tuple[Bound, ...]:  # noqa: ARG002
        """The bounds."""
        bounds = []
        for part in table.string(name).split(","):
            bound = parse_bound(part)
            if bound is None:
                table.wrong(name, BOUND.error.format(part.strip()), BOUND.fix)
            bounds.append(bound)
        return tuple(bounds)

    def schema(self) -> dict[str, Any]:
        """A string of bounds."""
        return {"type": "string", "pattern": f"^{BOUND.pattern}(,{BOUND.pattern})*$"}


@dataclasses.dataclass(frozen=True)
class Requires:
    """The keys of [requires]."""

    kernel: tuple[Bound, ...] = key(
        VersionBounds(), 'Bounds of the kernel\'s version: `">= 6.1, < 6.13"`.', default=(), default_text="none"
    )
    config: tuple[str, ...] = key(
        Texts(SYMBOL), "Symbols that must be `y` or `m` in the kernel's configuration.", default=()
    )

    def unmet(self, tree: KernelTree) -> str | None:
        """Why the module is not for this kernel, for people to read; None if it is.

        Of both versions as many parts are compared as the bound has: 6.12.3 is no more than 6.12.
        """
        numbers = re.match(r"\d+(?:\.\d+)*", tree.release)
        version = tuple(map(int, numbers[0].split("."))) if numbers else ()
        for sign, bound in self.kernel:
            if not COMPARE[sign](version[: len(bound)], bound):
                return f"it is for Linux {sign} {'.'.join(map(str, bound))}, and this is {tree.release}"
        missing = [symbol for symbol in self.config if not tree.enabled(symbol)]
        return f"it needs {', '.join(missing)}, which this kernel's configuration does not set" if missing else None
