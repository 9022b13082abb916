# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest

from scons_kmod.bindings.generate import part_texts
from scons_kmod.bindings.parts import divided, enum_of_constant

STRUCT = "# [repr (C)] # [derive (Copy , Clone)] pub struct {} {{ pub x : {} , }}"
DEFAULT = "impl Default for {} {{ fn default () -> Self {{ todo ! () }} }}"
CHECK = "const _: () = assert!(::core::mem::size_of::<{0}>() == 8 && ::core::mem::align_of::<{0}>() == 8);"
FUNCTION = 'extern "C" {{ pub fn {} (p : * mut {}) ; }}'
BITFIELD = "impl < Storage > Unit < Storage > where Storage : AsRef < [u8] >, { }"
NAMED = {"bindings": ["device", "init"], "kernel_tree": ["node", "insert", "LIMIT"], "kernel_disk": ["disk", "LIMIT"]}
NOTHING: dict[str, list[str]] = {"bindings": [], "kernel_tree": [], "kernel_disk": []}


def test_what_one_wrapper_alone_names_is_in_its_part() -> None:
    insert, limit = FUNCTION.format("insert", "core :: ffi :: c_int"), "pub const LIMIT : u32 = 3 ;"
    parts = divided([insert, limit], NAMED, [])
    assert parts == {"bindings": [limit], "kernel_tree": [insert], "kernel_disk": [], "bindings_modules": []}


def test_what_no_crate_of_kernel_reaches_is_in_the_part_of_modules() -> None:
    other, device = STRUCT.format("other", "inner"), STRUCT.format("device", "inner")
    inner, alone = STRUCT.format("inner", "u32"), STRUCT.format("alone", "u32")
    parts = divided([other, device, inner, alone], NAMED, [])
    assert parts["bindings_modules"] == [other, alone]
    assert parts["bindings"] == [device, inner]


def test_a_type_that_another_part_uses_is_shared_and_all_that_it_uses() -> None:
    """An item of the part of a wrapper can't be used by an item of another part: no crate could have the latter."""
    node, disk = STRUCT.format("node", "leaf"), STRUCT.format("disk", "node")
    leaf = STRUCT.format("leaf", "u32")
    parts = divided([node, disk, leaf], NAMED | {"kernel_tree": ["node", "leaf"]}, [])
    assert parts["kernel_disk"] == [disk]
    assert parts["bindings"] == [node, leaf]
    parts = divided([node, leaf], NAMED | {"kernel_tree": ["node", "leaf"]}, [])
    assert parts["kernel_tree"] == [node, leaf]


def test_a_type_that_an_own_header_names_is_in_no_wrappers_part() -> None:
    node, leaf = STRUCT.format("node", "leaf"), STRUCT.format("leaf", "u32")
    named = NAMED | {"kernel_tree": ["node", "leaf"]}
    assert divided([node, leaf], named, ["node"])["bindings"] == [node, leaf]
    assert divided([node, leaf], named, ["else"])["bindings"] == []


def test_what_is_about_a_type_goes_with_it() -> None:
    about = [DEFAULT.format("node"), CHECK.format("node"), STRUCT.format("node__bindgen_ty_1", "u32")]
    node = STRUCT.format("node", "node__bindgen_ty_1")
    unit, bits = "pub struct Unit < Storage > { storage : Storage , }", BITFIELD
    parts = divided([*about, node, unit, bits], NAMED, [])
    assert sorted(parts["kernel_tree"]) == sorted([*about, node])
    assert parts["bindings_modules"] == [unit, bits]


def test_constants_of_an_enum_go_with_the_enum() -> None:
    enum, constant = "pub type node_state = core :: ffi :: c_uint ;", "pub const node_state_NEW : node_state = 1 ;"
    inner = "pub const node_KIND : node__bindgen_ty_2 = 0 ;"
    assert enum_of_constant(constant) == "node_state"
    assert enum_of_constant(inner) == "node__bindgen_ty_2"
    assert enum_of_constant("pub const FLAG : _bindgen_ty_7 = 0 ;") is None
    assert enum_of_constant("pub const LIMIT : u32 = 3 ;") is None
    node = STRUCT.format("node", "node_state")
    # No source names the enum itself.
    assert divided([enum, constant, node], NAMED, [])["bindings"] == [enum, constant]
    assert divided([enum, constant], NAMED | {"bindings": ["node_state"]}, [])["bindings"] == [enum, constant]


def test_names_that_rust_has_as_keywords() -> None:
    """bindgen appends _ to them, C does not."""
    item = "pub const type_ : u32 = 1 ;"
    assert divided([item], NAMED | {"kernel_tree": ["type"]}, [])["kernel_tree"] == [item]


def test_the_numbers_of_the_shared_part_do_not_depend_on_what_modules_name() -> None:
    """Types without a name have numbers. A module that names one more must change no crate of kernel/."""
    shared = ["pub const INIT : _bindgen_ty_5 = 1 ;", "pub type _bindgen_ty_5 = core :: ffi :: c_uint ;"]
    more = ["pub const ABLE : _bindgen_ty_3 = 1 ;", "pub type _bindgen_ty_3 = core :: ffi :: c_uint ;"]
    fingerprint = {"named": NAMED | {"bindings": ["INIT"]}, "elsewhere": []}
    alone, among = part_texts(shared, fingerprint), part_texts([*more, *shared], fingerprint)
    assert alone["bindings"] == among["bindings"]
    assert "_bindgen_ty_1 " in alone["bindings"]
    assert "_bindgen_ty_2 " in among["bindings_modules"]
    assert alone["bindings_modules"] == ""


@pytest.mark.parametrize("item", ["impl Default for gone { }", CHECK.format("gone"), "use nothing ;"])
def test_an_item_of_an_unknown_form_is_an_error(item: str) -> None:
    with pytest.raises(ValueError, match="unknown form"):
        divided([item], NOTHING, [])
