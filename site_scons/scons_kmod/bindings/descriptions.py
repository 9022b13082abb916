# SPDX-License-Identifier: MIT
"""A declaration as text: all of it that can change what bindgen writes, and nothing else.

The text of a declaration names other types. Each of them is reported to a `References`, which decides whether it is
reached (reach.py).
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Collection, Iterable
from typing import Any, Protocol

from scons_kmod.bindings.declarations import HeaderDeclarations
from scons_kmod.bindings.libclang import (
    ARRAYS,
    ATOMIC,
    ATTRIBUTED,
    ATTRIBUTES,
    ELABORATED,
    ENUM,
    ENUM_TYPE,
    ENUMERATOR,
    EVALUATED_FLOAT,
    EVALUATED_INTEGER,
    EVALUATED_STRING,
    EXTENDED_VECTOR,
    FIELD,
    FUNCTION_TYPES,
    PARAMETER,
    POINTERS,
    RECORD_TYPE,
    TAGGED,
    TYPEDEF,
    TYPEDEF_TYPE,
    UNEXPOSED_TYPE,
    UNNAMED,
    Cursor,
    Type,
)


@dataclasses.dataclass(frozen=True)
class Shape:
    """What a type is made of.

    `refers` has the declarations that it names, and whether only a pointer leads there. `inline` has the content of
    unnamed types in it.
    """

    refers: tuple[tuple[Cursor, bool], ...] = ()
    inline: tuple[str, ...] = ()

    def behind_pointer(self) -> Shape:
        """The shape of a pointer to the type."""
        return Shape(tuple((cursor, True) for cursor, _ in self.refers), self.inline)


class References(Protocol):
    """Gets each type that the text of a declaration depends on."""

    def refer(self, shape: Shape, *, deep: bool) -> None:
        """A type of this shape is used. `deep`: Rust code can follow its pointers."""

    def reach_type(self, cursor: Cursor) -> None:
        """A record or an enum with a name is declared within a described one."""


class Descriptions:
    """The texts of a unit's declarations. All dictionaries hold what was found before, by address or tag.

    `names` are the names in the Rust sources. `fields` collects the names of the fields of all described records.
    """

    def __init__(self, declarations: HeaderDeclarations, names: Collection[str], references: References) -> None:
        self.declarations = declarations
        self.unit, self.clang = declarations.unit, declarations.unit.clang
        self.names = names
        self.references = references
        self.fields: set[str] = set()
        self.shapes: dict[int, Shape] = {}
        self.spellings: dict[int, str] = {}
        self.contents: dict[int, str] = {}
        self.types_with_tag: dict[str, list[int]] = {}

    # Types.

    def spelling(self, kind: Type) -> str:
        """A type as it is written and its canonical form, without the positions of unnamed types."""
        known = self.spellings.get(kind.d0)
        if known is None:
            types = (kind, self.clang.clang_getCanonicalType(kind))
            texts = [self.unit.text(self.clang.clang_getTypeSpelling(type_)) for type_ in types]
            known = self.spellings[kind.d0] = UNNAMED.sub(r"(\1)", " = ".join(dict.fromkeys(texts)))
        return known

    def type_text(self, kind: Type) -> str:
        """A type's spelling, and the content of unnamed types in it."""
        return " ".join((self.spelling(kind), *self.shape(kind).inline))

    def shape(self, kind: Type) -> Shape:
        """What a type is made of."""
        known = self.shapes.get(kind.d0)
        if known is None:
            # A structure without a name may hold a pointer to itself by way of typeof.
            self.shapes[kind.d0] = Shape()
            known = self.shapes[kind.d0] = self.new_shape(kind)
        return known

    def new_shape(self, kind: Type) -> Shape:
        """What a type is made of, taken apart as bindgen does it (bindgen's ir/ty.rs)."""
        clang, number = self.clang, kind.kind
        if number in POINTERS:
            pointee = clang.clang_getPointeeType(kind)
            shape = self.shape(pointee)
            return shape if self.is_function(pointee) else shape.behind_pointer()
        if number in ARRAYS or number == EXTENDED_VECTOR:
            return self.shape(clang.clang_getElementType(kind))
        if number in (RECORD_TYPE, ENUM_TYPE, TYPEDEF_TYPE):
            return self.shape_of_declared(clang.clang_getTypeDeclaration(kind))
        if self.is_function(kind):
            return self.shape_of_function(kind)
        if inner := {
            ELABORATED: clang.clang_Type_getNamedType,
            ATTRIBUTED: clang.clang_Type_getModifiedType,
            ATOMIC: clang.clang_Type_getValueType,
        }.get(number):
            return self.shape(inner(kind))
        canonical = clang.clang_getCanonicalType(kind)
        return self.shape(canonical) if canonical.d0 != kind.d0 else Shape()

    def is_function(self, kind: Type) -> bool:
        """Whether a type is a function's. clang does not say so of a function type in parentheses."""
        number = kind.kind
        if number in FUNCTION_TYPES:
            return True
        return number == UNEXPOSED_TYPE and bool(self.clang.clang_getResultType(kind).kind)

    def shape_of_function(self, kind: Type) -> Shape:
        """The shape of a function's type: of its result and its parameters."""
        clang = self.clang
        types = [clang.clang_getResultType(kind)]
        types += [clang.clang_getArgType(kind, n) for n in range(max(0, clang.clang_getNumArgTypes(kind)))]
        shapes = [self.shape(type_) for type_ in types]
        convention = f"calling convention {clang.clang_getFunctionTypeCallingConv(kind)}"
        inline = (convention, *(text for shape in shapes for text in shape.inline))
        return Shape(tuple(refer for shape in shapes for refer in shape.refers), inline)

    def shape_of_declared(self, cursor: Cursor) -> Shape:
        """The shape of a type that has a declaration: a record, an enum or a typedef."""
        if cursor.kind in TAGGED and (tag := self.unit.name(cursor)):
            return Shape(((cursor, False),), self.which_of_tag(cursor, tag))
        if cursor.kind == TYPEDEF or self.unit.type_name(cursor):
            return Shape(((cursor, False),))
        return Shape(inline=(self.content(cursor),))

    def which_of_tag(self, cursor: Cursor, tag: str) -> tuple[str, ...]:
        """Which of the types with this tag it is, if there are several.

        A type that first occurs in a parameter list is a type of its own.
        """
        if tag not in self.types_with_tag:
            addresses = [self.unit.definition(tagged).d0 for tagged in self.declarations.tagged.get(tag, ())]
            self.types_with_tag[tag] = list(dict.fromkeys(addresses))
        known = self.types_with_tag[tag]
        if cursor.d0 not in known:
            return (f"{tag} of its own",)
        return (f"{tag} number {known.index(cursor.d0)}",) if len(known) > 1 else ()

    # Functions and variables.

    def function(self, cursor: Cursor) -> str:
        """One declaration of a function. bindgen takes the first that is not inline and has external linkage."""
        clang = self.clang
        if clang.clang_Cursor_isFunctionInlined(cursor):
            return "inline"
        kind = clang.clang_getCursorType(cursor)
        self.references.refer(self.shape(kind), deep=True)
        parts = [
            self.unit.text(clang.clang_Cursor_getMangling(cursor)),
            f"{clang.clang_getCursorVisibility(cursor)} {clang.clang_getCursorLinkage(cursor)}",
            f"{clang.clang_Cursor_getStorageClass(cursor)}",
            self.type_text(kind),
            *self.parameters_and_attributes(cursor, deep=True),
        ]
        return "\n".join(parts)

    def variable(self, cursor: Cursor) -> str:
        """One declaration of a variable, with its value if it has one: then bindgen writes a constant."""
        clang = self.clang
        kind = clang.clang_getCursorType(cursor)
        self.references.refer(self.shape(kind), deep=True)
        parts = [
            self.unit.text(clang.clang_Cursor_getMangling(cursor)),
            f"{clang.clang_getCursorLinkage(cursor)} {clang.clang_Cursor_getStorageClass(cursor)}",
            f"{clang.clang_getCursorTLSKind(cursor)}",
            self.type_text(kind),
            *self.parameters_and_attributes(cursor, deep=True),
        ]
        if not clang.clang_Cursor_isNull(clang.clang_Cursor_getVarDeclInitializer(cursor)):
            # With the source text: bindgen looks for a literal itself if clang's value has another sign than the type.
            parts += [self.value(cursor), self.unit.source(cursor)]
        return "\n".join(parts)

    def value(self, cursor: Cursor) -> str:
        """The initial value of a variable, as clang evaluates it."""
        clang = self.clang
        result = clang.clang_Cursor_Evaluate(cursor)
        if not result:
            return "no value"
        number = clang.clang_EvalResult_getKind(result)
        get: Callable[[Any], object] = {
            EVALUATED_INTEGER: clang.clang_EvalResult_getAsLongLong,
            EVALUATED_FLOAT: clang.clang_EvalResult_getAsDouble,
            EVALUATED_STRING: clang.clang_EvalResult_getAsStr,
        }.get(number, lambda _: None)
        unsigned = number == EVALUATED_INTEGER and clang.clang_EvalResult_isUnsignedInt(result)
        text = f"{number} {unsigned} {get(result)!r}"
        clang.clang_EvalResult_dispose(result)
        return text

    def parameters_and_attributes(self, cursor: Cursor, *, deep: bool) -> Iterable[str]:
        """The attributes of a declaration, and the parameters of the functions that it is or points to."""
        for child, _ in self.unit.children(cursor, frozenset((PARAMETER,))):
            if child.kind == PARAMETER:
                yield self.parameter(child, deep=deep)
            elif child.kind in ATTRIBUTES:
                yield f"attribute {child.kind}"

    def parameter(self, cursor: Cursor, *, deep: bool) -> str:
        """One parameter as it was declared: perhaps an array, where the function's type has a pointer."""
        kind = self.clang.clang_getCursorType(cursor)
        self.references.refer(self.shape(kind), deep=deep)
        return f"parameter {self.unit.name(cursor)}: {self.type_text(kind)}"

    # Records and enums.

    def content(self, cursor: Cursor) -> str:
        """All of a record or an enum."""
        known = self.contents.get(cursor.d0)
        if known is None:
            self.contents[cursor.d0] = ""
            lines = self.enum if cursor.kind == ENUM else self.record
            known = self.contents[cursor.d0] = "\n".join((self.title(cursor), *lines(cursor)))
        return known

    def title(self, cursor: Cursor) -> str:
        """A type's kind, its layout, and where it is declared if bindgen makes its name from that."""
        name = self.unit.name(cursor)
        within = ""
        if name and self.declarations.outermost_of(cursor).d0 != cursor.d0:
            # If the tag occurs outside before, bindgen uses the type's own name alone.
            first = self.declarations.first_positions.get(name, sys.maxsize)
            before = first < self.declarations.positions[cursor.d0]
            within = f"{self.declarations.bindgen_name(cursor)} declared before: {before}"
        return f"{cursor.kind} {name} {within} {self.unit.size_and_alignment(cursor)}"

    def enum(self, cursor: Cursor) -> Iterable[str]:
        """The lines of an enum: its type of integer, its constants and attributes."""
        # bindgen asks the first declaration for the type of integer. Only the one with the constants has it.
        for declaration in (self.clang.clang_getCanonicalCursor(cursor), cursor):
            yield self.type_text(self.clang.clang_getEnumDeclIntegerType(declaration))
        for child, _ in self.unit.children(cursor, frozenset()):
            if child.kind == ENUMERATOR:
                yield f"{self.unit.name(child)} {self.clang.clang_getEnumConstantDeclValue(child)}"
            else:
                yield f"attribute {child.kind}"

    def record(self, cursor: Cursor) -> Iterable[str]:
        """The lines of a record: its fields, the types declared in it, and attributes."""
        deep = False
        for child, parent in self.unit.children(cursor, frozenset((FIELD, PARAMETER))):
            kind = child.kind
            if kind == FIELD:
                name = self.unit.name(child)
                self.fields.add(name)
                deep = not name or name in self.names
                yield self.field(child, name, deep=deep)
            elif kind == PARAMETER:
                yield self.parameter(child, deep=deep)
            elif kind in TAGGED:
                if self.clang.clang_isCursorDefinition(child):
                    yield self.inner_type(child)
            elif kind in ATTRIBUTES:
                yield f"attribute {kind} {'of the record' if parent == cursor.d0 else 'of the field'}"

    def field(self, cursor: Cursor, name: str, *, deep: bool) -> str:
        """One field. `deep`: Rust code can follow its pointers."""
        kind = self.clang.clang_getCursorType(cursor)
        self.references.refer(self.shape(kind), deep=deep)
        width = self.clang.clang_getFieldDeclBitWidth(cursor)
        offset = self.clang.clang_Cursor_getOffsetOfField(cursor)
        return f"{name}: {self.type_text(kind)} at {offset} width {width}"

    def inner_type(self, cursor: Cursor) -> str:
        """A type that is declared within a record: bindgen writes it with the record."""
        if self.unit.name(cursor):
            self.references.reach_type(cursor)
            return self.title(cursor)
        return f"unnamed at {self.clang.clang_Cursor_getOffsetOfField(cursor)}: {{{self.content(cursor)}}}"
