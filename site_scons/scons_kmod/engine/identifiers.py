# SPDX-License-Identifier: MIT
"""Names in sources that may be the names of C declarations. They choose what the fingerprint covers."""

from __future__ import annotations

import re
from collections.abc import Collection

from scons_kmod.engine.key_text import code_text

IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
# bindgen names a type that has no name after the type that contains it.
UNNAMED_IN_RUST = "__bindgen_ty_"
# In a list of names, this is before a text in lower case that may be a part of a name.
PART_OF_NAME = "~"
# A type that a header may have as a part of another, not behind a pointer: a structure, or a typedef with a usual name.
PART = re.compile(r"\b(?:struct|union)\s+([A-Za-z_]\w*)\b(?!\s*\*)|\b([A-Za-z_]\w*_t)\b")


def names_in_source(path: str, text: str) -> set[str]:
    """The names of C declarations that a Rust or C source may use, as C spells them.

    Of a C header these are only the types that may be parts of its own types. `path` says in which language `text` is.
    """
    code = code_text(path, text)
    if path.endswith(".h"):
        return {name for names in PART.findall(code) for name in names if name}
    return c_names(code)


def c_names(text: str) -> set[str]:
    """The identifiers in Rust code, as C spells those that bindgen has changed."""
    names = set(IDENTIFIER.findall(text))
    # bindgen appends _ to names that are keywords of Rust.
    keywords = {name[:-1] for name in names if name.endswith("_")}
    return names | {name.partition(UNNAMED_IN_RUST)[0] for name in names} | keywords


def listed(names: Collection[str], names_and_parts: Collection[str]) -> set[str]:
    """Those of the names that are in a list, by themselves or as parts of names."""
    return {name for name in names if name in names_and_parts or PART_OF_NAME + name.lower() in names_and_parts}
