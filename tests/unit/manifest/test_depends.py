# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from miniature import write

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Table, load
from scons_kmod.manifest.depends import Depends, Exports, read_depends, read_exports


def table(directory: Path, name: str, text: str) -> Table:
    return Table(load(write(directory / "module.toml", f"[{name}]\n{text}\n")), (name,))


def test_modules_and_libraries(tmp_path: Path) -> None:
    text = 'modules = ["my-ring", "other"]\nlibraries = ["codec"]\nnamespaces = ["MY_NS"]'
    assert read_depends(table(tmp_path, "depends", text)) == Depends(("my-ring", "other"), ("codec",), ("MY_NS",))
    with pytest.raises(UserError, match=r"\[depends\] namespaces: 'A-B' is no namespace"):
        read_depends(table(tmp_path, "depends", 'namespaces = ["A-B"]'))
    with pytest.raises(UserError, match='unknown key\n    did you mean "modules"'):
        read_depends(table(tmp_path, "depends", 'module = ["x"]'))


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
    assert read_exports(table(tmp_path, "exports", text), tmp_path) == Exports(
        ("f", "_data2"), (header,), (header.parent,), crate=True, gpl=False, namespace="MY_NS"
    )


def test_symbols_are_for_the_gpl_unless_said_otherwise(tmp_path: Path) -> None:
    assert read_exports(table(tmp_path, "exports", ""), tmp_path) == Exports(gpl=True)
    assert read_exports(table(tmp_path, "exports", 'license = "GPL"'), tmp_path).gpl


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('symbols = ["f"]', "[exports] symbols: no header declares them\n    name one in [exports] headers"),
        ('symbols = ["f()"]\nheaders = ["a.h"]', "[exports] symbols: 'f()' is no symbol of C"),
        ('symbols = ["a::f"]\nheaders = ["a.h"]', "[exports] symbols: 'a::f' is no symbol of C"),
        ('headers = ["b.h"]', "[exports.headers] element 1: b.h is not there"),
        ('headers = ["../b.h"]', "[exports.headers] element 1: ../b.h lies outside"),
        ('include = ["a.h"]', "[exports.include] element 1: a.h is not there"),
        ('license = "BSD"', "[exports] license: says for which modules the symbols are\n    write one of GPL, any"),
        ('namespace = "A-B"', "[exports] namespace: 'A-B' is no namespace\n    use letters, digits and _"),
        ("symbol = []", '[exports] symbol: unknown key\n    did you mean "symbols"?'),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    write(tmp_path / "a.h", "")
    with pytest.raises(UserError) as caught:
        read_exports(table(tmp_path, "exports", text), tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}/module.toml:2: {expected}")
