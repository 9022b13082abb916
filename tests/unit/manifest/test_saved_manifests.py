# SPDX-License-Identifier: MIT
"""Manifests that an earlier run has read, each asked for in a new run."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from miniature import write

from scons_kmod.base.errors import UserError
from scons_kmod.engine.digests import Digests
from scons_kmod.manifest import project
from scons_kmod.manifest.project import Project, find_project
from scons_kmod.manifest.saved_manifests import SavedManifests

MODULE = '[module]\nname = "one"\n[c]\nsources = ["*.c"]\n[when.CONFIG_X.c]\ndefines = ["X"]\n'
LIBRARY = '[library]\nname = "lib_one"\npath = "lib.rs"\n'


@pytest.fixture
def top(tmp_path: Path) -> Path:
    for name, text in {
        "one/module.toml": MODULE,
        "one/a.c": "",
        "one/src/b.c": "",
        "lib/module.toml": LIBRARY,
        "lib/lib.rs": "",
    }.items():
        write(tmp_path / "modules" / name, text)
    time.sleep(0.03)
    return tmp_path


def read(top: Path, key: str = "key", modules: str = "modules") -> tuple[Project, list[str]]:
    """The project, and the directories of the manifests that were read for it."""
    files: list[str] = []

    def noted(path: Path, **options: Any) -> object:
        files.append(path.parent.name)
        return whole(path, **options)

    whole = project.read_file
    saved = SavedManifests(top / "build/manifests", key, Digests(), top / "build")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project, "read_file", noted)
        found = find_project([top / modules], saved=saved)
    saved.save()
    return found, files


def test_a_second_run_reads_no_manifest(top: Path) -> None:
    first, files = read(top)
    assert sorted(files) == ["lib", "one"]
    second, files = read(top)
    assert files == []
    assert second == first
    assert second.modules == first.modules


CHANGES: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "the manifest": (lambda top: (top / "one/module.toml").write_text(MODULE.replace("X", "Y")), ["one"]),
    "the library": (lambda top: (top / "lib/module.toml").write_text(f"{LIBRARY}cfg = ['x']\n"), ["lib"]),
    "a file that matches a pattern": (lambda top: (top / "one/c.c").touch(), ["one"]),
    "a test": (lambda top: (top / "one/test.sh").touch(), ["one"]),
    "a file in a directory below": (lambda top: (top / "one/src/test.sh").touch(), ["one"]),
    "another module": (
        lambda top: write(top / "two/module.toml", MODULE.replace("one", "two")).with_name("a.c").touch(),
        ["two"],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_manifest_is_read_again_after_a_change_in_its_directory(top: Path, change: str) -> None:
    read(top)
    edit, expected = CHANGES[change]
    edit(top / "modules")
    time.sleep(0.03)
    again, files = read(top)
    assert files == expected
    assert again == find_project([top / "modules"])
    assert read(top)[1] == []


def test_a_removed_source_is_noticed(top: Path) -> None:
    read(top)
    (top / "modules/one/a.c").unlink()
    with pytest.raises(UserError, match="matches no file"):
        read(top)


def test_a_manifest_that_has_just_changed_is_read_until_its_times_say_more(top: Path) -> None:
    (top / "modules/one/module.toml").write_text(MODULE)
    assert sorted(read(top)[1]) == ["lib", "one"]
    time.sleep(0.03)
    assert read(top)[1] == ["one"]
    assert read(top)[1] == []


def test_another_version_of_the_code_reads_all(top: Path) -> None:
    read(top)
    assert sorted(read(top, key="other")[1]) == ["lib", "one"]


def test_a_damaged_file_is_the_same_as_none(top: Path) -> None:
    read(top)
    saved = top / "build/manifests"
    saved.write_bytes(saved.read_bytes()[:-1])
    assert sorted(read(top)[1]) == ["lib", "one"]
    assert read(top)[1] == []


def test_a_link_to_another_directory_is_noticed(top: Path) -> None:
    (top / "other").symlink_to("modules")
    assert sorted(read(top, modules="other")[1]) == ["lib", "one"]
    assert read(top, modules="other")[1] == []
    # The same files by the same path, in a directory of another name.
    (top / "modules").rename(top / "moved")
    (top / "other").unlink()
    (top / "other").symlink_to("moved")
    again, _ = read(top, modules="other")
    assert again.modules[0].directory == top / "moved/one"


def test_a_module_behind_a_link_is_in_its_own_directory(top: Path) -> None:
    (top / "modules/one").rename(top / "elsewhere")
    (top / "modules/one").symlink_to("../elsewhere")
    time.sleep(0.03)
    for _ in range(2):
        found, _ = read(top)
        assert found.modules[0].directory == top / "elsewhere"


def test_a_module_around_the_build_directory_is_read_in_each_run(top: Path) -> None:
    write(top / "module.toml", MODULE.replace("*.c", "modules/one/*.c"))
    (top / "build").mkdir()
    time.sleep(0.03)
    assert read(top, modules=".")[1] == [top.name]
    assert read(top, modules=".")[1] == [top.name]
