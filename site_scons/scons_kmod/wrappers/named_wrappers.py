# SPDX-License-Identifier: MIT
"""Which wrappers Rust code names, and which declarations of C.

A wrapper counts as named if one of its names stands in the code as an identifier. So what is named is a function of the
sources alone: a clean build finds the same.
"""

from __future__ import annotations

import dataclasses
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

# The version of the form of what is remembered of a source, and of how it is found.
FORMAT = 3
# The module of the crate `kernel` with the declarations of C.
BINDINGS = "bindings"
# It, and the one name or the list of names that follows it. A list with a list in it is not one.
NAMES_OF_BINDINGS = re.compile(rf"\b{BINDINGS}\s*::\s*(?:([A-Za-z_]\w*)|\{{([\w\s,]*)\}})")

# An import, and in it the bindings as a module. What it declares is then named after the same word.
IMPORT = re.compile(r"\buse\s[^;]*;")
IMPORTED_MODULE = re.compile(rf"(?:::|[{{,])\s*{BINDINGS}\s*(?=[,;}}])")


@dataclasses.dataclass(frozen=True)
class NamedInCode:
    """What Rust code names: crates of wrappers, and declarations of C as ``bindings::NAME``."""

    crates: frozenset[str]
    declarations: frozenset[str]

    @classmethod
    def union(cls, named: Iterable[NamedInCode]) -> NamedInCode:
        """What several pieces of code name together."""
        named = list(named)
        crates, declarations = ([getattr(each, field) for each in named] for field in ("crates", "declarations"))
        return cls(frozenset[str]().union(*crates), frozenset[str]().union(*declarations))


def named_in(target: BuildTarget, sources: Iterable[Path]) -> NamedInCode:
    """What Rust sources name, and the files that they take in as code."""
    digest = wrapper_crates(target).names_digest
    crates: set[str] = set()
    declarations: set[str] = set()
    seen: set[Path] = set()
    pending = list(sources)
    while pending:
        path = pending.pop()
        if path not in seen:
            seen.add(path)
            found = target.digests.derived(path, f"named:{FORMAT}:{digest}", partial(scan, target, path))
            names, taken_in, declared = json.loads(found or "[[], [], []]")
            crates.update(names)
            pending += [Path(os.path.normpath(path.parent / name)) for name in taken_in]
            declarations.update(declared)
    return NamedInCode(frozenset(crates), frozenset(declarations))


def scan(target: BuildTarget, path: Path, text: str) -> str:
    """The crates that a source names, the files that it takes in, and the declarations that it names, as JSON."""
    code = code_text(str(path), text)
    crate_of_name = wrapper_crates(target).crate_of_name
    identifiers = set(IDENTIFIER.findall(code))
    names = {crate_of_name[name] for name in crate_of_name.keys() & identifiers}
    files = {first or second for first, second in TAKEN_IN.findall(code)}
    declared = sorted(declarations_in(code, identifiers)) if BINDINGS in identifiers else []
    return json.dumps([sorted(names), sorted(files), declared])


def declarations_in(code: str, identifiers: set[str]) -> set[str]:
    """The names that code may take from the bindings.

    They follow the word ``bindings``, if it is always followed by one name or by a list of names, or imports the module
    as a whole. Otherwise they may be any of the code's identifiers.
    """
    followed = [match[1] or match[2] for match in NAMES_OF_BINDINGS.finditer(code)]
    imported = sum(len(IMPORTED_MODULE.findall(item)) for item in IMPORT.findall(code))
    if len(followed) + imported != len(re.findall(rf"\b{BINDINGS}\b", code)):
        return identifiers
    return {name for names in followed for name in IDENTIFIER.findall(names)}
