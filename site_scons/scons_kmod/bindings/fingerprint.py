# SPDX-License-Identifier: MIT
"""The fingerprint: what the bindings depend on, as a digest of each declaration. Runs as a process of its own.

The bindings need few of the declarations in the kernel's headers: those that Rust code names, and what these are made
of (reach.py). libclang reads the headers in a third of the time that bindgen takes. The digests then say whether
bindgen would write anything else than last time.

All this follows bindgen 0.60: how it names nested types, that only the first declaration of a function counts, that it
evaluates a macro where it is defined, with the values of the macros that came before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scons_kmod.bindings.declarations import read_declarations
from scons_kmod.bindings.libclang import Unit, written_status
from scons_kmod.bindings.reach import Reach
from scons_kmod.engine.depfile import depfile_text
from scons_kmod.engine.identifiers import names_in_source


def digest(texts: dict[str, str]) -> str:
    """A short digest of the texts of a declaration, by kind."""
    return hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()[:16]


def names_in_sources(paths: Iterable[str]) -> set[str]:
    """The names of C declarations that the sources may use."""
    return {name for path in paths for name in names_in_source(path, Path(path).read_text())}


def write_fingerprint(request: dict[str, Any]) -> None:
    """Read the headers and the Rust sources, and write the fingerprint, all declared names and a depfile.

    `request` names the library ``libclang``, the C file ``header`` and its ``flags``, and the outputs ``fingerprint``,
    ``declared`` and ``depfile``. The sources are ``kernel``, by the crates of kernel/, ``headers`` of modules, and
    ``modules``. Raises `HeaderError` if the headers do not compile.
    """
    unit = Unit(request["libclang"], request["header"], request["flags"])
    named = {crate: names_in_sources(sources) for crate, sources in request["kernel"].items()}
    elsewhere = names_in_sources(request["headers"])
    names = elsewhere.union(names_in_sources(request["modules"]), *named.values())
    reach = Reach(read_declarations(unit), names)
    reach.reach_names()
    declared = reach.declared_names()
    Path(request["declared"]).write_text("".join(f"{name}\n" for name in declared))
    Path(request["depfile"]).write_text(depfile_text(request["fingerprint"], unit.files()))
    declarations = {name: digest(texts) for name, texts in reach.texts.items()}
    fingerprint = {
        "declarations": declarations,
        "opaque": sorted(reach.opaque()),
        # What decides in which part of the bindings a declaration is (parts.py).
        "named": {crate: sorted(names.intersection(declared)) for crate, names in named.items()},
        "elsewhere": sorted(elsewhere.intersection(declared)),
    }
    Path(request["fingerprint"]).write_text(f"{json.dumps(fingerprint, indent=0, sort_keys=True)}\n")


def main(request: dict[str, Any]) -> int:
    """Write the fingerprint, or print the errors of the headers. Returns the exit status."""
    return written_status(write_fingerprint, request)
