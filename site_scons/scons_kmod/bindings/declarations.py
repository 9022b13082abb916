# SPDX-License-Identifier: MIT
"""All that the kernel's headers declare, by name: the first pass of the fingerprint, over kinds and names alone."""

from __future__ import annotations

import dataclasses

from scons_kmod.bindings.libclang import ENUMERATOR, FUNCTION, MACRO, TAGGED, TYPEDEF, VARIABLE, Cursor, Unit


@dataclasses.dataclass
class HeaderDeclarations:
    """All that a unit declares. Each dictionary by name has the cursors in the order of the headers.

    `functions`, `variables` and `typedefs` are by name. `macros` has each definition of a macro with its position.
    `types` has, for each name that bindgen may give to a record, an enum or a constant of an enum, the outermost types
    to reach if Rust code uses that name. `tagged` has all cursors with a tag, by tag.

    The other dictionaries describe records and enums by address (`Cursor.d0`). `cursors` has all of them in the order
    of the headers, `bindgen_names` the names that bindgen gives them, `tags` their names in C. `outermost` has the
    top-level declaration that each of them is in, `positions` the position of that declaration among all.

    `untagged` has all functions, variables and typedefs, each with its position.

    `tag_positions` has the position where a tag first occurs, `first_positions` where it first occurs outside of a
    type. `names` has every name of the unit that Rust code may use, except names of fields.
    """

    unit: Unit
    functions: dict[str, list[Cursor]] = dataclasses.field(default_factory=dict)
    variables: dict[str, list[Cursor]] = dataclasses.field(default_factory=dict)
    typedefs: dict[str, list[Cursor]] = dataclasses.field(default_factory=dict)
    macros: dict[str, list[tuple[int, Cursor]]] = dataclasses.field(default_factory=dict)
    types: dict[str, list[Cursor]] = dataclasses.field(default_factory=dict)
    tagged: dict[str, list[Cursor]] = dataclasses.field(default_factory=dict)
    bindgen_names: dict[int, str] = dataclasses.field(default_factory=dict)
    tags: dict[int, str] = dataclasses.field(default_factory=dict)
    untagged: list[tuple[int, Cursor]] = dataclasses.field(default_factory=list)
    cursors: dict[int, Cursor] = dataclasses.field(default_factory=dict)
    outermost: dict[int, Cursor] = dataclasses.field(default_factory=dict)
    positions: dict[int, int] = dataclasses.field(default_factory=dict)
    tag_positions: dict[str, int] = dataclasses.field(default_factory=dict)
    first_positions: dict[str, int] = dataclasses.field(default_factory=dict)
    names: set[str] = dataclasses.field(default_factory=set)

    def bindgen_name(self, cursor: Cursor) -> str:
        """What bindgen calls a record or an enum; empty if it has no name."""
        return self.bindgen_names.get(cursor.d0) or self.unit.name(cursor) or self.unit.type_name(cursor)

    def outermost_of(self, cursor: Cursor) -> Cursor:
        """The top-level declaration that a record or an enum is in; the cursor itself if it is in no other."""
        return self.outermost.get(cursor.d0, cursor)


def read_declarations(unit: Unit) -> HeaderDeclarations:
    """Collect all declarations of a unit."""
    declarations = HeaderDeclarations(unit)
    untagged = {
        FUNCTION: declarations.functions,
        VARIABLE: declarations.variables,
        TYPEDEF: declarations.typedefs,
    }
    for position, (cursor, parent) in enumerate(unit.everything()):
        kind, name = cursor.kind, unit.name(cursor)
        if kind == MACRO:
            declarations.macros.setdefault(name, []).append((position, cursor))
        elif kind in untagged:
            untagged[kind].setdefault(name, []).append(cursor)
            declarations.untagged.append((position, cursor))
        elif kind in TAGGED:
            add_tagged(declarations, cursor, parent, name, position)
        elif kind == ENUMERATOR:
            add_enumerator(declarations, parent, name)
    declarations.names |= {*declarations.functions, *declarations.variables, *declarations.typedefs}
    declarations.names |= {*declarations.macros, *declarations.types}
    return declarations


def add_tagged(declarations: HeaderDeclarations, cursor: Cursor, parent: int, name: str, position: int) -> None:
    """Add a structure, a union or an enum, or a declaration of one without its content."""
    unit = declarations.unit
    if name:
        declarations.tagged.setdefault(name, []).append(cursor)
        declarations.tag_positions.setdefault(name, position)
    if parent in declarations.bindgen_names:
        if not unit.clang.clang_isCursorDefinition(cursor):
            return
        outermost, position = declarations.outermost[parent], declarations.positions[parent]
        # A type without a name has a bindgen name that begins with the name of the type around it.
        around = declarations.bindgen_names[parent]
        bindgen_name = f"{around}_{name}" if name else around
    else:
        outermost, bindgen_name = cursor, name or unit.type_name(cursor)
        if name:
            declarations.first_positions.setdefault(name, position)
    address = cursor.d0
    declarations.cursors[address] = cursor
    declarations.bindgen_names[address], declarations.tags[address] = bindgen_name, name
    declarations.outermost[address], declarations.positions[address] = outermost, position
    for used_name in {name, bindgen_name} - {""}:
        declarations.types.setdefault(used_name, []).append(outermost)


def add_enumerator(declarations: HeaderDeclarations, parent: int, name: str) -> None:
    """Add a constant of an enum. bindgen prefixes it with the name of the enum, or of the type around the enum."""
    outermost = declarations.outermost[parent]
    for used_name in {name, f"{declarations.bindgen_names[parent]}_{name}"}:
        declarations.types.setdefault(used_name, []).append(outermost)
