# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from manifest_table import read_table
from miniature import write

from scons_kmod.base.errors import UserError
from scons_kmod.manifest.sections.exports import Exports


def read_exports(directory: Path, text: str) -> Exports:
    exports: Exports = read_table(directory, "exports", f"[exports]\n{text}\n")
    return exports


def test_all_that_can_be_exported(tmp_path: Path) -> None:
    header = write(tmp_path / "include/api.h", "")
    text = """
        symbols = ["f", "_data2"]
        headers = ["include/api.h"]
        include = ["include"]
        crate = true
        license = "any"
        namespace = "MY_NS"
    """
    assert read_exports(tmp_path, text) == Exports(
        ("f", "_data2"), (header,), (header.parent,), crate=True, license="any", namespace="MY_NS"
    )


def test_symbols_are_for_the_gpl_unless_said_otherwise(tmp_path: Path) -> None:
    assert read_exports(tmp_path, "") == Exports()
    assert read_exports(tmp_path, 'license = "GPL"').gpl


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('symbols = ["f"]', "[exports] symbols: no header declares them\n    name one in [exports] headers"),
        ('symbols = ["f()"]\nheaders = ["a.h"]', "[exports] symbols: 'f()' is not a valid symbol of C"),
        ('symbols = ["a::f"]\nheaders = ["a.h"]', "[exports] symbols: 'a::f' is not a valid symbol of C"),
        ('headers = ["b.h"]', "[exports.headers] element 1: b.h does not exist"),
        ('headers = ["../b.h"]', "[exports.headers] element 1: ../b.h is outside"),
        ('include = ["a.h"]', "[exports.include] element 1: a.h does not exist"),
        ('license = "BSD"', "[exports] license: must say which modules may use the exports\n    write one of GPL, any"),
        ('namespace = "A-B"', "[exports] namespace: 'A-B' is not a valid namespace\n    use letters, digits and _"),
        ("symbol = []", '[exports] symbol: unknown key\n    did you mean "symbols"?'),
    ],
)
def test_an_error_has_its_line_and_key(tmp_path: Path, text: str, expected: str) -> None:
    write(tmp_path / "a.h", "")
    with pytest.raises(UserError) as caught:
        read_exports(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path}/module.toml:2: {expected}")
