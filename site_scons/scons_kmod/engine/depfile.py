# SPDX-License-Identifier: MIT
"""Depfiles, as compilers write them: the list of files that a command read. Processes of this library write them, too.

It imports nothing of the library: steps depend on all files of the library that their process reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path


def depfile_text(output: str, paths: Iterable[str]) -> str:
    """A depfile that says: `output` was made from the files `paths`."""
    escaped = [re.sub(r"([ \\#])", r"\\\1", path.replace("$", "$$")) for path in (output, *paths)]
    return f"{escaped[0]}: {' '.join(escaped[1:])}\n"


def read_depfile(depfile: Path, base: Path) -> list[Path]:
    """The prerequisites named in a depfile as compilers write them; relative ones are taken from `base`."""
    text = depfile.read_text().replace("\\\n", " ")
    paths: dict[Path, None] = {}
    for line in text.splitlines():
        if line.startswith("#") or ":" not in line:
            continue
        _, _, names = line.partition(": ")
        for name in re.findall(r"(?:\\.|[^\s\\])+", names):
            paths[base / re.sub(r"\\(.)", r"\1", name).replace("$$", "$")] = None
    return list(paths)
