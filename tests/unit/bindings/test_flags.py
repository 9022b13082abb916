# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from miniature import target

from scons_kmod.bindings.flags import GCC_ONLY, args_from_file, clang_flags
from scons_kmod.target.build_target import BuildTarget


@pytest.fixture(params=["6.1", "6.12"])
def build_target(tmp_path: Path, request: pytest.FixtureRequest) -> BuildTarget:
    return target(tmp_path, request.param)


def test_some_args_are_for_older_versions_only(tmp_path: Path) -> None:
    path = tmp_path / "parameters"
    path.write_text("--use-core\n<0.61: --size_t-is-usize # the default since\n--no-doc-comments\n")
    assert args_from_file(path, "0.60.1") == ["--use-core", "--size_t-is-usize", "--no-doc-comments"]
    assert args_from_file(path, "0.71.1") == ["--use-core", "--no-doc-comments"]


def test_libclang_gets_no_flags_of_gcc_alone(build_target: BuildTarget) -> None:
    flags = clang_flags(build_target)
    assert not set(GCC_ONLY) & set(flags)
    assert not [flag for flag in flags if flag.startswith(("-W", "-fmacro-prefix-map", "-falign-functions", "-g"))]
    assert set(flags) < set(build_target.kbuild.cc)


def test_a_file_of_args_may_have_comments(build_target: BuildTarget) -> None:
    assert args_from_file(build_target.sources / "rust/bindgen_parameters", "0.60.1") == [
        "--opaque-type",
        "xregs_state",
        "--no-doc-comments",
    ]
