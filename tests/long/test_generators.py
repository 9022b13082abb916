# SPDX-License-Identifier: MIT
"""Generated sources in real builds: what runs after an edit, and what a generator that does wrong leaves: nothing."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkout import OwnProject

RUST = """\
#![no_std]
#![feature(allocator_api, global_asm)]
use kernel::prelude::*;
include!(concat!(env!("GENERATED"), "/table.rs"));
include!(concat!(env!("GENERATED"), "/sub/word.rs"));
module! {
    type: InRust,
    name: b"in_rust",
    author: b"a test",
    description: b"a test",
    license: b"GPL v2",
}
struct InRust;
impl KernelModule for InRust {
    fn init() -> Result<Self> {
        pr_info!("{:?} {} {}\\n", TABLE, WORD, at(core::hint::black_box(1)));
        Ok(InRust)
    }
}
"""
MAKE_PY = """\
import sys
numbers = [int(word) for word in open(sys.argv[1]).read().split()]
file = open("table.rs", "w")
print(f"const TABLE: [i32; {len(numbers)}] = {numbers};", file=file)
print("fn at(index: usize) -> i32 { TABLE[index] }", file=file, flush=True)
"""
MAKE_RS = """\
fn main() {
    std::fs::create_dir("sub").unwrap();
    std::fs::write("sub/word.rs", "const WORD: &str = \\"word\\";\\n").unwrap();
}
"""
MAKE_C = """\
#include <stdio.h>
int main(int argc, char **argv)
{
	FILE *header = fopen("table.h", "w"), *source = fopen("more.c", "w");
	fprintf(header, "#define FIRST %s\\n", argv[1]);
	fprintf(source, "int more(void);\\nint more(void) { return %d; }\\n", argc);
	return fclose(header) || fclose(source);
}
"""
MAIN_C = """\
#include <linux/module.h>
#include "table.h"
int first = FIRST;
int more(void);
static int __init start(void) { return more() + first == 0; }
module_init(start);
MODULE_LICENSE("GPL");
"""
IN_RUST = """\
[module]
name = "in_rust"
[generate.table]
program = "make.py"
inputs = ["numbers.txt"]
outputs = ["table.rs"]
arguments = ["numbers.txt"]
timeout = 5
[generate.word]
program = "make.rs"
outputs = ["sub/word.rs"]
"""
IN_C = """\
[module]
name = "in_c"
[c]
sources = ["one.c", "other.c"]
[generate.table]
program = "make.c"
outputs = ["table.h", "more.c"]
arguments = ["7"]
"""
IN_RUST_FILES = {"in_rust.rs": RUST, "make.py": MAKE_PY, "make.rs": MAKE_RS, "numbers.txt": "1 2 3\n", "secret": ""}
IN_C_FILES = {"one.c": MAIN_C, "other.c": "extern int other;\nint other = 1;\n", "make.c": MAKE_C}


def new_project(directory: Path) -> OwnProject:
    project = OwnProject(directory)
    project.module("in_rust", IN_RUST_FILES, IN_RUST)
    project.module("in_c", IN_C_FILES, IN_C)
    return project


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnProject]:
    project = new_project(tmp_path_factory.mktemp("generators"))
    project.scons("-j2")
    yield project
    shutil.rmtree(project.path)


@pytest.fixture
def project(built: OwnProject) -> Iterator[OwnProject]:
    """The project, up to date; a test leaves its sources as they were, and then nothing is left of what it did."""
    before = built.modules()
    yield built
    built.scons()
    assert built.modules() == before
    assert not [unit for step, unit in built.ran() if step == "RUSTC" and unit.startswith("kernel_")]
    assert generated(built) == ["in_c/more.c", "in_c/table.h", "in_rust/sub/word.rs", "in_rust/table.rs"]
    built.scons()
    assert built.ran() == []


def generated(project: OwnProject) -> list[str]:
    """All generated sources, each MODULE/NAME."""
    directories = (project.target / "modules").glob("*/generated")
    files = ((directory, path) for directory in directories for path in directory.rglob("*") if path.is_file())
    return sorted(f"{directory.parent.name}/{path.relative_to(directory)}" for directory, path in files)


def test_a_program_that_writes_the_same_is_all_that_runs(project: OwnProject) -> None:
    before = project.modules()
    with project.edited("modules/in_rust/make.py", "import sys\n", "import sys  # for its arguments\n"):
        project.scons()
        assert project.ran() == [("GEN", "in_rust/table")]
    with project.edited("modules/in_rust/make.rs", '"word', '"wo\\u{72}d'):
        project.scons()
        assert project.ran() == [("RUSTC", "in_rust/word"), ("GEN", "in_rust/word")]
    with project.edited("modules/in_c/make.c", "int main", "/* Two files. */ int main"):
        project.scons()
        assert project.ran() == [], "the compiler can't notice"
    assert project.modules() == before


def test_an_edit_reaches_what_reads_the_table_and_undoing_it_restores_the_outputs(
    project: OwnProject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = project.modules()
    with (
        project.edited("modules/in_rust/numbers.txt", "2", "22"),
        project.edited("modules/in_c/module.toml", '"7"', '"8"'),
    ):
        project.scons()
        assert {unit for step, unit in project.ran() if step in ("GEN", "RUSTC", "CC [M]")} == {
            *("in_rust/table", "in_rust.o", "in_c/table", "in_c/one.o")
        }
        after = project.modules()
        assert all(after[name] != before[name] for name in before)
        other = tmp_path_factory.mktemp("generators") / "another-place"
        shutil.copytree(project.path, other, ignore=shutil.ignore_patterns("build"))
        clean = OwnProject(other)
        clean.scons()
        assert clean.modules() == after
    project.scons()
    assert project.ran() == []
    assert project.modules() == before


def test_what_is_written_no_more_can_not_be_found(project: OwnProject) -> None:
    with (
        project.edited("modules/in_c/module.toml", '"table.h", ', ""),
        project.edited("modules/in_c/make.c", '"table.h"', '"/dev/null"'),
    ):
        done = project.scons("in_c", check=False)
        assert "table.h: No such file" in done.stderr
        assert done.returncode == 2


FAILURES = {
    "a failure": ("sys.exit('no numbers')", "no numbers\nstep error: {module}/module.toml:"),
    "a hang": (
        "import time; time.sleep(1000)",
        "it did not end within 5 s\n    make the program end, or raise `timeout`",
    ),
    "an undeclared file": ("open('/module/secret')", "of the module's files, a generator sees only its `inputs`"),
    "writing elsewhere": ("open(sys.argv[1], 'w')", "Read-only file system: '{module}/numbers.txt'"),
    "the network": ("import socket; socket.create_connection(('192.0.2.1', 80))", "a generator has no network"),
    "no output": ("import os; os.remove('table.rs')", "it did not write table.rs"),
    "more output": ("open('table.txt', 'w')", "it also wrote table.txt"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_each_failure_of_a_generator_has_its_message(project: OwnProject, failure: str) -> None:
    text, said = FAILURES[failure]
    make = project.path / "modules/in_rust/make.py"
    make.write_text(f"{MAKE_PY}{text}\n")
    done = project.scons(check=False)
    make.write_text(MAKE_PY)
    manifest = project.path / "modules/in_rust/module.toml"
    assert f"step error: {manifest}:3: [generate] table: " in done.stderr
    assert said.format(module=make.parent) in done.stderr
    assert done.returncode == 2
    assert generated(project) == ["in_c/more.c", "in_c/table.h", "in_rust/sub/word.rs"]
    assert not (project.target / "modules/in_rust/generators/table/work").exists()
    assert (make.parent / "numbers.txt").read_text() == "1 2 3\n"


def test_a_build_that_is_killed_while_a_program_writes(project: OwnProject) -> None:
    make = project.path / "modules/in_rust/make.py"
    make.write_text(f"open('table.rs', 'w').write('half')\nimport time; time.sleep(1000)\n{MAKE_PY}")
    build = project.start()
    work = project.target / "modules/in_rust/generators/table/work/table.rs"
    deadline = time.monotonic() + 60
    while not work.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(build.pid, signal.SIGKILL)
    build.wait()
    make.write_text(MAKE_PY)
