# SPDX-License-Identifier: MIT
"""`scons adopt`, as a user runs it. What it makes of Kbuild files: tests/unit/adopt/test_adopt_directory.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkout import Checkout


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "a b:c"
    path.mkdir()
    (path / "Kbuild").write_text("obj-m := hello.o\nhello-y := main.o $(EXTRA)\n")
    (path / "main.c").touch()
    return path


def test_it_writes_the_manifest_and_touches_nothing_else(other_checkout: Checkout, directory: Path) -> None:
    done = other_checkout.scons("-Q", "adopt", f"DIR={directory}")
    assert done.stdout == (
        f"  WRITE   {directory}/module.toml\n"
        "Not carried over, or changed:\n"
        "  Kbuild:2: hello-y := main.o $(EXTRA): $(EXTRA) is not set in this file: it is empty, as in make\n"
        f"To build it: scons MODULES={directory}\n"
    )
    assert done.stderr == ""
    assert sorted(path.name for path in directory.iterdir()) == ["Kbuild", "main.c", "module.toml"]
    assert not (other_checkout.path / "build").exists()


def test_a_dry_run_only_says_so(other_checkout: Checkout, directory: Path) -> None:
    assert "WRITE" in other_checkout.scons("-Q", "-n", "adopt", f"DIR={directory}").stdout
    assert sorted(path.name for path in directory.iterdir()) == ["Kbuild", "main.c"]


def test_the_last_run_stays_on_record(checkout: Checkout, directory: Path) -> None:
    before = (checkout.target / "last-run.json").stat()
    checkout.scons("adopt", f"DIR={directory}")
    assert (checkout.target / "last-run.json").stat() == before


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "user error: adopt: no directory is named\n    write scons adopt DIR=path\n"),
        (["DIR="], "user error: DIR=: a path is missing\n    write DIR=/path\n"),
        (
            ["DIR=/nonexistent"],
            "user error: /nonexistent: the directory has no Kbuild file and no Makefile\n"
            "    name the directory of a module: scons adopt DIR=path\n",
        ),
    ],
)
def test_mistakes(other_checkout: Checkout, args: list[str], message: str) -> None:
    done = other_checkout.scons("-Q", "adopt", *args, check=False)
    assert (done.returncode, done.stderr) == (2, message)


def test_a_manifest_is_not_written_over(other_checkout: Checkout, directory: Path) -> None:
    other_checkout.scons("adopt", f"DIR={directory}")
    done = other_checkout.scons("-Q", "adopt", f"DIR={directory}", check=False)
    assert done.returncode == 2
    assert done.stderr == (
        f"user error: {directory}/module.toml: the file exists already\n    remove it, and adopt writes a new one\n"
    )
