# SPDX-License-Identifier: MIT
"""Features that crates of 2021 turn on and that today's rustc refuses to hear of, whether anything needs them or not.

The others of the time are no trouble: they are stable by now, or still there. These have no flag that lets them pass,
so a crate root that names one is compiled as a copy that does not, in a directory where all else is linked to.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from scons_kmod.manifest.manifest import Manifest

# E0557 (removed) and E0635 (unknown) of rustc 1.96, of what was there from 2020 to 2021.
REMOVED = frozenset(
    """
    alloc_as_str alloc_prelude array_chunks box_syntax concat_idents const_evaluatable_checked const_fn const_generics
    crate_visibility_modifier custom_attribute drain_filter in_band_lifetimes llvm_asm maybe_uninit_uninit_array
    optin_builtin_traits receiver_trait static_nobundle untagged_unions
    """.split()
)
# A feature that the build turns on anyway.
STAND_IN = "used_with_arg"
ATTRIBUTE = re.compile(r"#!\[[^\]]*\bfeature\s*\(([^()]*)\)[^\]]*\]")


@dataclasses.dataclass(frozen=True)
class CrateRootCopy:
    """The copy of a crate root: where it lies and its text, and what has to be linked to from its directory."""

    root: Path
    text: str
    beside: tuple[Path, ...]


def without_removed_features(text: str) -> str:
    """The source with each feature that is gone replaced, line by line as it was."""
    return ATTRIBUTE.sub(lambda attribute: re.sub(r"\w+", stand_in, attribute[0]), text)


def stand_in(word: re.Match[str]) -> str:
    """The word, if it is no feature that is gone."""
    return STAND_IN if word[0] in REMOVED else word[0]


def copy_of_crate_root(manifest: Manifest, directory: Path) -> CrateRootCopy | None:
    """The copy, to be made in `directory`, of a root that names what is gone; None for one that names nothing such."""
    root = manifest.crate_root
    try:
        text = root.read_text()
    except UnicodeDecodeError:
        # rustc says where.
        return None
    replaced = without_removed_features(text)
    if replaced == text:
        return None
    beside = tuple(sorted(path for path in root.parent.iterdir() if path != root))
    return CrateRootCopy(directory / root.name, replaced, beside)
