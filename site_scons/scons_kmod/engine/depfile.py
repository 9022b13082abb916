# SPDX-License-Identifier: MIT
"""Depfiles, as compilers write them: the list of files that a command read. Processes of this library write them, too.

This file imports nothing of the library: a step that runs such a process depends on each file that the process imports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path


def depfile_text(output: str, paths: Iterable[str]) -> str:
    """The text of a depfile with the target `output` and the prerequisites `paths`."""
    escaped = [re.sub(r"([\s\\#])", r"\\\1", path.replace("$", "$$")) for path in (output, *paths)]
    return f"{escaped[0]}: {' '.join(escaped[1:])}\n"


def read_depfile(depfile: Path, base: Path) -> list[Path]:
    """The prerequisites in a depfile as compilers write it. Relative ones are relative to `base`. Raises `OSError`."""
    text = depfile.read_text().replace("\\\n", " ")
    paths: dict[Path, None] = {}
    for line in text.splitlines():
        if line.startswith("#") or ":" not in line:
            continue
        _, _, names = line.partition(": ")
        for name in re.findall(r"(?:\\.|[^\s\\])+", names):
            paths[base / re.sub(r"\\(.)", r"\1", name).replace("$$", "$")] = None
    return list(paths)


def read_variables(depfile: Path) -> set[str]:
    """The variables of the environment that rustc lists in a depfile: ``# env-dep:NAME=VALUE``. Raises `OSError`."""
    return set(re.findall(r"(?m)^# env-dep:([^=\s]+)", depfile.read_text()))
