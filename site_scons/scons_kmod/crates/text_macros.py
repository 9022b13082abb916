# SPDX-License-Identifier: MIT
"""Macros of crates that take in a file as text: ``include_str!`` in a macro that another crate uses.

In the user's code nothing shows it. rustc lists the file among those that it has read, as it lists the sources of the
crate itself. So all that such a crate reads counts to the letter.
"""

from __future__ import annotations

import functools

from scons_kmod.crates.facade import rust_files
from scons_kmod.engine.rust_reads import rust_reads
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget


@functools.cache
def macros_take_in_text(target: BuildTarget, manifest: Manifest) -> bool:
    """Whether a macro that the module's crates may use takes in text: one of its own crates, or of other modules."""
    directories = [crate.directory for crate in manifest.crates]
    directories += [module.directory for module in manifest.needs if module.exports.crate]
    # A proc macro, and the crates that it uses, may name such a macro anywhere.
    anywhere = any(crate.proc_macro for crate in manifest.crates)
    found = (
        rust_reads(target.digests, str(path)) for directory in directories for path in rust_files(target, directory)
    )
    return any(reads.names_text_macro and (anywhere or reads.defines_macros) for reads in found)
