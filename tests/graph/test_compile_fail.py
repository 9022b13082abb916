# SPDX-License-Identifier: MIT
"""What must not compile as a module, each with what rustc then says; and what modules of 2021 wrote, which must.

The sources are in sources/: each case begins with a line `//# NAME`, and ends with the messages that it must give, a
line `//~ LINE:COLUMN: error: TEXT` for each, LINE counted from the case's first one. A case without any must give none.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from checkout import Checkout
from scons_kmod.base.errors import StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.crates.facade import facades_of_module
from scons_kmod.crates.module_crate import module_crate_step
from scons_kmod.crates.wrapper_steps import facade_step, wrapper_crate_step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.open_target import chosen_kernels, open_target
from scons_kmod.target.settings import Settings

SOURCES = Path(__file__).with_name("sources")
# What comes before a case, on a line of its own, and after it.
HEAD = "#![no_std] #![feature(allocator_api, global_asm)]\n"
TAIL = """
use kernel::prelude::*;

#[allow(dead_code)]
struct T;
impl KernelModule for T {
    fn init() -> Result<Self> {
        Ok(T)
    }
}
"""
SHOWN = re.compile(r"^\S*?x\.rs:(\d+):(\d+): (error|warning)(?:\[E\d+\])?: (.*)$", re.MULTILINE)

Compile = Callable[[str], list[str]]


def cases(name: str) -> list[object]:
    """The cases of a file: the source of each, and the messages that it must give."""
    parts = (SOURCES / name).read_text().split("//# ")[1:]
    return [pytest.param(*split(part.partition("\n")[2]), id=part.partition("\n")[0]) for part in parts]


def split(case: str) -> tuple[str, list[str]]:
    lines = case.rstrip().split("\n")
    source = [line for line in lines if not line.startswith("//~ ")]
    return "\n".join(source), [line.removeprefix("//~ ") for line in lines if line.startswith("//~ ")]


def compile_kernel(target: BuildTarget, manifest: Manifest) -> None:
    """Compile the crate `kernel` that a module names, with its wrappers, unless an earlier case has."""
    for facade in facades_of_module(target, manifest):
        steps = (*(wrapper_crate_step(target, crate) for crate in facade.linked), facade_step(target, facade))
        for step in steps:
            if not all(path.exists() for path in step.outputs):
                step.execute(RunLog(), "", False, print)


@pytest.fixture(scope="module")
def target(checkout: Checkout) -> Iterator[BuildTarget]:
    settings = Settings()
    (chosen,) = chosen_kernels(settings, checkout.path / "targets")
    yield open_target(chosen, settings, checkout.path / "build", checkout.path, RunLog)
    # What is remembered of Kbuild is the answer to this project's code now, and no longer to that of the checkout.
    checkout.scons()


@pytest.fixture(scope="module")
def compile_module(target: BuildTarget, tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """Compiles a source as the build compiles a module's, without making code of it; gives errors and warnings."""

    def run(case: str) -> list[str]:
        directory = tmp_path_factory.mktemp("module")
        root = directory / "x.rs"
        root.write_text(HEAD + case + TAIL)
        manifest = Manifest("x", directory, root, None)
        compile_kernel(target, manifest)
        step = module_crate_step(target, manifest)
        for path, text in step.written_files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        command = step.commands[-1]
        argv = [word for word in command.argv if not word.startswith(("--emit=", "-Cincremental="))]
        argv += [f"--emit=metadata={directory}/x.rmeta", "--error-format=short"]
        env = {**os.environ, **dict(command.env)}
        done = subprocess.run(argv, cwd=directory, env=env, capture_output=True, text=True, check=False)
        found = SHOWN.findall(done.stderr)
        shown = [f"{int(line) - 1}:{column}: {kind}: {text}" for line, column, kind, text in found]
        assert (done.returncode == 0) == (not any(": error: " in line for line in shown)), done.stderr
        return shown

    return run


@pytest.mark.parametrize(("case", "messages"), cases("must_not_compile.rs"))
def test_what_must_not_compile(compile_module: Compile, case: str, messages: list[str]) -> None:
    assert messages
    assert compile_module(case) == messages


@pytest.mark.parametrize(("case", "messages"), cases("must_compile.rs"))
def test_what_must_compile(compile_module: Compile, case: str, messages: list[str]) -> None:
    assert messages == []
    assert compile_module(case) == []


def test_messages_name_the_crates_of_kernel_as_the_module_does(target: BuildTarget, tmp_path: Path) -> None:
    """rustc calls what is private by the name of its own crate."""
    source = "fn sent<T: Send>() {}\nfn f() { sent::<kernel::linked_list::Links<u8>>(); sent::<kernel::linked_list::"
    source += "CursorMut<'static, Box<u8>>>() }\n"
    (tmp_path / "x.rs").write_text(HEAD + source + TAIL)
    manifest = Manifest("x", tmp_path, tmp_path / "x.rs", None)
    compile_kernel(target, manifest)
    with pytest.raises(StepError) as caught:
        module_crate_step(target, manifest).execute(RunLog(), "", False, print)
    assert "the type `kernel::raw_list::Node<_>`" in caught.value.output
    assert "kernel_linked_list" not in caught.value.output
