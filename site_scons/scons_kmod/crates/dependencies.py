# SPDX-License-Identifier: MIT
"""Which crates a module is linked with, and which proc macros rustc runs for it.

A crate that only proc macros need is compiled for the host, any other for the kernel. A crate that both need is
compiled for both.
"""

from __future__ import annotations

from collections.abc import Iterable

from scons_kmod.manifest.crate import CrateSpec
from scons_kmod.manifest.manifest import Manifest


def with_dependencies(manifest: Manifest, names: Iterable[str], *, whole: bool = False) -> list[CrateSpec]:
    """The crates of these names and all that they need, each after those that it needs.

    Crates that proc macros need are among them only if `whole`: they are not read for code that uses the proc macro.
    """
    crates = {crate.name: crate for crate in manifest.crates}
    reached: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += crates[name].needs if whole or not crates[name].proc_macro else ()
    return [crate for crate in manifest.crates if crate.name in reached]


def crates_named_by_module(manifest: Manifest) -> list[str]:
    """The names of the crates that the module's own crate can use.

    The manifest may say which. If it does not, these are its local crates and the libraries in its ``[depends]``, but
    for crates that only proc macros need.
    """
    if manifest.uses is not None:
        return list(manifest.uses)
    candidates = [
        crate.name for crate in manifest.crates if not crate.library or crate.name in manifest.depends.libraries
    ]
    macros = [crate for crate in manifest.crates if crate.proc_macro]
    for_macros = {crate.name for macro in macros for crate in with_dependencies(manifest, macro.needs, whole=True)}
    direct = (name for name in candidates if name not in for_macros)
    used = {crate.name for crate in with_dependencies(manifest, direct)}
    return [name for name in candidates if name in used]


def linked_crates(manifest: Manifest) -> list[CrateSpec]:
    """The crates that are linked into the module besides its own crate."""
    crates = with_dependencies(manifest, crates_named_by_module(manifest))
    return [crate for crate in crates if not crate.proc_macro]


def host_crates(manifest: Manifest) -> list[CrateSpec]:
    """The crates that are compiled for the host: proc macros that the module's crates use, and all that these need."""
    crates = with_dependencies(manifest, crates_named_by_module(manifest))
    return with_dependencies(manifest, (crate.name for crate in crates if crate.proc_macro), whole=True)
