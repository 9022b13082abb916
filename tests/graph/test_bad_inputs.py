# SPDX-License-Identifier: MIT
"""What a user sees who makes a mistake: the exact words, and no traceback; and what is left then: nothing half-made."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from checkout import SCONS, Checkout

SOURCE = """\
#![no_std]

use kernel::prelude::*;

module! {
    type: Example,
    name: b"NAME",
    author: b"Somebody",
    description: b"An example",
    license: b"GPL",
}

struct Example;

impl KernelModule for Example {
    fn init() -> Result<Self> {
        Ok(Example)
    }
}
"""
# What every run may write, and what only says which files there are.
BOOKS = ("last-run.json", "failed-commands.txt", "digests.json", ".lock", ".sconsign.dblite")


class Author:
    """Somebody with modules of their own, outside of the checkout."""

    def __init__(self, checkout: Checkout, directory: Path) -> None:
        self.checkout = checkout
        self.directory = directory

    def module(self, name: str, manifest: str | None = None, *edits: tuple[str, str]) -> Path:
        """A module of one file, with its text edited."""
        directory = self.directory / name
        directory.mkdir(parents=True)
        text = SOURCE.replace("NAME", name)
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        (directory / f"{name}.rs").write_text(text)
        (directory / "module.toml").write_text(f'[module]\nname = "{name}"\n' if manifest is None else manifest)
        return directory

    def scons(self, *args: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run scons; no traceback, whatever happens."""
        done = subprocess.run(
            (*SCONS, *args),
            cwd=self.checkout.path,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done

    def complaint(self, *args: str, env: Mapping[str, str] | None = None) -> str:
        """What scons says to something that it refuses before it builds anything."""
        before = self.built()
        done = self.scons(*args, env=env)
        assert done.returncode == 2, done.stdout + done.stderr
        assert self.built() == before
        return done.stderr.replace(str(self.directory), "DIR").removesuffix("\n")

    def own(self, *args: str) -> str:
        """What scons says to the author's own modules."""
        return self.complaint(f"MODULES={self.directory}", *args)

    def failure(self, *args: str) -> tuple[str, str]:
        """What scons prints on standard output, and the errors, when a step fails."""
        done = self.scons(f"MODULES={self.directory}", *args)
        assert done.returncode == 2, done.stdout + done.stderr
        return done.stdout, done.stderr.replace(str(self.directory), "DIR")

    def built(self) -> dict[str, tuple[int, int]]:
        """Size and time of all that was built."""
        build = self.checkout.path / "build"
        files = [path for path in build.rglob("*") if path.name not in BOOKS and not path.is_dir()]
        return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in files}

    def left(self, name: str) -> list[str]:
        """The objects that were left of a module."""
        directory = self.checkout.target / "modules" / name
        return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.suffix in (".o", ".ko"))


@pytest.fixture
def author(checkout: Checkout, tmp_path: Path) -> Iterator[Author]:
    """An author with an empty directory; what was built of it is removed in the end."""
    author = Author(checkout, tmp_path / "own")
    author.directory.mkdir()
    yield author
    for module in author.directory.iterdir():
        shutil.rmtree(checkout.target / "modules" / module.name, ignore_errors=True)


# --- The manifest


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        pytest.param("[module]\n", "module.toml:1: [module] name: is missing", id="missing key"),
        pytest.param(
            "[module]\nname = 3\n",
            "module.toml:2: [module] name: must be a string, not the integer 3",
            id="wrong type",
        ),
        pytest.param(
            '[module]\nname = "example"\nrot = "example.rs"\n',
            'module.toml:3: [module] rot: unknown key\n    did you mean "root"?',
            id="unknown key",
        ),
        pytest.param(
            '[module]\nname = "example"\n\nroot = "main.rs"\n',
            "module.toml:4: [module] root: main.rs does not exist\n"
            "    create DIR/example/main.rs, or name another file",
            id="a root that does not exist",
        ),
        pytest.param(
            '[module]\nname = "example"\nroot = "../../SConstruct"\n',
            "module.toml:3: [module] root: ../../SConstruct is outside of the module's directory\n"
            "    move it into DIR/example",
            id="a root outside of the module",
        ),
        pytest.param(
            '[module]\nname = "my module"\n',
            "module.toml:2: [module] name: 'my module' is not a valid module name\n"
            "    use letters, digits, _ and -, first a letter or _",
            id="no module name",
        ),
        pytest.param(
            '[module]\nname = "install"\n',
            "module.toml:2: [module] name: 'install' is a command of scons\n    choose another name",
            id="a command's name",
        ),
        pytest.param(
            '[module]\nname = "example\n',
            "module.toml:2:16: invalid TOML: illegal character '\\n'",
            id="invalid TOML",
        ),
    ],
)
def test_a_manifest(author: Author, manifest: str, expected: str) -> None:
    author.module("example", manifest)
    assert author.own() == f"user error: DIR/example/{expected}"


def test_two_modules_with_the_same_name(author: Author) -> None:
    author.module("one", '[module]\nname = "one"\n')
    author.module("two", '[module]\nname = "one"\nroot = "two.rs"\n')
    assert author.own() == (
        "user error: DIR/two/module.toml:2: [module] name: 'one' is the name of the module in DIR/one too\n"
        "    rename one of them"
    )


# --- The command line


def test_an_architecture_that_is_not_supported(author: Author) -> None:
    assert author.complaint("ARCH=arm64") == (
        "user error: ARCH=arm64: this architecture is not supported\n    supported: x86, x86_64"
    )


def test_a_variable_that_is_not_supported_yet(author: Author) -> None:
    assert author.complaint("LLVM=1") == (
        "user error: LLVM=1: this is not supported yet\n"
        "    leave LLVM out: scons takes the C compiler that the kernel was built with"
    )


def test_an_unknown_variable(author: Author) -> None:
    assert author.complaint("TARGTE=x") == (
        "user error: TARGTE=x: unknown variable\n"
        '    did you mean TARGET=? If it is your own: Environment(tools=["kmod"], KMOD_WORDS=["TARGTE"])'
    )


def test_an_unknown_target(author: Author) -> None:
    assert author.complaint("TARGET=debian-6.2") == (
        'user error: TARGET=debian-6.2: there is no target "debian-6.2"\n    did you mean "debian-6.12"?'
    )


def test_a_directory_without_modules(author: Author) -> None:
    assert author.own() == (
        "user error: DIR: there is no module.toml in it, nor in a directory in it\n"
        "    write DIR/module.toml, or name a module's directory, or one that holds several, with MODULES=DIR"
    )


def test_an_unknown_module(author: Author) -> None:
    author.module("one")
    author.module("two")
    assert author.own("test", "MODULE=tow") == (
        "user error: MODULE=tow: there is no module of this name\n    there are: one, two"
    )


# --- The kernel tree


def test_a_tree_that_is_none(author: Author) -> None:
    assert author.complaint(f"KDIR={author.directory}") == (
        "user error: KDIR=DIR: this is not a kernel tree: it has no Makefile\n"
        "    name the headers or build directory of a kernel"
    )


def test_a_tree_that_is_not_prepared(author: Author) -> None:
    (author.directory / "Makefile").write_text("VERSION = 6\n")
    assert author.complaint(f"KDIR={author.directory}") == (
        "user error: KDIR=DIR: this kernel tree is not prepared for modules: it lacks include/config/auto.conf,"
        " include/generated/utsrelease.h, scripts/mod/modpost, Module.symvers\n"
        "    build the kernel in it (`make modules_prepare` and `make`), or install the distribution's headers"
    )
    (author.directory / "Makefile").unlink()


# --- The machine


def answer(checkout: Checkout, name: str) -> Any:
    """What a file of the build directory remembers."""
    return json.loads((checkout.target / "config" / name).read_text())["answer"]


def test_a_tool_that_is_missing(author: Author, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    compiler = answer(author.checkout, "kbuild.json")["kbuild"]["cc"][0]
    assert author.complaint(env={"PATH": str(tmp_path / "empty")}) == (
        f"machine error: {compiler}: not found\n    apt-get install {compiler.removeprefix('x86_64-linux-gnu-')}"
    )


def test_a_tool_that_is_too_old(author: Author) -> None:
    checkout = author.checkout
    rustc = answer(checkout, "toolchain.json")["rustc"]
    with contextlib.ExitStack() as edits:
        for name in ("debian-6.1", "debian-6.12"):
            edits.enter_context(checkout.edited(f"targets/{name}.toml", 'rustc = "1.96"', 'rustc = "1.999"'))
        first, *refused, fix = author.complaint().splitlines()
    assert first == "machine error: rustc: none of those installed can be used"
    assert f"    {rustc['path']}: version {rustc['version']}, but the target needs 1.999" in refused
    assert fix == "    the target needs 1.999; on Debian 12: apt-get install rustc-web rust-web-src"
    author.checkout.scons()


# --- Steps that fail


def test_a_compile_error_is_shown_as_rustc_shows_it(author: Author) -> None:
    author.module("wrong_type", None, ("Ok(Example)", 'let x: u32 = "text";'))
    printed, errors = author.failure()
    assert printed.endswith("  RUSTC   wrong_type.o\n")
    *message, head, hint, last = errors.splitlines()
    assert head == "step error: RUSTC wrong_type.o: exit status 1"
    assert hint == "    its command is in build/debian-6.12/failed-commands.txt; V=1 prints it"
    title, command = (author.checkout.target / "failed-commands.txt").read_text().splitlines()
    assert title == "# RUSTC wrong_type.o"
    assert f" {answer(author.checkout, 'toolchain.json')['rustc']['path']} --edition=2018 " in command
    assert "\n".join(message).startswith(
        "error[E0308]: mismatched types\n"
        "  --> DIR/wrong_type/wrong_type.rs:17:22\n"
        "   |\n"
        '17 |         let x: u32 = "text";\n'
        "   |                ---   ^^^^^^ expected `u32`, found `&str`\n"
        "   |                |\n"
        "   |                expected due to this\n"
    )
    assert last.startswith("scons: *** [build/")
    assert author.left("wrong_type") == []
    _, errors = author.failure("V=1")
    assert errors.splitlines()[-2] == command.replace(str(author.directory), "DIR")


def test_a_licence_that_the_kernel_does_not_know(author: Author) -> None:
    author.module("licence", None, ('b"GPL"', 'b"GPLv2"'))
    _, errors = author.failure()
    *message, head, _, _ = errors.splitlines()
    assert head == "step error: RUSTC licence.o: exit status 1"
    assert "\n".join(message).startswith(
        "error: unknown license `GPLv2`: did you mean `GPL v2`?\n"
        "  --> DIR/licence/licence.rs:10:14\n"
        "   |\n"
        '10 |     license: b"GPLv2",\n'
        "   |              ^^^^^^^^\n"
    )
    assert author.left("licence") == []


UNDEFINED = (
    ("struct Example;", 'struct Example;\n\nextern "C" {\n    fn nobody_defines_this();\n}'),
    ("Ok(Example)", "unsafe { nobody_defines_this() };\n        Ok(Example)"),
)


def test_an_undefined_symbol(author: Author) -> None:
    author.module("undefined", None, *UNDEFINED)
    _, errors = author.failure()
    message, head, _, last = errors.splitlines()
    link = author.checkout.target / "modules/undefined/link"
    assert head == "step error: MODPOST undefined.ko: exit status 1"
    assert "scripts/mod/modpost" in (author.checkout.target / "failed-commands.txt").read_text()
    assert message == f'ERROR: modpost: "nobody_defines_this" [{link}/undefined.ko] undefined!'
    assert last == f"scons: *** [{(link / 'undefined.mod.c').relative_to(author.checkout.path)}] Error 1"
    assert not [name for name in author.left("undefined") if name.endswith(".ko")]


def test_a_failed_module_does_not_stop_the_others(author: Author) -> None:
    author.module("good")
    author.module("undefined", None, *UNDEFINED)
    author.module("wrong_type", None, ("Ok(Example)", "Ok(3)"))
    printed, errors = author.failure("-k")
    assert "  LD [M]  good.ko\n" in printed
    assert "good.ko" in author.left("good")
    assert author.left("wrong_type") == []
    failed = [line for line in errors.splitlines() if line.startswith("step error: ")]
    assert sorted(failed) == [
        "step error: MODPOST undefined.ko: exit status 1",
        "step error: RUSTC wrong_type.o: exit status 1",
    ]


def test_a_mistake_that_is_put_right_builds(author: Author) -> None:
    module = author.module("fixed", None, ("Ok(Example)", "Ok(3)"))
    author.failure()
    source = module / "fixed.rs"
    source.write_text(source.read_text().replace("Ok(3)", "Ok(Example)"))
    assert author.scons(f"MODULES={author.directory}").returncode == 0
    assert "fixed.ko" in author.left("fixed")
