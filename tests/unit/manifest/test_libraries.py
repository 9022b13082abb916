# SPDX-License-Identifier: MIT
"""Modules and the libraries that they are linked with, fitted together."""

from __future__ import annotations

from pathlib import Path

import pytest
from miniature import write

from scons_kmod.base.errors import UserError
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.project import Project, find_project


def module(top: Path, name: str, text: str = "", *files: str) -> None:
    for file in (f"{name}.rs", *files):
        write(top / name / file, "")
    write(top / name / "module.toml", f'[module]\nname = "{name}"\n{text}')


def library(top: Path, name: str, text: str = "") -> None:
    write(top / name / "lib.rs", "")
    write(top / name / "module.toml", f'[library]\nname = "{name}"\n{text}')


def only(project: Project) -> Manifest:
    (found,) = project.modules
    return found


def error_of(top: Path) -> str:
    with pytest.raises(UserError) as caught:
        find_project([top])
    return str(caught.value).replace(f"{top}/", "")


def test_a_library_is_no_module(tmp_path: Path) -> None:
    library(tmp_path, "shared", 'edition = "2018"\nfeatures = ["big"]\n')
    project = find_project([tmp_path])
    assert project.modules == []
    shared = project.libraries["shared"]
    assert (shared.root, shared.edition, shared.cfg) == (tmp_path / "shared/lib.rs", "2018", ('feature="big"',))
    assert shared.library == tmp_path / "shared"


def test_a_library_may_be_vendored(tmp_path: Path) -> None:
    write(tmp_path / "shared/vendor/src/lib.rs", "")
    write(tmp_path / "shared/vendor/Cargo.toml", '[package]\nedition = "2018"\n')
    write(tmp_path / "shared/module.toml", '[library]\nname = "shared"\npath = "vendor"\n')
    shared = find_project([tmp_path]).libraries["shared"]
    assert (shared.root, shared.quiet) == (tmp_path / "shared/vendor/src/lib.rs", True)


def test_a_module_has_its_libraries_and_its_own_crates_in_order(tmp_path: Path) -> None:
    library(tmp_path, "upper", 'crates = ["lower"]\n')
    library(tmp_path, "lower")
    library(tmp_path, "other")
    text = '[crates.own]\npath = "own.rs"\ncrates = ["upper"]\n[depends]\nlibraries = ["upper"]\n'
    module(tmp_path, "m", text, "own.rs")
    assert [crate.name for crate in only(find_project([tmp_path])).crates] == ["lower", "upper", "own"]


def test_modules_may_have_local_crates_with_the_same_name(tmp_path: Path) -> None:
    for name in ("a", "b"):
        module(tmp_path, name, '[crates.own]\npath = "own.rs"\n', "own.rs")
    assert [[crate.directory for crate in module.crates] for module in find_project([tmp_path]).modules] == [
        [tmp_path / "a"],
        [tmp_path / "b"],
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '[depends]\nlibraries = ["shard"]\n',
            "m/module.toml:3: depends: there is no library 'shard'\n"
            '    name its directory with MODULES= too; did you mean "shared"?',
        ),
        (
            '[crates.m]\npath = "own.rs"\n',
            "m/module.toml:3: [crates] m: 'm' is the module's own crate\n    choose another name",
        ),
        (
            '[crates.shared]\npath = "own.rs"\n[depends]\nlibraries = ["shared"]\n',
            "m/module.toml:3: [crates] shared: 'shared' is the name of the crate in shared too\n    rename one of them",
        ),
        (
            'crates = ["owm"]\n[crates.own]\npath = "own.rs"\n',
            "m/module.toml:3: [module] crates: there is no crate 'owm'\n    did you mean \"own\"?",
        ),
        (
            '[crates.own]\npath = "own.rs"\ncrates = ["second"]\n[crates.second]\npath = "own.rs"\ncrates = ["own"]\n',
            "m/module.toml:3: [crates] own: these crates need each other: own -> second -> own\n"
            "    move what both need to a crate of its own",
        ),
    ],
)
def test_crates_that_do_not_fit(tmp_path: Path, text: str, expected: str) -> None:
    library(tmp_path, "shared")
    module(tmp_path, "m", text, "own.rs")
    assert error_of(tmp_path) == expected


def test_a_library_that_a_library_needs_must_be_there(tmp_path: Path) -> None:
    library(tmp_path, "upper", 'crates = ["lower"]\n')
    module(tmp_path, "m", '[depends]\nlibraries = ["upper"]\n')
    assert error_of(tmp_path) == (
        "upper/module.toml:1: library: it needs the crate 'lower', which does not exist\n"
        '    give it a module.toml of its own: [library] name = "lower"'
    )


def test_two_libraries_with_the_same_name(tmp_path: Path) -> None:
    library(tmp_path, "shared")
    write(tmp_path / "other/lib.rs", "")
    write(tmp_path / "other/module.toml", '[library]\nname = "shared"\n')
    assert error_of(tmp_path) == (
        "shared/module.toml:2: [library] name: 'shared' is the name of the library in other too\n    rename one of them"
    )


def test_a_manifest_is_of_a_module_or_of_a_library(tmp_path: Path) -> None:
    library(tmp_path, "shared", '[module]\nname = "x"\n')
    assert error_of(tmp_path).startswith("shared/module.toml:3: module: unknown key")


@pytest.mark.parametrize("key", ['[depends]\nlibraries = ["shared"]\n', '[crates.own]\npath = "own.rs"\n'])
def test_crates_are_for_modules_with_rust(tmp_path: Path, key: str) -> None:
    library(tmp_path, "shared")
    write(tmp_path / "m/a.c", "")
    module(tmp_path, "m", f'[c]\nsources = ["a.c"]\n{key}', "own.rs")
    assert "is for Rust, and this is a module of C" in error_of(tmp_path)
