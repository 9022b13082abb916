# SPDX-License-Identifier: MIT
"""Programs of which each reads what the one before prints, without a shell. Run by program.py"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any


def main(request: dict[str, Any]) -> int:
    """Run ``programs``, the first with the file ``input``, and write what the last prints to the file ``output``.

    Returns the exit status: 1 if one of them failed.
    """
    running: list[subprocess.Popen[bytes]] = []
    with Path(request["output"]).open("wb") as output, Path(request.get("input", os.devnull)).open("rb") as first:
        given: IO[bytes] | None = first
        for number, argv in enumerate(request["programs"], 1):
            last = number == len(request["programs"])
            one = subprocess.Popen(argv, stdin=given, stdout=output if last else subprocess.PIPE)
            if given:
                given.close()
            given = one.stdout
            running.append(one)
        failed = [one.args for one in running if one.wait()]
    for words in failed:
        print(f"{words!r} failed", file=sys.stderr)
    return 1 if failed else 0
