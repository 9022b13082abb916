# SPDX-License-Identifier: MIT
"""For each kind of edit of kernel/ and of what it reaches of C: which crates and modules are compiled.

Which module uses which wrapper is kept by hand in wrapper_users.py. The tests go one after the other, on one kernel
tree and one checkout whose edits add up. Each compares all modules with those of a clean build.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator

import pytest

from checkout import Checkout
from edit_table import Table
from oracle_edits import before_the_end
from wrapper_edits import with_feature
from wrapper_users import USES, WRAPPERS, users

# For each wrapper a module or two that use it, and some that use the base alone.
MODULES = (
    "rust_alloc",
    "rust_chrdev",
    "rust_crates",
    "rust_list",
    "rust_minimal",
    "rust_mmap",
    "rust_own_bindings",
    "rust_pipe",
    "rust_platdev",
    "rust_random",
    "rust_rbtree",
    "rust_sync",
    "rust_sysctl",
    "rust_task",
)
# The wrapper that is edited in most tests: rust_rbtree uses it, and rust_crates, which gets all wrappers.
WRAPPER = "rbtree"
# Modules that name declarations of C. All declarations that kernel/ does not name are in one crate.
NAME_DECLARATIONS = {"rust_ioctl", "rust_mmap", "rust_own_bindings", "rust_pipe"}
ALL_WRAPPERS = {name for name, used in USES.items() if set(used) == set(WRAPPERS)}
NEW_ITEM = "\n/// Nobody uses this.\npub fn nobody_{n}(oracle: u32) -> u32 {{\n    oracle ^ {n}\n}}\n"
FACADE = re.compile(r"kernel \((.*)\)")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    directory = tmp_path_factory.mktemp("wrappers")
    yield Table(directory, MODULES)
    shutil.rmtree(directory)


def built(table: Table, *, check: bool = True) -> tuple[set[str], set[str], set[str]]:
    """Build, and compare with a clean build.

    Returns the crates of kernel/ and of bindings that were compiled, and the modules that were compiled and linked.
    """
    _, linked = table.build()
    units = {unit for step, unit in table.checkout.ran() if step == "RUSTC"}
    # The modules' own crates, their local crates and their local bindings.
    matches = ((unit, re.fullmatch(r"(\w+?)(/\w+)?\.o|(\w+)_bindings", unit)) for unit in units)
    of_modules = {unit: match[1] or match[3] for unit, match in matches if match}
    if check:
        table.check_with_a_clean_build()
    return units - of_modules.keys(), set(of_modules.values()), linked


def crates_with(wrapper: str, crates: set[str]) -> set[str]:
    """The wrapper's own crate, and those of the crates that are facades with it."""
    facades = {
        crate for crate in crates if (match := FACADE.fullmatch(crate)) and wrapper in re.split("[+-]", match[1])
    }
    return {f"kernel_{wrapper}", *facades}


def changed(table: Table, wrapper: str, change: Callable[[str], str], *, check: bool = True) -> set[str]:
    """Edit a wrapper. Its crate, its facades and its users are compiled. Returns the modules that were linked."""
    table.edit(table.source(f"kernel/{wrapper}.rs"), change)
    crates, compiled, linked = built(table, check=check)
    assert compiled == users([wrapper]) & set(MODULES)
    assert f"kernel_{wrapper}" in crates
    assert crates == crates_with(wrapper, crates)
    assert linked <= compiled
    return linked


def test_a_line_more_in_a_wrapper(table: Table) -> None:
    changed(table, WRAPPER, lambda text: text.replace("\nuse ", "\n// Not a word of code.\nuse ", 1))


def test_the_body_of_a_private_function_of_a_wrapper(table: Table) -> None:
    begin = "    fn drop(&mut self) {\n"
    linked = changed(
        table, WRAPPER, lambda text: text.replace(begin, f"{begin}        core::hint::black_box(1_u8);\n", 1)
    )
    assert linked == {"rust_rbtree"}


def test_the_body_of_a_generic_function_of_a_wrapper(table: Table) -> None:
    begin = "    pub fn get(&self, key: &K) -> Option<&V>\n    where\n        K: Ord,\n    {\n"
    linked = changed(
        table, WRAPPER, lambda text: text.replace(begin, f"{begin}        core::hint::black_box(1_u8);\n", 1)
    )
    assert linked <= {"rust_rbtree"}


def test_a_new_public_item_of_a_wrapper(table: Table) -> None:
    assert changed(table, WRAPPER, lambda text: text + NEW_ITEM.format(n=1)) == set()


def test_a_trait_that_a_wrapper_implements(table: Table) -> None:
    code = (
        "\nimpl<K, V> core::fmt::Debug for RBTree<K, V> {\n"
        "    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {\n"
        '        f.write_str("tree")\n    }\n}\n'
    )
    assert changed(table, WRAPPER, lambda text: text + code) == set()


def test_each_wrapper_is_compiled_with_its_users_alone(table: Table) -> None:
    for wrapper in WRAPPERS:
        assert changed(table, wrapper, lambda text: text + NEW_ITEM.format(n=2), check=False) == set()
    table.check_with_a_clean_build()


def test_a_new_public_item_of_the_base_links_nothing(table: Table) -> None:
    table.edit(table.source("kernel/error.rs"), lambda text: text + NEW_ITEM.format(n=3))
    crates, compiled, linked = built(table)
    assert "kernel_base" in crates
    assert not any(crate.startswith("bindings") for crate in crates)
    assert compiled == set(MODULES)
    assert linked == set()


def test_a_body_in_the_base_links_what_differs(table: Table) -> None:
    begin = "    pub fn from_kernel_errno(errno: c_int) -> Error {\n"
    line = "        core::hint::black_box(1_u8);\n"
    table.edit(table.source("kernel/error.rs"), lambda text: text.replace(begin, begin + line, 1))
    crates, compiled, linked = built(table)
    assert not any(crate.startswith("bindings") for crate in crates)
    assert compiled <= set(MODULES)
    # Table.build compares the modules that were linked with those whose bytes differ.
    assert linked


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(r"(MISC_DYNAMIC_MINOR\s+)255", r"\g<1>254", id="constant"),
        pytest.param(r"struct miscdevice  \{\n", "struct miscdevice  {\n\tlong more;\n", id="field"),
    ],
)
def test_what_one_wrapper_alone_reaches(table: Table, old: str, new: str) -> None:
    table.edit(table.header("linux/miscdevice.h"), lambda text: re.sub(old, new, text))
    crates, compiled, linked = built(table)
    assert compiled == users(["miscdev"]) & set(MODULES)
    assert "kernel_miscdev" in crates
    assert crates == crates_with("miscdev", crates)
    assert linked
    assert linked <= compiled


def test_a_declaration_that_a_module_begins_to_name(table: Table) -> None:
    code = (
        '\n#[used(compiler)]\n#[link_section = ".init.data"]\nstatic NAMED: u32 = kernel::bindings::S_IRWXU as u32;\n'
    )
    table.edit(
        table.source("modules/rust_minimal/rust_minimal.rs"), lambda text: with_feature(text, "used_with_arg") + code
    )
    crates, compiled, linked = built(table)
    assert "bindings_modules" in crates
    assert {crate for crate in crates if not FACADE.fullmatch(crate)} == {"bindings_modules"}
    assert compiled <= {"rust_minimal", *NAME_DECLARATIONS, *ALL_WRAPPERS}
    assert linked == {"rust_minimal"}


def test_a_declaration_that_a_wrapper_begins_to_share_with_another(table: Table) -> None:
    code = "\n/// Shared.\npub const SHARED: i32 = bindings::MISC_DYNAMIC_MINOR as i32;\n"
    table.edit(table.source("kernel/rbtree.rs"), lambda text: text + code)
    crates, _, _ = built(table)
    assert "bindings" in crates


def test_a_header_that_no_rust_reaches(table: Table) -> None:
    more = "#define NOBODY 7\nint nobody(struct file *file);\nstruct nobody { int a; };\n"
    table.edit(table.header("linux/fs.h"), lambda text: before_the_end(text, more))
    assert built(table) == (set(), set(), set())


def test_building_one_module_and_then_all_compiles_nothing(table: Table) -> None:
    for module in ("rust_minimal", "rust_pipe"):
        table.checkout.scons(f"KDIR={table.tree}", module)
        assert table.checkout.ran() == []
        table.checkout.scons(f"KDIR={table.tree}")
        assert table.checkout.ran() == []


def test_a_module_is_the_same_alone_and_among_others(table: Table) -> None:
    alone = Checkout(table.clean.with_name("alone"), (), copy=False)
    for part in ("SConstruct", "site_scons", "rust", "kernel", "targets", "modules/rust_pipe"):
        source = table.checkout.path / part
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, alone.path / part)
    alone.scons(f"KDIR={table.tree}")
    assert alone.modules() == {"rust_pipe.ko": table.checkout.modules()["rust_pipe.ko"]}
