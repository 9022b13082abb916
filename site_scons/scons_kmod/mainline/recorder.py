# SPDX-License-Identifier: MIT
"""Takes the place of a tool while Kbuild is asked how it builds (plan.py): ``recorder.py TOOL ARG...``.

If the tool would write files, the recorder writes empty ones. The command needs no recording: Kbuild saves it in its
.cmd files. Kbuild also asks compilers about themselves; the recorder runs the tool itself for such a call. The
variable RECORDED_TOOL has the tool's path.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path


def output_files(tool: str, args: list[str]) -> Iterator[str]:
    """The files that the tool would write, called with these args."""
    if tool == "rustc" and "-" not in args:
        emits = [emit for arg in args if arg.startswith("--emit=") for emit in arg[len("--emit=") :].split(",")]
        yield from (emit.partition("=")[2] for emit in emits if "=" in emit)
    if tool == "bindgen" and "-o" in args:
        yield args[args.index("-o") + 1]
        yield from (arg.partition("-MMD,")[2] for arg in args if arg.startswith("-Wp,-MMD,"))


def main(tool: str, args: list[str]) -> int:
    """Write the files that the tool would write, empty, or run the tool itself. Returns the exit status."""
    outputs = list(output_files(tool, args))
    if not outputs and tool in ("rustc", "bindgen"):
        path = os.environ[f"RECORDED_{tool.upper()}"]
        os.execv(path, [path, *args])
    source = next((arg for arg in args if arg.endswith((".rs", ".h", ".c"))), "")
    for name in outputs:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        # Kbuild's fixdep needs a target and a prerequisite in a depfile.
        Path(name).write_text(f"{name}: {source}\n" if name.endswith(".d") else "")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
