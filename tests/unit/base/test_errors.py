# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest

from scons_kmod.base.errors import KmodError, MachineError, StepError, UserError


def test_an_error_says_what_where_and_what_to_do() -> None:
    error = UserError("is missing", where="module.toml:1: [module] name", fix='write name = "x"')
    assert error.shown() == 'user error: module.toml:1: [module] name: is missing\n    write name = "x"'


def test_an_error_without_where_or_fix_has_a_single_line() -> None:
    assert MachineError("HOME is not set").shown() == "machine error: HOME is not set"


@pytest.mark.parametrize(
    ("kind", "word"), [(UserError, "user error"), (MachineError, "machine error"), (StepError, "step error")]
)
def test_each_kind_of_error_has_a_name(kind: type[KmodError], word: str) -> None:
    assert kind("x", where="y").shown() == f"{word}: y: x"
