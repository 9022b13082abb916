# SPDX-License-Identifier: MIT
"""What the plan of a module's steps takes from the project's own sources, kernel/ and rust/.

Most edits there change what the steps read, and not which steps there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.crates.facade import facades_of_module
from scons_kmod.engine.digests import text_digest
from scons_kmod.manifest.manifest import BUNDLED, Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.wrappers.wrapper_crates import WrapperCrate, wrapper_crates

# Steps read these alone. Of other files, the plan may take the text.
READ_BY_STEPS = (".rs", ".c")


def plan_digest(target: BuildTarget, sources: Iterable[str], manifests: Iterable[Manifest]) -> str:
    """A digest of all that the plan of the modules' steps takes from the files `sources` of kernel/ and rust/.

    While it is the same, the plan is the same for the same modules. Raises `UserError` as `wrapper_crates` does.
    """
    sources = sorted(sources)
    digests = {path: target.digests.of(path) for path in sources if Path(path).suffix not in READ_BY_STEPS}
    crates = wrapper_crates(target)
    facades = {
        manifest.name: [facade.key for facade in facades_of_module(target, manifest)]
        for manifest in manifests
        if manifest.root and manifest.api == BUNDLED
    }
    described = [description(crate) for crate in crates.crates.values()]
    names = sorted(crates.crate_of_name.items())
    taken = [sources, digests, described, names, crates.inner_attributes, crates.reexports, facades]
    return text_digest(json.dumps(taken))


def description(crate: WrapperCrate) -> list[object]:
    """All of a crate of wrappers but the identifiers in its sources, as JSON has it."""
    wrappers = [
        [w.name, str(w.path), [*map(str, w.files)], w.attributes, w.public, sorted(w.exports), w.macros]
        for w in crate.wrappers
    ]
    return [crate.name, crate.needs, wrappers]
