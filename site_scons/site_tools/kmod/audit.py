# SPDX-License-Identifier: MIT
"""``AUDIT=1`` in a run of scons: the directories that the rules of the audit name, the report, and the exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import SCons.Script.Main

from scons_kmod.base.library_process import LIBRARY
from scons_kmod.engine.audit import Audit, NamedDirectories
from scons_kmod.kernel.kbuild import srctree
from scons_kmod.target.build_target import BuildTarget

UNKNOWN_READS = 1


def open_audit(targets: Iterable[BuildTarget], top: Path) -> Audit:
    """The audit of a run for these targets. `top` is the directory of SConstruct. Raises `MachineError`."""
    names: dict[Path | str, str] = dict.fromkeys(os.get_exec_path(), "@PATH@")
    system: list[Path | str] = [sys.prefix, sys.base_prefix]
    names |= {top: "@TOP@", LIBRARY.parent: "@SITE@", LIBRARY: "@LIBRARY@"}
    for target in targets:
        names |= {target.tree.path: "@TREE@", srctree(target.tree): "@SRCTREE@"}
        names |= {target.cache: "@CACHE@", target.sources: "@SOURCES@", target.build: "@BUILD@"}
        system += [target.system.root] if target.system.root else []
        # Of a rustc that is unpacked elsewhere: PREFIX/bin/rustc, PREFIX/lib.
        prefix = Path(target.toolchain.rustc.path).parent.parent
        system += [prefix / "bin", prefix / "lib"]
    return Audit(NamedDirectories(names, system))


def set_exit_status(audit: Audit) -> None:
    """Let the run fail if the audit has found something. scons goes on: the audit is to find all there is."""
    if audit.unknown:
        SCons.Script.Main.exit_status = UNKNOWN_READS
