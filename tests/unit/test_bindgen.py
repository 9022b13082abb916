# SPDX-License-Identifier: MIT
from __future__ import annotations

import sys
from pathlib import Path

import pytest
from miniature import after, target

from scons_kmod import layout
from scons_kmod.bindgen import GCC_ONLY, bindings_file, bindings_step, clang_flags, layout_header, parameters
from scons_kmod.build_target import BuildTarget


@pytest.fixture(params=["6.1", "6.12"])
def made(tmp_path: Path, request: pytest.FixtureRequest) -> BuildTarget:
    return target(tmp_path, request.param)


def test_bindgen_reads_the_header_with_the_kernels_flags(made: BuildTarget) -> None:
    generate = bindings_step(made).commands[0]
    ours, clang = generate.argv[: generate.argv.index("--")], generate.argv[generate.argv.index("--") + 1 :]
    assert ours[:2] == ("/usr/bin/bindgen", str(made.build / "bindings/bindings.h"))
    assert after(list(ours), "-o") == str(made.build / "bindings/bindgen.rs")
    assert clang == (*clang_flags(made), "-w")
    assert {"-nostdinc", "-D__KERNEL__", "-DMODULE", "-mcmodel=kernel", "-fshort-wchar"} <= set(clang)


def test_it_runs_where_the_kernels_relative_paths_lead_from(made: BuildTarget) -> None:
    generate, check = bindings_step(made).commands
    assert generate.cwd == made.tree.path
    assert dict(generate.env) == {"LIBCLANG_PATH": "/opt/clang"}
    assert check.argv[:3] == (sys.executable, "-I", layout.__file__)


def test_flags_of_gcc_alone_are_left_out(made: BuildTarget) -> None:
    flags = clang_flags(made)
    assert not set(GCC_ONLY) & set(flags)
    assert not [flag for flag in flags if flag.startswith(("-W", "-fmacro-prefix-map", "-falign-functions", "-g"))]
    assert set(flags) < set(made.kbuild.cc)


def test_parameters_may_have_comments(made: BuildTarget) -> None:
    assert parameters(made.sources / "rust/bindgen_parameters") == ["--opaque-type", "xregs_state", "--no-doc-comments"]


def test_outputs_inputs_and_tools(made: BuildTarget) -> None:
    step = bindings_step(made)
    assert step.outputs == (bindings_file(made), layout_header(made))
    assert step.tracked == (made.sources / "rust/bindings/bindings_helper.h", Path(layout.__file__))
    assert step.depfiles == (made.build / "bindings/bindgen.d",)
    assert step.tools == ("bindgen's digest",)
    assert f"--depfile={step.depfiles[0]}" in step.commands[0].argv


def test_the_header_has_ours_and_what_modules_add(made: BuildTarget) -> None:
    ((path, text),) = bindings_step(made, ["net/sock.h", "linux/leds.h", "net/sock.h"]).files
    assert path == made.build / "bindings/bindings.h"
    assert text.splitlines() == [
        f'#include "{made.sources}/rust/bindings/bindings_helper.h"',
        "#include <linux/leds.h>",
        "#include <net/sock.h>",
    ]
