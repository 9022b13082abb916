# SPDX-License-Identifier: MIT
"""The conditionals of a Kbuild file: which of their branches are open, and for which kernels these apply."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from scons_kmod.adopt.config_condition import ALWAYS, NEVER, ConfigCondition, conjunction, disjunction, negation
from scons_kmod.adopt.expansion import expand, look_up
from scons_kmod.adopt.remarks import Remarks
from scons_kmod.adopt.statements import ConditionalDirective, StatementLocation
from scons_kmod.adopt.variables import Variables
from scons_kmod.adopt.words import UNKNOWN, Y_OR_M, Word, only_text, split_arguments, text_cases


@dataclasses.dataclass(frozen=True)
class OpenConditional:
    """A conditional before its ``endif``.

    `branch` is the condition of the branch that is being read. `remaining` is the condition under which no branch so
    far applies. Both are NEVER after a condition that cannot be known.
    """

    branch: ConfigCondition
    remaining: ConfigCondition


class Conditionals:
    """The open conditionals of a file while it is read, the innermost last."""

    def __init__(self) -> None:
        self.open: list[OpenConditional] = []

    @property
    def condition(self) -> ConfigCondition:
        """The condition under which the next statement applies."""
        return self.open[-1].branch if self.open else ALWAYS

    def follow(self, statement: ConditionalDirective, variables: Variables, remarks: Remarks) -> None:
        """Open a conditional, go to its next branch, or close it."""
        if statement.directive == "endif":
            self.open = self.open[:-1]
            return
        if statement.directive == "else":
            remaining = self.open.pop().remaining if self.open else NEVER
            directive, _, rest = statement.rest.partition(" ")
            if not directive:
                self.open.append(OpenConditional(remaining, NEVER))
                return
        else:
            remaining, directive, rest = self.condition, statement.directive, statement.rest
        if not remaining:
            self.open.append(OpenConditional(NEVER, NEVER))
            return
        condition = evaluate_directive(variables, directive, rest.strip(), statement.location, remarks)
        if isinstance(condition, str):
            remarks.add(statement.location, f"{condition}: adopt skips everything up to the endif: write it by hand")
            self.open.append(OpenConditional(NEVER, NEVER))
        else:
            matched, unmatched = conjunction(remaining, condition), conjunction(remaining, negation(condition))
            self.open.append(OpenConditional(matched, unmatched))


def evaluate_directive(
    variables: Variables, directive: str, rest: str, location: StatementLocation, remarks: Remarks
) -> ConfigCondition | str:
    """The condition under which ``ifdef``, ``ifndef``, ``ifeq`` or ``ifneq`` holds, or why it cannot be known."""
    if directive in ("ifdef", "ifndef"):
        name = only_text(expand(variables, rest, location))
        equal = equality(look_up(variables, name, location), [], location, remarks)
        negated = directive == "ifdef"
    else:
        texts = compared_texts(rest)
        if len(texts) != 2:
            return "the condition does not compare two texts"
        first, second = (expand(variables, text, location) for text in texts)
        equal = equality(first, second, location, remarks)
        negated = directive != "ifeq"
    return negation(equal) if negated and not isinstance(equal, str) else equal


def compared_texts(rest: str) -> list[str]:
    """The texts that ``ifeq`` compares, from ``(A,B)``, ``"A" "B"`` or ``'A' 'B'``. Two, if the syntax is right."""
    if rest.startswith("("):
        return split_arguments(rest[1 : rest.rindex(")")] if ")" in rest else rest, 2)
    return [double or single for double, single in re.findall(r"\"([^\"]*)\"|'([^']*)'", rest)]


def equality(
    first: Sequence[Word], second: Sequence[Word], location: StatementLocation, remarks: Remarks
) -> ConfigCondition | str:
    """The condition under which two texts are equal, or why it cannot be known."""
    condition = NEVER
    for a in text_cases(first):
        for b in text_cases(second):
            equal = equal_texts(a.text, b.text)
            if equal is None:
                return a.note or b.note or "the value of a CONFIG_ symbol differs between kernels"
            for note in filter(None, (a.note, b.note)):
                if UNKNOWN not in a.text + b.text:
                    remarks.add(location, note)
            if {a.text, b.text} == {Y_OR_M, "m"}:
                remarks.add(location, "a manifest does not distinguish m from y: y is treated like m")
            if equal:
                condition = disjunction(condition, conjunction(a.condition, b.condition))
    return condition


def equal_texts(first: str, second: str) -> bool | None:
    """Whether two texts are equal; None if that cannot be known."""
    if UNKNOWN in first + second:
        # A text that has a known part is not empty.
        known = first.replace(UNKNOWN, "") if not second else second.replace(UNKNOWN, "") if not first else ""
        return False if known else None
    pattern, text = (first, second) if Y_OR_M in first else (second, first)
    if Y_OR_M not in pattern or Y_OR_M in text:
        return first == second
    match = re.fullmatch(re.escape(pattern).replace(Y_OR_M, "(.+)"), text)
    if match is None or any(re.fullmatch("n|[ymn]{2,}", value) for value in match.groups()):
        return False
    # A symbol that is neither y nor m is a string or a number, and its value is unknown.
    return all(value in ("y", "m") for value in match.groups()) or None
