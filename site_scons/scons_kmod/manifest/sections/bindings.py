# SPDX-License-Identifier: MIT
"""``[bindings]`` of a manifest: headers of the kernel, and of the module itself, that its Rust code uses."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from scons_kmod.base.located_toml import Table
from scons_kmod.manifest.keys import key
from scons_kmod.manifest.kinds import Form, RegularExpressions, Texts
from scons_kmod.manifest.paths import ExistingPaths

KERNEL_HEADER = Form(
    r"(?!.*\.\.)\w[\w./-]*\.h", "{!r} is not a header of the kernel", 'write it as in #include: "linux/leds.h"'
)


@dataclasses.dataclass(frozen=True)
class Bindings:
    """The keys of [bindings]. The three lists of regular expressions are as bindgen takes them."""

    headers: tuple[str, ...] = key(
        Texts(KERNEL_HEADER, names_element=True),
        "Headers of the kernel for `kernel::bindings`, written as C includes them.",
        default=(),
    )
    own_headers: tuple[Path, ...] = key(
        ExistingPaths(),
        "Headers in the module's directory. The crate `NAME_bindings` has what they declare.",
        default=(),
    )
    allowlist: tuple[str, ...] = key(
        RegularExpressions(),
        "Bind only these names of the own headers.",
        default=(),
        default_text="all that they declare",
    )
    blocklist: tuple[str, ...] = key(RegularExpressions(), "Do not bind these names of the own headers.", default=())
    opaque: tuple[str, ...] = key(
        RegularExpressions(), "Of these types of the own headers, Rust knows only the size.", default=()
    )


def check_bindings(bindings: Bindings, table: Table, _directory: Path) -> Bindings:
    """The same table. Raises `UserError` if keys are about own headers that are not there."""
    for name in ("allowlist", "blocklist", "opaque"):
        if name in table.values and not bindings.own_headers:
            table.wrong(name, "applies to own headers, but there are none", "name some in own-headers")
    return bindings
