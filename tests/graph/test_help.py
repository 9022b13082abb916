# SPDX-License-Identifier: MIT
"""`scons -h` and `scons completion`, as a user runs them: without a kernel, and without reading a manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkout import OwnProject


@pytest.fixture
def broken(tmp_path: Path) -> OwnProject:
    """A project whose one manifest is no TOML."""
    project = OwnProject(tmp_path / "project")
    project.module("broken", {}, "[module\n")
    return project


def test_the_help_has_our_commands_and_how_to_get_sconss(broken: OwnProject) -> None:
    done = broken.scons("-Q", "-h", "TARGET=nonsense", "NONSENSE=1")
    assert done.stdout.startswith("usage: scons ")
    assert "\n  install     builds" in done.stdout
    assert done.stdout.endswith("\nUse scons -H for help about SCons built-in command-line options.\n")
    assert done.stderr == ""
    assert not (broken.path / "build").exists()


def test_an_earlier_method_of_sconstruct_still_works(broken: OwnProject) -> None:
    sconstruct = broken.path / "SConstruct"
    sconstruct.write_text(sconstruct.read_text().replace("KmodCommands", "KmodVerbs"))
    assert broken.scons("-Q", "-h").stdout.startswith("usage: scons ")


def test_completion_needs_neither_a_kernel_nor_manifests(broken: OwnProject) -> None:
    done = broken.scons("-Q", "completion")
    assert done.stdout.startswith("_scons_kmod() {\n")
    assert done.stderr == ""
    assert not (broken.path / "build").exists()


def test_an_unknown_name_is_an_error(broken: OwnProject) -> None:
    (broken.path / "modules/broken/module.toml").write_text('[module]\nname = "broken"\n')
    (broken.path / "modules/broken/broken.rs").write_text("")
    done = broken.scons("-Q", "instal", check=False)
    assert done.returncode == 2
    assert done.stderr == (
        'user error: instal: there is no module or command of this name\n    did you mean "install"?\n'
    )
