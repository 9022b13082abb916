# SPDX-License-Identifier: MIT
"""Answers that cost processes to find. They are saved in a file until something that they depend on changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from scons_kmod.base.atomic import write_text
from scons_kmod.engine.digests import UNKNOWN, Digests, clock_ns, text_digest

Answer = tuple[Any, Iterable[Path | str]]


def remembered(path: Path, key: object, find: Callable[[], Answer]) -> Any:
    """The answer in the file `path`, if it was found for the same `key` and its files have not changed since.

    Otherwise `find` is called. It returns the answer, as JSON has it, and the files that it depends on. `key` is all
    else that the answer depends on. If the file is damaged or edited, the answer is found again. Raises `OSError` if
    it can't be written, and what `find` raises.
    """
    wanted_key = json.loads(json.dumps(key))
    digests = Digests(path.with_name(f"{path.stem}-files.json"))
    try:
        saved = json.loads(path.read_text())
        is_whole = saved.pop("digest") == text_digest(json.dumps(saved))
        files = saved["files"].items()
        if is_whole and saved["key"] == wanted_key and all(digests.of(name) == digest for name, digest in files):
            digests.save()
            return saved["answer"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    started = clock_ns()
    answer, files = find()
    names = {str(name) for name in files}
    for name in names:
        digests.forget(name)
    found = digests.all_of(names)
    # Asked after they were digested: nobody knows what `find` has read of a file that has changed since it began.
    found |= {name: UNKNOWN for name in names if digests.changed_since(name, started)}
    saved = {"key": wanted_key, "answer": answer, "files": found}
    # In the form in which it is read again.
    digest = text_digest(json.dumps(json.loads(json.dumps(saved))))
    write_text(path, json.dumps({**saved, "digest": digest}, indent=1) + "\n")
    digests.save()
    return answer
