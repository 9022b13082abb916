# SPDX-License-Identifier: MIT
"""What scons tells the user about statements that the manifest lacks, or has in a different form."""

from __future__ import annotations

import dataclasses

from scons_kmod.adopt.statements import StatementLocation
from scons_kmod.adopt.words import DISPLAYED, UNKNOWN, Y_OR_M, Word


@dataclasses.dataclass(frozen=True)
class Remark:
    """A statement, what happened to it, and what the user can do."""

    location: StatementLocation
    message: str

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"


class Remarks:
    """All remarks about a file or a directory, each of them once, in the order in which they were added."""

    def __init__(self) -> None:
        self.all: list[Remark] = []

    def add(self, location: StatementLocation, message: str) -> None:
        """Add a remark about a statement."""
        remark = Remark(location, message.translate(DISPLAYED))
        if remark not in self.all:
            self.all.append(remark)


def check_word(word: Word, remarks: Remarks) -> bool:
    """Whether the text of a word is known and not empty. Its note, or why it is unusable, becomes a remark."""
    if word.note:
        remarks.add(word.location, f"{word.note}: write its value by hand" if UNKNOWN in word.text else word.note)
    elif Y_OR_M in word.text:
        fix = "write it by hand, or use the symbol in the source"
        remarks.add(word.location, f"the value of a CONFIG_ symbol differs between kernels: {fix}")
    return bool(word.text) and UNKNOWN not in word.text and Y_OR_M not in word.text
