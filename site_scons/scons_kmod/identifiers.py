# SPDX-License-Identifier: MIT
"""The names in Rust sources that may be names of C declarations."""

from __future__ import annotations

import re

IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
# bindgen calls types without a name by that of what they are in.
UNNAMED_IN_RUST = "__bindgen_ty_"


def identifiers(text: str) -> set[str]:
    """All that a Rust source may name of the bindings, as C spells it."""
    words = set(IDENTIFIER.findall(text))
    # bindgen appends _ to names that are keywords of Rust.
    return words | {w.partition(UNNAMED_IN_RUST)[0] for w in words} | {w[:-1] for w in words if w.endswith("_")}
