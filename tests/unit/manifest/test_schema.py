# SPDX-License-Identifier: MIT
"""docs/reference/module.schema.json, by which editors check manifests, and the reader agree on manifests."""

from __future__ import annotations

import datetime
import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from miniature import write

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import read_toml
from scons_kmod.manifest.read import LIBRARY, check_manifest, read_library

PROJECT = Path(__file__).resolve().parents[3]
SCHEMA = json.loads((PROJECT / "docs/reference/module.schema.json").read_text())
FILES = ("x.rs", "x.c", "x.h", "x.py", "crate/lib.rs", "test.sh", "include/y.h")
EVERYTHING = """\
[module]
name = "x-1"
root = "x.rs"
api = "mainline"
edition = "2021"
features = ["a-b"]
cfg = ["a", 'b="c"']
env = { A_B = "c" }
crates = []
[test]
script = "test.sh"
programs = ["x.c"]
[bindings]
headers = ["linux/leds.h"]
own-headers = ["x.h"]
allowlist = ["a.*"]
blocklist = ["b"]
opaque = ["c"]
[c]
sources = ["*.c"]
include = ["include"]
include-first = ["x.h"]
defines = ["A", "B=1\\n2"]
flags = ["-Wextra", "-ansi"]
asm-flags = ["-DX"]
without-flags = ["-O2"]
[c.files."x.c"]
flags = ["-O3"]
without-flags = ["-pg"]
[crates.y]
path = "crate"
edition = "2018"
features = ["a"]
cfg = ["a"]
env = { A = "b" }
crates = []
proc-macro = true
[generate.a-b]
program = "x.py"
inputs = ["*.h"]
outputs = ["a/b.rs"]
arguments = ["-v"]
timeout = 1
[depends]
modules = ["z"]
libraries = ["l"]
namespaces = ["N_S"]
[exports]
symbols = ["f"]
headers = ["x.h"]
include = ["include"]
crate = true
license = "any"
namespace = "N"
[install]
load-at-boot = true
options = "a=1 b=2"
aliases = ["char-major-1-2"]
softdep-pre = ["a"]
softdep-post = ["b"]
blacklist = ["c-d"]
[package]
version = "1.2~rc1"
date = 2026-01-31
maintainer = "A B <a@b.org>"
summary = "s"
license = "GPL-2.0-only OR MIT"
description = "a\\nb"
homepage = "https://example.org"
[requires]
kernel = ">= 6.1, < 7"
config = ["CONFIG_SMP"]
[when.'CONFIG_A, !CONFIG_B, kernel >= 6.12'.c]
defines = ["C"]
[when.CONFIG_A.crates.y]
cfg = ["b"]
[when.CONFIG_A.generate.a-b]
outputs = []
"""
MODULE = '[module]\nname = "x"\n'
PACKAGE = '[package]\nversion = "1"\ndate = 2026-01-31\nmaintainer = "A <a@b.c>"\nsummary = "s"\nlicense = "MIT"\n'
WRONG = [
    "",
    "[module]\n",
    '[module]\nname = "1x"\n',
    f'[module]\nname = "{"x" * 56}"\n',
    "[module]\nname = 3\n",
    '[modul]\nname = "x"\n',
    f'{MODULE}nam = "x"\n',
    f'{MODULE}root = ""\n',
    f'{MODULE}api = "2022"\n',
    f'{MODULE}edition = "2022"\n',
    f'{MODULE}features = ["a b"]\n',
    f'{MODULE}cfg = "a"\n',
    f'{MODULE}env = {{ RUSTFLAGS = "x" }}\n',
    f"{MODULE}env = {{ A = 1 }}\n",
    f'{MODULE}[c]\nflags = ["-I."]\n',
    f'{MODULE}[c]\nflags = ["-fplugin=x"]\n',
    f'{MODULE}[c]\ndefines = ["1"]\n',
    f"{MODULE}[c]\nsources = [1]\n",
    f'{MODULE}[c]\nsources = ["x.c"]\n[c.files."x.c"]\nflag = []\n',
    f'{MODULE}[bindings]\nheaders = ["../x.h"]\n',
    f'{MODULE}[crates.a-b]\npath = "crate"\n',
    f'{MODULE}[crates.core]\npath = "crate"\n',
    f"{MODULE}[crates.y]\n",
    f'{MODULE}[generate.g]\nprogram = "x.py"\noutputs = []\n',
    f'{MODULE}[generate.g]\nprogram = "x.py"\noutputs = ["/a"]\n',
    f'{MODULE}[generate."a b"]\nprogram = "x.py"\noutputs = ["a"]\n',
    f'{MODULE}[generate.g]\nprogram = "x.py"\noutputs = ["a"]\ntimeout = 0\n',
    f'{MODULE}[depends]\nnamespaces = ["A-B"]\n',
    f'{MODULE}[exports]\nlicense = "MIT"\n',
    f'{MODULE}[exports]\nsymbols = ["f()"]\nheaders = ["x.h"]\n',
    f'{MODULE}[exports]\ncrate = "yes"\n',
    f'{MODULE}[install]\noptions = "a # b"\n',
    f'{MODULE}[install]\nblacklist = ["a b"]\n',
    MODULE + PACKAGE.replace('version = "1"\n', ""),
    MODULE + PACKAGE.replace('"1"', '"v1"'),
    MODULE + PACKAGE.replace('"s"', f'"{"s" * 80}"'),
    MODULE + PACKAGE.replace("<a@b.c>", ""),
    f'{MODULE}[requires]\nkernel = "6.1"\n',
    f'{MODULE}[requires]\nconfig = ["SMP"]\n',
    f"{MODULE}[when.SMP.c]\n",
    f"{MODULE}[when.CONFIG_A.requires]\n",
    f"{MODULE}[when.CONFIG_A.d]\n",
    "[library]\n",
    '[library]\nname = "core"\npath = "crate"\n',
    f'[library]\nname = "l"\npath = "crate"\n{MODULE}',
]


def schema_errors(text: str) -> list[str]:
    def as_json(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: as_json(element) for key, element in value.items()}
        return value.isoformat() if isinstance(value, datetime.date) else value

    return [error.message for error in Draft7Validator(SCHEMA).iter_errors(as_json(tomllib.loads(text)))]


def read(directory: Path, text: str) -> None:
    for name in FILES:
        write(directory / name, "")
    located = read_toml(write(directory / "module.toml", text))
    if LIBRARY in located.data:
        read_library(located)
    else:
        check_manifest(located)


def test_it_is_a_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)


def test_it_accepts_every_manifest_of_the_project() -> None:
    args = ["git", "ls-files", "module.toml", "*/module.toml"]
    names = subprocess.run(args, cwd=PROJECT, check=True, capture_output=True, text=True).stdout.split()
    assert len(names) > 40
    assert {name: errors for name in names if (errors := schema_errors((PROJECT / name).read_text()))} == {}


def test_it_and_the_reader_accept_all_keys(tmp_path: Path) -> None:
    assert schema_errors(EVERYTHING) == []
    read(tmp_path, EVERYTHING)
    text = '[library]\nname = "l"\npath = "crate"\nedition = "2021"\n'
    assert schema_errors(text) == []
    read(tmp_path, text)


@pytest.mark.parametrize("text", WRONG)
def test_it_and_the_reader_refuse_what_is_wrong(tmp_path: Path, text: str) -> None:
    assert schema_errors(text) != []
    with pytest.raises(UserError):
        read(tmp_path, text)
