# SPDX-License-Identifier: MIT
"""What a module's own headers define, as libclang reads them: the layouts of types, and functions to be called."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Collection, Iterable, Iterator

from scons_kmod.bindings.libclang import (
    ARRAYS,
    FIELD,
    FUNCTION,
    PARAMETER,
    RECORD_TYPE,
    RECORDS,
    TAGGED,
    UNNAMED,
    Cursor,
    Type,
    Unit,
)

# What clang alone adds to the kernel's pointers (BTF_TYPE_TAG, include/linux/compiler_types.h).
TAG = re.compile(r'\s*__attribute__\(\(btf_type_tag\("\w*"\)\)\)')
STATIC = 3
BITS = 8


@dataclasses.dataclass(frozen=True)
class Function:
    """A function that is only in a header: its result's type, and its parameters' types and names, as C has them."""

    name: str
    result: str
    parameters: tuple[tuple[str, str], ...]

    def prototype(self, name: str) -> str:
        """What a function of this type and another name is declared by."""
        return declared(self.result, f"{name}({', '.join(declared(*one) for one in self.parameters) or 'void'})")

    def caller(self, name: str) -> str:
        """A function of another name that calls this one."""
        call = f"{self.name}({', '.join(parameter for _, parameter in self.parameters)})"
        return f"{self.prototype(name)}\n{{\n\t{'' if self.result == 'void' else 'return '}{call};\n}}\n"


@dataclasses.dataclass(frozen=True)
class Layout:
    """A type as C names it, its size and alignment, and of its fields the place and the size, in bytes."""

    name: str
    size: int
    align: int
    fields: tuple[tuple[str, int, int], ...] = ()

    def checks(self) -> Iterator[str]:
        """Assertions in C."""
        yield f'SAME("{self.name}: a size of {self.size}", sizeof({self.name}) == {self.size});\n'
        yield f'SAME("{self.name}: an alignment of {self.align}", _Alignof({self.name}) == {self.align});\n'
        for field, at, size in self.fields:
            holds = f"__builtin_offsetof({self.name}, {field}) == {at}"
            # An array without an end has no size.
            holds += f" && sizeof((({self.name} *)0)->{field}) == {size}" if size > 0 else ""
            yield f'SAME("{self.name}: the field {field} of {size} bytes at byte {at}", {holds});\n'


@dataclasses.dataclass
class Own:
    """What a module's own headers define: types by their names in Rust, and functions that are only there.

    `parts` are the structures and unions that those types are made of, `others` all that other headers define.
    """

    layouts: dict[str, Layout] = dataclasses.field(default_factory=dict)
    functions: list[Function] = dataclasses.field(default_factory=list)
    parts: set[str] = dataclasses.field(default_factory=set)
    others: set[str] = dataclasses.field(default_factory=set)


def declared(kind: str, name: str) -> str:
    """A declaration of a name with a type, of which parts may belong behind the name."""
    return f"__typeof__({kind}) {name}" if re.search(r"[(\[]", kind) else f"{kind} {name}"


def own(unit: Unit, headers: Collection[str], directories: Iterable[str]) -> Own:
    """The functions that the headers define, and the types of all files within the directories."""
    found = Own()
    within = tuple(f"{one}/" for one in directories)
    for cursor, _ in unit.everything():
        if cursor.kind not in TAGGED | {FUNCTION} or not unit.clang.clang_isCursorDefinition(cursor):
            continue
        file = os.path.normpath(unit.file_of(cursor))
        name = unit.name(cursor) or unit.type_name(cursor)
        if cursor.kind == FUNCTION:
            found.functions += function(unit, cursor) if file in headers else ()
        elif not file.startswith(within):
            found.others |= {name} if cursor.kind in RECORDS else set()
        else:
            found.parts.update(parts(unit, cursor))
            if name:
                found.layouts[name] = layout(unit, cursor)
    return found


def function(unit: Unit, cursor: Cursor) -> Iterator[Function]:
    """The function, if it is static and C can name all of its types."""
    clang = unit.clang
    kind = clang.clang_getCursorType(cursor)
    if clang.clang_Cursor_getStorageClass(cursor) != STATIC or clang.clang_isFunctionTypeVariadic(kind):
        return
    given = [child for child, _ in unit.children(cursor, frozenset()) if child.kind == PARAMETER]
    # One with the function's own name would hide it.
    hidden = ("", unit.name(cursor))
    names = [f"parameter_{n}" if unit.name(one) in hidden else unit.name(one) for n, one in enumerate(given)]
    types = [clang.clang_getResultType(kind), *(clang.clang_getArgType(kind, n) for n in range(len(names)))]
    result, *parameters = (spelling(unit, one) for one in types)
    if not any(map(UNNAMED.search, (result, *parameters))):
        yield Function(unit.name(cursor), result, tuple(zip(parameters, names, strict=True)))


def spelling(unit: Unit, kind: Type) -> str:
    """A type as C names it."""
    return TAG.sub("", unit.text(unit.clang.clang_getTypeSpelling(kind)))


def layout(unit: Unit, cursor: Cursor) -> Layout:
    """The layout of a structure, a union or an enum. Bit fields have no address."""
    clang = unit.clang
    kind = clang.clang_getCursorType(cursor)
    named = [(unit.name(one), unit.size(one)) for one in fields(unit, cursor)]
    placed = ((name, clang.clang_Type_getOffsetOf(kind, name.encode()) // BITS, size) for name, size in named if name)
    return Layout(spelling(unit, kind), unit.size(cursor), clang.clang_Type_getAlignOf(kind), tuple(placed))


def fields(unit: Unit, cursor: Cursor) -> Iterator[Cursor]:
    """The fields of a type that are no bit fields, and those of structures and unions in it that are no field."""
    for child, _ in unit.children(cursor, frozenset()):
        if child.kind == FIELD and unit.clang.clang_getFieldDeclBitWidth(child) < 0:
            yield child
        elif child.kind in RECORDS and unit.clang.clang_Cursor_isAnonymousRecordDecl(child):
            yield from fields(unit, child)


def parts(unit: Unit, cursor: Cursor) -> Iterator[str]:
    """The names of the structures and unions that are fields of a type, or elements of one."""
    for one in fields(unit, cursor):
        kind = unit.clang.clang_getCanonicalType(unit.clang.clang_getCursorType(one))
        while kind.kind in ARRAYS:
            kind = unit.clang.clang_getCanonicalType(unit.clang.clang_getElementType(kind))
        if kind.kind == RECORD_TYPE:
            declaration = unit.clang.clang_getTypeDeclaration(kind)
            yield unit.name(declaration) or unit.type_name(declaration)
