# SPDX-License-Identifier: MIT
from __future__ import annotations

from scons_kmod.engine.identifiers import c_names, names_in_source


def test_identifiers_in_rust_are_found_as_c_spells_them() -> None:
    found = c_names("let r#type: bindings::type_ = a__bindgen_ty_1__bindgen_ty_2::new(0x10);")
    assert {"type", "type_", "a", "bindings", "new"} <= found
    assert not [name for name in found if name[:1].isdigit()]


def test_of_a_header_only_what_may_be_a_part_of_a_type_is_named() -> None:
    text = "struct a { struct b b; /* struct c */ struct d *d; union e\te[2]; spinlock_t lock; int net; };"
    assert names_in_source("own.h", text) == {"a", "b", "e", "spinlock_t"}
    assert "net" in names_in_source("own.c", text)
