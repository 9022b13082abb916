# SPDX-License-Identifier: MIT
"""A module's own headers in Rust, by bindgen, and the C code that goes with them. Run by program.py

The kernel's structures and unions that the kernel's bindings have are left to these, so that a C type is one Rust type.
Functions that are only in the headers (static) get others that call them: a C source of the module. And what libclang
says of the layout of each type that the headers define goes into a C source that the kernel's own compiler is to
confirm.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scons_kmod.bindings.generate import in_order, mangled, patterns
from scons_kmod.bindings.layout_checks import constant_checks, items
from scons_kmod.bindings.libclang import HeaderError, Unit
from scons_kmod.bindings.local_declarations import Own, own
from scons_kmod.engine.depfile import depfile_text
from scons_kmod.engine.identifiers import UNNAMED_IN_RUST

# The types in bindings, those of them that are no other type's name, and of these the ones that can only be pointed to.
TYPE = re.compile(r"\bpub (?:struct|union|type) (\w+)")
NOMINAL = re.compile(r"\bpub (?:struct|union) (\w+)")
OPAQUE = re.compile(r"\bpub struct (\w+) ?\{ ?_opaque\b")
UNNAMED = f"({UNNAMED_IN_RUST}.*)?"
SAME = """\
#define SAME(what, holds) _Static_assert(holds, what " for Rust, not so for C" FOR ": both must see the same; " \\
\t"look for defines that one side has alone, for flags that change layouts, for attributes that clang does not know")
"""


def chosen(name: str, request: dict[str, Any]) -> bool:
    """Whether the manifest's patterns let something of this name be seen."""
    if any(re.fullmatch(one, name) for one in request["block"]):
        return False
    return not request["allow"] or any(re.fullmatch(one, name) for one in request["allow"])


def bindgen_arguments(request: dict[str, Any], found: Own, files: Iterable[str], callers: Sequence[str]) -> list[str]:
    """bindgen's arguments: what to write, and which types to leave to the kernel's bindings.

    Of other types of the kernel only the size is known.
    """
    shared = Path(request["shared"]).read_text()
    ours = {*map(mangled, found.layouts)}
    only_there = {*OPAQUE.findall(shared)} & {*map(mangled, found.parts)}
    kernels = {name.partition(UNNAMED_IN_RUST)[0] for name in NOMINAL.findall(shared)} - ours - only_there
    others = {*map(mangled, found.others - {""})} - ours
    whole = [f"--allowlist-file={pattern(path)}" for path in files]
    some = [f"--allowlist-{kind}=({one})" for one in request["allow"] for kind in ("type", "function", "var")]
    return [
        *(some or whole),
        f"--allowlist-function=({'|'.join(callers) or '-'})",
        *(f"--blocklist-item=({one})" for one in request["block"]),
        *(f"--opaque-type=({one})" for one in request["opaque"]),
        # Of a type that is only left out, bindgen would still write what it is made of; and types without a name in it.
        *(f"--blocklist-type={one}" for one in patterns(kernels, UNNAMED)),
        *(f"--opaque-type={one}" for one in patterns(kernels | others, UNNAMED)),
    ]


def pattern(path: str) -> str:
    """A regular expression, as bindgen reads them, for a path."""
    return re.sub(r"[^A-Za-z0-9_/]", lambda match: f"\\x{{{ord(match[0]):x}}}", path)


def rust_text(raw: str, callers: Mapping[str, str]) -> str:
    """bindgen's output with each of the callers under the name of what it calls."""
    checked, _ = constant_checks(raw)
    text = "\n".join(in_order(items(checked)))
    for name, called in callers.items():
        text = re.sub(rf"\bpub fn {name}\b", f'# [link_name = "{name}"] pub fn {mangled(called)}', text)
    return text


def layout_text(found: Own, rust: str) -> str:
    """The C code that does not compile where C sees types in another way than Rust; of those that Rust sees."""
    seen = "\n".join(TYPE.findall(rust))
    # A type within another has that one's name before its own.
    layouts = [
        one for name, one in found.layouts.items() if re.search(rf"^(\w+_)?{mangled(name)}$", seen, re.MULTILINE)
    ]
    return SAME + "".join(line for one in layouts for line in one.checks())


def make(request: dict[str, Any]) -> int:
    """Write the bindings, the C sources and the list of the files that were read. Returns the exit status.

    Raises `HeaderError`.
    """
    # A function whose body was passed over is none that is defined.
    unit = Unit(request["libclang"], request["unit"], request["flags"], bodies=True)
    found = own(unit, request["headers"], request["directories"])
    functions = {f"{request['crate']}_calls_{one.name}": one for one in found.functions if chosen(one.name, request)}
    prototypes = request["includes"] + "".join(f"{one.prototype(name)};\n" for name, one in functions.items())
    Path(request["prototypes"]).write_text(prototypes)
    files = [path for path in unit.files() if os.path.normpath(path) in request["headers"]]
    words = bindgen_arguments(request, found, files, list(functions))
    raw = Path(request["raw"])
    argv = [*request["bindgen"], *words, "-o", str(raw), "--", *request["flags"]]
    if subprocess.run(argv, check=False).returncode:
        return 1
    rust = rust_text(raw.read_text(), {name: one.name for name, one in functions.items()})
    Path(request["bindings"]).write_text(rust)
    Path(request["callers"]).write_text(prototypes + "".join(one.caller(name) for name, one in functions.items()))
    Path(request["layout"]).write_text(request["includes"] + layout_text(found, rust))
    Path(request["depfile"]).write_text(depfile_text(request["bindings"], unit.files()))
    return 0


def main(request: dict[str, Any]) -> int:
    """As `make`; what is wrong with the headers is printed. Returns the exit status."""
    try:
        return make(request)
    except HeaderError as error:
        print(error, file=sys.stderr)
        return 1
