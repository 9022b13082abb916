# SPDX-License-Identifier: MIT
"""Which crates a module is linked with, and which proc macros rustc runs for it.

A crate that only proc macros need is compiled for the host, any other for the kernel. A crate that both need is
compiled for both.
"""

from __future__ import annotations

from collections.abc import Iterable

from scons_kmod.manifest.crates import CrateSpec
from scons_kmod.manifest.manifest import Manifest


def with_dependencies(manifest: Manifest, names: Iterable[str], *, whole: bool = False) -> list[CrateSpec]:
    """The crates of these names and all that they need, in order; what proc macros need only if `whole`."""
    known = {one.name: one for one in manifest.crates}
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += known[name].needs if whole or not known[name].proc_macro else ()
    return [one for one in manifest.crates if one.name in found]


def crates_named_by_module(manifest: Manifest) -> list[str]:
    """The crates that the module's own one can name: as the manifest says, or all but those for proc macros alone."""
    if manifest.uses is not None:
        return list(manifest.uses)
    ours = [one.name for one in manifest.crates if not one.library or one.name in manifest.depends.libraries]
    macros = [one for one in manifest.crates if one.proc_macro]
    for_macros = {one.name for macro in macros for one in with_dependencies(manifest, macro.needs, whole=True)}
    used = {one.name for one in with_dependencies(manifest, (name for name in ours if name not in for_macros))}
    return [name for name in ours if name in used]


def linked_crates(manifest: Manifest) -> list[CrateSpec]:
    """The crates that are linked into the module."""
    return [one for one in with_dependencies(manifest, crates_named_by_module(manifest)) if not one.proc_macro]


def host_crates(manifest: Manifest) -> list[CrateSpec]:
    """The proc macros that the module's crates use, and all that these need."""
    macros = (one.name for one in with_dependencies(manifest, crates_named_by_module(manifest)) if one.proc_macro)
    return with_dependencies(manifest, macros, whole=True)
