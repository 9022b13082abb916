# SPDX-License-Identifier: MIT
"""Reads the types of functions and variables from debug information: a text for each symbol.

The text is for a Rust symbol what genksyms' expansion of a prototype is for a C symbol. It has the names, sizes and
offsets that a caller's code depends on, but no files and no lines. So it is the same for the same layout.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

# The attributes of a type, a member or a parameter that callers depend on, in the order of the text.
CALLER_ATTRIBUTES = (
    *("DW_AT_name", "DW_AT_byte_size", "DW_AT_alignment", "DW_AT_encoding", "DW_AT_data_member_location"),
    *("DW_AT_discr_value", "DW_AT_const_value", "DW_AT_count", "DW_AT_upper_bound"),
)
# The entries inside of a type or a function that callers depend on.
CALLER_PARTS = frozenset(
    f"DW_TAG_{name}"
    for name in (
        *("formal_parameter", "member", "variant_part", "variant", "enumerator", "subrange_type"),
        "unspecified_parameters",
    )
)
# Its name is not in the text: another name of a parameter is no change for callers.
NAMELESS = "DW_TAG_formal_parameter"
SYMBOL_TAGS = ("DW_TAG_subprogram", "DW_TAG_variable")


def symbol_types(path: Path, names: Collection[str]) -> dict[str, str]:
    """The texts of those of the symbols `names` that an object's debug information describes. Raises `OSError`."""
    # Slow to import, and few modules need it.
    from elftools.elf.elffile import ELFFile

    with path.open("rb") as file:
        elf = ELFFile(file)
        if not elf.has_dwarf_info():
            return {}
        dwarf = elf.get_dwarf_info()
        dies = (die for unit in dwarf.iter_CUs() for die in unit.iter_DIEs())
        symbols = (declaration(die) for die in dies if die.tag in SYMBOL_TAGS and is_defined(die))
        return {name: "\n".join(type_lines(die, {})) for die in symbols if (name := linkage_name(die)) in names}


def declaration(die: Any) -> Any:
    """The entry with the name and the type of a function or variable.

    The entry of a function that is also inlined refers to it.
    """
    for name in ("DW_AT_abstract_origin", "DW_AT_specification"):
        if name in die.attributes:
            return declaration(die.get_DIE_from_attribute(name))
    return die


def linkage_name(die: Any) -> str:
    """The symbol of a function or variable; empty if it has none."""
    value = die.attributes.get("DW_AT_linkage_name")
    return value.value.decode() if value else ""


def is_defined(die: Any) -> bool:
    """Whether the function or variable is in this object, and not just declared."""
    return "DW_AT_low_pc" in die.attributes or "DW_AT_location" in die.attributes


def type_lines(die: Any, numbers: dict[int, int]) -> Iterator[str]:
    """The lines about a type, a function or an entry inside of it.

    `numbers` are the types that have lines already, as their offset and number; a line ``@NUMBER`` refers to one. The
    function adds to it.
    """
    if die.offset in numbers:
        yield f"@{numbers[die.offset]}"
        return
    if die.tag not in CALLER_PARTS:
        numbers[die.offset] = len(numbers)
    names = CALLER_ATTRIBUTES[1:] if die.tag == NAMELESS else CALLER_ATTRIBUTES
    yield " ".join((die.tag, *(attribute_text(die, name) for name in names if name in die.attributes)))
    if "DW_AT_type" in die.attributes:
        yield from type_lines(die.get_DIE_from_attribute("DW_AT_type"), numbers)
    for part in die.iter_children():
        if part.tag in CALLER_PARTS:
            yield from type_lines(part, numbers)
    yield "."


def attribute_text(die: Any, name: str) -> str:
    """The value of an attribute as text."""
    value = die.attributes[name].value
    return value.decode() if isinstance(value, bytes) else str(value)
