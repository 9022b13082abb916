# SPDX-License-Identifier: MIT
"""The names in sources that may be names of C declarations."""

from __future__ import annotations

import re

from scons_kmod.engine.key_text import code_text

IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
# bindgen calls types without a name by that of what they are in.
UNNAMED_IN_RUST = "__bindgen_ty_"
# What a header may have as a part of a type, and not behind a pointer: a structure, or a type with a name as usual.
PART = re.compile(r"\b(?:struct|union)\s+([A-Za-z_]\w*)\b(?!\s*\*)|\b([A-Za-z_]\w*_t)\b")


def names_in_source(path: str, text: str) -> set[str]:
    """All that a source may name of the bindings, as C spells it; of a C header the types that its own are made of."""
    code = code_text(path, text)
    if path.endswith(".h"):
        return {name for names in PART.findall(code) for name in names if name}
    return identifiers(code)


def identifiers(text: str) -> set[str]:
    """All that a Rust source may name of the bindings, as C spells it."""
    words = set(IDENTIFIER.findall(text))
    # bindgen appends _ to names that are keywords of Rust.
    return words | {w.partition(UNNAMED_IN_RUST)[0] for w in words} | {w[:-1] for w in words if w.endswith("_")}
