# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from miniature import write

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Table, read_toml
from scons_kmod.manifest.cargo import Cargo, check_features, read_cargo

FEATURES = """\
[package]
name = "tiny-bits"
version = "1.2.3-rc.1+build"
edition = "2021"

[dependencies]
always = "1"
with-dash = "1"
hidden = { version = "1", optional = true }
open = { version = "1", optional = true }

[features]
default = ["std"]
std = ["more", "open?/std"]
more = []
all = ["dep:hidden", "std", "open/all"]
"""


def table(directory: Path, text: str = "") -> Table:
    """A manifest's table of one crate."""
    return Table(read_toml(write(directory / "module.toml", f"[crates.x]\n{text}")), ("crates", "x"))


def cargo(directory: Path, text: str, *, ignore_build_script: bool = False) -> Cargo:
    return read_cargo(write(directory / "x/Cargo.toml", text), ignore_build_script)


def error_of(directory: Path, text: str) -> str:
    with pytest.raises(UserError) as caught:
        cargo(directory, text)
    return str(caught.value).replace(f"{directory}/", "")


def test_what_a_file_says_of_its_crate(tmp_path: Path) -> None:
    text = '[package]\nname = "x"\nedition = "2018"\n[lib]\npath = "x.rs"\nproc-macro = true\n'
    found = cargo(tmp_path, text)
    assert (found.name, found.version, found.edition, found.root) == ("x", "0.0.0", "2018", "x.rs")
    assert found.proc_macro


def test_what_a_file_does_not_say_is_what_cargo_takes_it_for(tmp_path: Path) -> None:
    found = cargo(tmp_path, "[package]\n")
    assert (found.name, found.edition, found.root, found.proc_macro) == ("x", "2015", "", False)


@pytest.mark.parametrize("key", ["proc-macro", "proc_macro"])
def test_a_proc_macro_has_two_spellings(tmp_path: Path, key: str) -> None:
    assert cargo(tmp_path, f"[lib]\n{key} = true\n").proc_macro


def test_a_crate_reads_of_its_version_what_cargo_would_tell(tmp_path: Path) -> None:
    assert dict(cargo(tmp_path, FEATURES).env) == {
        "CARGO_PKG_NAME": "tiny-bits",
        "CARGO_PKG_VERSION": "1.2.3-rc.1+build",
        "CARGO_PKG_VERSION_MAJOR": "1",
        "CARGO_PKG_VERSION_MINOR": "2",
        "CARGO_PKG_VERSION_PATCH": "3",
        "CARGO_PKG_VERSION_PRE": "rc.1",
    }


@pytest.mark.parametrize(
    ("asked", "default", "features", "needs"),
    [
        ([], True, ["default", "more", "std"], ["always", "with_dash"]),
        ([], False, [], ["always", "with_dash"]),
        (["std"], False, ["more", "std"], ["always", "with_dash"]),
        # An optional crate is a feature of its name; one that is named with "dep:" is not.
        (["open"], False, ["open"], ["always", "with_dash", "open"]),
        # "open/all" turns the crate on and the feature of its name, "open?/std" does not.
        (
            ["all"],
            False,
            ["all", "more", "open", "std"],
            ["always", "with_dash", "hidden", "open"],
        ),
    ],
)
def test_features_turn_on_others_and_crates(
    tmp_path: Path, asked: list[str], default: bool, features: list[str], needs: list[str]
) -> None:
    found = cargo(tmp_path, FEATURES)
    assert list(found.enabled_features(asked, default)) == features
    assert list(found.used_crates(asked, default)) == needs


def test_an_unknown_feature_is_refused(tmp_path: Path) -> None:
    found = cargo(tmp_path, FEATURES)
    with pytest.raises(UserError) as caught:
        check_features(found, table(tmp_path, 'features = ["stdd"]\n'), ["stdd"])
    assert str(caught.value) == (
        f"{tmp_path}/module.toml:2: [crates.x] features: the crate has no feature 'stdd'\n    did you mean \"std\"?"
    )


@pytest.mark.parametrize("text", ["[package]\n", "[package]\nbuild = true\n", '[package]\nbuild = "build.rs"\n'])
def test_a_build_script_is_not_run(tmp_path: Path, text: str) -> None:
    write(tmp_path / "x/build.rs", "")
    assert error_of(tmp_path, text) == (
        "x/build.rs: the crate has a build script, which is not run\n"
        "    set in cfg and env what the script would find out, and write ignore-build-script = true"
    )
    assert cargo(tmp_path, text, ignore_build_script=True).edition == "2015"


def test_a_file_that_is_no_build_script(tmp_path: Path) -> None:
    write(tmp_path / "x/build.rs", "")
    assert cargo(tmp_path, "[package]\nbuild = false\n").name == "x"
    assert cargo(tmp_path, '[package]\nbuild = "other.rs"\n').name == "x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("package = 3\n", "x/Cargo.toml:1: package: must be a table"),
        (
            "[package]\nedition.workspace = true\n",
            "x/Cargo.toml:2: [package] edition: must be a string\n    write the value here, or use the published crate",
        ),
        (
            "[lib]\npath = 3\n",
            "x/Cargo.toml:2: [lib] path: must be a string\n    write the value here, or use the published crate",
        ),
        (
            '[features]\na = "b"\n',
            'x/Cargo.toml:2: [features] a: must be an array of strings, not the string "b"',
        ),
        ("[package\n", "x/Cargo.toml:1:9: invalid TOML: expected ']' at the end of a table declaration"),
    ],
)
def test_a_file_that_makes_no_sense(tmp_path: Path, text: str, expected: str) -> None:
    assert error_of(tmp_path, text) == expected
