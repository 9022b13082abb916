# SPDX-License-Identifier: MIT
"""Copies the crate root of a module of 2021 that turns on a feature which rustc has since removed.

rustc refuses such a crate, whether or not its code needs the feature, and no flag makes it accept one. So a copy of the
crate root without the feature is compiled, in a directory with links to all other files beside the crate root.
Other features of 2021 cause no error: they are stable today, or still features.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from scons_kmod.manifest.manifest import Manifest

# Features of 2020 and 2021 for which rustc 1.96 prints E0557 (removed) or E0635 (unknown).
REMOVED = frozenset(
    """
    alloc_as_str alloc_prelude array_chunks box_syntax concat_idents const_evaluatable_checked const_fn const_generics
    crate_visibility_modifier custom_attribute drain_filter in_band_lifetimes llvm_asm maybe_uninit_uninit_array
    optin_builtin_traits receiver_trait static_nobundle untagged_unions
    """.split()
)
# Takes the place of a removed feature: the build turns it on for all modules (module_crate.py).
ENABLED_FEATURE = "used_with_arg"
ATTRIBUTE = re.compile(r"#!\[[^\]]*\bfeature\s*\(([^()]*)\)[^\]]*\]")


@dataclasses.dataclass(frozen=True)
class CrateRootCopy:
    """The copy of a crate root: its path, its text, and the files and directories to link to beside it."""

    root: Path
    text: str
    beside: tuple[Path, ...]


def without_removed_features(text: str) -> str:
    """The source with each removed feature replaced. Its lines keep their numbers."""
    return ATTRIBUTE.sub(lambda attribute: re.sub(r"\w+", replacement, attribute[0]), text)


def replacement(feature: re.Match[str]) -> str:
    """The feature that takes a feature's place: itself, unless it was removed."""
    return ENABLED_FEATURE if feature[0] in REMOVED else feature[0]


def copy_of_crate_root(manifest: Manifest, directory: Path) -> CrateRootCopy | None:
    """The copy of a module's crate root, for `directory`; None if the crate root turns on no removed feature."""
    root = manifest.crate_root
    try:
        text = root.read_text()
    except (OSError, UnicodeDecodeError):
        # rustc reports it, with the line. A root that the SConstruct makes may be missing when nothing is built.
        return None
    replaced = without_removed_features(text)
    if replaced == text:
        return None
    beside = tuple(sorted(path for path in root.parent.iterdir() if path != root))
    return CrateRootCopy(directory / root.name, replaced, beside)
