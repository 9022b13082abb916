# SPDX-License-Identifier: MIT
"""What a target's patterns came to: kernel, packages and tools by their exact versions, for people to read and keep."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from scons_kmod.base.atomic import write_text
from scons_kmod.target.build_target import BuildTarget

HEADER = "# Written by the build: what this target was last built for and with.\n"


def resolved_file(target: BuildTarget) -> Path:
    """Where the record lies."""
    return target.build / "resolved.toml"


def record_resolved(target: BuildTarget, packages: Mapping[str, str]) -> None:
    """Write the record unless it says the same already. `packages` are the versions of those that were fetched."""
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
    import toml  # only where there is something to write: a build with nothing to do should start fast

    write_text(path, HEADER + toml.dumps(facts))
