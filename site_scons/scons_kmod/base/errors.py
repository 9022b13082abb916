# SPDX-License-Identifier: MIT
"""Errors that are shown to the user: what happened, where, and what to do.

Anything else that is raised is a bug in the plugin and may show a traceback.
"""

from __future__ import annotations


class KmodError(Exception):
    """Base of all errors that are reported without a traceback.

    `what` says what happened, `where` names the place (``file:line`` and key, a unit or an argument), `fix` says
    what to do about it.
    """

    kind = "error"

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n    {self.fix}" if self.fix else head

    def shown(self) -> str:
        """The error as the user sees it: ``kind: where: what``, and on the next line what to do."""
        return f"{self.kind}: {self}"


class UserError(KmodError):
    """Something that the user wrote is wrong: a manifest, a target, a command-line argument."""

    kind = "user error"


class MachineError(KmodError):
    """The machine lacks something: a tool, a header, a version. `fix` names what installs it."""

    kind = "machine error"


class StepError(KmodError):
    """A step of the build failed. `what` holds the command and the tool's own output.

    `output` is that output alone, `status` the tool's exit status, None if it has not ended.
    """

    kind = "step error"

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        fix: str | None = None,
        output: str = "",
        status: int | None = None,
    ) -> None:
        super().__init__(what, where=where, fix=fix)
        self.output = output
        self.status = status
