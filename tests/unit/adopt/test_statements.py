# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest

from scons_kmod.adopt.statements import (
    Assignment,
    ConditionalDirective,
    Include,
    MakeRule,
    OtherStatement,
    Statement,
    read_statements,
)


def only(text: str) -> Statement:
    (found,) = read_statements(text, "Kbuild")
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x := a b", ("x", ":=", "a b")),
        ("x=a", ("x", "=", "a")),
        ("obj-$(CONFIG_X) += a.o", ("obj-$(CONFIG_X)", "+=", "a.o")),
        ("CFLAGS_${M}/a.o ?= -O1", ("CFLAGS_${M}/a.o", "?=", "-O1")),
        ("x != uname -r", ("x", "!=", "uname -r")),
        ("export override x ::= 1", ("x", "::=", "1")),
        ("  \tx := 1  ", ("x", ":=", "1")),
        ("x := a # b", ("x", ":=", "a")),
        (r"x := a\#b", ("x", ":=", "a#b")),
        ("x := a \\\n   b\\\n\tc", ("x", ":=", "a b c")),
        ("x := a \\\n\\\n b\nclean :", ("x", ":=", "a b")),
        ("x :=", ("x", ":=", "")),
        ("x := a\r\n", ("x", ":=", "a")),
    ],
)
def test_assignments(text: str, expected: tuple[str, str, str]) -> None:
    found = read_statements(text, "Kbuild")[0]
    assert isinstance(found, Assignment)
    assert (found.name, found.operator, found.value) == expected


def test_a_continued_comment_is_a_comment() -> None:
    assert read_statements("# a \\\n x := 1\n", "Kbuild") == []


def test_a_statement_has_its_first_line_and_its_text() -> None:
    found = read_statements("# a\n\nx := 1 \\\n  2 # b\ny := 3\n", "Kbuild")
    assert [str(statement.location) for statement in found] == ["Kbuild:3: x := 1 2", "Kbuild:5: y := 3"]


def test_the_commands_of_a_rule_are_not_statements() -> None:
    rule, after = read_statements("all: a b ; echo 1\n\tx := 2\n\n# c\n\techo \\\n\t  3\nx := 4\n", "Makefile")
    assert isinstance(rule, MakeRule)
    assert (rule.targets, rule.prerequisites) == ("all", "a b")
    assert rule.recipe == ["echo 1", "x := 2", "echo 3"]
    assert isinstance(after, Assignment)


def test_an_indented_line_is_a_command_only_after_a_rule_in_the_same_branch() -> None:
    text = "ifdef A\nall:\n\tmake\nelse\n\tobj-m := a.o\nendif\n\tx := 1\n"
    found = [
        statement for statement in read_statements(text, "Makefile") if not isinstance(statement, ConditionalDirective)
    ]
    assert [type(statement).__name__ for statement in found] == ["MakeRule", "Assignment", "Assignment"]


def test_a_conditional_among_the_commands_does_not_end_the_rule() -> None:
    rule = read_statements("all:\nifdef A\n\tone\nelse\n\ttwo\nendif\n\tthree\n", "Makefile")[0]
    assert isinstance(rule, MakeRule)
    assert rule.recipe == ["one", "two", "three"]


def test_other_statements() -> None:
    assert only("else ifeq ($(A),y)") == ConditionalDirective(
        only("else ifeq ($(A),y)").location, "else", "ifeq ($(A),y)"
    )
    assert only("-include a.mk b.mk") == Include(only("-include a.mk b.mk").location, "a.mk b.mk", True)
    assert not only("include a.mk").optional  # type: ignore[attr-defined]
    assert isinstance(only("$(warning x)"), OtherStatement)
    assert isinstance(only("define x\nobj-m := a.o\nendef"), OtherStatement)
    assert read_statements("export A B\nunexport C\n", "Makefile") == []
