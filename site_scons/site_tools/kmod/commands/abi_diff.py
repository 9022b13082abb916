# SPDX-License-Identifier: MIT
"""``abi-diff``: which modules an update of the kernel affects."""

from __future__ import annotations

import sys
from typing import Any

from scons_kmod.abi.diff import compare_kernels, report_lines, shortened_report
from scons_kmod.abi.reach import abi_dir, reach_steps, unoptimized_kernel_steps
from scons_kmod.base.atomic import write_text
from scons_kmod.base.errors import UserError
from scons_kmod.crates.facade import facades_of_module
from scons_kmod.manifest.manifest import Manifest

from ..builders import add_facade
from ..graph import nodes
from ..modules import buildable_modules
from ..registry import SconsCommand
from ..session import Session


def reached_code(env: Any, modules: list[Manifest]) -> list[Any]:
    """The nodes of the code of the modules for the older kernel. Raises `UserError` if no two kernels are named."""
    session: Session = env["KMOD"]
    if not (session.settings.old and session.settings.new):
        raise UserError("two kernels are needed", where="abi-diff", fix="write OLD=... and NEW=...")
    old = session.targets[0]
    code = [*env.SupportCrates(old), *env.CHelpers(old)]
    for step in unoptimized_kernel_steps(old):
        session.add(env, old.name, step)
    for module in buildable_modules(session, old, modules):
        if module.root:
            for facade in facades_of_module(old, module):
                add_facade(env, old, facade)
            session.add_generators(env, old, module)
            code += nodes(env, *(session.add(env, old.name, step) for step in reach_steps(old, module)))
        else:
            code += env.KernelObject(old, module)
    return code


def run(session: Session, modules: list[Manifest]) -> int:
    """Print what modules use of the older kernel that differs in the newer. Exits with status 1 if anything differs."""
    old, new = session.targets
    compared = buildable_modules(session, old, modules)
    differences = compare_kernels(old, new, compared, (session.log(old.name), session.log(new.name)))
    lines, path = list(report_lines(differences, compared)), abi_dir(old) / "diff.txt"
    write_text(path, "".join(f"{line}\n" for line in lines))
    print(*shortened_report(lines), f"in full: {path.relative_to(session.top)}", sep="\n")
    if any(differences.values()):
        # Not returned: SCons would end with status 2, as for an error.
        sys.exit(1)
    return 0


COMMAND = SconsCommand(
    "prints for each module what it uses that differs between OLD= and NEW=",
    run,
    needs=reached_code,
    variables=("OLD", "NEW", "MODULE"),
    guide="kernel-updates.md",
)
