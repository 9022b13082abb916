# SPDX-License-Identifier: MIT
"""For which kernels something applies: a Boolean condition on the kernel's CONFIG_ symbols."""

from __future__ import annotations

from collections.abc import Iterable

# Literals, all of which must hold: ``CONFIG_X`` (the symbol is y or m) or ``!CONFIG_X``.
Term = frozenset[str]
# A condition holds if one of its terms holds. No two of its terms hold at once.
ConfigCondition = tuple[Term, ...]

ALWAYS: ConfigCondition = (frozenset(),)
NEVER: ConfigCondition = ()


def is_enabled(symbol: str) -> ConfigCondition:
    """The condition that a symbol is y or m."""
    return (frozenset([symbol]),)


def opposite(literal: str) -> str:
    """The literal that holds when this one does not."""
    return literal[1:] if literal.startswith("!") else f"!{literal}"


def conjunction(first: ConfigCondition, second: ConfigCondition) -> ConfigCondition:
    """The condition that both hold."""
    terms = (a | b for a in first for b in second)
    return simplified(term for term in terms if not any(opposite(literal) in term for literal in term))


def negation(condition: ConfigCondition) -> ConfigCondition:
    """The condition that this one does not hold."""
    result = ALWAYS
    for term in condition:
        literals = sorted(term)
        # Each new term names the first literal that does not hold. So no two of the new terms overlap.
        failures = (frozenset([*literals[:n], opposite(literal)]) for n, literal in enumerate(literals))
        result = conjunction(result, tuple(failures))
    return result


def disjunction(first: ConfigCondition, second: ConfigCondition) -> ConfigCondition:
    """The condition that at least one of the two holds."""
    return simplified((*first, *conjunction(second, negation(first))))


def simplified(terms: Iterable[Term]) -> ConfigCondition:
    """The same condition in fewer terms: two terms that differ only by a literal and its opposite become one."""
    found = list(dict.fromkeys(terms))
    for a in found:
        for b in found:
            if len(a - b) == 1 and a ^ b == {*(a - b), *map(opposite, a - b)}:
                return simplified([*(term for term in found if term not in (a, b)), a & b])
    return tuple(found)
