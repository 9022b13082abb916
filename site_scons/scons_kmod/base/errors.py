# SPDX-License-Identifier: MIT
"""Errors that are shown to the user: what happened, where, and what to do.

Anything else that is raised is a bug in the plugin and may show a traceback.
"""

from __future__ import annotations


class KmodError(Exception):
    """Base of all errors that are reported without a traceback.

    `message` says what happened, `where` says where: ``file:line`` and a key, a step and its unit, or an argument.
    `fix` says what the user can do.
    """

    kind = "error"

    def __init__(self, message: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\n    {self.fix}" if self.fix else head

    def shown(self) -> str:
        """The error as the user sees it: ``kind: where: message``, and on the next line what to do."""
        return f"{self.kind}: {self}"


class UserError(KmodError):
    """Something that the user wrote is wrong: a manifest, a target, a command-line argument."""

    kind = "user error"


class MachineError(KmodError):
    """The machine lacks something: a tool, a header, a version. `fix` names what installs it."""

    kind = "machine error"


class StepError(KmodError):
    """A step of the build failed. The message has the command and the tool's output, after its first line.

    `output` is the tool's output alone. `status` is its exit status, or None if it has not ended. `command` is the
    command as it can be pasted into a shell, or empty.
    """

    kind = "step error"

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        fix: str | None = None,
        output: str = "",
        status: int | None = None,
        command: str = "",
    ) -> None:
        super().__init__(message, where=where, fix=fix)
        self.output = output
        self.status = status
        self.command = command

    def shown_after_output(self, command_file: str) -> str:
        """The error of a tool as the user sees it: what the tool printed, what failed, and where its command is."""
        head = StepError(self.message.partition("\n")[0], where=self.where, fix=self.fix)
        hint = f"    its command is in {command_file}; V=1 prints it"
        return "\n".join(filter(None, (self.output.strip("\n"), head.shown(), hint)))
