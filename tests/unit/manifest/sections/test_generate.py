# SPDX-License-Identifier: MIT
"""``[generate.NAME]`` of a manifest, as it is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from miniature import write

from scons_kmod.base.errors import UserError
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.read import read_manifest
from scons_kmod.manifest.sections.generate import DEFAULT_TIMEOUT, Generator

FILES = ("x.rs", "make.py", "make.c", "make.sh", "data/a.csv", "data/b.csv")


def read(directory: Path, text: str) -> Manifest:
    for name in FILES:
        write(directory / name, "")
    return read_manifest(write(directory / "module.toml", f'[module]\nname = "x"\n{text}'))


def error_of(directory: Path, text: str) -> str:
    with pytest.raises(UserError) as caught:
        read(directory, text)
    return str(caught.value).replace(f"{directory}/", "")


def test_all_that_can_be_said_of_a_generator(tmp_path: Path) -> None:
    text = """\
[generate.table]
program = "make.py"
inputs = ["data/*.csv"]
outputs = ["table.rs", "sub/table.h"]
arguments = ["data/a.csv", "-v"]
timeout = 5
"""
    found = read(tmp_path, text)
    assert found.generators == (
        Generator(
            name="table",
            program=tmp_path / "make.py",
            inputs=(tmp_path / "data/a.csv", tmp_path / "data/b.csv"),
            outputs=("table.rs", "sub/table.h"),
            arguments=("data/a.csv", "-v"),
            timeout=5,
            where=f"{tmp_path}/module.toml:3: [generate] table",
        ),
    )
    assert found.generated == ("table.rs", "sub/table.h")


def test_a_program_and_an_output_are_enough(tmp_path: Path) -> None:
    (found,) = read(tmp_path, '[generate.t]\nprogram = "make.c"\noutputs = ["t.c"]\n').generators
    assert (found.inputs, found.arguments, found.timeout) == ((), (), DEFAULT_TIMEOUT)


def test_a_module_may_be_of_generated_c_alone(tmp_path: Path) -> None:
    found = read(tmp_path, '[c]\n[generate.t]\nprogram = "make.c"\noutputs = ["t.c"]\n')
    assert (found.root, found.has_c) == (None, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('outputs = ["t.c"]', "module.toml:3: [generate.t] program: is missing"),
        ('program = "make.py"', "module.toml:3: [generate.t] outputs: is missing"),
        ('program = "make.py"\noutputs = []', "module.toml:5: [generate.t] outputs: must name a file"),
        (
            'program = "make.sh"\noutputs = ["t.c"]',
            "module.toml:4: [generate.t] program: is not in a supported language\n"
            "    name a file that ends in .py, .c, .rs",
        ),
        (
            'program = "make.py"\noutputs = ["../t.c"]',
            "module.toml:5: [generate.t] outputs: '../t.c' can't be used here\n"
            "    name files by relative paths: tables/sine.h",
        ),
        (
            'program = "make.py"\noutputs = ["/t.c"]',
            "module.toml:5: [generate.t] outputs: '/t.c' can't be used here\n"
            "    name files by relative paths: tables/sine.h",
        ),
        (
            'program = "make.py"\noutputs = ["t.c"]\ninputs = ["data/c.csv"]',
            "module.toml:6: [generate.t.inputs] element 1: data/c.csv does not exist\n"
            "    create data/c.csv, or name another file",
        ),
        (
            'program = "make.py"\noutputs = ["t.c"]\ntimeout = 0',
            "module.toml:6: [generate.t] timeout: must be at least 1, in seconds",
        ),
        (
            'program = "make.py"\noutputs = ["t.c"]\n[generate.u]\nprogram = "make.c"\noutputs = ["t.c"]',
            "module.toml:6: [generate] u: t.c is also written by t\n    rename one of the files",
        ),
    ],
)
def test_an_error_has_its_line_and_key(tmp_path: Path, text: str, expected: str) -> None:
    assert error_of(tmp_path, f"[generate.t]\n{text}\n") == expected


@pytest.mark.parametrize("name", ["../up", "a/b", "", "a b"])
def test_a_name_leads_nowhere(tmp_path: Path, name: str) -> None:
    text = f'[generate."{name}"]\nprogram = "make.py"\noutputs = ["t.c"]\n'
    assert error_of(tmp_path, text) == (
        f"module.toml:3: [generate] {name}: {name!r} is not a valid name of a generator\n"
        "    use letters, digits, _ and -"
    )
