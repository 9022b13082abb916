# SPDX-License-Identifier: MIT
"""Names of the code keep to the glossary: words that it has replaced are in no identifier."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
DIRECTORIES = ("site_scons", "tests", "bench")
# What docs/reference/glossary.md has instead: args; output; the noun; local; directory, path or label; reported;
# import a prebuilt; rebuilt; command.
RETIRED = frozenset("words made one ours place places told sow plant anew verb verbs".split())
# In these directories a retired word stays: it is GNU make's own term for what its functions take and give.
EXEMPT = {"site_scons/scons_kmod/adopt": {"words"}, "tests/unit/adopt": {"words"}}


def definitions(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Each identifier that a file defines, with its line: functions, classes, parameters, variables, fields."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
                yield node.lineno, name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield node.lineno, name


def retired_parts(name: str, path: Path) -> set[str]:
    """The retired words in an identifier of a file: ``find_placeOf`` has find, place and of."""
    parts = {part.lower() for part in re.split(r"_|(?<=[a-z])(?=[A-Z])", name)}
    # The name of a test is a sentence, in which "one" is a number.
    allowed = {"one"} if name.startswith("test_") else set()
    for directory, exempt in EXEMPT.items():
        if path.is_relative_to(PROJECT / directory):
            allowed |= exempt
    return parts & RETIRED - allowed


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_no_name_has_a_retired_word(directory: str) -> None:
    files = list((PROJECT / directory).rglob("*.py"))
    assert files
    found = [
        f"{path.relative_to(PROJECT)}:{line}: {name}"
        for path in files
        for line, name in (*definitions(ast.parse(path.read_text())), (1, path.stem))
        if retired_parts(name, path)
    ]
    assert found == []


def test_retired_names_are_found() -> None:
    text = "def told(): pass\nclass SowSeeds: pass\ndef f(a, *words): one, two = self.made_up = a\nimport x as verb\n"
    text += "def test_one(): pass\ndef test_a_verb(): pass\n"
    found = [name for _, name in definitions(ast.parse(text)) if retired_parts(name, Path(__file__))]
    assert sorted(found) == ["SowSeeds", "made_up", "one", "test_a_verb", "told", "verb", "words"]
    assert not retired_parts("words", PROJECT / "site_scons/scons_kmod/adopt/words.py")
