# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from manifest_table import read_table
from miniature import write

from scons_kmod.base.errors import UserError
from scons_kmod.manifest.sections.c import CCode, FileFlags


def read(directory: Path, text: str, *files: str) -> CCode:
    for name in ("a.c", *files):
        write(directory / name, "")
    code: CCode = read_table(directory, "c", f"[c]\n{text}\n")
    return code


def error_of(directory: Path, text: str, *files: str) -> str:
    with pytest.raises(UserError) as caught:
        read(directory, text, *files)
    return str(caught.value).removeprefix(f"{directory}/")


def test_all_keys(tmp_path: Path) -> None:
    text = """
        sources = ["a.c", "fast.S", "src/*.c"]
        include = ["include", "."]
        include-first = ["first.h"]
        defines = ["DEBUG", 'TEXT="two words"', "EMPTY="]
        flags = ["-Wno-unused", "-O3"]
        asm-flags = ["-DASM"]
        without-flags = ["-O2"]
        [c.files.'src/*.c']
        flags = ["-O0"]
        [c.files."src/b.c"]
        without-flags = ["-pg"]
    """
    code = read(tmp_path, text, "fast.S", "src/b.c", "src/c.c", "include/x.h", "first.h")
    b, c = tmp_path / "src/b.c", tmp_path / "src/c.c"
    assert dataclasses.replace(code, patterns=()) == CCode(
        sources=(tmp_path / "a.c", tmp_path / "fast.S", b, c),
        include=(tmp_path / "include", tmp_path),
        include_first=(tmp_path / "first.h",),
        defines=("DEBUG", 'TEXT="two words"', "EMPTY="),
        flags=("-Wno-unused", "-O3"),
        asm_flags=("-DASM",),
        without_flags=("-O2",),
        files=(FileFlags(b, ("-O0",)), FileFlags(c, ("-O0",)), FileFlags(b, (), ("-pg",))),
    )
    assert code.flags_of(b) == FileFlags(b, ("-O0",), ("-pg",))
    assert code.flags_of(tmp_path / "a.c") == FileFlags(tmp_path / "a.c")


def test_flags_of_a_pattern_are_for_the_files_that_match(tmp_path: Path) -> None:
    text = 'sources = ["**/*.c"]\n[c.files."a.c"]\nflags = ["-O0"]\n[c.files."**/*.c"]\nflags = ["-g"]'
    code = read(tmp_path, text.replace('"-g"', '"-O1"'), "src/a.c")
    assert code.flags_of(tmp_path / "a.c").flags == ("-O0", "-O1"), "in the order of the manifest"
    assert code.flags_of(tmp_path / "src/a.c").flags == ("-O1",), "src/a.c is another file"


@pytest.mark.parametrize(
    "flag", ["-Wall", "-Wno-error=x", "-O3", "-DX=1", "-UX", "-mno-red-zone", "-std=gnu11", "-fwrapv"]
)
def test_flags_that_are_taken(tmp_path: Path, flag: str) -> None:
    assert read(tmp_path, f'flags = ["{flag}"]').flags == (flag,)


@pytest.mark.parametrize(
    "flag",
    [
        *(
            "-I/etc",
            "-include",
            "-imacros",
            "-o",
            "-x",
            "-c",
            "-MMD",
            "@file",
            "-Bdir",
            "-Xlinker",
            "a.c",
            "",
            "-O2 -g",
        ),
        *("-Wp,-MMD,x", "-Wa,-a=x", "-Wl,x", "-fplugin=x.so", "-fdump-tree-all", "-fprofile-use=x", "-fauto-profile=x"),
        *("-fstack-usage", "-ftest-coverage", "-fcallgraph-info", "-fopt-info-all=x", "-fsanitize-ignorelist=x"),
        *("-fdiagnostics-format=sarif-file", "-fsyntax-only", "-specs=x", "--sysroot=/", "-save-temps", "-g3"),
    ],
)
@pytest.mark.parametrize("key", ["flags", "asm-flags"])
def test_no_flag_reads_or_writes_a_file(tmp_path: Path, flag: str, key: str) -> None:
    assert error_of(tmp_path, f'{key} = ["{flag}"]').startswith(
        f"module.toml:2: [c] {key}: {flag!r} can't be given here\n    use include, include-first and defines;"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('sources = ["a.h"]', "module.toml:2: [c] sources: a.h is neither C nor assembly"),
        ('sources = ["a.s"]', "module.toml:2: [c] sources: a.s is neither C nor assembly"),
        ('sources = ["a.c", "a.S"]', "module.toml:2: [c] sources: a.c and a.S would be compiled to the same object"),
        ('defines = ["-DX"]', "module.toml:2: [c] defines: '-DX' is not a macro definition"),
        ('defines = ["F(x)=x"]', "module.toml:2: [c] defines: 'F(x)=x' is not a macro definition"),
        ('include = ["a.c"]', "module.toml:2: [c.include] element 1: a.c does not exist"),
        ('include-first = ["no.h"]', "module.toml:2: [c.include-first] element 1: no.h does not exist"),
        ('source = ["a.c"]', 'module.toml:2: [c] source: unknown key\n    did you mean "sources"?'),
        ("[c.files.'a.h']", "module.toml:2: [c.files] a.h: matches none of the sources"),
        ("[c.files.'b.c']", "module.toml:2: [c.files] b.c: b.c does not exist"),
        ("[c.files.'']", "module.toml:2: [c.files] :  does not exist"),
        ("[c.files.'a.c']\nflag = []", 'module.toml:3: [c.files.a.c] flag: unknown key\n    did you mean "flags"?'),
        ("[c.files.'a.c']\nflags = ['-I/']", "module.toml:3: [c.files.a.c] flags: '-I/' can't be given here"),
        ("files = 3", "module.toml:2: [c] files: must be a table, not the integer 3"),
    ],
)
def test_an_error_has_its_line_and_key(tmp_path: Path, text: str, expected: str) -> None:
    assert error_of(tmp_path, text, "a.h", "a.s", "a.S").startswith(expected)
