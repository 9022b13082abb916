# SPDX-License-Identifier: MIT
"""build/<target>/resolved.toml: the exact versions of the kernel, packages and tools that a target stands for.

People read and keep it; no build reads it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from scons_kmod.base.atomic import write_text
from scons_kmod.target.build_target import BuildTarget

HEADER = "# Written by the build: what this target was last built for and with.\n"


def resolved_file(target: BuildTarget) -> Path:
    """The path of the record."""
    return target.build / "resolved.toml"


def write_resolved(target: BuildTarget, packages: Mapping[str, str]) -> None:
    """Write the record unless it has the same facts already. `packages` are versions of fetched packages by name."""
    tools = {"rustc": target.toolchain.rustc, "bindgen": target.toolchain.bindgen, "cc": target.toolchain.cc}
    facts = {
        "kernel": {"release": target.tree.release, "tree": str(target.tree.path), "compiler": target.tree.compiler},
        "packages": dict(packages),
        "tools": {name: {"version": tool.version, "path": tool.path} for name, tool in tools.items()},
    }
    path = resolved_file(target)
    try:
        if tomllib.loads(path.read_text()) == facts:
            return
    except (OSError, ValueError):
        pass
    import toml  # only if there is something to write: null builds start faster

    write_text(path, HEADER + toml.dumps(facts))
