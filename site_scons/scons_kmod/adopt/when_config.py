# SPDX-License-Identifier: MIT
"""When a line of a Makefile counts: for which settings of the kernel's CONFIG_ symbols."""

from __future__ import annotations

from collections.abc import Iterable

# ``CONFIG_X`` (it is y or m) or ``!CONFIG_X``; all of a term must hold, and one of the terms, of which no two can.
Term = frozenset[str]
When = tuple[Term, ...]

ALWAYS: When = (frozenset(),)
NEVER: When = ()


def holds(symbol: str) -> When:
    """When a symbol is set."""
    return (frozenset([symbol]),)


def opposite(literal: str) -> str:
    """The literal that holds when this one does not."""
    return literal[1:] if literal.startswith("!") else f"!{literal}"


def both(one: When, other: When) -> When:
    """When both hold."""
    terms = (a | b for a in one for b in other)
    return tidy(term for term in terms if not any(opposite(literal) in term for literal in term))


def never(when: When) -> When:
    """When it does not hold."""
    result = ALWAYS
    for term in when:
        literals = sorted(term)
        # The first that does not hold is this one: so no two of them overlap.
        result = both(result, tuple(frozenset([*literals[:n], opposite(one)]) for n, one in enumerate(literals)))
    return result


def either(one: When, other: When) -> When:
    """When one of the two holds, or both do."""
    return tidy((*one, *both(other, never(one))))


def tidy(terms: Iterable[Term]) -> When:
    """The same in fewer terms: two that differ by one literal and its opposite are one."""
    found = list(dict.fromkeys(terms))
    for a in found:
        for b in found:
            if len(a - b) == 1 and a ^ b == {*(a - b), *map(opposite, a - b)}:
                return tidy([*(term for term in found if term not in (a, b)), a & b])
    return tuple(found)
