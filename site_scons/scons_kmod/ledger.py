# SPDX-License-Identifier: MIT
"""What the last finished build left behind, so that nothing else is ever taken for its result.

SCons records what it built when it ends, and never looks at an output again. A build that is killed therefore leaves
outputs that its database knows nothing of: edit, build, kill, undo the edit, and SCons takes the new output for that
of the old source. A truncated output is as invisible to it. The ledger is written after SCons's database; at the next
start each output that is not as the ledger has it is removed, and so is built again.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scons_kmod.file_state import FileSet, has_changed


class Ledger:
    """The outputs below a build directory, and their state when the last build ended. `database` is SCons's."""

    def __init__(self, path: Path, database: Path) -> None:
        self.path = path
        self.database = database
        self.kept = FileSet.load(path)

    def settle(self) -> list[Path]:
        """Remove what is not as the last finished build left it, and return it.

        Without a ledger nothing is known, so SCons must not trust its database either.
        """
        if self.kept is None:
            self.database.unlink(missing_ok=True)
            return []
        removed = [Path(name) for name, state in self.kept.states.items() if has_changed(name, state)]
        for path in removed:
            path.unlink(missing_ok=True)
        return removed

    def close(self, outputs: Iterable[Path]) -> None:
        """Write down the state of all known outputs; `outputs` are those that this build made anew."""
        states = dict(self.kept.states) if self.kept else {}
        states.update(FileSet.take(outputs).states)
        FileSet({name: state for name, state in states.items() if Path(name).exists()}).save(self.path)
