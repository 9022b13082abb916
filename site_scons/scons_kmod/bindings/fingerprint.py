# SPDX-License-Identifier: MIT
"""What the bindings depend on, as a digest for each declaration. Run by program.py

The bindings need few of the declarations in the kernel's headers: those whose names are in the Rust sources, and what
these are made of. libclang reads the headers in a third of the time that bindgen takes, and the digests say of what
it has read whether bindgen would write anything else than last time.

A name is *reached* if a Rust source has it as an identifier and the headers declare it; from there, what bindgen
writes for it is. The target of a pointer in a structure is reached only if a Rust source has that field's name, since
Rust code gets at it in no other way: other structures behind pointers are *opaque*.

All this follows bindgen 0.60: how it names nested types, that only the first declaration of a function counts, that it
evaluates a macro when it comes to its definition, with the values of macros that came before.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

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
    FUNCTION,
    FUNCTION_TYPES,
    MACRO,
    PARAMETER,
    POINTERS,
    RECORD_TYPE,
    RECORDS,
    TAGGED,
    TYPEDEF,
    TYPEDEF_TYPE,
    UNEXPOSED_TYPE,
    VARIABLE,
    Cursor,
    HeaderError,
    Type,
    Unit,
)
from scons_kmod.engine.identifiers import IDENTIFIER, names_in_source

UNNAMED = re.compile(r"\((unnamed|anonymous)( \w+)? at .*?:\d+:\d+\)", re.DOTALL)
ONE_PARAMETER = re.compile(r"\w+ ?\( ?(\w+) ?\)")


@dataclasses.dataclass
class Declared:
    """All that a unit declares: of each name, its cursors in order.

    `roots` holds for each name that bindgen may give to something what is to be reached if Rust code has that name.
    `names` are bindgen's names of records and enums, by address, `tags` C's own. `outer` says in which of the unit's
    top-level declarations each of them is, `orders` where that comes among all, and `first` where a tag first does;
    `tagged` has all cursors with a tag.
    """

    functions: dict[str, list[Cursor]] = dataclasses.field(default_factory=dict)
    variables: dict[str, list[Cursor]] = dataclasses.field(default_factory=dict)
    typedefs: dict[str, list[Cursor]] = dataclasses.field(default_factory=dict)
    macros: dict[str, list[tuple[int, Cursor]]] = dataclasses.field(default_factory=dict)
    roots: dict[str, list[Cursor]] = dataclasses.field(default_factory=dict)
    names: dict[int, str] = dataclasses.field(default_factory=dict)
    tags: dict[int, str] = dataclasses.field(default_factory=dict)
    outer: dict[int, Cursor] = dataclasses.field(default_factory=dict)
    orders: dict[int, int] = dataclasses.field(default_factory=dict)
    first: dict[str, int] = dataclasses.field(default_factory=dict)
    tagged: dict[str, list[Cursor]] = dataclasses.field(default_factory=dict)
    words: set[str] = dataclasses.field(default_factory=set)


def declared(unit: Unit) -> Declared:
    """The first pass, over everything: kinds and names alone."""
    all_ = Declared()
    plain = {FUNCTION: all_.functions, VARIABLE: all_.variables, TYPEDEF: all_.typedefs}
    for order, (cursor, parent) in enumerate(unit.everything()):
        kind, name = cursor.kind, unit.name(cursor)
        if kind == MACRO:
            all_.macros.setdefault(name, []).append((order, cursor))
        elif kind in plain:
            plain[kind].setdefault(name, []).append(cursor)
        elif kind in TAGGED:
            add_tagged(unit, all_, cursor, parent, name, order)
        elif kind == ENUMERATOR:
            add_enumerator(all_, parent, name)
    all_.words |= {*all_.functions, *all_.variables, *all_.typedefs, *all_.macros, *all_.roots}
    return all_


def add_tagged(unit: Unit, all_: Declared, cursor: Cursor, parent: int, name: str, order: int) -> None:
    """Note a structure, a union or an enum, or a declaration of one without its content."""
    if name:
        all_.tagged.setdefault(name, []).append(cursor)
    if parent in all_.names:
        if not unit.clang.clang_isCursorDefinition(cursor):
            return
        outer, order = all_.outer[parent], all_.orders[parent]
        # Of what has no name, Rust code can only use a name that begins with that of what it is in.
        whole = f"{all_.names[parent]}_{name}" if name else all_.names[parent]
    else:
        outer, whole = cursor, name or unit.type_name(cursor)
        if name:
            all_.first.setdefault(name, order)
    all_.names[cursor.d0], all_.outer[cursor.d0], all_.orders[cursor.d0] = whole, outer, order
    all_.tags[cursor.d0] = name
    for word in {name, whole} - {""}:
        all_.roots.setdefault(word, []).append(outer)


def add_enumerator(all_: Declared, parent: int, name: str) -> None:
    """Note a constant of an enum: bindgen puts the name of its type before it, or of what the type is in."""
    outer = all_.outer[parent]
    for word in {name, f"{all_.names[parent]}_{name}"}:
        all_.roots.setdefault(word, []).append(outer)


@dataclasses.dataclass(frozen=True)
class Shape:
    """What a type is made of: the declarations it names, whether only behind a pointer, and unnamed types' content."""

    refers: tuple[tuple[Cursor, bool], ...] = ()
    inline: tuple[str, ...] = ()

    def behind_pointer(self) -> Shape:
        """The same, of a pointer to the type."""
        return Shape(tuple((cursor, True) for cursor, _ in self.refers), self.inline)


class Reach:
    """From the names in the Rust sources to all that bindgen writes for them."""

    def __init__(self, unit: Unit, all_: Declared, words: set[str]) -> None:
        self.unit, self.clang = unit, unit.clang
        self.all = all_
        self.words = words
        # Of each name that is reached, what is known of it, by kind: a structure and a function may share a name.
        self.known: dict[str, dict[str, str]] = {}
        self.behind: dict[str, Cursor] = {}
        self.types_with_tag: dict[str, list[int]] = {}
        self.contents_of_name: dict[str, set[str]] = {}
        self.alike: set[str] = set()
        self.fields: set[str] = set()
        self.seen: set[tuple[object, ...]] = set()
        self.waiting: list[Cursor] = []
        self.shapes: dict[int, Shape] = {}
        self.spellings: dict[int, str] = {}
        self.contents: dict[int, str] = {}
        self.bodies: dict[str, list[tuple[int, str]]] = {}

    def run(self) -> None:
        """Reach everything."""
        for word in sorted(self.words & self.all.words):
            self.things(word)
            self.types(word)
            if word in self.all.typedefs:
                self.typedef(word, behind=False, deep=True)
        self.follow()
        # bindgen is told names, not kinds: it writes the types with a reached name too, if they are not opaque.
        while new := sorted(set(self.known) - self.words - self.alike):
            for word in new:
                self.alike.add(word)
                self.things(word)
                if word in self.all.typedefs and "typedef" not in self.known[word]:
                    self.typedef(word, behind=False, deep=False)
                if word not in self.behind:
                    self.types(word)
            self.follow()

    def follow(self) -> None:
        """Note what is in the records and enums that were reached, and what these reach."""
        while self.waiting:
            cursor = self.waiting.pop()
            kind = "enum" if cursor.kind == ENUM else "record"
            of_name = self.contents_of_name.setdefault(self.name(cursor), set())
            of_name.add(self.content(cursor))
            self.know(self.name(cursor), kind, "\n".join(sorted(of_name)))

    def things(self, word: str) -> None:
        """Reach the macro, the function and the variable with this name."""
        if word in self.all.macros:
            self.know(word, "macro", self.macro(word))
        if word in self.all.functions:
            self.know(word, "function", "\n".join(map(self.function, self.all.functions[word])))
        if word in self.all.variables:
            self.know(word, "variable", "\n".join(map(self.variable, self.all.variables[word])))

    def types(self, word: str) -> None:
        """Reach the records and enums with this name, and those with constants of this name."""
        for cursor in self.all.roots.get(word, ()):
            if self.all.names[cursor.d0]:
                self.reach(cursor)
            elif cursor.kind == ENUM:
                # bindgen knows it by each of its constants only.
                self.know(word, "enum", self.content(cursor))

    def know(self, name: str, kind: str, text: str) -> None:
        """Note what a reached name stands for."""
        self.known.setdefault(name, {})[kind] = text

    def reach(self, cursor: Cursor) -> None:
        """Reach a record or an enum with a name."""
        definition = self.definition(cursor)
        if cursor.kind in RECORDS and not self.clang.clang_isCursorDefinition(definition) and self.can_be_cut(cursor):
            # What bindgen writes for a record without content depends on how it came to it.
            self.behind.setdefault(self.name(cursor), cursor)
        elif (definition.d0,) not in self.seen:
            self.seen.add((definition.d0,))
            self.waiting.append(definition)

    def definition(self, cursor: Cursor) -> Cursor:
        """Where a record's content is, or the declaration that there is of it."""
        found: Cursor = self.clang.clang_getTypeDeclaration(self.clang.clang_getCursorType(cursor))
        return found

    def refer(self, shape: Shape, *, deep: bool, behind: bool = False) -> None:
        """Reach what a type is made of; `deep`: what its pointers point to, too. `behind`: it is pointed to itself."""
        for cursor, pointed in shape.refers:
            away = (behind or pointed) and not deep
            if cursor.kind == TYPEDEF:
                self.typedef(self.unit.name(cursor), behind=behind or pointed, deep=deep)
            elif away and cursor.kind in RECORDS and self.can_be_cut(cursor):
                self.behind.setdefault(self.name(cursor), cursor)
            else:
                self.reach(cursor)
                # Its name has that of the outer type in it.
                self.reach(self.all.outer.get(cursor.d0, cursor))

    def can_be_cut(self, cursor: Cursor) -> bool:
        """Whether an empty structure of the record's name can take its place: not if that name means more than it."""
        outer = self.all.outer.get(cursor.d0, cursor)
        name = self.name(cursor)
        return outer.d0 == cursor.d0 and all(
            self.stands_for(other, cursor) for other in self.all.typedefs.get(name, ())
        )

    def stands_for(self, typedef: Cursor, cursor: Cursor) -> bool:
        """Whether a typedef is of this record and not of anything made of it."""
        aliased = self.clang.clang_getCanonicalType(self.clang.clang_getCursorType(typedef))
        found = self.clang.clang_getTypeDeclaration(aliased).d0 == cursor.d0
        return bool(found and aliased.kind == RECORD_TYPE)

    def spelling(self, kind: Type) -> str:
        """A type as it is written and as it is, without the places of unnamed types."""
        known = self.spellings.get(kind.d0)
        if known is None:
            canonical = self.clang.clang_getCanonicalType(kind)
            texts = [self.unit.text(self.clang.clang_getTypeSpelling(one)) for one in (kind, canonical)]
            known = self.spellings[kind.d0] = UNNAMED.sub(r"(\1)", " = ".join(dict.fromkeys(texts)))
        return known

    def described(self, kind: Type) -> str:
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
        """What a type is made of, as bindgen takes it apart (ir/ty.rs)."""
        clang, number = self.clang, kind.kind
        if number in POINTERS:
            pointee = clang.clang_getPointeeType(kind)
            shape = self.shape(pointee)
            return shape if self.is_function(pointee) else shape.behind_pointer()
        if number in ARRAYS or number == EXTENDED_VECTOR:
            return self.shape(clang.clang_getElementType(kind))
        if number in (RECORD_TYPE, ENUM_TYPE, TYPEDEF_TYPE):
            return self.shape_of(clang.clang_getTypeDeclaration(kind))
        if self.is_function(kind):
            types = [clang.clang_getResultType(kind)]
            types += [clang.clang_getArgType(kind, n) for n in range(max(0, clang.clang_getNumArgTypes(kind)))]
            shapes = [self.shape(one) for one in types]
            convention = f"calling convention {clang.clang_getFunctionTypeCallingConv(kind)}"
            inline = (convention, *(text for shape in shapes for text in shape.inline))
            return Shape(tuple(refer for shape in shapes for refer in shape.refers), inline)
        if step := {
            ELABORATED: clang.clang_Type_getNamedType,
            ATTRIBUTED: clang.clang_Type_getModifiedType,
            ATOMIC: clang.clang_Type_getValueType,
        }.get(number):
            return self.shape(step(kind))
        canonical = clang.clang_getCanonicalType(kind)
        return self.shape(canonical) if canonical.d0 != kind.d0 else Shape()

    def is_function(self, kind: Type) -> bool:
        """Whether a type is that of a function; clang does not say so of one in parentheses."""
        number = kind.kind
        if number in FUNCTION_TYPES:
            return True
        return number == UNEXPOSED_TYPE and bool(self.clang.clang_getResultType(kind).kind)

    def shape_of(self, cursor: Cursor) -> Shape:
        """The shape of a declared type."""
        if cursor.kind in TAGGED and (tag := self.unit.name(cursor)):
            return Shape(((cursor, False),), self.which(cursor, tag))
        if cursor.kind == TYPEDEF or self.unit.type_name(cursor):
            return Shape(((cursor, False),))
        return Shape(inline=(self.content(cursor),))

    def which(self, cursor: Cursor, tag: str) -> tuple[str, ...]:
        """Which type it is, if there are more with that tag: one that is first named in a parameter is of its own."""
        if tag not in self.types_with_tag:
            every = [self.definition(one).d0 for one in self.all.tagged.get(tag, ())]
            self.types_with_tag[tag] = list(dict.fromkeys(every))
        known = self.types_with_tag[tag]
        if cursor.d0 not in known:
            return (f"{tag} of its own",)
        return (f"{tag} number {known.index(cursor.d0)}",) if len(known) > 1 else ()

    def name(self, cursor: Cursor) -> str:
        """What bindgen calls a record or an enum that has a name."""
        return self.all.names.get(cursor.d0) or self.unit.name(cursor) or self.unit.type_name(cursor)

    def function(self, cursor: Cursor) -> str:
        """One declaration of a function. bindgen takes the first that is not inline, and that others may see."""
        clang = self.clang
        if clang.clang_Cursor_isFunctionInlined(cursor):
            return "inline"
        kind = clang.clang_getCursorType(cursor)
        self.refer(self.shape(kind), deep=True)
        parts = [
            self.unit.text(clang.clang_Cursor_getMangling(cursor)),
            f"{clang.clang_getCursorVisibility(cursor)} {clang.clang_getCursorLinkage(cursor)}",
            f"{clang.clang_Cursor_getStorageClass(cursor)}",
            self.described(kind),
            *self.details(cursor, deep=True),
        ]
        return "\n".join(parts)

    def variable(self, cursor: Cursor) -> str:
        """One declaration of a variable, with its value if it has one: then bindgen writes a constant."""
        clang = self.clang
        kind = clang.clang_getCursorType(cursor)
        self.refer(self.shape(kind), deep=True)
        parts = [
            self.unit.text(clang.clang_Cursor_getMangling(cursor)),
            f"{clang.clang_getCursorLinkage(cursor)} {clang.clang_Cursor_getStorageClass(cursor)}",
            f"{clang.clang_getCursorTLSKind(cursor)}",
            self.described(kind),
            *self.details(cursor, deep=True),
        ]
        if not clang.clang_Cursor_isNull(clang.clang_Cursor_getVarDeclInitializer(cursor)):
            # The text, for bindgen looks for a literal itself if clang's value has another sign than the type.
            parts += [self.value(cursor), self.unit.source(cursor)]
        return "\n".join(parts)

    def value(self, cursor: Cursor) -> str:
        """What clang says the initial value of a variable is."""
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

    def details(self, cursor: Cursor, *, deep: bool) -> Iterable[str]:
        """The parameters of a function, or of functions that a declaration points to; and its attributes."""
        for child, _ in self.unit.children(cursor, frozenset((PARAMETER,))):
            if child.kind == PARAMETER:
                kind = self.clang.clang_getCursorType(child)
                # As it was declared: an array here, where the function's type has a pointer.
                self.refer(self.shape(kind), deep=deep)
                yield f"parameter {self.unit.name(child)}: {self.described(kind)}"
            elif child.kind in ATTRIBUTES:
                yield f"attribute {child.kind}"

    def typedef(self, name: str, *, behind: bool, deep: bool) -> None:
        """Reach a typedef; what it names, as if it stood in its place."""
        if (name, behind, deep) in self.seen:
            return
        self.seen.add((name, behind, deep))
        texts = []
        for cursor in self.all.typedefs.get(name, ()):
            kind = self.clang.clang_getTypedefDeclUnderlyingType(cursor)
            self.refer(self.shape(kind), deep=deep, behind=behind)
            texts += [self.described(kind), *self.details(cursor, deep=deep)]
            if deep or not behind:
                self.know(name, "typedef's layout", self.layout(self.clang.clang_getCursorType(cursor)))
        self.know(name, "typedef", "\n".join(texts))

    def layout(self, kind: Type) -> str:
        """Size and alignment of a type, or why it has none."""
        return f"{self.clang.clang_Type_getSizeOf(kind)} {self.clang.clang_Type_getAlignOf(kind)}"

    def content(self, cursor: Cursor) -> str:
        """All of a record or an enum."""
        known = self.contents.get(cursor.d0)
        if known is None:
            self.contents[cursor.d0] = ""
            describe = self.enum if cursor.kind == ENUM else self.record
            known = self.contents[cursor.d0] = "\n".join((self.title(cursor), *describe(cursor)))
        return known

    def title(self, cursor: Cursor) -> str:
        """A type's kind, layout, and its place, from which bindgen makes its name."""
        name = self.unit.name(cursor)
        place = ""
        if name and self.all.outer.get(cursor.d0, cursor).d0 != cursor.d0:
            # If it was declared outside before, it is called by its own name alone.
            first = self.all.first.get(name, sys.maxsize)
            place = f"{self.name(cursor)} declared before: {first < self.all.orders[cursor.d0]}"
        kind = self.clang.clang_getCursorType(cursor)
        return f"{cursor.kind} {name} {place} {self.layout(kind)}"

    def enum(self, cursor: Cursor) -> Iterable[str]:
        """An enum's constants."""
        # bindgen asks the first declaration for the type of integer, and only the one with constants has it.
        first = self.clang.clang_getCanonicalCursor(cursor)
        yield from (self.described(self.clang.clang_getEnumDeclIntegerType(one)) for one in (first, cursor))
        for child, _ in self.unit.children(cursor, frozenset()):
            if child.kind == ENUMERATOR:
                yield f"{self.unit.name(child)} {self.clang.clang_getEnumConstantDeclValue(child)}"
            else:
                yield f"attribute {child.kind}"

    def record(self, cursor: Cursor) -> Iterable[str]:
        """A record's fields, the types declared in it, and attributes."""
        deep = False
        for child, parent in self.unit.children(cursor, frozenset((FIELD, PARAMETER))):
            kind = child.kind
            if kind == FIELD:
                name = self.unit.name(child)
                self.fields.add(name)
                deep = not name or name in self.words
                yield self.field(child, name, deep)
            elif kind == PARAMETER:
                type_ = self.clang.clang_getCursorType(child)
                self.refer(self.shape(type_), deep=deep)
                yield f"parameter {self.unit.name(child)}: {self.described(type_)}"
            elif kind in TAGGED:
                if self.clang.clang_isCursorDefinition(child):
                    yield self.inner(child)
            elif kind in ATTRIBUTES:
                yield f"attribute {kind} {'of the record' if parent == cursor.d0 else 'of the field'}"

    def field(self, cursor: Cursor, name: str, deep: bool) -> str:
        """One field; `deep`: Rust code can follow its pointers."""
        kind = self.clang.clang_getCursorType(cursor)
        self.refer(self.shape(kind), deep=deep)
        width = self.clang.clang_getFieldDeclBitWidth(cursor)
        offset = self.clang.clang_Cursor_getOffsetOfField(cursor)
        return f"{name}: {self.described(kind)} at {offset} width {width}"

    def inner(self, cursor: Cursor) -> str:
        """A type that is declared within a record: bindgen writes it with the record."""
        name = self.unit.name(cursor)
        if name:
            self.reach(cursor)
            return f"{self.title(cursor)}"
        return f"unnamed at {self.clang.clang_Cursor_getOffsetOfField(cursor)}: {{{self.content(cursor)}}}"

    def macro(self, word: str) -> str:
        """All definitions that are in force somewhere, in order, of a macro and of those in its definitions.

        bindgen evaluates a macro where it is defined, with the last values of those that were defined before.
        """
        names, todo = {word}, [word]
        while todo:
            for _, body in self.definitions(todo.pop()):
                new = {name for name in IDENTIFIER.findall(body) if name in self.all.macros} - names
                names |= new
                todo += new
        ordered = sorted(one for name in names for one in self.definitions(name))
        return "\n".join(body for _, body in ordered)

    def definitions(self, word: str) -> list[tuple[int, str]]:
        """The definitions of one macro, each with its place in the order of all."""
        if word not in self.bodies:
            self.bodies[word] = [(order, self.body(word, cursor)) for order, cursor in self.all.macros[word]]
        return self.bodies[word]

    def body(self, word: str, cursor: Cursor) -> str:
        """The text of one definition of a macro.

        bindgen does not know of a macro's parameters: it takes the definition of `F(X) ...` to begin with the value of
        a macro X, and nothing else that has parameters for one that has a value.
        """
        text = self.unit.source(cursor) or word
        if self.clang.clang_Cursor_isMacroFunctionLike(cursor):
            one = ONE_PARAMETER.match(text)
            if not one or one[1] not in self.all.macros:
                return f"{word} has parameters"
        return text

    def opaque(self) -> set[str]:
        """The types that only pointers are to: those that were seen, and types with a name within them."""
        cut = {self.definition(cursor).d0 for cursor in self.behind.values()}
        inner = [address for address, outer in self.all.outer.items() if outer.d0 in cut and address != outer.d0]
        tags = {name for address in inner if self.all.tags[address] for name in self.both_names(address)}
        reached = {name for name, known in self.known.items() if "record" in known}
        return (set(self.behind) - reached) | (tags - set(self.known) - {""})

    def both_names(self, address: int) -> tuple[str, str]:
        """What bindgen may call a type within another: it depends on whether it was declared outside before."""
        return self.all.tags[address], self.all.names[address]

    def fingerprint(self) -> dict[str, object]:
        """What the bindings depend on."""
        declarations = {name: digest(known) for name, known in self.known.items()}
        return {"declarations": declarations, "opaque": sorted(self.opaque())}


def digest(known: dict[str, str]) -> str:
    """A short form of what is known of a declaration."""
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:16]


def depfile_text(target: str, files: Iterable[str]) -> str:
    """A depfile as compilers write it."""
    words = [re.sub(r"([ \\#])", r"\\\1", name.replace("$", "$$")) for name in (target, *files)]
    return f"{words[0]}: {' '.join(words[1:])}\n"


def digest_headers(request: dict[str, Any]) -> None:
    """Read the headers and the sources, and write the fingerprint, all declared names and the files that were read.

    Raises `HeaderError`.
    """
    unit = Unit(request["libclang"], request["header"], request["flags"])
    words: set[str] = set()
    for source in request["sources"]:
        words |= names_in_source(source, Path(source).read_text())
    reach = Reach(unit, declared(unit), words)
    reach.run()
    names = sorted((reach.all.words | reach.fields) - {""})
    Path(request["declared"]).write_text("".join(f"{name}\n" for name in names))
    Path(request["depfile"]).write_text(depfile_text(request["fingerprint"], unit.files()))
    text = json.dumps(reach.fingerprint(), indent=0, sort_keys=True)
    Path(request["fingerprint"]).write_text(f"{text}\n")


def main(request: dict[str, Any]) -> int:
    """As `digest_headers`; what is wrong is printed. Returns the exit status."""
    try:
        digest_headers(request)
    except HeaderError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
