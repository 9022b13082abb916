# SPDX-License-Identifier: MIT
"""``[depends]`` of a manifest: what a module needs of other modules of the project."""

from __future__ import annotations

import dataclasses

from scons_kmod.manifest.keys import key
from scons_kmod.manifest.kinds import Form, Texts

NAMESPACE = Form(r"[A-Za-z_]\w*", "{!r} is not a valid namespace", "use letters, digits and _")


@dataclasses.dataclass(frozen=True)
class Depends:
    """The keys of [depends]."""

    modules: tuple[str, ...] = key(
        Texts(), "Modules of the build whose exported symbols or crates the module uses.", default=()
    )
    libraries: tuple[str, ...] = key(Texts(), "Library crates that the module links.", default=())
    namespaces: tuple[str, ...] = key(
        Texts(NAMESPACE), "Namespaces of symbols that the module imports, as MODULE_IMPORT_NS does in C.", default=()
    )
