# SPDX-License-Identifier: MIT
"""``[bindings]`` of a manifest: headers of the kernel, and of the module itself, that its Rust code is to see."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Table
from scons_kmod.manifest.paths import own_paths

HEADER = re.compile(r"\w[\w./-]*\.h")


@dataclasses.dataclass(frozen=True)
class Bindings:
    """`headers` are the kernel's (``linux/leds.h``), for the bindings that all modules share.

    `own` are the module's, for a crate of its own, CRATE_bindings: by default of all that they declare. `allow`,
    `block` and `opaque` are regular expressions of names, as bindgen takes them.
    """

    headers: tuple[str, ...] = ()
    own: tuple[Path, ...] = ()
    allow: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()


def read_bindings(table: Table, directory: Path) -> Bindings:
    """Read and check the table. Raises `UserError`."""
    bindings = Bindings(
        headers=kernel_headers(table),
        own=own_paths(table, directory, "own-headers", default=()),
        allow=patterns(table, "allowlist"),
        block=patterns(table, "blocklist"),
        opaque=patterns(table, "opaque"),
    )
    table.done()
    for key in ("allowlist", "blocklist", "opaque"):
        if key in table.values and not bindings.own:
            table.wrong(key, "is about own headers, and there are none", "name some in own-headers")
    return bindings


def kernel_headers(bindings: Table) -> tuple[str, ...]:
    """The headers that a module adds to the bindings, named as C includes them."""
    headers = bindings.strings("headers", default=())
    for number, header in enumerate(headers):
        if not HEADER.fullmatch(header) or ".." in header:
            where = bindings.located.where((*bindings.key, "headers", number))
            raise UserError(
                f"{header!r} is no header of the kernel", where=where, fix='write it as in #include: "linux/leds.h"'
            )
    return headers


def patterns(table: Table, key: str) -> tuple[str, ...]:
    """Regular expressions."""
    found = table.strings(key, default=())
    for one in found:
        try:
            re.compile(one)
        except re.error as error:
            table.wrong(key, f"{one!r} is no regular expression: {error}")
    return found
