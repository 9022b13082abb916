# SPDX-License-Identifier: MIT
"""The packages of the library: the guide lists those of the import contract, and each says where to start reading."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LAYERS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]


def test_the_guide_has_the_packages_of_the_contract_in_their_order() -> None:
    page = (PROJECT / "docs/guide/how-it-fits.md").read_text()
    rows = re.findall(r"^\| (`[a-z`, ]+`) \|", page.partition("| package |")[2].partition("\n\n")[0], re.MULTILINE)
    assert [row.replace("`", "").replace(", ", " | ") for row in rows] == LAYERS


@pytest.mark.parametrize("package", [name for layer in LAYERS for name in layer.split(" | ")])
def test_a_package_has_a_docstring_whose_files_exist(package: str) -> None:
    directory = PROJECT / "site_scons/scons_kmod" / package
    text = ast.get_docstring(ast.parse((directory / "__init__.py").read_text()))
    assert text
    for name in re.findall(r"[\w/]+\.py\b", text):
        assert (directory / name).is_file() or (directory.parent / name).is_file(), name


def test_each_package_is_in_the_wheel() -> None:
    tool = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["setuptools"]
    library = PROJECT / "site_scons/scons_kmod"
    for path in library.rglob("__init__.py"):
        assert ".".join(("scons_kmod", *path.parent.relative_to(library).parts)) in tool["packages"]
