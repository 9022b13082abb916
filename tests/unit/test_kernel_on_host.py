# SPDX-License-Identifier: MIT
"""The parts of the kernel crate that need no kernel: their own tests, in Rust, run on this machine."""

from __future__ import annotations

import errno
import os
import re
import subprocess
from pathlib import Path

import pytest

from scons_kmod.base.directories import cache_directory
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.sysroot import THIS_MACHINE
from scons_kmod.distro.target_choice import default_target
from scons_kmod.distro.target_file import read_targets
from scons_kmod.kernel.rustc import EDITION, RUSTC_ENVIRONMENT
from scons_kmod.kernel.tool_finder import ToolFinder
from scons_kmod.kernel.toolchain import choose_rustc

PROJECT = Path(__file__).resolve().parents[2]
HOST = Path(__file__).with_name("kernel_on_host")
TESTS = re.findall(r"#\[test\]\s+fn (\w+)", (HOST / "tests.rs").read_text())
# Of the kernel's own errnos, only that they differ matters here.
FIRST_OF_THE_KERNEL = 512


def errnos() -> str:
    """Each errno that the kernel crate names as a constant, and the names by number."""
    names = re.findall(r"^    (E\w+) \"", (PROJECT / "kernel/error/errno.rs").read_text(), re.MULTILINE)
    numbers = {name: getattr(errno, name, FIRST_OF_THE_KERNEL + index) for index, name in enumerate(names)}
    constants = [f"pub const {name}: c_int = {number};" for name, number in numbers.items()]
    pairs = ", ".join(f'({number}, "{name}")' for name, number in numbers.items())
    return "\n".join((*constants, f"pub const NAMES: &[(c_int, &str)] = &[{pairs}];"))


@pytest.fixture(scope="session")
def tests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that has the tests, made by the compiler that modules are made by."""
    directory = tmp_path_factory.mktemp("host")
    wanted = default_target(read_targets(PROJECT / "targets")).toolchain.rustc
    rustc = choose_rustc(ToolFinder(THIS_MACHINE, RunLog(), cache_directory()), wanted)[0].tool
    (directory / "errnos.rs").write_text(errnos())
    program = directory / "tests"
    argv = [rustc.path, f"--edition={EDITION}", "--test", "--crate-name=kernel_on_host", "-Dwarnings"]
    env = {**os.environ, **dict(RUSTC_ENVIRONMENT), **dict(rustc.env), "ERRNOS": str(directory / "errnos.rs")}
    done = subprocess.run(
        [*argv, f"-o{program}", str(HOST / "lib.rs")], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return program


@pytest.mark.parametrize("name", TESTS)
def test_on_host(tests: Path, name: str) -> None:
    done = subprocess.run([tests, "--exact", f"tests::{name}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
