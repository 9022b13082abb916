# SPDX-License-Identifier: MIT
"""The tests that one boot runs, as files of the guest: modules, scripts, and the plan that guest/init reads."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from scons_kmod.base.errors import UserError
from scons_kmod.vm.initramfs import GuestFile, base_files

# A test under TCG takes a fraction of a second. After 20 s the kernel's own watchdog prints where a processor is stuck.
TEST_SECONDS = 60

# Such a name has no second meaning in a line of the plan or as a file name.
PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclasses.dataclass(frozen=True)
class ModuleTest:
    """The test of one module.

    `files` are the .ko files in load order, the module's own last. They lie in /modules in the guest. `script` is run
    by busybox's sh in / and passes with exit status 0. It loads and unloads the modules itself. Without a script,
    guest/load.sh loads and unloads the files. `extra` are more files, by their paths in the guest. After `seconds` the
    test is killed.
    """

    name: str
    files: tuple[Path, ...]
    script: Path | None = None
    extra: Mapping[str, GuestFile] = dataclasses.field(default_factory=dict)
    seconds: int = TEST_SECONDS


def check_tests(tests: Sequence[ModuleTest]) -> None:
    """Raise `UserError` if two tests have one name, a test has no file, or a name doesn't fit a line of the plan."""
    seen: set[str] = set()
    for test in tests:
        for name in (test.name, *(file.name for file in test.files)):
            if not PLAIN_NAME.fullmatch(name):
                raise UserError(f"{name!r} can't be the name of a tested module or of its file")
        if test.name in seen:
            raise UserError(f"two tests have the name {test.name}")
        if not test.files:
            raise UserError(f"the test {test.name} has no module file")
        seen.add(test.name)


def guest_files(tests: Sequence[ModuleTest]) -> dict[str, GuestFile]:
    """All files of the guest that runs `tests`, by their paths in the guest.

    Raises `UserError` if two different files have one path, and `MachineError` if there is no static busybox.
    """
    files = base_files()

    def add(guest_path: str, file: GuestFile) -> None:
        if files.setdefault(guest_path, file) != file:
            sources = f"{files[guest_path].source!r} and {file.source!r}"
            raise UserError(f"two files would have the path {guest_path} in the guest: {sources}")

    for test in tests:
        for ko_file in test.files:
            add(f"/modules/{ko_file.name}", GuestFile(ko_file))
        if test.script is not None:
            add(f"/tests/{test.name}.sh", GuestFile(test.script))
        for guest_path, file in test.extra.items():
            add(guest_path, file)
    add("/tests/plan", GuestFile(guest_plan(tests).encode()))
    return files


def guest_plan(tests: Sequence[ModuleTest]) -> str:
    """The text of /tests/plan, which tells the guest's init what to run."""
    lines = (
        f"{test.name} {test.seconds} {' '.join(f'/modules/{file.name}' for file in test.files)}\n" for test in tests
    )
    return "".join(lines)
