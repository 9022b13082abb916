# SPDX-License-Identifier: MIT
"""Target files: what is read from them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from scons_kmod.base.errors import UserError
from scons_kmod.distro.target_file import Target, read_target, read_targets

TARGETS = Path(__file__).parents[3] / "targets"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A copy of the project's own targets, to be changed."""
    for path in TARGETS.glob("*.toml"):
        (tmp_path / path.name).write_text(path.read_text())
    return tmp_path


def edited(directory: Path, old: str, new: str) -> Target:
    """debian-7.2 when `old` in its file has become `new`."""
    path = directory / "debian-7.2.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    return read_target(path)


def refusal(directory: Path, old: str, new: str) -> str:
    """The message about debian-6.12.toml when `old` in it has become `new`."""
    path = directory / "debian-6.12.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UserError) as error:
        read_target(path)
    return str(error.value).replace(f"{path}:", "")


def test_the_targets_of_this_project_are_read() -> None:
    old, new, of_trixie, of_forky = read_targets(TARGETS)
    assert (of_trixie.name, of_trixie.packages.suite) == ("debian-6.12-trixie", "trixie")
    assert (of_forky.name, of_forky.packages.suite) == ("debian-7.2", "forky")
    assert (old.name, old.version, new.name, new.version) == ("debian-6.1", "6.1", "debian-6.12", "6.12")
    assert new.packages.headers == "linux-headers-{release}"
    assert new.packages.image == ("linux-image-{release}", "linux-image-{release}-unsigned")
    assert (new.toolchain.rustc, new.toolchain.bindgen) == ("1.96", "0.60")
    assert (new.toolchain.libclang, new.toolchain.gcc) == ("15", "12")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('suite = "bookworm"', 'siute = "bookworm"', '10: [packages] siute: unknown key\n    did you mean "suite"?'),
        (
            'arch = "x86_64"',
            'arch = "x86-64"',
            '5: [kernel] arch: "x86-64" is not supported\n    did you mean "x86_64"?',
        ),
        ('version = "6.12"', "version = 6.12", "6: [kernel] version: must be a string, not the number 6.12"),
        (
            'rustc = "1.96"',
            'rustc = "stable"',
            '20: [toolchain] rustc: "stable" is not a version number\n    write digits and dots, such as 1.96',
        ),
        ('gcc = "12"\n', "", "19: [toolchain] gcc: is missing"),
        ("[toolchain]", "[tool-chain]", '19: tool-chain: unknown key\n    did you mean "toolchain"?'),
        (
            r"'6\.12\.\d+\+deb12-amd64'",
            "'6.12.*++'",
            "12: [packages] release: is not a regular expression: multiple repeat at position 7\n"
            "    write \\+ and \\. for the characters + and .",
        ),
        (
            '"linux-headers-{release}"',
            '"linux-headers-amd64"',
            '13: [packages] headers: "linux-headers-amd64" must contain {release} once',
        ),
        (
            'version = "6.12"',
            'version = "6.12"\nprovider = "rebuild"',
            '7: [kernel] provider: there is no provider "rebuild"\n    did you mean "rebuilt"?',
        ),
        (
            "[toolchain]",
            'modules = ["linux-modules-amd64"]\n[toolchain]',
            '19: [packages] modules: "linux-modules-amd64" must contain {release} once',
        ),
        (
            "[toolchain]",
            'check-valid-until = "no"\n[toolchain]',
            '19: [packages] check-valid-until: must be true or false, not the string "no"',
        ),
        ("[toolchain]", "[sysroot]\n[toolchain]", "19: [sysroot] packages: is missing"),
        (
            "[toolchain]",
            '[sysroot]\npackages = ["rustc"]\nmirror = "x"\n[toolchain]',
            "21: [sysroot] mirror: unknown key\n    known here: packages",
        ),
    ],
)
def test_a_wrong_target_file_is_reported(directory: Path, old: str, new: str, expected: str) -> None:
    assert refusal(directory, old, new) == expected


def test_what_a_target_may_leave_out() -> None:
    old, *_ = read_targets(TARGETS)
    assert (old.sysroot, old.provider) == ((), "")
    assert (old.packages.modules, old.packages.source, old.packages.check_valid_until) == ((), "", True)


def test_what_only_some_targets_say(directory: Path) -> None:
    target = edited(directory, 'version = "7.2"', 'version = "7.2"\nprovider = "carried"')
    assert target.provider == "carried"
    assert target.sysroot[:3] == ("rustc", "rust-src", "bindgen")
    packages = target.packages
    assert (packages.modules, packages.source) == (("linux-modules-{release}",), "linux-source-7.2")
    assert not packages.check_valid_until
