# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from miniature import target, write

from scons_kmod.c.heads import FEWEST, Head, find_heads, leading_lines
from scons_kmod.c.module_objects import c_object_steps
from scons_kmod.c.source_flags import module_include_directories
from scons_kmod.engine.digests import LINES
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.sections.c import CCode, FileFlags
from scons_kmod.target.build_target import BuildTarget

GUARDED = "/* A comment. */\n#ifndef A_H\n#define A_H\n#ifdef B\nint b;\n#endif\n#endif /* A_H */\n"


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


def module(directory: Path, texts: list[str]) -> Manifest:
    """A module of C sources with these texts, and of headers that they may include."""
    for name in ("first", "second"):
        write(directory / f"include/own/{name}.h", GUARDED)
    sources = tuple(write(directory / f"{number}.c", text) for number, text in enumerate(texts))
    code = CCode(sources, include=(directory / "include",))
    return Manifest("many", directory, None, None, c=code)


def heads_of(build_target: BuildTarget, manifest: Manifest) -> tuple[Head, ...]:
    return find_heads(manifest.c, module_include_directories(build_target, manifest))


BEGIN = "// SPDX\n#define pr_fmt(fmt) KBUILD_MODNAME fmt\n#include <own/first.h>\n#include <own/second.h>\n"
LINE = ("#define pr_fmt(fmt) KBUILD_MODNAME fmt\n", "#include <own/first.h>\n", "#include <own/second.h>\n")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (BEGIN + "int a;\n", LINE),
        ("/* A\n * b */\n\n#include <own/first.h> /* c */\n// d\n#include <own/second.h>\n", LINE[1:]),
        ('#include <own/first.h>\n#include "x.h"\n#include <own/second.h>\n', LINE[1:2]),
        ("#include <own/first.h>\n#ifdef X\n#include <own/second.h>\n#endif\n", LINE[1:2]),
        ("int a;\n#include <own/first.h>\n", ()),
        ("#define A 1 \\\n 2\n#include <own/first.h>\n", ()),
        ("#define A 1 /* one\n*/\n#include <own/first.h>\n", ()),
        ("", ()),
    ],
)
def test_a_source_begins_with_macros_and_headers(tmp_path: Path, text: str, lines: tuple[str, ...]) -> None:
    assert tuple(leading_lines(write(tmp_path / "a.c", text))) == lines


def test_a_source_that_can_not_be_read_has_no_head(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_bytes(b"\xff\xfe")
    assert leading_lines(tmp_path / "a.c") == leading_lines(tmp_path / "absent.c") == []


def test_sources_share_the_lines_that_most_of_them_begin_with(build_target: BuildTarget, tmp_path: Path) -> None:
    few = ["".join(LINE[:2]) + "int b;\n"] * 2
    texts = [BEGIN, BEGIN + "int a;\n", *[BEGIN] * FEWEST, *few, "#include <own/second.h>\n"]
    manifest = module(tmp_path / "m", texts)
    (head,) = heads_of(build_target, manifest)
    assert (head.lines, head.sources) == (LINE, manifest.c.sources[:-3])


def test_sources_share_fewer_lines_if_many_have_no_more(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m", [*[BEGIN] * FEWEST, *["".join(LINE[:2])] * FEWEST])
    (head,) = heads_of(build_target, manifest)
    assert (head.lines, head.sources) == (LINE[:2], manifest.c.sources)


@pytest.mark.parametrize("number", range(3))
def test_another_include_of_one_source_leaves_the_head_as_it_was(
    build_target: BuildTarget, tmp_path: Path, number: int
) -> None:
    lines = list(LINE)
    lines.insert(number, "#include <own/third.h>\n")
    texts = ["".join(LINE)] * (FEWEST + 1)
    before = heads_of(build_target, module(tmp_path / "before", texts))
    manifest = module(tmp_path / "m", ["".join(lines), *texts[1:]])
    write(manifest.directory / "include/own/third.h", GUARDED)
    (head,) = heads_of(build_target, manifest)
    assert head.lines == before[0].lines
    assert head.sources == manifest.c.sources[1:]


def test_a_few_sources_share_no_head(build_target: BuildTarget, tmp_path: Path) -> None:
    assert heads_of(build_target, module(tmp_path / "m", [BEGIN] * (FEWEST - 1))) == ()


def test_macros_alone_make_no_head(build_target: BuildTarget, tmp_path: Path) -> None:
    assert heads_of(build_target, module(tmp_path / "m", [LINE[0] + "int a;\n"] * FEWEST)) == ()


def test_a_source_with_flags_of_its_own_has_no_head(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m", [BEGIN] * (FEWEST + 1))
    own = FileFlags(manifest.c.sources[0], ("-O3",))
    (head,) = heads_of(build_target, dataclasses.replace(manifest, c=dataclasses.replace(manifest.c, files=(own,))))
    assert head.sources == manifest.c.sources[1:]


@pytest.mark.parametrize(
    "text",
    [
        "int a;\n",
        "#ifndef A_H\n#define A_H\n#endif\nint a;\n",
        "#ifndef A_H\n#define A_H\n#endif\n#ifndef B_H\n#define B_H\n#endif\n",
        "#ifndef A_H\n#define B_H\n#endif\n",
        "#if !defined(A_H) || defined(AGAIN)\n#define A_H\n#endif\n",
        "#ifndef A_H\n#define A_H\n",
    ],
)
def test_a_header_without_a_guard_is_not_precompiled(build_target: BuildTarget, tmp_path: Path, text: str) -> None:
    manifest = module(tmp_path / "m", [BEGIN] * FEWEST)
    write(tmp_path / "m/include/own/second.h", text)
    (head,) = heads_of(build_target, manifest)
    assert head.lines == LINE[:2]


@pytest.mark.parametrize(
    "text", ["#pragma once\nint a;\n", "// A\n#ifndef A_H\n\n#define A_H 1\n#if 1\n#endif\n#endif\n"]
)
def test_ways_to_guard(build_target: BuildTarget, tmp_path: Path, text: str) -> None:
    manifest = module(tmp_path / "m", [BEGIN] * FEWEST)
    write(tmp_path / "m/include/own/second.h", text)
    (head,) = heads_of(build_target, manifest)
    assert head.lines == LINE


def test_sources_are_compiled_with_their_precompiled_head(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m", [BEGIN] * FEWEST)
    head, *compiled = c_object_steps(build_target, manifest)
    ((header, text),) = head.written_files
    assert text.endswith("".join(LINE))
    assert text.startswith("#include")
    # Line numbers of headers are in the code (WARN_ON).
    assert (head.digest_kind, head.outputs) == (
        LINES,
        tuple(header.with_name(f"{header.name}.{end}") for end in ("gch", "gch.d")),
    )
    assert not [arg for arg in head.commands[0].argv if "KBUILD_BASENAME" in arg]
    assert len(compiled) == FEWEST
    for number, step in enumerate(compiled):
        argv = step.commands[0].argv
        names = Path(f"{step.outputs[0]}.names.h")
        assert [argv[at + 1] for at, arg in enumerate(argv) if arg == "-include"] == [str(header), str(names)]
        assert dict(step.written_files)[names] == f'#define KBUILD_BASENAME "{number}"\n'
        assert not [arg for arg in argv if "KBUILD_BASENAME" in arg]
        assert (*step.order_only[-2:], *step.depfiles[-1:]) == (*head.outputs, *head.depfiles)
        # With any other difference, gcc would not use the precompiled header.
        assert set(head.commands[0].argv) - set(argv) == set(head.commands[0].argv[-6:]) - set(argv)
