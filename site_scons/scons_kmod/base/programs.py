# SPDX-License-Identifier: MIT
"""Programs of the distribution that finish and pack modules: where they are, or which package brings them."""

from __future__ import annotations

import shutil

from scons_kmod.base.errors import MachineError

# The packages of programs that are called otherwise.
PACKAGES = {"xz": "xz-utils", "dpkg-deb": "dpkg", "dpkg-source": "dpkg-dev", "rpmbuild": "rpm", "bwrap": "bubblewrap"}

# Directories of programs for root. The PATH of other users may lack them.
SYSTEM_DIRECTORIES = "/usr/sbin:/sbin"


def find_program(name: str) -> str:
    """The path of a program. Raises `MachineError`."""
    found = shutil.which(name)
    if found is None:
        raise MachineError("not found", where=name, fix=f"apt-get install {PACKAGES.get(name, name)}")
    return found


def system_program(name: str) -> str | None:
    """The path of a program on PATH or in a directory of programs for root; None if it is in neither."""
    return shutil.which(name) or shutil.which(name, path=SYSTEM_DIRECTORIES)
