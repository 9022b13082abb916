# SPDX-License-Identifier: MIT
from __future__ import annotations

import itertools
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from scons_kmod.crates.dwarf_types import symbol_types, type_lines

OFFSETS = itertools.count()


class Die:
    """One entry of debug information, as pyelftools gives it."""

    def __init__(self, tag: str, *parts: Die, of: Die | None = None, **attributes: Any) -> None:
        self.tag = f"DW_TAG_{tag}"
        self.offset = next(OFFSETS)
        self.parts = list(parts)
        self.of = of
        known = {**attributes, "type": of} if of else attributes
        self.attributes = {f"DW_AT_{name}": SimpleNamespace(value=value) for name, value in known.items()}

    def iter_children(self) -> list[Die]:
        return self.parts

    def get_DIE_from_attribute(self, name: str) -> Die | None:  # noqa: N802 - the library's name
        assert name == "DW_AT_type"
        return self.of


U32 = Die("base_type", name=b"u32", byte_size=4, encoding=7)


def text(die: Die) -> list[str]:
    return list(type_lines(die, {}))


def ring(size: int = 8, last: Die = U32) -> Die:
    members = [Die("member", of=U32, name=b"head", data_member_location=0)]
    members.append(Die("member", of=last, name=b"tail", data_member_location=4))
    return Die("structure_type", *members, name=b"Ring", byte_size=size)


def function(*parameters: Die, of: Die = U32, **attributes: Any) -> Die:
    return Die(
        "subprogram",
        *(Die("formal_parameter", of=parameter) for parameter in parameters),
        of=of,
        name=b"f",
        **attributes,
    )


def test_the_text_of_a_function_has_all_types_that_it_uses() -> None:
    assert text(function(ring())) == [
        *("DW_TAG_subprogram f", "DW_TAG_base_type u32 4 7", "."),
        *("DW_TAG_formal_parameter", "DW_TAG_structure_type Ring 8"),
        *("DW_TAG_member head 0", "@1", "."),
        *("DW_TAG_member tail 4", "@1", "."),
        *(".", ".", "."),
    ]


def test_a_type_that_holds_itself_ends() -> None:
    pointer = Die("pointer_type", name=b"&Node")
    node = Die("structure_type", Die("member", of=pointer, name=b"next", data_member_location=0), name=b"Node")
    pointer.of = node
    pointer.attributes["DW_AT_type"] = SimpleNamespace(value=node)
    assert text(function(node))[-6:] == ["@2", ".", ".", ".", ".", "."]


def test_what_callers_depend_on_gives_different_texts() -> None:
    i64 = Die("base_type", name=b"i64", byte_size=8, encoding=5)
    functions = [function(), function(U32), function(i64), function(U32, of=i64), function(ring()), function(ring(16))]
    functions += [function(ring(last=i64)), function(U32, U32)]
    assert len({tuple(text(die)) for die in functions}) == len(functions)


def test_the_text_of_an_enumeration_has_the_values_of_its_variants() -> None:
    def kind(value: int) -> Die:
        variants = [Die("variant", Die("member", of=U32, name=b"A", data_member_location=4), discr_value=value)]
        return Die("structure_type", Die("variant_part", *variants), name=b"Kind", byte_size=8)

    assert text(function(kind(0))) != text(function(kind(1)))


def test_names_of_parameters_files_and_lines_are_of_no_account() -> None:
    named = Die("subprogram", Die("formal_parameter", of=U32, name=b"x", decl_line=3), of=U32, name=b"f", decl_line=2)
    assert text(named) == text(function(U32))


def test_local_variables_and_blocks_are_of_no_account() -> None:
    body = Die("lexical_block", Die("variable", of=U32, name=b"i"))
    assert text(Die("subprogram", body, of=U32, name=b"f")) == text(function())


def test_an_object_without_debug_information_has_no_types(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int a;\n")
    subprocess.run(["cc", "-c", "-g0", "-o", tmp_path / "a.o", tmp_path / "a.c"], check=True)
    assert symbol_types(tmp_path / "a.o", {"a"}) == {}
