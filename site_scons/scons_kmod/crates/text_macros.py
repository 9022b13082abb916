# SPDX-License-Identifier: MIT
"""Macros of crates that take in a file as text: ``include_str!`` in a macro that another crate uses.

In the user's code nothing shows it. rustc lists the file among those that it has read, as it lists the sources of the
crate itself. So all that such a crate reads counts to the letter.
"""

from __future__ import annotations

import functools
from pathlib import Path

from scons_kmod.crates.facade import rust_files
from scons_kmod.engine.rust_reads import INCLUDES_TEXT
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget

# The version of what `macros_in` finds.
FORMAT = 1
MACRO = "macro_rules"


@functools.cache
def macros_take_in_text(target: BuildTarget, manifest: Manifest) -> bool:
    """Whether a macro that the module's crates may use takes in text: one of its own crates, or of other modules."""
    directories = [crate.directory for crate in manifest.crates]
    directories += [module.directory for module in manifest.needs if module.exports.crate]
    # With a proc macro, the names may stand in any crate that it uses.
    beside = "" if any(crate.proc_macro for crate in manifest.crates) else MACRO
    return any(found_in(target, path, beside) for path in directories)


def found_in(target: BuildTarget, directory: Path, beside: str) -> bool:
    """Whether a Rust source below a directory has the name of a macro for text, and the text `beside`, too."""

    def find(text: str) -> str:
        return "1" if beside in text and any(name in text for name in INCLUDES_TEXT) else ""

    kind = f"text-macros{beside}:{FORMAT}"
    return any(target.digests.derived(path, kind, find) for path in rust_files(target, directory))
