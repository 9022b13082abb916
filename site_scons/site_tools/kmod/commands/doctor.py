# SPDX-License-Identifier: MIT
"""``doctor``: what the machine lacks."""

from __future__ import annotations

from scons_kmod.doctor.report import doctor_report
from scons_kmod.manifest.manifest import Manifest

from ..registry import SconsCommand, When
from ..session import Session


def run(session: Session, modules: list[Manifest]) -> int:
    """Print what is installed and what is missing. The exit status is 1 if something is missing."""
    lines, complete = doctor_report(session.chosen, session.build)
    print("\n".join(lines))
    return 0 if complete else 1


COMMAND = SconsCommand(
    "lists what is installed, what is missing, and which package provides it",
    run,
    when=When.KERNELS_CHOSEN,
)
