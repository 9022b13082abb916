# SPDX-License-Identifier: MIT
"""The benchmark gives Kbuild the same work as scons: the same commands, the same modules."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest
from elftools.elf.elffile import ELFFile

from checkout import PROJECT, unpacked_headers
from scons_kmod.c.compiler import args_without_includes
from scons_kmod.crates.support_outputs import LIBRARY_CRATES
from scons_kmod.kernel.cmd_file import saved_programs

sys.path.insert(0, str(PROJECT / "bench"))

import generate
import rows

COMPARED = re.compile(r"rustc|ar|ld|objtool|.*-(gcc-\d+|ld|ar)")
# scons does this in another way: it precompiles the headers of the C code that modpost writes, and of the helpers.
PRECOMPILED = (".mod.c", "/link/module_headers.h", "/helpers/headers.h")
# So are the headers that many files of a module begin with.
PARTS = re.compile(r"/(part_\d+\.c|head-\w+\.h)$")
SUPPORT_CRATE = ("--crate-name=kernel", "--crate-name=bindings")
CRATE_ARGS = ("-Ldependency=", "--extern=kernel=", "-Cincremental=")
HELPERS = "/rust/helpers/"


class Built(NamedTuple):
    """Both sides, and what the build by scons printed with V=1."""

    pair: rows.Pair
    printed: str


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    pair = rows.Pair(tmp_path_factory.mktemp("bench"), unpacked_headers().kernel_tree, 2)
    generate.rust_modules(pair.modules, ["rust_minimal", "rust_miscdev"])
    generate.c_modules(pair.modules, 1)
    # Enough files to have headers precompiled.
    generate.module_of_parts(pair.modules, 8)
    printed = pair.lay_out("V=1")
    pair.run(pair.kbuild())
    return Built(pair, printed)


def scons_commands(built: Built) -> Iterable[list[str]]:
    """The commands that scons printed, without the variables before them."""
    for line in built.printed.splitlines():
        if line.startswith("cd "):
            _, directory, _, *argv = shlex.split(line)
            while re.match(r"\w+=", argv[0]):
                del argv[0]
            yield [f"{directory}/{arg}" if re.fullmatch(r"[\w.-]+\.o", arg) else arg for arg in argv]


def kbuild_commands(work: Path) -> Iterable[list[str]]:
    """The commands that Kbuild has saved."""
    for path in work.rglob(".*.cmd"):
        if "cmd_" in path.read_text():
            for argv in saved_programs(path):
                yield argv[next(number for number, arg in enumerate(argv) if not re.match(r"\w+=", arg)) :]


def compared(commands: Iterable[list[str]], pair: rows.Pair) -> set[tuple[str, ...]]:
    """The commands without what is another file on each side: of C, of linkers and of objtool, outputs and inputs."""
    found = set()
    for argv in commands:
        program = Path(argv[0]).name
        library = any(f"--crate-name={name}" in argv for name in LIBRARY_CRATES)
        if (
            COMPARED.fullmatch(program)
            and not library
            and not (argv[-1].endswith(PRECOMPILED) or PARTS.search(argv[-1]))
        ):
            # The crates of kernel/ are divided otherwise, and Kbuild compiles nothing incrementally.
            if any(arg.startswith(SUPPORT_CRATE) for arg in argv):
                continue
            # Kbuild does not ask the assembler what it reads.
            argv = [arg for arg in argv if not arg.startswith(CRATE_ARGS) and arg not in ("-Xassembler", "--MD")]
            if HELPERS in argv[-1]:
                argv = args_without_includes(tuple(argv))
            kept = [plain(arg, pair, drop=program != "rustc") for arg in argv[1:]]
            # Kbuild puts --link and --module among objtool's options, scons puts --link last.
            found.add((program, *filter(None, sorted(kept) if program == "objtool" else kept)))
    return found


def plain(arg: str, pair: rows.Pair, *, drop: bool) -> str:
    """An argument with one name for both build directories; with `drop`, "" if it names a file in them."""
    of_both = arg.replace(str(pair.build), "BUILD").replace(str(pair.work), "BUILD")
    if drop and ("BUILD" in of_both or str(pair.modules) in of_both):
        return ""
    return re.sub(r"dep-info=\S+\.d$", "dep-info", of_both)


def test_both_run_the_same_commands(built: Built) -> None:
    by_scons = compared(scons_commands(built), built.pair)
    by_kbuild = compared(kbuild_commands(built.pair.work), built.pair)
    assert {argv[0] for argv in by_scons} >= {"rustc", "objtool"}
    assert by_scons - by_kbuild == set()
    assert by_kbuild - by_scons == set()


def test_neither_has_debug_information(built: Built) -> None:
    compiled = [argv for argv in kbuild_commands(built.pair.work) if "-c" in argv and argv[-1].endswith(".c")]
    assert len(compiled) > 3
    for argv in compiled:
        assert [arg for arg in argv if re.match(r"-g\d?$|-gdwarf", arg)][-1] == "-g0"
    assert not any("pahole" in path.read_text() for path in built.pair.work.rglob(".*.cmd"))
    for path in built.pair.work.glob("*.ko"):
        with path.open("rb") as file:
            names = [section.name for section in ELFFile(file).iter_sections()]
        assert not [name for name in names if name.startswith((".debug", ".BTF"))]


def test_both_make_the_same_modules(built: Built) -> None:
    assert {path.name for path in built.pair.work.glob("*.ko")} == {
        "bench_0000.ko",
        "bench_parts.ko",
        "rust_minimal.ko",
        "rust_miscdev.ko",
    }
    assert built.pair.different() == []
