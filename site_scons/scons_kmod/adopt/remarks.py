# SPDX-License-Identifier: MIT
"""What scons tells the user about statements that the manifest lacks, or has in a different form."""

from __future__ import annotations

import dataclasses

from scons_kmod.adopt.statements import StatementLocation
from scons_kmod.adopt.words import DISPLAYED


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
