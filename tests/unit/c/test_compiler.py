# SPDX-License-Identifier: MIT
from __future__ import annotations

from scons_kmod.c.compiler import args_without_includes, included_files


def test_flags_that_include_a_file() -> None:
    args = ("-nostdinc", "-include", "a.h", "-Wall", "-include", "b.h")
    assert args_without_includes(args) == ("-nostdinc", "-Wall")
    assert included_files(args) == ("a.h", "b.h")
