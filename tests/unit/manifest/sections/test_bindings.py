# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from miniature import write

from scons_kmod.base.errors import UserError
from scons_kmod.manifest.read import read_manifest
from scons_kmod.manifest.sections.bindings import Bindings

HEAD = '[module]\nname = "x"\nroot = "x.rs"\n[bindings]\n'


def manifest(directory: Path, text: str, head: str = HEAD) -> Path:
    for name in ("x.rs", "x.c", "own.h", "include/more.h"):
        write(directory / name, "")
    return write(directory / "module.toml", head + text)


def test_headers_of_the_module_and_what_of_them_is_wanted(tmp_path: Path) -> None:
    text = 'own-headers = ["own.h", "include/more.h"]\nallowlist = ["own_.*"]\nblocklist = ["a|b"]\nopaque = ["c"]\n'
    found = read_manifest(manifest(tmp_path, f'headers = ["linux/leds.h"]\n{text}'))
    own = (tmp_path / "own.h", tmp_path / "include/more.h")
    assert found.bindings == Bindings(("linux/leds.h",), own, ("own_.*",), ("a|b",), ("c",))
    assert found.has_c, "what calls the functions that are in the headers alone"


def test_without_own_headers_there_is_no_c(tmp_path: Path) -> None:
    found = read_manifest(manifest(tmp_path, 'headers = ["linux/leds.h"]\n'))
    assert found.bindings == Bindings(("linux/leds.h",))
    assert not found.has_c


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('own-headers = ["no.h"]\n', "[bindings.own-headers] element 1: no.h does not exist"),
        ('own-headers = ["../own.h"]\n', "[bindings.own-headers] element 1: ../own.h is outside of the module"),
        ('own-header = ["own.h"]\n', '[bindings] own-header: unknown key\n    did you mean "own-headers"?'),
        (
            'blocklist = ["a"]\n',
            "[bindings] blocklist: applies to own headers, but there are none\n    name some in own-headers",
        ),
        (
            'own-headers = ["own.h"]\nopaque = ["a("]\n',
            "[bindings] opaque: 'a(' is not a regular expression: missing ), unterminated subpattern at position 1",
        ),
    ],
)
def test_an_error_has_its_line_and_key(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(UserError) as caught:
        read_manifest(manifest(tmp_path, text))
    assert f"module.toml:{4 + text.count(chr(10))}: {expected}" in str(caught.value)


def test_they_are_for_rust(tmp_path: Path) -> None:
    head = '[module]\nname = "x"\n[c]\nsources = ["x.c"]\n[bindings]\n'
    with pytest.raises(UserError, match="is for Rust, and this is a module of C"):
        read_manifest(manifest(tmp_path, 'own-headers = ["own.h"]\n', head))
