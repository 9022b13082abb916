# SPDX-License-Identifier: MIT
"""From the names in Rust sources to all that bindgen writes for them.

A name is *reached* if a Rust source has it as an identifier and the headers declare it. What bindgen writes for a
reached name is reached, too. The target of a pointer in a structure is reached only if a Rust source has that field's
name, since Rust code has no other way to get at it. Other structures behind pointers are *opaque*.
"""

from __future__ import annotations

from scons_kmod.bindings.declarations import HeaderDeclarations
from scons_kmod.bindings.descriptions import Descriptions, Shape
from scons_kmod.bindings.libclang import ENUM, RECORD_TYPE, RECORDS, TYPEDEF, Cursor
from scons_kmod.bindings.macros import Macros


class Reach:
    """What the names in some Rust sources reach.

    `texts` is the result: for each reached name its texts, by kind ("record", "function", ...), since a structure and
    a function may share a name. `pointed_to` has the records that were only met behind pointers, by name.
    """

    def __init__(self, declarations: HeaderDeclarations, names: set[str]) -> None:
        self.declarations = declarations
        self.unit = declarations.unit
        self.names = names
        self.descriptions = Descriptions(declarations, names, self)
        self.macros = Macros(declarations)
        self.texts: dict[str, dict[str, str]] = {}
        self.pointed_to: dict[str, Cursor] = {}
        # Different types may have one name: the contents of all of them that were reached.
        self.contents: dict[str, set[str]] = {}
        self.seen: set[tuple[object, ...]] = set()
        self.waiting: list[Cursor] = []

    def reach_names(self) -> None:
        """Reach all that the names in the Rust sources stand for, and what that is made of."""
        for name in sorted(self.names & self.declarations.names):
            self.reach_values(name)
            self.reach_types(name)
            if name in self.declarations.typedefs:
                self.reach_typedef(name, behind=False, deep=True)
        self.describe_waiting()
        # bindgen gets names, not kinds. It writes whatever else has a reached name, except opaque types.
        done: set[str] = set()
        while new := sorted(set(self.texts) - self.names - done):
            for name in new:
                done.add(name)
                self.reach_values(name)
                if name in self.declarations.typedefs and "typedef" not in self.texts[name]:
                    self.reach_typedef(name, behind=False, deep=False)
                if name not in self.pointed_to:
                    self.reach_types(name)
            self.describe_waiting()

    def describe_waiting(self) -> None:
        """Describe the reached records and enums, and all that these reach."""
        while self.waiting:
            cursor = self.waiting.pop()
            name = self.declarations.bindgen_name(cursor)
            contents = self.contents.setdefault(name, set())
            contents.add(self.descriptions.content(cursor))
            self.add_text(name, "enum" if cursor.kind == ENUM else "record", "\n".join(sorted(contents)))

    def reach_values(self, name: str) -> None:
        """Reach the macro, the function and the variable with this name."""
        if name in self.declarations.macros:
            self.add_text(name, "macro", self.macros.text(name))
        if functions := self.declarations.functions.get(name):
            self.add_text(name, "function", "\n".join(map(self.descriptions.function, functions)))
        if variables := self.declarations.variables.get(name):
            self.add_text(name, "variable", "\n".join(map(self.descriptions.variable, variables)))

    def reach_types(self, name: str) -> None:
        """Reach the records and enums with this name, and the enums with a constant of this name."""
        for cursor in self.declarations.types.get(name, ()):
            if self.declarations.bindgen_names[cursor.d0]:
                self.reach_type(cursor)
            elif cursor.kind == ENUM:
                # bindgen knows an enum without a name by each of its constants.
                self.add_text(name, "enum", self.descriptions.content(cursor))

    def reach_type(self, cursor: Cursor) -> None:
        """Reach a record or an enum with a name."""
        definition = self.unit.definition(cursor)
        has_content = self.unit.clang.clang_isCursorDefinition(definition)
        if cursor.kind in RECORDS and not has_content and can_be_opaque(self.declarations, cursor):
            # What bindgen writes for a record without content depends on how it came to it.
            self.pointed_to.setdefault(self.declarations.bindgen_name(cursor), cursor)
        elif (definition.d0,) not in self.seen:
            self.seen.add((definition.d0,))
            self.waiting.append(definition)

    def reach_typedef(self, name: str, *, behind: bool, deep: bool) -> None:
        """Reach a typedef, and its type as if that stood in its place. `behind` and `deep` are as for `refer`."""
        if (name, behind, deep) in self.seen:
            return
        self.seen.add((name, behind, deep))
        clang = self.unit.clang
        texts = []
        for cursor in self.declarations.typedefs.get(name, ()):
            kind = clang.clang_getTypedefDeclUnderlyingType(cursor)
            self.refer(self.descriptions.shape(kind), deep=deep, behind=behind)
            texts.append(self.descriptions.type_text(kind))
            texts += self.descriptions.parameters_and_attributes(cursor, deep=deep)
            if deep or not behind:
                self.add_text(name, "typedef's layout", self.unit.size_and_alignment(cursor))
        self.add_text(name, "typedef", "\n".join(texts))

    def refer(self, shape: Shape, *, deep: bool, behind: bool = False) -> None:
        """Reach what a type is made of. `deep`: what its pointers point to, too. `behind`: a pointer points to it."""
        for cursor, pointed_to in shape.refers:
            cut = (behind or pointed_to) and not deep
            if cursor.kind == TYPEDEF:
                self.reach_typedef(self.unit.name(cursor), behind=behind or pointed_to, deep=deep)
            elif cut and cursor.kind in RECORDS and can_be_opaque(self.declarations, cursor):
                self.pointed_to.setdefault(self.declarations.bindgen_name(cursor), cursor)
            else:
                self.reach_type(cursor)
                # The bindgen name of an inner type begins with the name of the outermost one.
                self.reach_type(self.declarations.outermost_of(cursor))

    def add_text(self, name: str, kind: str, text: str) -> None:
        """Add a text of a reached name."""
        self.texts.setdefault(name, {})[kind] = text

    def opaque(self) -> set[str]:
        """The names of the opaque types, and of the types with a name within them."""
        cut = {self.unit.definition(cursor).d0 for cursor in self.pointed_to.values()}
        outermost = self.declarations.outermost.items()
        inner = [address for address, outer in outermost if outer.d0 in cut and address != outer.d0]
        # bindgen uses the tag alone for an inner type whose tag was declared outside before.
        tags = {tag for address in inner if (tag := self.declarations.tags[address])}
        full_names = {self.declarations.bindgen_names[address] for address in inner if self.declarations.tags[address]}
        records = {name for name, texts in self.texts.items() if "record" in texts}
        return (set(self.pointed_to) - records) | ((tags | full_names) - set(self.texts) - {""})

    def declared_names(self) -> list[str]:
        """All names that the headers declare, sorted, with those of the fields of reached records."""
        return sorted((self.declarations.names | self.descriptions.fields) - {""})


def can_be_opaque(declarations: HeaderDeclarations, cursor: Cursor) -> bool:
    """Whether an empty structure with the record's name can replace the record: not if the name means more than it."""
    typedefs = declarations.typedefs.get(declarations.bindgen_name(cursor), ())
    is_outermost: bool = declarations.outermost_of(cursor).d0 == cursor.d0
    return is_outermost and all(is_typedef_of(declarations, typedef, cursor) for typedef in typedefs)


def is_typedef_of(declarations: HeaderDeclarations, typedef: Cursor, cursor: Cursor) -> bool:
    """Whether a typedef names this record itself, not a pointer to it or an array of it."""
    clang = declarations.unit.clang
    aliased = clang.clang_getCanonicalType(clang.clang_getCursorType(typedef))
    same = clang.clang_getTypeDeclaration(aliased).d0 == cursor.d0
    return bool(same and aliased.kind == RECORD_TYPE)
