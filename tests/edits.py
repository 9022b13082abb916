# SPDX-License-Identifier: MIT
"""Edits of files that can be undone, for tests that build after each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Change:
    """What happens to one file: its content before and after (None: there is none)."""

    path: Path
    before: bytes | None
    after: bytes | None


@dataclasses.dataclass(frozen=True)
class Edit:
    """What happens to some files at once. `kind` is what all edits of its sort are counted under."""

    kind: str
    changes: tuple[Change, ...]
    undoes: bool = False

    @property
    def description(self) -> str:
        """The kind, and the files."""
        names = ", ".join(sorted(change.path.name for change in self.changes))
        return f"{'undo: ' if self.undoes else ''}{self.kind}: {names}"

    @property
    def changes_something(self) -> bool:
        """Whether a file differs after it."""
        return any(change.before != change.after for change in self.changes)

    def undone(self) -> Edit:
        """The edit that leads back."""
        changes = tuple(Change(change.path, change.after, change.before) for change in self.changes)
        return Edit(self.kind, changes, not self.undoes)

    def is_last(self) -> bool:
        """Whether none of the files has changed since."""
        return all(current(change.path) == change.after for change in self.changes)

    def apply(self) -> None:
        """Do it."""
        for change in self.changes:
            if change.after is None:
                change.path.unlink(missing_ok=True)
            else:
                change.path.parent.mkdir(parents=True, exist_ok=True)
                change.path.write_bytes(change.after)


def current(path: Path) -> bytes | None:
    """A file's content, or None where there is none."""
    return path.read_bytes() if path.is_file() else None


def edit_of(kind: str, path: Path, before: bytes | None, after: bytes | None) -> Edit:
    """An edit of one file, given its content."""
    return Edit(kind, (Change(path, before, after),))


def replaced(kind: str, path: Path, change: Callable[[str], str]) -> Edit | None:
    """An edit of a file's text, if the file is there."""
    before = current(path)
    return None if before is None else edit_of(kind, path, before, change(before.decode()).encode())


def texts(kind: str, changed: Mapping[Path, str]) -> Edit:
    """An edit of several files that are there: their new texts."""
    changes = tuple(Change(path, current(path), text.encode()) for path, text in changed.items())
    return Edit(kind, tuple(change for change in changes if change.before != change.after))
