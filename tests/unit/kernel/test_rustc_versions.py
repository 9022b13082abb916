# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from pathlib import Path

import pytest
from miniature import write

from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.sysroot import THIS_MACHINE
from scons_kmod.kernel.rustc_versions import feature_flags, flags_for_rustc, library_edition, write_rustc_target
from scons_kmod.kernel.tool_finder import Tool

FLAGS = (
    *("-Copt-level=2", "-Cjump-tables=n", "-Zmin-function-alignment=16", "-Zindirect-branch-cs-prefix"),
    *("-Zretpoline-external-thunk", "--remap-path-scope=object", "-Zfunction-return=thunk-extern"),
)
SPEC = '{"llvm-target": "x86_64-unknown-none-elf", "features": "-mmx,+soft-float", "is-builtin": true}'


def rustc(version: str, path: str = "rustc") -> Tool:
    return Tool(path, version, f"digest of {version}")


@pytest.mark.parametrize("version", ["1.96.0", "1.97.1", "2.0.0"])
def test_a_new_compiler_takes_flags_as_they_are(version: str) -> None:
    assert flags_for_rustc(rustc(version), FLAGS) == FLAGS
    assert feature_flags(rustc(version)) == ()
    assert library_edition(rustc(version)) == "2024"


def test_an_old_compiler_takes_what_it_has() -> None:
    assert flags_for_rustc(rustc("1.85.1"), FLAGS) == (
        *("-Aunknown_lints", "-Copt-level=2", "-Zno-jump-tables", "-Zremap-path-scope=object"),
        "-Zfunction-return=thunk-extern",
    )
    assert feature_flags(rustc("1.85.1")) == ("-Zcrate-attr=feature(box_uninit_write)",)
    assert library_edition(rustc("1.85.1")) == "2021"


@pytest.mark.parametrize(("version", "flag"), [("1.92.0", "-Zno-jump-tables"), ("1.93.0", "-Cjump-tables=n")])
def test_each_flag_has_its_version(version: str, flag: str) -> None:
    assert flag in flags_for_rustc(rustc(version), FLAGS)


def old_compiler(directory: Path) -> Tool:
    script = f"#!/bin/sh\necho \"$RUSTC_BOOTSTRAP $*\" >>{directory}/calls\necho '{SPEC}'\n"
    return rustc("1.85.1", str(write(directory / "rustc", script, 0o755)))


def found(directory: Path, tool: Tool, flags: tuple[str, ...] = FLAGS) -> Path | None:
    return write_rustc_target(flags, tool, THIS_MACHINE, directory / "cache", directory / "config", RunLog())


def test_retpolines_are_features_of_an_old_compilers_target(tmp_path: Path) -> None:
    tool = old_compiler(tmp_path)
    path = found(tmp_path, tool)
    assert path
    assert path.parent == tmp_path / "cache/rustc-targets"
    assert json.loads(path.read_text()) == {
        "llvm-target": "x86_64-unknown-none-elf",
        "features": "-mmx,+soft-float,+retpoline-external-thunk,+retpoline-indirect-branches,+retpoline-indirect-calls",
    }
    assert found(tmp_path, tool) == path
    assert (tmp_path / "calls").read_text() == (
        "1 -Zunstable-options --print=target-spec-json --target=x86_64-unknown-none\n"
    )


def test_a_target_file_that_is_gone_is_written_again(tmp_path: Path) -> None:
    tool = old_compiler(tmp_path)
    path = found(tmp_path, tool)
    assert path
    path.unlink()
    assert found(tmp_path, tool) == path
    assert path.is_file()


def test_no_target_file_is_written_without_need(tmp_path: Path) -> None:
    assert found(tmp_path, rustc("1.96.0", "/nowhere")) is None
    assert found(tmp_path, rustc("1.85.1", "/nowhere"), ("-Copt-level=2",)) is None


def test_a_damaged_target_is_written_again(tmp_path: Path) -> None:
    tool = old_compiler(tmp_path)
    path = found(tmp_path, tool)
    assert path
    whole = path.read_text()
    path.write_text(whole.replace("soft-float", "sse"))
    assert found(tmp_path, tool) == path
    assert path.read_text() == whole
