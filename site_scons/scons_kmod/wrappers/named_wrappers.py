# SPDX-License-Identifier: MIT
"""Which wrappers Rust code names.

A wrapper counts as named if one of its names stands in the code as an identifier. So what is named is a function of the
sources alone: a clean build finds the same.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from scons_kmod.engine.identifiers import IDENTIFIER
from scons_kmod.engine.key_text import code_text
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.wrappers.wrapper_crates import wrapper_crates

# A source that another source takes in as code: a module in a file of another name, an included file.
TAKEN_IN = re.compile(r'#\[path\s*=\s*"([^"\\]+)"\s*\]|\binclude!\s*[({\[]\s*"([^"\\]+)"')


def named_crates(target: BuildTarget, sources: Iterable[Path]) -> set[str]:
    """The names of the crates of wrappers that Rust sources name, and the files that they take in as code."""
    digest = wrapper_crates(target).names_digest
    named: set[str] = set()
    seen: set[Path] = set()
    pending = list(sources)
    while pending:
        path = pending.pop()
        if path not in seen:
            seen.add(path)
            found = target.digests.derived(path, f"wrappers:{digest}", partial(names_and_files, target, path))
            names, taken_in = json.loads(found or "[[], []]")
            named.update(names)
            pending += [Path(os.path.normpath(path.parent / name)) for name in taken_in]
    return named


def names_and_files(target: BuildTarget, path: Path, text: str) -> str:
    """The crates that a source names, and the files that it takes in, as JSON."""
    code = code_text(str(path), text)
    crate_of_name = wrapper_crates(target).crate_of_name
    names = {crate_of_name[name] for name in crate_of_name.keys() & set(IDENTIFIER.findall(code))}
    files = {first or second for first, second in TAKEN_IN.findall(code)}
    return json.dumps([sorted(names), sorted(files)])
