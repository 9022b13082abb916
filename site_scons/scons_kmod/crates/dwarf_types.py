# SPDX-License-Identifier: MIT
"""The types of functions and data as debug information has them: a text each, the same for the same layout.

It is to Rust's symbols what genksyms' expansion of a prototype is to C's: names, sizes and offsets of all that a
caller's code depends on, and neither files nor lines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

# Attributes of a type, of a member or of a parameter that callers depend on, in this order.
TELLING = (
    *("DW_AT_name", "DW_AT_byte_size", "DW_AT_alignment", "DW_AT_encoding", "DW_AT_data_member_location"),
    *("DW_AT_discr_value", "DW_AT_const_value", "DW_AT_count", "DW_AT_upper_bound"),
)
# What is inside of a type, or of a function as its callers see it.
PARTS = frozenset(
    f"DW_TAG_{name}"
    for name in (
        *("formal_parameter", "member", "variant_part", "variant", "enumerator", "subrange_type"),
        "unspecified_parameters",
    )
)
# What is called otherwise stays what it is.
NAMELESS = "DW_TAG_formal_parameter"
SYMBOLS = ("DW_TAG_subprogram", "DW_TAG_variable")


def symbol_types(path: Path, names: Collection[str]) -> dict[str, str]:
    """The types of those of the symbols that an object's debug information tells of. Raises `OSError`."""
    # Slow to import, and few modules need it.
    from elftools.elf.elffile import ELFFile

    with path.open("rb") as file:
        elf = ELFFile(file)
        if not elf.has_dwarf_info():
            return {}
        dwarf = elf.get_dwarf_info()
        dies = (die for unit in dwarf.iter_CUs() for die in unit.iter_DIEs())
        found = (declared(die) for die in dies if die.tag in SYMBOLS and is_defined(die))
        return {name: "\n".join(told(die, {})) for die in found if (name := linkage_name(die)) in names}


def declared(die: Any) -> Any:
    """The entry that has the name and the type of a function or variable: what is inlined as well refers to it."""
    for name in ("DW_AT_abstract_origin", "DW_AT_specification"):
        if name in die.attributes:
            return declared(die.get_DIE_from_attribute(name))
    return die


def linkage_name(die: Any) -> str:
    """A function's or variable's symbol; empty if it has none."""
    value = die.attributes.get("DW_AT_linkage_name")
    return value.value.decode() if value else ""


def is_defined(die: Any) -> bool:
    """Whether it is the function or variable itself."""
    return "DW_AT_low_pc" in die.attributes or "DW_AT_location" in die.attributes


def told(die: Any, known: dict[int, int]) -> Iterator[str]:
    """The lines about a type, a function or a part of either. `known` are the types told already, by their places."""
    if die.offset in known:
        yield f"@{known[die.offset]}"
        return
    if die.tag not in PARTS:
        known[die.offset] = len(known)
    names = TELLING[1:] if die.tag == NAMELESS else TELLING
    yield " ".join((die.tag, *(attribute(die, name) for name in names if name in die.attributes)))
    if "DW_AT_type" in die.attributes:
        yield from told(die.get_DIE_from_attribute("DW_AT_type"), known)
    for part in die.iter_children():
        if part.tag in PARTS:
            yield from told(part, known)
    yield "."


def attribute(die: Any, name: str) -> str:
    """An attribute as text."""
    value = die.attributes[name].value
    return value.decode() if isinstance(value, bytes) else str(value)
