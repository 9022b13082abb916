# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from miniature import target

from scons_kmod.base import library_process
from scons_kmod.bindings.bindgen import (
    bindings_file,
    bindings_part,
    bindings_step,
    declared_file,
    fingerprint_file,
    fingerprint_step,
    layout_header,
)
from scons_kmod.bindings.flags import bindgen_flags, clang_flags
from scons_kmod.bindings.rust_sources import NamingSources
from scons_kmod.engine.step import Step
from scons_kmod.target.build_target import BuildTarget

NO_SOURCES = NamingSources({}, (), ())


@pytest.fixture(params=["6.1", "6.12"])
def build_target(tmp_path: Path, request: pytest.FixtureRequest) -> BuildTarget:
    return target(tmp_path, request.param)


def request_of(step: Step) -> dict[str, Any]:
    """The request to the step's process."""
    ((_, text),) = [file for file in step.written_files if str(file[0]) == step.commands[0].argv[-1]]
    request: dict[str, Any] = json.loads(text)
    return request


def test_both_steps_read_the_header_with_the_kernels_flags(build_target: BuildTarget) -> None:
    digest, generate = request_of(fingerprint_step(build_target, NO_SOURCES)), request_of(bindings_step(build_target))
    assert digest["header"] == generate["bindgen"][1] == str(build_target.build / "bindings/bindings.h")
    assert digest["flags"] == generate["flags"] == bindgen_flags(build_target)
    assert digest["flags"][: len(clang_flags(build_target))] == clang_flags(build_target)
    assert {"-nostdinc", "-D__KERNEL__", "-DMODULE", "-mcmodel=kernel", "-fshort-wchar"} <= set(digest["flags"])


def test_both_steps_run_in_the_kernel_tree(build_target: BuildTarget) -> None:
    (digests,), (generate,) = fingerprint_step(build_target, NO_SOURCES).commands, bindings_step(build_target).commands
    assert digests.cwd == generate.cwd == build_target.tree.path
    assert digests.argv[:4] == (sys.executable, "-I", library_process.__file__, "bindings.fingerprint")
    assert generate.argv[:4] == (sys.executable, "-I", library_process.__file__, "bindings.generate")


def test_both_steps_use_the_same_libclang(build_target: BuildTarget) -> None:
    assert dict(bindings_step(build_target).commands[0].env) == {"LIBCLANG_PATH": "/opt/clang/libclang.so"}
    assert request_of(fingerprint_step(build_target, NO_SOURCES))["libclang"] == "/opt/clang/libclang.so"


def test_bindgens_command_line(build_target: BuildTarget) -> None:
    assert request_of(bindings_step(build_target))["bindgen"] == [
        "/usr/bin/bindgen",
        str(build_target.build / "bindings/bindings.h"),
        *("--opaque-type", "xregs_state", "--no-doc-comments"),
        "--no-rustfmt-bindings",
    ]


def test_outputs_inputs_and_tools(build_target: BuildTarget) -> None:
    digest, generate = fingerprint_step(build_target, NO_SOURCES), bindings_step(build_target)
    assert digest.outputs == (fingerprint_file(build_target), declared_file(build_target))
    assert digest.inputs == ()
    assert {build_target.sources / "rust/bindings/bindings_helper.h"} <= set(digest.tracked)
    assert [str(path) for path in digest.depfiles] == [request_of(digest)["depfile"]]
    parts = [bindings_part(build_target, name) for name in ("bindings", "bindings_modules")]
    assert generate.outputs == (bindings_file(build_target), layout_header(build_target), *parts)
    assert generate.inputs == digest.outputs[:1]
    assert {build_target.sources / "rust/bindgen_parameters"} <= set(generate.tracked)
    # The step reads headers, but only the fingerprint decides whether it runs.
    assert generate.depfiles == ()
    assert digest.tools == generate.tools == ("bindgen's digest",)


def test_the_header_includes_the_bundled_list_and_the_headers_of_modules(build_target: BuildTarget) -> None:
    headers = ["net/sock.h", "linux/leds.h", "net/sock.h"]
    files = [
        dict(step.written_files)
        for step in (fingerprint_step(build_target, NO_SOURCES, headers), bindings_step(build_target, headers))
    ]
    for texts in files:
        assert texts[build_target.build / "bindings/bindings.h"].splitlines() == [
            f'#include "{build_target.sources}/rust/bindings/bindings_helper.h"',
            "#include <linux/leds.h>",
            "#include <net/sock.h>",
        ]


def test_the_fingerprint_reads_sources_and_generated_sources(build_target: BuildTarget, tmp_path: Path) -> None:
    base, tree, header, own, shared = (tmp_path / name for name in ("a.rs", "tree.rs", "own.h", "m.rs", "layout.c"))
    sources = NamingSources({"bindings": (base,), "kernel_tree": (tree,)}, (header,), (own, shared))
    generated = build_target.build / "modules/rust-echo/generated/table.rs"
    step = fingerprint_step(build_target, sources, (), [generated])
    request = request_of(step)
    assert request["kernel"] == {"bindings": [str(base)], "kernel_tree": [str(tree)]}
    assert (request["headers"], request["modules"]) == ([str(header)], [*map(str, (own, shared, generated))])
    # Another view for each crate: a name that moves from one to another is in another part.
    assert [view.paths for view in step.views] == [(base,), (tree,), (header,), (own, shared, generated)]
    assert step.order_only == (generated,)
