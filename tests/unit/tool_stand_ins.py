# SPDX-License-Identifier: MIT
"""Stand-ins for compilers: scripts that say of themselves what the real ones say."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from miniature import recorded_kbuild, write

from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.sysroot import THIS_MACHINE
from scons_kmod.distro.target_file import ToolVersions
from scons_kmod.kernel.tool_finder import ToolFinder
from scons_kmod.kernel.toolchain import Toolchain, find_toolchain

NEED = ToolVersions(rustc="1.96", bindgen="0.60", libclang="15", gcc="12")
RUSTC = 'case $1 in -vV) echo "rustc"; echo "release: VERSION" ;; *) echo "SYSROOT" ;; esac\n'
BINDGEN = 'echo "bindgen VERSION"\n'
GCC = 'case $1 in -dumpfullversion) echo 12.2.0 ;; -print-prog-name=*) echo "$0-${1#*=}" ;; esac\n'


class Machine:
    """Directories with programs, and a PATH of them."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory = directory
        self.monkeypatch = monkeypatch
        self.log = RunLog()
        self.set_path("bin")
        monkeypatch.setattr("scons_kmod.kernel.tool_finder.SYSTEM_PROGRAMS", directory / "system")

    def set_path(self, *names: str) -> None:
        self.monkeypatch.setenv("PATH", os.pathsep.join(str(self.directory / name) for name in names))

    def script(self, name: str, text: str) -> str:
        return str(write(self.directory / name, f"#!/bin/sh\n{text}", 0o755))

    def rustc(self, directory: str, version: str = "1.96.0", *, sources: bool = True) -> str:
        """A rustc, with or without its library sources."""
        sysroot = self.directory / directory / "sysroot"
        sysroot.mkdir(parents=True)
        if sources:
            write(sysroot / "lib/rustlib/src/rust/library/core/src/lib.rs", "")
        return self.script(f"{directory}/rustc", RUSTC.replace("VERSION", version).replace("SYSROOT", str(sysroot)))

    def bindgen(self, directory: str, version: str = "0.60.1") -> str:
        return self.script(f"{directory}/bindgen", BINDGEN.replace("VERSION", version))

    def whole(self) -> Machine:
        """All that a target asks for."""
        self.rustc("bin")
        self.bindgen("bin")
        self.script("bin/gcc-12", GCC)
        write(self.directory / "bin/gcc-12-cc1", "")
        time.sleep(0.03)  # so that the programs are older than the question
        return self

    @property
    def finder(self) -> ToolFinder:
        return ToolFinder(THIS_MACHINE, self.log, self.directory / "cache")

    def find(self) -> Toolchain:
        kbuild = recorded_kbuild(self.directory / "probe", "6.1")
        return find_toolchain(
            NEED, kbuild, self.directory / "tree", self.directory / "cache", self.directory / "config", self.log
        )
