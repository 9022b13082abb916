# SPDX-License-Identifier: MIT
"""Answers that cost processes to find, kept in a file until something that they depend on changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from scons_kmod.base.atomic import write_text
from scons_kmod.engine.digests import UNKNOWN, Digests, clock_ns

Answer = tuple[Any, Iterable[Path | str]]


def remembered(path: Path, key: object, find: Callable[[], Answer]) -> Any:
    """The answer kept in `path` if it was given for the same `key` and its files are as they were; else `find` it.

    `find` gives the answer, as JSON has it, and the files that it depends on. `key` is all else that it depends on.
    A file that was cut short or changed by hand is as good as none.
    """
    wanted = json.loads(json.dumps(key))
    digests = Digests(path.with_name(f"{path.stem}-files.json"))
    try:
        kept = json.loads(path.read_text())
        if kept["key"] == wanted and all(digests.of(name) == digest for name, digest in kept["files"].items()):
            digests.save()
            return kept["answer"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    started = clock_ns()
    answer, files = find()
    names = {str(name) for name in files}
    for name in names:
        digests.again(name)
    states = digests.all_of(names)
    # Asked after they were read: what has changed meanwhile is not what the answer was found with.
    states |= {name: UNKNOWN for name in names if digests.changed_since(name, started)}
    write_text(path, json.dumps({"key": wanted, "answer": answer, "files": states}, indent=1) + "\n")
    digests.save()
    return answer
