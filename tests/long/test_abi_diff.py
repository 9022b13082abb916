# SPDX-License-Identifier: MIT
"""scons abi-diff: just the modules that use what differs between two kernels."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checkout import PROJECT, Checkout, copy_of_tree, edited
from scons_kmod.distro.target_choice import default_target
from scons_kmod.distro.target_file import read_targets

OLD = default_target(read_targets(PROJECT / "targets")).name


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout that others do not use: it gets a build directory for a second kernel."""
    return Checkout(tmp_path_factory.mktemp("abi") / "checkout")


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A newer kernel, in which nothing is new yet."""
    return copy_of_tree(tmp_path_factory.mktemp("newer") / "headers")


def header(newer: Path, name: str) -> Path:
    """One of the newer kernel's headers."""
    (path,) = newer.parent.glob(f"linux-headers-*-common/{name}")
    return path


def compared(checkout: Checkout, newer: Path) -> tuple[int, dict[str, list[str]]]:
    """The exit status, and what is said of each module that is touched."""
    done = checkout.scons("-Q", "abi-diff", f"OLD={OLD}", f"NEW={newer}", check=False)
    assert "Traceback" not in done.stderr, done.stderr
    said = done.stdout[done.stdout.index("rust_fail: ") :]
    parts = re.findall(r"(?m)^(\w+): (?:\d+ differs?|nothing that it uses differs)\n((?:  .*\n)*)", said)
    assert [name for name, _ in parts] == ["rust_fail", "rust_kvm", "rust_minimal", "rust_miscdev"], done.stdout
    touched = {name: lines.splitlines() for name, lines in parts if lines}
    assert f"{len(touched)} of 4 modules are affected\n" in said
    return done.returncode, touched


def test_the_same_kernel_touches_nothing(checkout: Checkout, newer: Path) -> None:
    assert compared(checkout, newer) == (0, {})


def test_a_comment_touches_nothing(checkout: Checkout, newer: Path) -> None:
    with edited(header(newer, "include/linux/miscdevice.h"), "struct miscdevice  {", "struct miscdevice  {/* new */\n"):
        assert compared(checkout, newer) == (0, {})


def test_a_field_touches_the_modules_that_use_the_type(checkout: Checkout, newer: Path) -> None:
    with edited(header(newer, "include/linux/miscdevice.h"), "umode_t mode;", "umode_t mode; long more;"):
        status, touched = compared(checkout, newer)
    assert status == 1
    assert touched.keys() == {"rust_fail", "rust_miscdev"}
    lines = touched["rust_miscdev"]
    assert lines[0] == "  record miscdevice"
    assert "      +more: long, byte 80" in lines


def test_a_symbol_with_another_crc_touches_those_that_import_it(checkout: Checkout, newer: Path) -> None:
    line = re.search(r"(?m)^0x\w+(?=\tmisc_register\t)", (newer / "Module.symvers").read_text())
    assert line
    with edited(newer / "Module.symvers", f"{line[0]}\tmisc_register\t", "0x12345678\tmisc_register\t"):
        status, touched = compared(checkout, newer)
    expected = [f"  symbol misc_register: CRC {line[0]} -> 0x12345678"]
    assert (status, touched) == (1, {"rust_fail": expected, "rust_miscdev": expected})


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "user error: abi-diff: two kernels are needed\n    write OLD=... and NEW=..."),
        (("OLD=debian-6.1",), "user error: abi-diff: two kernels are needed"),
        (("OLD=/absent", "NEW=debian-6.1"), "user error: OLD=/absent: there is no such target or directory"),
    ],
)
def test_two_kernels_must_be_named(checkout: Checkout, args: tuple[str, ...], message: str) -> None:
    done = checkout.scons("-Q", "abi-diff", *args, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert message in done.stderr
