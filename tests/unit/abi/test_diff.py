# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

from miniature import module, target, write

from scons_kmod.abi.diff import declaration_differences, report_lines, shortened_report, symbol_differences
from scons_kmod.abi.reach import code_files, reach_steps, reached_elf, unoptimized_kernel_steps

STRUCT = "2 device_type  48 8\nname: const char * at 0 width -1\nflag: unsigned int at 64 width 1"
NEWER = (
    "2 device_type  56 8\nname: const char * at 0 width -1\nflag: unsigned int at 64 width 1\nb: bool at 384 width -1"
)


def test_a_type_is_shown_before_and_after() -> None:
    lines = list(declaration_differences({"device_type": {"record": STRUCT}}, {"device_type": {"record": NEWER}}))
    assert lines == [
        "record device_type",
        "    -struct device_type: 48 bytes, aligned to 8",
        "    +struct device_type: 56 bytes, aligned to 8",
        "    +b: bool, byte 48",
    ]


def test_bit_fields_are_counted_in_bits() -> None:
    wider = STRUCT.replace("at 64 width 1", "at 65 width 1")
    lines = list(declaration_differences({"device_type": {"record": STRUCT}}, {"device_type": {"record": wider}}))
    assert lines[1:] == ["    -flag: unsigned int, 1 bits from bit 64", "    +flag: unsigned int, 1 bits from bit 65"]


def test_what_is_gone_and_what_is_new() -> None:
    old = {"f": {"function": "int f(void)"}, "g": {"macro": "g 1"}}
    new = {"f": {"function": "int f(void)", "macro": "f f"}, "h": {"macro": "h 1"}}
    assert list(declaration_differences(old, new)) == ["macro g: gone"]


def test_symbols_that_are_gone_or_have_another_crc(tmp_path: Path) -> None:
    old, new = (target(tmp_path / name) for name in ("old", "new"))
    lines = "0x1\tsame\tvmlinux\tE\t\n0x2\tother\tvmlinux\tE\t\n0x3\tgone\tvmlinux\tE\t\n0x4\tunused\tvmlinux\tE\t\n"
    old.tree.symvers.write_text(lines)
    new.tree.symvers.write_text("0x1\tsame\tvmlinux\tE\t\n0x22\tother\tvmlinux\tE\t\n")
    source = write(tmp_path / "m.c", "int same(void), other(void), gone(void), nowhere(void);\nint init(void)\n{\n")
    source.write_text(f"{source.read_text()}return same() + other() + gone() + nowhere();\n}}\n")
    subprocess.run(["gcc", "-c", source, "-o", tmp_path / "m.o"], check=True)
    found = list(symbol_differences(old, new, tmp_path / "m.o"))
    assert found == ["symbol gone: gone", "symbol other: CRC 0x2 -> 0x22"]


def test_the_report(tmp_path: Path) -> None:
    first, second = (module(tmp_path / name, name) for name in ("one", "two"))
    third = dataclasses.replace(module(tmp_path / "three", "three"), root=None)
    found = {"one": ["record x", "    -1", "    +2", "symbol y: gone"], "two": [], "three": []}
    assert list(report_lines(found, [first, second, third])) == [
        "one: 2 differ",
        "  record x",
        "      -1",
        "      +2",
        "  symbol y: gone",
        "two: nothing that it uses differs",
        "three: nothing that it uses differs (C: only its symbols are compared)",
        "1 of 3 modules are affected",
    ]


def test_long_differences_are_cut_short() -> None:
    lines = ["m: 2 differ", "  record x", *(f"      +{n}" for n in range(20)), "  record y", "      -1"]
    assert list(shortened_report(lines)) == [*lines[:14], "      ...", "  record y", "      -1"]


def test_only_files_with_code_that_is_reached_count(tmp_path: Path) -> None:
    """Of real objects, by the linker that drops what nothing reaches."""
    sources = {
        "a.c": '#include "used.h"\n#include "unused.h"\nint used_too(void);\n'
        "int init_module(void) { return used() + used_too(); }\nvoid cleanup_module(void) {}\n"
        "int not_reached(void) { return unused(); }\n",
        "b.c": "int used_too(void) { return 2; }\n",
        "c.c": "int nobody(void) { return 3; }\n",
        "used.h": "static int used(void) { return 1; }\n",
        "unused.h": "static int unused(void) { return 1; }\n",
    }
    for name, text in sources.items():
        write(tmp_path / name, text)
    build_target = target(tmp_path / "target")
    link = reach_steps(build_target, module(tmp_path / "module"))[-1].commands[0].argv
    flags = ["-O0", "-g1", "-ffunction-sections", "-fno-pie", "-c"]
    objects = []
    for name in ("a", "b", "c"):
        subprocess.run(["gcc", *flags, f"{name}.c", "-o", f"{name}.o"], cwd=tmp_path, check=True)
        objects.append(f"{name}.o")
    options = link[1 : link.index("-o")]
    subprocess.run(["ld", *options, "-o", "all.elf", *objects], cwd=tmp_path, check=True)
    assert {Path(name).name for name in code_files(tmp_path / "all.elf")} == {"a.c", "b.c", "used.h"}


def test_no_output_is_an_output_of_another_step(tmp_path: Path) -> None:
    build_target = target(tmp_path)
    manifest = module(tmp_path / "module")
    steps = [*unoptimized_kernel_steps(build_target), *reach_steps(build_target, manifest)]
    assert all(path.is_relative_to(build_target.build / "abi") for step in steps for path in step.outputs)
    assert steps[-1].outputs == (reached_elf(build_target, manifest),)
    assert all("-Copt-level=0" in step.commands[-1].argv for step in steps[:-1])
