# SPDX-License-Identifier: MIT
"""The fingerprint of bindings that bindgen writes whole: the kernel's own. Runs as a process of its own.

The bindings have all that the headers declare, but Rust code uses little of it. As long as this fingerprint is the
same, old bindings serve as well as new ones. So it covers more than the declarations that Rust code reaches:

* all records, in their order. rustc numbers the implementations of traits in a crate, and the numbers get into the
  names of symbols. bindgen implements traits for records alone.
* names that macros put together (pasted.py), and names that have another prefix in C.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scons_kmod.bindings.declarations import HeaderDeclarations, read_declarations
from scons_kmod.bindings.fingerprint import digest
from scons_kmod.bindings.libclang import ENUM, RECORDS, TYPEDEF, Unit, written_status
from scons_kmod.bindings.pasted import MARKS, Pasted
from scons_kmod.bindings.reach import Reach
from scons_kmod.engine.depfile import depfile_text
from scons_kmod.engine.identifiers import PART_OF_NAME, names_in_source

# A tag in the spelling of a type.
TAG = re.compile(r"\b(?:struct|union|enum) ([A-Za-z_]\w*)")
# A name in the spelling of a type, not the target of a pointer.
ITSELF = re.compile(r"\b([A-Za-z_]\w*)\b(?! ?\*)")


def write_fingerprint(request: dict[str, Any]) -> None:
    """Read the headers and the Rust sources, and write the fingerprint, the names that matter, and a depfile.

    `request` names the library ``libclang``, the C file ``header`` and its ``flags``, and the outputs ``fingerprint``,
    ``declared`` and ``depfile``. Either ``functions`` is a regular expression: bindgen writes only the functions that
    it matches, and no types. Or the Rust ``sources`` have the names, with the list ``names`` and the reached names of
    other fingerprints, ``fingerprints``. ``prefixes`` are those that a name of Rust code may have in C.

    Raises `HeaderError` if the headers do not compile.
    """
    unit = Unit(request["libclang"], request["header"], request["flags"])
    declarations = read_declarations(unit)
    if functions := request["functions"]:
        names = {name for name in declarations.functions if re.fullmatch(functions, name)}
        missing, pasting = set[str](), list[str]()
    else:
        names, missing, pasting = rust_names(request, declarations)
    reach = Reach(declarations, names)
    reach.reach_names()
    texts = {name: digest(texts) for name, texts in reach.texts.items()}
    # Functions that are written without types depend on no numbers, and any new one counts.
    declared = {*reach.declared_names(), *MARKS, *(f"{PART_OF_NAME}{word}" for word in missing)}
    records = "" if functions else digest({"records": "\n".join((*record_texts(reach), *early_uses(declarations)))})
    fingerprint = {"declarations": texts, "records": records}
    Path(request["declared"]).write_text("".join(f"{name}\n" for name in sorted(declared)))
    Path(request["depfile"]).write_text(depfile_text(request["fingerprint"], [*unit.files(), *pasting]))
    Path(request["fingerprint"]).write_text(f"{json.dumps(fingerprint, indent=0, sort_keys=True)}\n")


def rust_names(request: dict[str, Any], declarations: HeaderDeclarations) -> tuple[set[str], set[str], list[str]]:
    """The names that Rust code may use, as C spells them, what would make more of them, and the sources with macros."""
    texts = {source: Path(source).read_text(errors="surrogateescape") for source in request["sources"]}
    identifiers = {source: names_in_source(source, text) for source, text in texts.items()}
    pasted = Pasted(texts, identifiers)
    found, missing = pasted.names(declarations.names)
    names = set(request["names"]).union(found, *identifiers.values())
    for path in request["fingerprints"]:
        names |= set(json.loads(Path(path).read_text())["declarations"])
    prefixed = {prefix + name for prefix in request["prefixes"] for name in names}
    bare = {name.removeprefix(prefix) for prefix in request["prefixes"] for name in declarations.names}
    # A new name in Rust code may have a prefix in C.
    missing |= {name.lower() for name in bare - declarations.names} | {name.lower() for name in pasted.local_macros}
    return names | prefixed, missing, pasted.pasting


def record_texts(reach: Reach) -> Iterator[str]:
    """All records in the order of the headers, with their content. bindgen numbers those without a name."""
    declarations, unit = reach.declarations, reach.unit
    unnamed = 0
    for address, cursor in declarations.cursors.items():
        name = declarations.bindgen_names[address]
        is_numbered = not name and declarations.outermost[address].d0 == address
        if cursor.kind != ENUM:
            number = str(unnamed) if is_numbered else ""
            yield f"{name} {number} {reach.descriptions.content(unit.definition(cursor))}"
        unnamed += is_numbered


def early_uses(declarations: HeaderDeclarations) -> Iterator[str]:
    """The uses of records before their declarations, or of records themselves before their definitions.

    A record that first occurs in a parameter list is a type of its own. Where a record itself is used, and not a
    pointer to it, bindgen writes the record.
    """
    unit = declarations.unit
    declared, defined = declarations.tag_positions, definition_positions(declarations)
    for position, cursor in declarations.untagged:
        kind = unit.clang.clang_getCursorType(cursor)
        if cursor.kind == TYPEDEF:
            kind = unit.clang.clang_getTypedefDeclUnderlyingType(cursor)
        text = unit.text(unit.clang.clang_getTypeSpelling(kind))
        early = [name for name in ITSELF.findall(text) if position < defined.get(name, position)]
        early += [tag for tag in TAG.findall(text) if declared.get(tag, position) >= position]
        if early:
            yield f"{' '.join(early)} in {unit.name(cursor)}: {text}"


def definition_positions(declarations: HeaderDeclarations) -> dict[str, int]:
    """The position of the definition of each record, by its tag and by its typedefs."""
    unit = declarations.unit
    clang = unit.clang
    by_address: dict[int, int] = {}
    positions: dict[str, int] = {}
    for address, cursor in declarations.cursors.items():
        if cursor.kind in RECORDS and clang.clang_isCursorDefinition(cursor):
            by_address[address] = positions[declarations.tags[address]] = declarations.positions[address]
    for name, cursors in declarations.typedefs.items():
        for cursor in cursors:
            aliased = clang.clang_getTypeDeclaration(clang.clang_getCanonicalType(clang.clang_getCursorType(cursor)))
            if aliased.d0 in by_address:
                positions[name] = by_address[aliased.d0]
    return positions


def main(request: dict[str, Any]) -> int:
    """Write the fingerprint, or print the errors of the headers. Returns the exit status."""
    return written_status(write_fingerprint, request)
