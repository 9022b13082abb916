# SPDX-License-Identifier: MIT
"""``adopt``: a manifest from a module's Kbuild file."""

from __future__ import annotations

from scons_kmod.adopt.adopt_directory import adopt_directory
from scons_kmod.base.errors import UserError
from scons_kmod.manifest.manifest import Manifest

from ..registry import SconsCommand, When, command_names
from ..session import Session


def run(session: Session, modules: list[Manifest]) -> int:
    """Write the manifest of the module in DIR=, and print what the manifest cannot say.

    Raises `UserError` if no directory is named, or if `adopt_directory` refuses it.
    """
    directory = session.settings.adopt_dir
    if directory is None:
        raise UserError("no directory is named", where="adopt", fix="write scons adopt DIR=path")
    adopted = adopt_directory(directory, session.settings.module, write=not session.dry_run, reserved=command_names())
    print(f"  {'WRITE':<8}{adopted.path}")
    if adopted.remarks:
        print("Not carried over, or changed:", *(f"  {remark}" for remark in adopted.remarks), sep="\n")
    print(f"To build it: scons MODULES={directory}")
    return 0


COMMAND = SconsCommand(
    "writes the manifest of the module in DIR= from its Kbuild file",
    run,
    when=When.START,
    variables=("DIR", "MODULE"),
    guide="adopt.md",
)
