# SPDX-License-Identifier: MIT
"""The local bindings: a module's own headers to Rust, by bindgen, and their C code. Runs as a process of its own.

A C type is one Rust type: structures and unions of the kernel that the kernel's bindings have are not written again.
Static functions of the headers get callers with external linkage, in a C source of the module. Another C source checks
that the kernel's own compiler lays out each type of the headers as libclang does.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scons_kmod.bindings.generate import mangled, name_patterns, sorted_items
from scons_kmod.bindings.layout_checks import constant_checks, items
from scons_kmod.bindings.libclang import HeaderError, Unit
from scons_kmod.bindings.local_declarations import LocalDeclarations, read_local_declarations
from scons_kmod.engine.depfile import depfile_text
from scons_kmod.engine.identifiers import UNNAMED_IN_RUST

# In bindings: all types, the types that are no alias, and of these the types that can only be pointed to.
TYPE = re.compile(r"\bpub (?:struct|union|type) (\w+)")
NOMINAL = re.compile(r"\bpub (?:struct|union) (\w+)")
OPAQUE = re.compile(r"\bpub struct (\w+) ?\{ ?_opaque\b")
UNNAMED_WITHIN = f"({UNNAMED_IN_RUST}.*)?"
SAME_MACRO = """\
#define SAME(what, holds) _Static_assert(holds, what " for Rust, not so for C" FOR ": both must see the same; " \\
\t"look for defines that one side has alone, for flags that change layouts, for attributes that clang does not know")
"""


def is_selected(name: str, request: dict[str, Any]) -> bool:
    """Whether the manifest's patterns (``allow`` and ``block`` in `request`) select a name."""
    if any(re.fullmatch(pattern, name) for pattern in request["block"]):
        return False
    return not request["allow"] or any(re.fullmatch(pattern, name) for pattern in request["allow"])


def local_selection_args(
    request: dict[str, Any], declarations: LocalDeclarations, files: Iterable[str], callers: Sequence[str]
) -> list[str]:
    """bindgen's args: what to write, and which types to leave to the kernel's bindings.

    Types of the kernel that the kernel's bindings lack are opaque: Rust knows their size only.
    """
    shared = Path(request["shared"]).read_text()
    local_types = {*map(mangled, declarations.layouts)}
    # The kernel's bindings have no size for these.
    pointed_to = {*OPAQUE.findall(shared)} & {*map(mangled, declarations.field_types)}
    shared_types = {name.partition(UNNAMED_IN_RUST)[0] for name in NOMINAL.findall(shared)} - local_types - pointed_to
    foreign_types = {*map(mangled, declarations.foreign_types - {""})} - local_types
    whole_files = [f"--allowlist-file={path_pattern(path)}" for path in files]
    allowed = [
        f"--allowlist-{kind}=({pattern})" for pattern in request["allow"] for kind in ("type", "function", "var")
    ]
    return [
        *(allowed or whole_files),
        f"--allowlist-function=({'|'.join(callers) or '-'})",
        *(f"--blocklist-item=({pattern})" for pattern in request["block"]),
        *(f"--opaque-type=({pattern})" for pattern in request["opaque"]),
        # If a type is only blocked, bindgen still writes what it is made of, and types without a name in it.
        *(f"--blocklist-type={pattern}" for pattern in name_patterns(shared_types, UNNAMED_WITHIN)),
        *(f"--opaque-type={pattern}" for pattern in name_patterns(shared_types | foreign_types, UNNAMED_WITHIN)),
    ]


def path_pattern(path: str) -> str:
    """A regular expression for a path, in bindgen's syntax."""
    return re.sub(r"[^A-Za-z0-9_/]", lambda match: f"\\x{{{ord(match[0]):x}}}", path)


def rust_text(raw: str, callers: Mapping[str, str]) -> str:
    """bindgen's output, with each caller under the name of the function that it calls. `callers` maps the names."""
    checked, _ = constant_checks(raw)
    text = "\n".join(sorted_items(items(checked)))
    for caller, called in callers.items():
        text = re.sub(rf"\bpub fn {caller}\b", f'# [link_name = "{caller}"] pub fn {mangled(called)}', text)
    return text


def layout_text(declarations: LocalDeclarations, rust: str) -> str:
    """C code that does not compile if C lays out a type differently than Rust. It checks the types that Rust has."""
    seen = "\n".join(TYPE.findall(rust))
    # The name of an inner type begins with the name of the type around it.
    layouts = [
        layout
        for name, layout in declarations.layouts.items()
        if re.search(rf"^(\w+_)?{mangled(name)}$", seen, re.MULTILINE)
    ]
    return SAME_MACRO + "".join(line for layout in layouts for line in layout.checks())


def write_local_bindings(request: dict[str, Any]) -> int:
    """Write the bindings, the C sources and a depfile. Returns the exit status.

    The keys of `request` are those of `local_headers_request` (crates/local_bindings.py). Raises `HeaderError` if the
    headers do not compile.
    """
    # With bodies: libclang takes a function for undefined if it skips the body.
    unit = Unit(request["libclang"], request["unit"], request["flags"], bodies=True)
    declarations = read_local_declarations(unit, request["headers"], request["directories"])
    selected = [function for function in declarations.functions if is_selected(function.name, request)]
    functions = {f"{request['crate']}_calls_{function.name}": function for function in selected}
    prototypes = "".join(f"{function.prototype(caller)};\n" for caller, function in functions.items())
    Path(request["prototypes"]).write_text(request["includes"] + prototypes)
    files = [path for path in unit.files() if os.path.normpath(path) in request["headers"]]
    raw = Path(request["raw"])
    selection = local_selection_args(request, declarations, files, list(functions))
    argv = [*request["bindgen"], *selection, "-o", str(raw), "--", *request["flags"]]
    if subprocess.run(argv, check=False).returncode:
        return 1
    rust = rust_text(raw.read_text(), {caller: function.name for caller, function in functions.items()})
    Path(request["bindings"]).write_text(rust)
    callers = "".join(function.caller(caller) for caller, function in functions.items())
    Path(request["callers"]).write_text(request["includes"] + prototypes + callers)
    Path(request["layout"]).write_text(request["includes"] + layout_text(declarations, rust))
    Path(request["depfile"]).write_text(depfile_text(request["bindings"], unit.files()))
    return 0


def main(request: dict[str, Any]) -> int:
    """Write the local bindings, or print the errors of the headers. Returns the exit status."""
    try:
        return write_local_bindings(request)
    except HeaderError as error:
        print(error, file=sys.stderr)
        return 1
