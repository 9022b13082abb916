# SPDX-License-Identifier: MIT
"""``[test]`` of a manifest: the module's test in the VM."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from scons_kmod.base.located_toml import Table
from scons_kmod.manifest.keys import key
from scons_kmod.manifest.paths import ExistingPath, ExistingPaths, path_within

DEFAULT_SCRIPT = "test.sh"


@dataclasses.dataclass(frozen=True)
class Test:
    """The keys of [test]. Without the table, `script` is None unless there is a script of the default name."""

    # pytest takes classes of this name for tests.
    __test__ = False

    script: Path | None = key(
        ExistingPath(),
        "A shell script that tests the module in the VM.",
        default=None,
        default_text=f"`{DEFAULT_SCRIPT}`",
    )
    programs: tuple[Path, ...] = key(
        ExistingPaths(), "C sources of programs that the script runs, as `/tests/bin/NAME`.", default=()
    )


def complete_test(test: Test, table: Table, directory: Path) -> Test:
    """The table with its script, which must exist. Raises `UserError`."""
    if test.script:
        return test
    script = path_within(table.located, directory, (*table.key, "script"), DEFAULT_SCRIPT)
    return dataclasses.replace(test, script=script)


def default_test(directory: Path) -> Test:
    """The test of a module whose manifest has no [test]."""
    script = directory / DEFAULT_SCRIPT
    return Test(script if script.is_file() else None)
