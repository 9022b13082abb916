# SPDX-License-Identifier: MIT
"""Runs a pipeline without a shell: each program reads what the program before it prints.

A step runs this in a process of its own (library_process.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any


def main(request: dict[str, Any]) -> int:
    """Run the command lines ``programs``. The first reads the file ``input``, the last writes the file ``output``.

    Without ``input`` the first reads nothing. Returns the exit status: 1 if a program failed.
    """
    processes: list[subprocess.Popen[bytes]] = []
    with Path(request["output"]).open("wb") as output, Path(request.get("input", os.devnull)).open("rb") as first_input:
        source: IO[bytes] | None = first_input
        for number, argv in enumerate(request["programs"], 1):
            last = number == len(request["programs"])
            process = subprocess.Popen(argv, stdin=source, stdout=output if last else subprocess.PIPE)
            if source:
                source.close()
            source = process.stdout
            processes.append(process)
        failed = [process.args for process in processes if process.wait()]
    for argv in failed:
        print(f"{argv!r} failed", file=sys.stderr)
    return 1 if failed else 0
