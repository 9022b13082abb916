# SPDX-License-Identifier: MIT
"""``[module]`` of a manifest: the name of a module, and its own crate."""

from __future__ import annotations

import dataclasses

from scons_kmod.manifest.keys import key
from scons_kmod.manifest.kinds import Choice, Form, Text, Texts, TextTable
from scons_kmod.manifest.sections.crates import CFG, ENVIRONMENT, FEATURE, Edition

# The kernel's MODULE_NAME_LEN is 64 - sizeof(unsigned long), its final NUL included (include/linux/moduleparam.h).
MAX_NAME = 55
# The API of 2021, that of this project's own crates, and that of the kernel's own.
BUNDLED, MAINLINE = "2021", "mainline"
NAME = (
    Form(
        "[A-Za-z_][A-Za-z0-9_-]*",
        "{!r} is not a valid module name",
        "use letters, digits, _ and -, first a letter or _",
    ),
    Form(f".{{1,{MAX_NAME}}}", f"{{!r}} is longer than the {MAX_NAME} characters of a module name", "shorten it"),
)


@dataclasses.dataclass(frozen=True)
class ModuleTable:
    """The keys of [module], as the manifest has them: `root` is relative, or None."""

    name: str = key(
        Text(*NAME), "The module's name: of its .ko, of its crate, and of its alias on the command line of scons."
    )
    root: str | None = key(
        Text(), "The crate root, a file in the module's directory.", default=None, default_text="`NAME.rs`"
    )
    api: str = key(
        Choice((BUNDLED, MAINLINE), 'there is no API "{}"'),
        "What the module's Rust code is written to: this project's crates, or the kernel's own.",
        default=BUNDLED,
    )
    edition: str = key(
        Edition(),
        "The Rust edition of the module's crate.",
        default="",
        default_text='`"2018"`; with the mainline API the kernel\'s',
    )
    features: tuple[str, ...] = key(
        Texts(FEATURE), 'Features that are on in the module\'s crate: `cfg(feature = "...")`.', default=()
    )
    cfg: tuple[str, ...] = key(
        Texts(CFG), 'What is set for `cfg` in the module\'s crate: `NAME` or `NAME="VALUE"`.', default=()
    )
    env: tuple[tuple[str, str], ...] = key(
        TextTable(ENVIRONMENT), "Variables that the module's crate reads with `env!`.", default=(), default_text="none"
    )
    crates: tuple[str, ...] | None = key(
        Texts(),
        "The crates that the module's crate names.",
        default=None,
        default_text="all local crates and libraries, except those that only proc macros need",
    )
