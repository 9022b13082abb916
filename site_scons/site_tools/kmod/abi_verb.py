# SPDX-License-Identifier: MIT
"""The verb abi-diff: which modules an update of the kernel touches."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from scons_kmod.base.errors import UserError
from scons_kmod.manifest.manifest import Manifest

from .graph import nodes
from .session import Session, reported

Env = Any


def code_of(env: Env, manifests: Sequence[Manifest]) -> list[Any]:
    """The nodes of what the older kernel's modules are made of. Raises `UserError` if no two kernels are named."""
    from scons_kmod.abi.reach import reach_steps, unoptimized_kernel_step

    session: Session = env["KMOD"]
    if not (session.settings.old and session.settings.new):
        raise UserError("two kernels are to be compared", where="abi-diff", fix="write OLD=... and NEW=...")
    old = session.targets[0]
    made = [*env.SupportCrates(old), *env.CHelpers(old)]
    session.add(env, old.name, unoptimized_kernel_step(old))
    for manifest in session.served(old, manifests):
        if manifest.root:
            session.add_generators(env, old, manifest)
            made += nodes(env, *(session.add(env, old.name, step) for step in reach_steps(old, manifest)))
        else:
            made += env.KernelObject(old, manifest)
    return made


def abi_diff(session: Session, manifests: Sequence[Manifest]) -> int:
    """Print what modules use of the older kernel that differs in the newer; the exit status is 1 if anything does."""
    from scons_kmod.abi.diff import compare, report, shortened
    from scons_kmod.abi.reach import abi_dir
    from scons_kmod.base.atomic import write_text

    old, new = session.targets
    some = session.served(old, manifests)
    with reported():
        found = compare(old, new, some, (session.log(old.name), session.log(new.name)))
    lines, path = list(report(found, some)), abi_dir(old) / "diff.txt"
    write_text(path, "".join(f"{line}\n" for line in lines))
    print(*shortened(lines), f"in full: {path.relative_to(session.top)}", sep="\n")
    if any(found.values()):
        sys.exit(1)
    return 0
