# SPDX-License-Identifier: MIT
"""kernel/ as one crate and as a crate for each wrapper give modules that do the same.

All modules of a target are built both ways. What is compared, and what rustc makes of kernel/'s crates otherwise, is
listed here: it inlines a function of the base into a wrapper only if the function is generic, small or `#[inline]`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from checkout import PROJECT, Checkout
from ko_content import content
from scons_kmod.manifest.manifest import BUNDLED
from scons_kmod.manifest.project import find_project

PROJECTS = find_project([PROJECT / "modules"])
ALL = (*(module.name for module in PROJECTS.modules if module.api == BUNDLED), *PROJECTS.libraries)
# Code of kernel/, by the names of symbols: of its crates (`11kernel_base`), and the allocator, which is in the base.
ALLOCATOR = r"_RNvCs\w+_7___rustc\d"
OF_KERNEL = re.compile(rf"\d+kernel_[a-z]|{ALLOCATOR}")
# What rustc may make otherwise: code of a wrapper, or what a wrapper's crate instantiates; and the base's allocator has
# a function of its own for alloc's code that a wrapper's crate instantiates.
OF_WRAPPER = re.compile(rf"\d+kernel_(?!base)[a-z]|{ALLOCATOR}")
# Sections with code, with constants of code, and tables in which each function or each call has an entry. Their order
# is that of the functions, and that follows from the names of symbols.
OF_CODE = re.compile(
    r"(\.(text|rodata|orc_(unwind|unwind_ip|header)|return_sites|call_sites|retpoline_sites|ibt_endbr_seal)"
    r"|__patchable_function_entries|__bug_table|__ex_table)(\..*)?$"
)
VERSION_SIZE = 64  # of `struct modversion_info` (include/linux/module.h)


class Functions:
    """The functions of a .ko: their code by their names. Where the linker relocates, there are zeros."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            elf = ELFFile(file)
            data = [section.data() for section in elf.iter_sections()]
            functions = [
                (symbol.name, data[symbol["st_shndx"]][symbol["st_value"] :][: symbol["st_size"]])
                for symbol in elf.get_section_by_name(".symtab").iter_symbols()
                if symbol["st_info"]["type"] == "STT_FUNC"
                and isinstance(symbol["st_shndx"], int)
                # objtool gives the padding before a function a name.
                and not symbol.name.startswith("__pfx_")
            ]
        self.of_kernel = [(name, code) for name, code in functions if OF_KERNEL.search(name)]
        self.others = Counter((name, code) for name, code in functions if not OF_KERNEL.search(name))

    def with_other_code(self, other: Functions) -> Iterator[str]:
        """The functions of kernel/ whose code the other module does not have, by their names."""
        there = Counter(code for _, code in other.of_kernel)
        for name, code in self.of_kernel:
            there[code] -= 1
            if there[code] < 0:
                yield name


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The directories of all modules, built as crates, and built against one crate."""
    directory = tmp_path_factory.mktemp("built")
    apart, whole = (Checkout(directory / name, ALL) for name in ("apart", "whole"))
    apart.scons()
    field = "whole_kernel_crate: bool = "
    with whole.edited("site_scons/scons_kmod/target/build_target.py", f"{field}False", f"{field}True"):
        whole.scons()
    crates = {path.name for path in (apart.target / "crates").glob("kernel*")}
    assert {"kernel_base", "kernel_rbtree", "kernel"} <= crates
    assert {path.name for path in (whole.target / "crates").glob("kernel*")} == {"kernel_base", "kernel"}
    assert apart.modules().keys() == whole.modules().keys()
    return apart.target / "modules", whole.target / "modules"


def test_what_a_module_imports_says_and_has_in_its_data_is_the_same(built: tuple[Path, Path]) -> None:
    for path in built[0].glob("*/*.ko"):
        apart, whole = content(path), content(built[1] / path.relative_to(built[0]))
        assert apart.modinfo == whole.modinfo, path.name
        imported = [sorted(name for name, _, _, undefined, _ in ko.symbols if undefined) for ko in (apart, whole)]
        assert imported[0] == imported[1], path.name
        assert apart.sections.keys() == whole.sections.keys(), path.name
        for name in apart.sections:
            first, second = apart.sections[name], whole.sections[name]
            if name == "__versions":
                first, second = (b"".join(sorted(entries(table))) for table in (first, second))
            assert OF_CODE.match(name) or first == second, f"{path.name} {name}"


def entries(table: bytes) -> list[bytes]:
    """The entries of a module's ``__versions``."""
    return [table[at : at + VERSION_SIZE] for at in range(0, len(table), VERSION_SIZE)]


def test_the_code_is_the_same_but_for_what_is_inlined_into_wrappers(built: tuple[Path, Path]) -> None:
    compared = 0
    for path in built[0].glob("*/*.ko"):
        other = built[1] / path.relative_to(built[0])
        apart, whole = Functions(path), Functions(other)
        # Of the module itself, of core and alloc, of C.
        assert apart.others == whole.others, path.name
        compared += len(apart.of_kernel)
        differ = list(apart.with_other_code(whole))
        assert [name for name in differ if not OF_WRAPPER.search(name)] == [], path.name
        # Constants may be in another order. If no function differs, none of them does.
        if not differ:
            first, second = (Counter(content(ko).sections.get(".rodata", b"")) for ko in (path, other))
            assert first == second, path.name
    assert compared > 500
