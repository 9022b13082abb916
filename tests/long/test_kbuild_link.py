# SPDX-License-Identifier: MIT
"""The link of a .ko is Kbuild's: `make M=` gives the same bytes from the same objects, for each target."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkout import PROJECT, Checkout
from scons_kmod.distro.target_choice import requested_targets
from scons_kmod.distro.target_file import read_targets

# Of Rust, of several crates, of both languages, and such that need each other.
PLAIN = (
    *("rust_minimal", "rust_miscdev", "rust_crates", "rust_driver", "export_c", "rust_uses_c"),
    *("rust_export", "c_uses_rust"),
)
# Those to the kernel's own crates, for targets that have them.
MAINLINE = ("mainline_minimal", "mainline_lock", "mainline_crates", "mainline_driver")
TARGETS = {target.name: target for target in requested_targets("all", read_targets(PROJECT / "targets"))}
# Modules of C by the names of their sources: Kbuild makes one of a single source, with its name, in another way.
C = {"c_single": ("c_single",), "c_several": ("first", "second")}
SOURCE = """// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/slab.h>

void *{name}(size_t size);
void *{name}(size_t size)
{{
	return kmalloc(size, GFP_KERNEL);
}}
"""


def write_modules(checkout: Checkout) -> None:
    for name, sources in C.items():
        directory = checkout.path / "modules" / name
        directory.mkdir()
        listed = ", ".join(f'"{source}.c"' for source in sources)
        (directory / "module.toml").write_text(f'[module]\nname = "{name}"\n[c]\nsources = [{listed}]\n')
        for source in sources:
            (directory / f"{source}.c").write_text(SOURCE.format(name=source))
        with (directory / f"{sources[0]}.c").open("a") as file:
            file.write('MODULE_LICENSE("GPL");\n')


@pytest.mark.parametrize("name", TARGETS)
def test_kbuild_links_the_same_ko(tmp_path: Path, name: str) -> None:
    checkout = Checkout(tmp_path, (*PLAIN, *MAINLINE))
    write_modules(checkout)
    checkout.scons(f"TARGET={name}")
    modules = checkout.modules()
    assert len(modules) == len(PLAIN) + len(C) + (len(MAINLINE) if TARGETS[name].packages.source else 0)
    checkout.scons(f"TARGET={name}", "KBUILD_LINK=make")
    assert set(checkout.ran()) == {("KBUILD", name) for name in modules}
    assert checkout.modules() == modules
