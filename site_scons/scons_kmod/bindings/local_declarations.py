# SPDX-License-Identifier: MIT
"""What a module's own headers define, as libclang reads them: types with their layouts, and static functions."""

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

# An attribute of the kernel's pointers for clang alone (BTF_TYPE_TAG, include/linux/compiler_types.h).
BTF_TYPE_TAG = re.compile(r'\s*__attribute__\(\(btf_type_tag\("\w*"\)\)\)')
# CX_StorageClass in clang-c/Index.h.
STATIC = 3
BITS = 8


@dataclasses.dataclass(frozen=True)
class Function:
    """A static function of a header: the type of its result, and its parameters' types and names, as C spells them."""

    name: str
    result: str
    parameters: tuple[tuple[str, str], ...]

    def prototype(self, name: str) -> str:
        """The declaration of a function with this type and another name, without the semicolon."""
        parameters = ", ".join(c_declaration(kind, parameter) for kind, parameter in self.parameters)
        return c_declaration(self.result, f"{name}({parameters or 'void'})")

    def caller(self, name: str) -> str:
        """The definition of a function with another name that calls this one."""
        call = f"{self.name}({', '.join(parameter for _, parameter in self.parameters)})"
        return f"{self.prototype(name)}\n{{\n\t{'' if self.result == 'void' else 'return '}{call};\n}}\n"


@dataclasses.dataclass(frozen=True)
class Layout:
    """A type as C spells it, its size and alignment, and the name, offset and size of each field; all in bytes."""

    name: str
    size: int
    align: int
    fields: tuple[tuple[str, int, int], ...] = ()

    def checks(self) -> Iterator[str]:
        """Assertions in C, a line each."""
        yield f'SAME("{self.name}: a size of {self.size}", sizeof({self.name}) == {self.size});\n'
        yield f'SAME("{self.name}: an alignment of {self.align}", _Alignof({self.name}) == {self.align});\n'
        for field, offset, size in self.fields:
            condition = f"__builtin_offsetof({self.name}, {field}) == {offset}"
            # A flexible array member has no size.
            condition += f" && sizeof((({self.name} *)0)->{field}) == {size}" if size > 0 else ""
            yield f'SAME("{self.name}: the field {field} of {size} bytes at byte {offset}", {condition});\n'


@dataclasses.dataclass
class LocalDeclarations:
    """What a module's own headers define.

    `layouts` has the types by C name, `functions` the static functions. `field_types` are the names of the structures
    and unions that those types are made of. `foreign_types` are the names of the types that other headers define.
    """

    layouts: dict[str, Layout] = dataclasses.field(default_factory=dict)
    functions: list[Function] = dataclasses.field(default_factory=list)
    field_types: set[str] = dataclasses.field(default_factory=set)
    foreign_types: set[str] = dataclasses.field(default_factory=set)


def c_declaration(kind: str, name: str) -> str:
    """A declaration of a name with a type. Parts of the type may belong behind the name: then in ``__typeof__``."""
    return f"__typeof__({kind}) {name}" if re.search(r"[(\[]", kind) else f"{kind} {name}"


def read_local_declarations(unit: Unit, headers: Collection[str], directories: Iterable[str]) -> LocalDeclarations:
    """The static functions that the headers define, and the types of all files within the directories."""
    declarations = LocalDeclarations()
    within = tuple(f"{directory}/" for directory in directories)
    for cursor, _ in unit.everything():
        if cursor.kind not in TAGGED | {FUNCTION} or not unit.clang.clang_isCursorDefinition(cursor):
            continue
        file = os.path.normpath(unit.file_of(cursor))
        name = unit.name(cursor) or unit.type_name(cursor)
        if cursor.kind == FUNCTION:
            declarations.functions += static_function(unit, cursor) if file in headers else ()
        elif not file.startswith(within):
            declarations.foreign_types |= {name} if cursor.kind in RECORDS else set()
        else:
            declarations.field_types.update(field_types(unit, cursor))
            if name:
                declarations.layouts[name] = layout(unit, cursor)
    return declarations


def static_function(unit: Unit, cursor: Cursor) -> Iterator[Function]:
    """The function, if it is static and not variadic, and C can name all of its types."""
    clang = unit.clang
    kind = clang.clang_getCursorType(cursor)
    if clang.clang_Cursor_getStorageClass(cursor) != STATIC or clang.clang_isFunctionTypeVariadic(kind):
        return
    names = [unit.name(child) for child, _ in unit.children(cursor, frozenset()) if child.kind == PARAMETER]
    # A parameter with the function's own name would hide the function.
    hidden = ("", unit.name(cursor))
    names = [f"parameter_{n}" if name in hidden else name for n, name in enumerate(names)]
    types = [clang.clang_getResultType(kind), *(clang.clang_getArgType(kind, n) for n in range(len(names)))]
    result, *parameters = (c_spelling(unit, type_) for type_ in types)
    if not any(map(UNNAMED.search, (result, *parameters))):
        yield Function(unit.name(cursor), result, tuple(zip(parameters, names, strict=True)))


def c_spelling(unit: Unit, kind: Type) -> str:
    """A type as C spells it."""
    return BTF_TYPE_TAG.sub("", unit.text(unit.clang.clang_getTypeSpelling(kind)))


def layout(unit: Unit, cursor: Cursor) -> Layout:
    """The layout of a structure, a union or an enum, without bit fields: they have no address."""
    clang = unit.clang
    kind = clang.clang_getCursorType(cursor)
    sizes = [(unit.name(field), unit.size(field)) for field in addressable_fields(unit, cursor)]
    fields = ((name, clang.clang_Type_getOffsetOf(kind, name.encode()) // BITS, size) for name, size in sizes if name)
    return Layout(c_spelling(unit, kind), unit.size(cursor), clang.clang_Type_getAlignOf(kind), tuple(fields))


def addressable_fields(unit: Unit, cursor: Cursor) -> Iterator[Cursor]:
    """The fields of a type except bit fields, with those of anonymous structures and unions in it."""
    for child, _ in unit.children(cursor, frozenset()):
        if child.kind == FIELD and unit.clang.clang_getFieldDeclBitWidth(child) < 0:
            yield child
        elif child.kind in RECORDS and unit.clang.clang_Cursor_isAnonymousRecordDecl(child):
            yield from addressable_fields(unit, child)


def field_types(unit: Unit, cursor: Cursor) -> Iterator[str]:
    """The names of the structures and unions that are fields of a type, or elements of array fields."""
    clang = unit.clang
    for field in addressable_fields(unit, cursor):
        kind = clang.clang_getCanonicalType(clang.clang_getCursorType(field))
        while kind.kind in ARRAYS:
            kind = clang.clang_getCanonicalType(clang.clang_getElementType(kind))
        if kind.kind == RECORD_TYPE:
            declaration = clang.clang_getTypeDeclaration(kind)
            yield unit.name(declaration) or unit.type_name(declaration)
