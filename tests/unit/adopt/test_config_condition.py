# SPDX-License-Identifier: MIT
from __future__ import annotations

import itertools

import pytest

from scons_kmod.adopt.config_condition import (
    ALWAYS,
    NEVER,
    ConfigCondition,
    conjunction,
    disjunction,
    is_enabled,
    negation,
)

A, B, C = map(is_enabled, "ABC")
CONDITIONS = [
    ALWAYS,
    NEVER,
    A,
    negation(A),
    conjunction(A, B),
    disjunction(A, B),
    disjunction(conjunction(A, negation(B)), C),
    negation(disjunction(conjunction(A, B), C)),
]


def true_for(condition: ConfigCondition, symbols: set[str]) -> bool:
    terms = [all((literal.lstrip("!") in symbols) != literal.startswith("!") for literal in term) for term in condition]
    assert sum(terms) <= 1, "two terms hold at once"
    return any(terms)


@pytest.mark.parametrize("symbols", [set(names) for n in range(4) for names in itertools.combinations("ABC", n)])
def test_conditions_follow_boolean_logic(symbols: set[str]) -> None:
    for first, second in itertools.product(CONDITIONS, CONDITIONS):
        x, y = true_for(first, symbols), true_for(second, symbols)
        assert true_for(conjunction(first, second), symbols) == (x and y)
        assert true_for(disjunction(first, second), symbols) == (x or y)
        assert true_for(negation(first), symbols) == (not x)


def test_conditions_are_simplified() -> None:
    assert disjunction(A, negation(A)) == ALWAYS
    assert conjunction(A, negation(A)) == NEVER
    assert disjunction(conjunction(A, B), conjunction(A, negation(B))) == A
    assert negation(negation(conjunction(A, B))) == conjunction(A, B)
