# SPDX-License-Identifier: MIT
"""libclang's C interface, as far as the bindings need it: a C file that is parsed, its declarations, and their texts.

This is ctypes alone: a wrapper object for each of 50000 cursors would take longer than libclang itself.
"""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Callable
from typing import Any

from scons_kmod.engine.identifiers import IDENTIFIER

# Kinds of cursors and of types (clang-c/Index.h).
STRUCT, UNION, ENUM, FIELD, ENUMERATOR, FUNCTION, VARIABLE, PARAMETER, TYPEDEF, MACRO = 2, 3, 5, 6, 7, 8, 9, 10, 20, 501
RECORDS = frozenset((STRUCT, UNION))
TAGGED = frozenset((STRUCT, UNION, ENUM))
ATTRIBUTES = frozenset(range(400, 500))
COLLECTED = TAGGED | ATTRIBUTES | {FIELD, ENUMERATOR, FUNCTION, VARIABLE, PARAMETER, TYPEDEF, MACRO}
UNEXPOSED_TYPE, POINTERS, RECORD_TYPE, ENUM_TYPE, TYPEDEF_TYPE = 1, frozenset((101, 102)), 105, 106, 107
FUNCTION_TYPES, ARRAYS, ELABORATED, ATTRIBUTED = frozenset((110, 111)), frozenset(range(112, 117)), 119, 163
EXTENDED_VECTOR, ATOMIC = 176, 177
DETAILED_PREPROCESSING_RECORD, SKIP_FUNCTION_BODIES = 0x01, 0x40
ERROR = 3
EVALUATED_INTEGER, EVALUATED_FLOAT, EVALUATED_STRING = 1, 2, 4
# How libclang spells a type without a name: with its position.
UNNAMED = re.compile(r"\((unnamed|anonymous)( \w+)? at .*?:\d+:\d+\)", re.DOTALL)
# Strings and characters match as a whole: they may hold what looks like a comment.
BLANK = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?:\\\r?\n|\s|/\*.*?\*/|//[^\n]*)+""", re.DOTALL)


class Cursor(ctypes.Structure):
    """CXCursor. `d0` is the address of the declaration, the same in each cursor to it."""

    _fields_ = (
        ("kind", ctypes.c_int),
        ("xdata", ctypes.c_int),
        ("d0", ctypes.c_void_p),
        ("d1", ctypes.c_void_p),
        ("d2", ctypes.c_void_p),
    )


class Type(ctypes.Structure):
    """CXType. `d0` identifies the type, as it is spelled, with its qualifiers."""

    _fields_ = (("kind", ctypes.c_int), ("d0", ctypes.c_void_p), ("d1", ctypes.c_void_p))


class ClangString(ctypes.Structure):
    """CXString."""

    _fields_ = (("data", ctypes.c_void_p), ("flags", ctypes.c_uint))


class Location(ctypes.Structure):
    """CXSourceLocation."""

    _fields_ = (("d0", ctypes.c_void_p), ("d1", ctypes.c_void_p), ("value", ctypes.c_uint))


class Range(ctypes.Structure):
    """CXSourceRange."""

    _fields_ = (("d0", ctypes.c_void_p), ("d1", ctypes.c_void_p), ("begin", ctypes.c_uint), ("end", ctypes.c_uint))


VISITOR = ctypes.CFUNCTYPE(ctypes.c_int, Cursor, Cursor, ctypes.c_void_p)
INCLUSION = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p)
HANDLE = ctypes.c_void_p
# For each function: the type of its result, then those of its parameters.
PROTOTYPES: dict[str, tuple[Any, ...]] = {
    "clang_createIndex": (HANDLE, ctypes.c_int, ctypes.c_int),
    "clang_parseTranslationUnit2": (
        *(ctypes.c_int, HANDLE, ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int),
        *(HANDLE, ctypes.c_uint, ctypes.c_uint, ctypes.POINTER(HANDLE)),
    ),
    "clang_getTranslationUnitCursor": (Cursor, HANDLE),
    "clang_getNumDiagnostics": (ctypes.c_uint, HANDLE),
    "clang_getDiagnostic": (HANDLE, HANDLE, ctypes.c_uint),
    "clang_getDiagnosticSeverity": (ctypes.c_int, HANDLE),
    "clang_formatDiagnostic": (ClangString, HANDLE, ctypes.c_uint),
    "clang_defaultDiagnosticDisplayOptions": (ctypes.c_uint,),
    "clang_getInclusions": (None, HANDLE, INCLUSION, HANDLE),
    "clang_getFileName": (ClangString, HANDLE),
    "clang_getFileContents": (HANDLE, HANDLE, HANDLE, ctypes.POINTER(ctypes.c_size_t)),
    "clang_getCString": (ctypes.c_char_p, ClangString),
    "clang_disposeString": (None, ClangString),
    "clang_visitChildren": (ctypes.c_uint, Cursor, VISITOR, HANDLE),
    "clang_getCursorSpelling": (ClangString, Cursor),
    "clang_getCursorType": (Type, Cursor),
    "clang_getCursorExtent": (Range, Cursor),
    "clang_getCursorLinkage": (ctypes.c_int, Cursor),
    "clang_getCursorVisibility": (ctypes.c_int, Cursor),
    "clang_getCursorTLSKind": (ctypes.c_int, Cursor),
    "clang_getCanonicalCursor": (Cursor, Cursor),
    "clang_isCursorDefinition": (ctypes.c_uint, Cursor),
    "clang_Cursor_isNull": (ctypes.c_int, Cursor),
    "clang_Cursor_isAnonymousRecordDecl": (ctypes.c_uint, Cursor),
    "clang_Cursor_isMacroFunctionLike": (ctypes.c_uint, Cursor),
    "clang_Cursor_isFunctionInlined": (ctypes.c_uint, Cursor),
    "clang_Cursor_getStorageClass": (ctypes.c_int, Cursor),
    "clang_Cursor_getMangling": (ClangString, Cursor),
    "clang_Cursor_getVarDeclInitializer": (Cursor, Cursor),
    "clang_Cursor_getOffsetOfField": (ctypes.c_longlong, Cursor),
    "clang_getFieldDeclBitWidth": (ctypes.c_int, Cursor),
    "clang_getTypedefDeclUnderlyingType": (Type, Cursor),
    "clang_getEnumDeclIntegerType": (Type, Cursor),
    "clang_getEnumConstantDeclValue": (ctypes.c_longlong, Cursor),
    "clang_Cursor_Evaluate": (HANDLE, Cursor),
    "clang_EvalResult_getKind": (ctypes.c_int, HANDLE),
    "clang_EvalResult_isUnsignedInt": (ctypes.c_uint, HANDLE),
    "clang_EvalResult_getAsLongLong": (ctypes.c_longlong, HANDLE),
    "clang_EvalResult_getAsDouble": (ctypes.c_double, HANDLE),
    "clang_EvalResult_getAsStr": (ctypes.c_char_p, HANDLE),
    "clang_EvalResult_dispose": (None, HANDLE),
    "clang_getTypeSpelling": (ClangString, Type),
    "clang_getTypeDeclaration": (Cursor, Type),
    "clang_getCanonicalType": (Type, Type),
    "clang_getPointeeType": (Type, Type),
    "clang_getElementType": (Type, Type),
    "clang_getResultType": (Type, Type),
    "clang_getNumArgTypes": (ctypes.c_int, Type),
    "clang_getArgType": (Type, Type, ctypes.c_uint),
    "clang_getFunctionTypeCallingConv": (ctypes.c_int, Type),
    "clang_Type_getNamedType": (Type, Type),
    "clang_Type_getModifiedType": (Type, Type),
    "clang_Type_getValueType": (Type, Type),
    "clang_Type_getSizeOf": (ctypes.c_longlong, Type),
    "clang_Type_getAlignOf": (ctypes.c_longlong, Type),
    "clang_Type_getOffsetOf": (ctypes.c_longlong, Type, ctypes.c_char_p),
    "clang_isFunctionTypeVariadic": (ctypes.c_uint, Type),
    "clang_getRangeStart": (Location, Range),
    "clang_getRangeEnd": (Location, Range),
    "clang_getFileLocation": (
        *(None, Location, ctypes.POINTER(HANDLE), HANDLE, HANDLE, ctypes.POINTER(ctypes.c_uint)),
    ),
}


def load_libclang(library: str) -> Any:
    """Load the shared library at a path, and declare the types of libclang's functions."""
    clang = ctypes.CDLL(library)
    for name, (result, *parameters) in PROTOTYPES.items():
        function = getattr(clang, name)
        function.restype = result
        function.argtypes = parameters
    return clang


class HeaderError(Exception):
    """The headers do not compile. The text is libclang's messages."""


def written_status(write: Callable[[dict[str, Any]], None], request: dict[str, Any]) -> int:
    """The exit status of a process that writes what a request asks for. Errors of the headers are printed."""
    try:
        write(request)
    except HeaderError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


class Unit:
    """A C file that libclang has parsed, with all that it includes."""

    def __init__(self, library: str, header: str, flags: list[str], *, bodies: bool = False) -> None:
        """Parse a C file. `library` is libclang's path; `bodies`: parse the bodies of functions, too.

        Raises `HeaderError` if the file does not compile.
        """
        self.clang = load_libclang(library)
        # Nothing is disposed of: it all ends with the process.
        index = self.clang.clang_createIndex(0, 0)
        self.handle = HANDLE()
        args = (ctypes.c_char_p * len(flags))(*(flag.encode() for flag in flags))
        options = DETAILED_PREPROCESSING_RECORD | (0 if bodies else SKIP_FUNCTION_BODIES)
        failed = self.clang.clang_parseTranslationUnit2(
            index, header.encode(), args, len(flags), None, 0, options, ctypes.byref(self.handle)
        )
        if failed:
            raise HeaderError(f"libclang can't read {header} (error {failed})")
        if errors := self.errors():
            raise HeaderError("\n".join(errors))
        self.file_names: dict[int | None, str] = {}
        self.found: list[tuple[Cursor, int]] = []
        self.descend: frozenset[int] = frozenset()
        self.visitor = VISITOR(self.visit)

    def errors(self) -> list[str]:
        """libclang's messages about errors. bindgen stops at these errors, too."""
        clang = self.clang
        options = clang.clang_defaultDiagnosticDisplayOptions()
        count = clang.clang_getNumDiagnostics(self.handle)
        diagnostics = [clang.clang_getDiagnostic(self.handle, n) for n in range(count)]
        errors = [error for error in diagnostics if clang.clang_getDiagnosticSeverity(error) >= ERROR]
        return [self.text(clang.clang_formatDiagnostic(error, options)) for error in errors]

    def visit(self, cursor: Cursor, parent: Cursor, _: int | None) -> int:
        """libclang's callback for each cursor below another. Returns 1 to go on, 2 to visit its children, too."""
        kind = cursor.kind
        if kind in COLLECTED:
            self.found.append((cursor, parent.d0))
        return 2 if kind in self.descend else 1

    def children(self, cursor: Cursor, descend: frozenset[int]) -> list[tuple[Cursor, int]]:
        """The cursors below a cursor, and below those of the kinds `descend`, each with the address of its parent."""
        self.found, self.descend = [], descend
        self.clang.clang_visitChildren(cursor, self.visitor, None)
        return self.found

    def everything(self) -> list[tuple[Cursor, int]]:
        """All macros and declarations in bindgen's order, with the declarations within types."""
        return self.children(self.clang.clang_getTranslationUnitCursor(self.handle), TAGGED)

    def text(self, string: ClangString) -> str:
        """The text of a libclang string, which is disposed of."""
        value = self.clang.clang_getCString(string)
        self.clang.clang_disposeString(string)
        return value.decode(errors="replace") if value else ""

    def name(self, cursor: Cursor) -> str:
        """A declaration's own name, empty if it has none. libclang 16 and later give a type's position instead."""
        name = self.text(self.clang.clang_getCursorSpelling(cursor))
        return "" if cursor.kind in TAGGED and not IDENTIFIER.fullmatch(name) else name

    def type_name(self, cursor: Cursor) -> str:
        """The name of the type that a cursor declares. A typedef lends its name to a type that has none."""
        name = self.text(self.clang.clang_getTypeSpelling(self.clang.clang_getCursorType(cursor)))
        return name if IDENTIFIER.fullmatch(name) else ""

    def size(self, cursor: Cursor) -> int:
        """The size of a declaration's type, in bytes; negative if it has none."""
        size: int = self.clang.clang_Type_getSizeOf(self.clang.clang_getCursorType(cursor))
        return size

    def size_and_alignment(self, cursor: Cursor) -> str:
        """Size and alignment of a declaration's type, in bytes; negative numbers say why it has none."""
        kind = self.clang.clang_getCursorType(cursor)
        return f"{self.clang.clang_Type_getSizeOf(kind)} {self.clang.clang_Type_getAlignOf(kind)}"

    def definition(self, cursor: Cursor) -> Cursor:
        """The declaration that has a type's content, or any declaration of the type if none has."""
        declaration: Cursor = self.clang.clang_getTypeDeclaration(self.clang.clang_getCursorType(cursor))
        return declaration

    def source(self, cursor: Cursor) -> str:
        """The source text of a cursor, without comments, and with one blank instead of several."""
        extent = self.clang.clang_getCursorExtent(cursor)
        ends = []
        for location in (self.clang.clang_getRangeStart(extent), self.clang.clang_getRangeEnd(extent)):
            file, offset = HANDLE(), ctypes.c_uint()
            self.clang.clang_getFileLocation(location, ctypes.byref(file), None, None, ctypes.byref(offset))
            ends.append((file.value, offset.value))
        (file_of_start, start), (_, end) = ends
        # A macro of the compiler itself or of its command line has no file.
        if file_of_start is None or end < start:
            return ""
        size = ctypes.c_size_t()
        content = self.clang.clang_getFileContents(self.handle, file_of_start, ctypes.byref(size))
        raw = ctypes.string_at(content + start, min(end, size.value) - start).decode(errors="replace")
        return BLANK.sub(lambda match: match[1] or " ", raw)

    def file_of(self, cursor: Cursor) -> str:
        """The file that a declaration begins in, as clang spells it; empty for a definition of the compiler itself."""
        start = self.clang.clang_getRangeStart(self.clang.clang_getCursorExtent(cursor))
        file = HANDLE()
        self.clang.clang_getFileLocation(start, ctypes.byref(file), None, None, None)
        if file.value not in self.file_names:
            self.file_names[file.value] = self.text(self.clang.clang_getFileName(file)) if file.value else ""
        return self.file_names[file.value]

    def files(self) -> list[str]:
        """Every file that was read, each once, as clang spells it."""
        files: list[int] = []

        def included(file: int, *_: object) -> None:
            files.append(file)

        self.clang.clang_getInclusions(self.handle, INCLUSION(included), None)
        return list(dict.fromkeys(self.text(self.clang.clang_getFileName(file)) for file in files))
