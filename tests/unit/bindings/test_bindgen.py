# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from miniature import module, target, write

from scons_kmod.base import library_process
from scons_kmod.bindings.bindgen import (
    bindings_file,
    bindings_step,
    declared_file,
    fingerprint_file,
    fingerprint_step,
    layout_header,
)
from scons_kmod.bindings.flags import GCC_ONLY, args_from_file, bindgen_flags, clang_flags
from scons_kmod.bindings.generate import mangled, name_patterns, named_sizes, opaque_types, selection_args, sorted_items
from scons_kmod.bindings.rust_sources import rust_sources
from scons_kmod.engine.step import Step
from scons_kmod.manifest.sections.generate import Generator
from scons_kmod.target.build_target import BuildTarget


@pytest.fixture(params=["6.1", "6.12"])
def made(tmp_path: Path, request: pytest.FixtureRequest) -> BuildTarget:
    return target(tmp_path, request.param)


def asked(step: Step) -> dict[str, Any]:
    """What the step's program is asked to do."""
    ((_, text),) = [file for file in step.written_files if str(file[0]) == step.commands[0].argv[-1]]
    request: dict[str, Any] = json.loads(text)
    return request


def test_both_programs_read_the_header_with_the_kernels_flags(made: BuildTarget) -> None:
    one, two = asked(fingerprint_step(made, ())), asked(bindings_step(made))
    assert one["header"] == two["bindgen"][1] == str(made.build / "bindings/bindings.h")
    assert one["flags"] == two["flags"] == bindgen_flags(made)
    assert one["flags"][: len(clang_flags(made))] == clang_flags(made)
    assert {"-nostdinc", "-D__KERNEL__", "-DMODULE", "-mcmodel=kernel", "-fshort-wchar"} <= set(one["flags"])


def test_they_run_where_the_kernels_relative_paths_lead_from(made: BuildTarget) -> None:
    (digests,), (generate,) = fingerprint_step(made, ()).commands, bindings_step(made).commands
    assert digests.cwd == generate.cwd == made.tree.path
    assert digests.argv[:4] == (sys.executable, "-I", library_process.__file__, "bindings.fingerprint")
    assert generate.argv[:4] == (sys.executable, "-I", library_process.__file__, "bindings.generate")


def test_both_take_the_same_libclang(made: BuildTarget) -> None:
    assert dict(bindings_step(made).commands[0].env) == {"LIBCLANG_PATH": "/opt/clang/libclang.so"}
    assert asked(fingerprint_step(made, ()))["libclang"] == "/opt/clang/libclang.so"


def test_some_arguments_are_for_older_versions(tmp_path: Path) -> None:
    path = tmp_path / "parameters"
    path.write_text("--use-core\n<0.61: --size_t-is-usize # the default since\n--no-doc-comments\n")
    assert args_from_file(path, "0.60.1") == ["--use-core", "--size_t-is-usize", "--no-doc-comments"]
    assert args_from_file(path, "0.71.1") == ["--use-core", "--no-doc-comments"]


def test_bindgens_arguments(made: BuildTarget) -> None:
    assert asked(bindings_step(made))["bindgen"] == [
        "/usr/bin/bindgen",
        str(made.build / "bindings/bindings.h"),
        *("--opaque-type", "xregs_state", "--no-doc-comments"),
        "--no-rustfmt-bindings",
    ]


def test_flags_of_gcc_alone_are_left_out(made: BuildTarget) -> None:
    flags = clang_flags(made)
    assert not set(GCC_ONLY) & set(flags)
    assert not [flag for flag in flags if flag.startswith(("-W", "-fmacro-prefix-map", "-falign-functions", "-g"))]
    assert set(flags) < set(made.kbuild.cc)


def test_parameters_may_have_comments(made: BuildTarget) -> None:
    assert args_from_file(made.sources / "rust/bindgen_parameters", "0.60.1") == [
        "--opaque-type",
        "xregs_state",
        "--no-doc-comments",
    ]


def test_outputs_inputs_and_tools(made: BuildTarget) -> None:
    one, two = fingerprint_step(made, ()), bindings_step(made)
    assert one.outputs == (fingerprint_file(made), declared_file(made))
    assert one.inputs == ()
    assert {made.sources / "rust/bindings/bindings_helper.h"} <= set(one.tracked)
    assert [str(path) for path in one.depfiles] == [asked(one)["depfile"]]
    assert two.outputs == (bindings_file(made), layout_header(made))
    assert two.inputs == one.outputs[:1]
    assert {made.sources / "rust/bindgen_parameters"} <= set(two.tracked)
    # No header: only the fingerprint says whether it is to run.
    assert two.depfiles == ()
    assert one.tools == two.tools == ("bindgen's digest",)


def test_the_header_has_ours_and_what_modules_add(made: BuildTarget) -> None:
    headers = ["net/sock.h", "linux/leds.h", "net/sock.h"]
    files = [dict(step.written_files) for step in (fingerprint_step(made, (), headers), bindings_step(made, headers))]
    for texts in files:
        assert texts[made.build / "bindings/bindings.h"].splitlines() == [
            f'#include "{made.sources}/rust/bindings/bindings_helper.h"',
            "#include <linux/leds.h>",
            "#include <net/sock.h>",
        ]


def test_sources_that_name_what_is_needed(made: BuildTarget, tmp_path: Path) -> None:
    for name in ("kernel/lib.rs", "kernel/sync/lock.rs", "rust/macros/lib.rs", "kernel/notes.txt"):
        write(made.sources / name, "")
    manifest = module(tmp_path / "outside")
    sources = rust_sources(made, [manifest])
    assert manifest.root in sources
    assert {path.relative_to(made.sources) for path in sources if path != manifest.root} == {
        Path(name) for name in ("kernel/lib.rs", "kernel/sync/lock.rs", "rust/macros/lib.rs", "rust/bindings/layout.c")
    }
    assert asked(fingerprint_step(made, sources))["sources"] == [str(path) for path in sources]


def test_what_a_module_has_built_in_its_own_directory_is_no_source_of_it(made: BuildTarget) -> None:
    manifest = module(made.build.parents[1])
    write(made.build / "bindings/bindings_generated.rs", "")
    write(manifest.directory / ".hidden/x.rs", "")
    write(manifest.directory / "more/x.rs", "")
    sources = rust_sources(made, [manifest])
    assert manifest.directory / "more/x.rs" in sources
    assert not [path for path in sources if path.name == "bindings_generated.rs" or ".hidden" in path.parts]


def test_a_program_for_the_machine_is_no_source_of_a_module_but_what_it_writes_is(
    made: BuildTarget, tmp_path: Path
) -> None:
    manifest = module(tmp_path / "m")
    generator = Generator("table", write(tmp_path / "m/make.rs", ""), ("table.rs",))
    sources = rust_sources(made, [dataclasses.replace(manifest, generators=(generator,))])
    assert [path.name for path in sources if path.is_relative_to(tmp_path / "m")] == ["rust_echo.rs"]
    written = made.build / "modules/rust-echo/generated/table.rs"
    step = fingerprint_step(made, sources, (), [written])
    assert asked(step)["sources"] == [*map(str, sources), str(written)]
    assert step.views[0].paths == (*sources, written)
    assert step.order_only == (written,)


def test_patterns_are_in_parentheses() -> None:
    # bindgen's own anchors would otherwise belong to the first and the last name only.
    assert list(name_patterns(["b", "type", "a"])) == ["(a|b|type|type_)"]
    assert list(name_patterns(["a"], "x*")) == ["(a)x*"]
    assert list(name_patterns([])) == ["(-)"]


def test_patterns_are_no_longer_than_an_argument_may_be() -> None:
    names = [f"{'long' * 50}{number}" for number in range(2000)]
    made = list(name_patterns(names))
    assert len(made) > 1
    assert max(map(len, made)) < 128 * 1024
    assert sorted(name for one in made for name in one[1:-1].split("|")) == sorted(names)


def test_arguments_for_a_fingerprint() -> None:
    assert selection_args({"declarations": {"file": "0", "list": "1"}, "opaque": ["cut"]}) == [
        *(f"--allowlist-{kind}=(file|list)" for kind in ("type", "function", "var")),
        *(f"--{how}-type=(cut)(__bindgen_ty_.*)?" for how in ("blocklist", "opaque")),
    ]


def test_names_that_are_keywords() -> None:
    assert [mangled(name) for name in ("type", "u8", "kind")] == ["type_", "u8_", "kind"]
    assert opaque_types(["type"]) == "#[repr(C)] pub struct type_ { _opaque: [u8; 0] }\n"


def test_items_are_in_order_whatever_bindgen_counted() -> None:
    items = ["pub type _bindgen_ty_7 = u32 ;", "pub const B : _bindgen_ty_7 = 1 ;", "pub type _bindgen_ty_2 = u32 ;"]
    others = ["pub const A : _bindgen_ty_2 = 1 ;", "pub struct f__bindgen_ty_7 ;", "pub type _bindgen_ty_12 = i32 ;"]
    assert sorted_items([*items, *others]) == [
        "pub const A : _bindgen_ty_1 = 1 ;",
        "pub const B : _bindgen_ty_2 = 1 ;",
        "pub struct f__bindgen_ty_7 ;",
        "pub type _bindgen_ty_1 = u32 ;",
        "pub type _bindgen_ty_2 = u32 ;",
        "pub type _bindgen_ty_3 = i32 ;",
    ]


def test_sizes_of_types_with_names() -> None:
    lines = "#define BINDINGS_SIZEOF_b 8\n#define BINDINGS_SIZEOF__bindgen_ty_1 4\n#define BINDINGS_SIZEOF_a 8\n"
    assert named_sizes(lines) == "#define BINDINGS_SIZEOF_a 8\n#define BINDINGS_SIZEOF_b 8\n"


def request(directory: Path, script: str) -> list[str]:
    """The program, with a script in bindgen's place."""
    stand_in = write(directory / "bindgen", f"#!/bin/sh\n{script}\n", 0o755)
    write(directory / "fingerprint", json.dumps({"declarations": {"X": "0"}, "opaque": ["cut"]}))
    files = {name: str(directory / name) for name in ("fingerprint", "raw", "bindings", "layout")}
    text = json.dumps({"bindgen": [str(stand_in), "unit.h"], "flags": ["-w"], **files})
    return [
        sys.executable,
        "-I",
        library_process.__file__,
        "bindings.generate",
        str(write(directory / "request.json", text)),
    ]


def test_the_program_makes_bindings_of_bindgens_output(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    command = request(tmp_path, f'echo "$*" > {tmp_path}/argv; echo "pub const X : u32 = 1 ;" > {raw}')
    subprocess.run(command, check=True)
    assert (tmp_path / "bindings").read_text().splitlines() == [
        "pub const X : u32 = 1 ;",
        "#[repr(C)] pub struct cut { _opaque: [u8; 0] }",
    ]
    assert (tmp_path / "layout").read_text() == ""
    words = (tmp_path / "argv").read_text().split()
    assert (words[0], words[-4:]) == ("unit.h", ["-o", str(raw), "--", "-w"])
    assert "--allowlist-var=(X)" in words


def test_a_failure_of_bindgen_is_shown(tmp_path: Path) -> None:
    done = subprocess.run(request(tmp_path, "echo panicked >&2; exit 101"), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"panicked\n{tmp_path}/bindgen ended with status 101\n"
    assert not (tmp_path / "bindings").exists()
