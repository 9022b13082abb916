# SPDX-License-Identifier: MIT
"""Stands for a compiler while a tree's Kbuild is asked how it builds: recorder.py TOOL ARGUMENT...

Kbuild asks compilers about themselves as well, so those calls go to the tool itself, whose path is in the variable
RECORDED_TOOL. Where it would make something, empty files are made in its place; what was asked for, Kbuild writes down
itself, in its .cmd files.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path


def products(tool: str, words: list[str]) -> Iterator[str]:
    """The files that a call would make."""
    if tool == "rustc" and "-" not in words:
        kinds = [kind for word in words if word.startswith("--emit=") for kind in word[len("--emit=") :].split(",")]
        yield from (kind.partition("=")[2] for kind in kinds if "=" in kind)
    if tool == "bindgen" and "-o" in words:
        yield words[words.index("-o") + 1]
        yield from (word.partition("-MMD,")[2] for word in words if word.startswith("-Wp,-MMD,"))


def main(tool: str, words: list[str]) -> int:
    """Make what the call would make, empty, or run the tool itself. Returns the exit status."""
    made = list(products(tool, words))
    if not made and tool in ("rustc", "bindgen"):
        path = os.environ[f"RECORDED_{tool.upper()}"]
        os.execv(path, [path, *words])
    source = next((word for word in words if word.endswith((".rs", ".h", ".c"))), "")
    for name in made:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        # Kbuild's fixdep wants a target and a prerequisite.
        Path(name).write_text(f"{name}: {source}\n" if name.endswith(".d") else "")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
