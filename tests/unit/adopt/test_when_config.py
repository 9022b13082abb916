# SPDX-License-Identifier: MIT
from __future__ import annotations

import itertools

import pytest

from scons_kmod.adopt.when_config import ALWAYS, NEVER, When, both, either, holds, never

A, B, C = map(holds, "ABC")
WHENS = [
    ALWAYS,
    NEVER,
    A,
    never(A),
    both(A, B),
    either(A, B),
    either(both(A, never(B)), C),
    never(either(both(A, B), C)),
]


def true_for(when: When, symbols: set[str]) -> bool:
    terms = [all((literal.lstrip("!") in symbols) != literal.startswith("!") for literal in term) for term in when]
    assert sum(terms) <= 1, "two terms hold at once"
    return any(terms)


@pytest.mark.parametrize("symbols", [set(some) for n in range(4) for some in itertools.combinations("ABC", n)])
def test_it_is_logic(symbols: set[str]) -> None:
    for one, other in itertools.product(WHENS, WHENS):
        x, y = true_for(one, symbols), true_for(other, symbols)
        assert true_for(both(one, other), symbols) == (x and y)
        assert true_for(either(one, other), symbols) == (x or y)
        assert true_for(never(one), symbols) == (not x)


def test_what_can_be_said_shortly_is() -> None:
    assert either(A, never(A)) == ALWAYS
    assert both(A, never(A)) == NEVER
    assert either(both(A, B), both(A, never(B))) == A
    assert never(never(both(A, B))) == both(A, B)
