# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from miniature import write

from scons_kmod.base import library_process
from scons_kmod.bindings.generate import mangled, name_patterns, named_sizes, opaque_types, selection_args, sorted_items


def test_patterns_are_in_parentheses() -> None:
    # bindgen's own anchors would otherwise belong to the first and the last name only.
    assert list(name_patterns(["b", "type", "a"])) == ["(a|b|type|type_)"]
    assert list(name_patterns(["a"], "x*")) == ["(a)x*"]
    assert list(name_patterns([])) == ["(-)"]


def test_a_pattern_is_short_enough_for_an_argument() -> None:
    names = [f"{'long' * 50}{number}" for number in range(2000)]
    patterns = list(name_patterns(names))
    assert len(patterns) > 1
    assert max(map(len, patterns)) < 128 * 1024
    assert sorted(name for pattern in patterns for name in pattern[1:-1].split("|")) == sorted(names)


def test_selection_args_for_a_fingerprint() -> None:
    assert selection_args({"declarations": {"file": "0", "list": "1"}, "opaque": ["cut"]}) == [
        *(f"--allowlist-{kind}=(file|list)" for kind in ("type", "function", "var")),
        *(f"--{how}-type=(cut)(__bindgen_ty_.*)?" for how in ("blocklist", "opaque")),
    ]


def test_names_that_are_keywords_of_rust() -> None:
    assert [mangled(name) for name in ("type", "u8", "kind")] == ["type_", "u8_", "kind"]
    assert opaque_types(["type"]) == ["#[repr(C)] pub struct type_ { _opaque: [u8; 0] }"]


def test_the_order_of_items_does_not_depend_on_bindgens_numbers() -> None:
    items = ["pub type _bindgen_ty_7 = u32 ;", "pub const B : _bindgen_ty_7 = 1 ;", "pub type _bindgen_ty_2 = u32 ;"]
    more_items = [
        "pub const A : _bindgen_ty_2 = 1 ;",
        "pub struct f__bindgen_ty_7 ;",
        "pub type _bindgen_ty_12 = i32 ;",
    ]
    assert sorted_items([*items, *more_items]) == [
        "pub const A : _bindgen_ty_1 = 1 ;",
        "pub const B : _bindgen_ty_2 = 1 ;",
        "pub struct f__bindgen_ty_7 ;",
        "pub type _bindgen_ty_1 = u32 ;",
        "pub type _bindgen_ty_2 = u32 ;",
        "pub type _bindgen_ty_3 = i32 ;",
    ]


def test_the_header_of_sizes_has_types_with_names_only() -> None:
    lines = "#define BINDINGS_SIZEOF_b 8\n#define BINDINGS_SIZEOF__bindgen_ty_1 4\n#define BINDINGS_SIZEOF_a 8\n"
    assert named_sizes(lines) == "#define BINDINGS_SIZEOF_a 8\n#define BINDINGS_SIZEOF_b 8\n"


def generate_argv(directory: Path, script: str) -> list[str]:
    """The command line of the process, with a shell script instead of bindgen."""
    stand_in = write(directory / "bindgen", f"#!/bin/sh\n{script}\n", 0o755)
    named = {"named": {"bindings": [], "kernel_tree": ["X"]}, "elsewhere": []}
    fingerprint = {"declarations": {"X": "0"}, "opaque": ["cut"], **named}
    write(directory / "fingerprint", json.dumps(fingerprint))
    files = {name: str(directory / name) for name in ("fingerprint", "raw", "bindings", "layout")}
    parts = {name: str(directory / f"{name}.rs") for name in ("bindings", "bindings_modules", "kernel_tree")}
    text = json.dumps({"bindgen": [str(stand_in), "unit.h"], "flags": ["-w"], "parts": parts, **files})
    return [
        sys.executable,
        "-I",
        library_process.__file__,
        "bindings.generate",
        str(write(directory / "request.json", text)),
    ]


def test_the_process_writes_bindings_from_bindgens_output(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    command = generate_argv(tmp_path, f'echo "$*" > {tmp_path}/argv; echo "pub const X : u32 = 1 ;" > {raw}')
    subprocess.run(command, check=True)
    assert (tmp_path / "bindings").read_text().splitlines() == [
        "pub const X : u32 = 1 ;",
        "#[repr(C)] pub struct cut { _opaque: [u8; 0] }",
    ]
    assert (tmp_path / "layout").read_text() == ""
    parts = {path.stem: path.read_text() for path in tmp_path.glob("*.rs")}
    assert parts == {
        "bindings": "",
        "kernel_tree": "pub const X : u32 = 1 ;\n",
        "bindings_modules": "#[repr(C)] pub struct cut { _opaque: [u8; 0] }\n",
    }
    args = (tmp_path / "argv").read_text().split()
    assert (args[0], args[-4:]) == ("unit.h", ["-o", str(raw), "--", "-w"])
    assert "--allowlist-var=(X)" in args


def test_a_failure_of_bindgen_is_shown(tmp_path: Path) -> None:
    done = subprocess.run(
        generate_argv(tmp_path, "echo panicked >&2; exit 101"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == f"panicked\n{tmp_path}/bindgen ended with status 101\n"
    assert not (tmp_path / "bindings").exists()
