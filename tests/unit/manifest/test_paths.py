# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from miniature import write

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Table, read_toml
from scons_kmod.manifest.paths import ExistingPaths, MatchingFiles


def table(directory: Path, *names: str) -> Table:
    listed = ", ".join(f"'{name}'" for name in names)
    return Table(read_toml(write(directory / "module.toml", f"[c]\nsources = [{listed}]\n")), ("c",))


def found(directory: Path, *names: str) -> list[str]:
    paths = MatchingFiles().read(table(directory, *names), "sources", directory)
    return [str(path.relative_to(directory)) for path in paths]


def error_of(directory: Path, *names: str) -> str:
    with pytest.raises(UserError) as caught:
        found(directory, *names)
    return str(caught.value).removeprefix(f"{directory}/")


def test_patterns_match_files_by_name_and_each_once(tmp_path: Path) -> None:
    for name in ("b.c", "src/z.c", "src/a.c", "src/deep/c.c", "src/a.h", "src/dir.c/x"):
        write(tmp_path / name, "")
    assert found(tmp_path, "src/*.c") == ["src/a.c", "src/z.c"]
    assert found(tmp_path, "src/z.c", "src/*.c", "b.c") == ["src/z.c", "src/a.c", "b.c"]
    assert found(tmp_path, "**/*.c") == ["b.c", "src/a.c", "src/deep/c.c", "src/z.c"]
    assert found(tmp_path, "src/[az].?") == ["src/a.c", "src/a.h", "src/z.c"]


def test_what_is_hidden_or_built_matches_no_pattern(tmp_path: Path) -> None:
    for name in ("a.c", ".hidden.c", ".git/b.c", "build/x/c.c", "__pycache__/d.c"):
        write(tmp_path / name, "")
    assert found(tmp_path, "**/*.c", "*.c") == ["a.c"]
    assert found(tmp_path, ".hidden.c") == [".hidden.c"], "by its name it can be had"


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    for name in ("a[1].c", "a1.c"):
        write(tmp_path / name, "")
    assert found(tmp_path, "a[1].c") == ["a[1].c"]


def test_a_link_within_the_directory_is_the_file_that_it_leads_to(tmp_path: Path) -> None:
    write(tmp_path / "real.c", "")
    (tmp_path / "link.c").symlink_to("real.c")
    assert found(tmp_path, "*.c") == ["real.c"]


@pytest.mark.parametrize("name", ["link.c", "*.c", "dir/a.c", "dir/*.c", "../m2/*.c", "src/../../m2/a.c"])
def test_no_link_and_no_pattern_leads_out_of_the_directory(tmp_path: Path, name: str) -> None:
    outside = write(tmp_path / "m2/a.c", "")
    directory = write(tmp_path / "m/src/x.c", "").parents[1]
    (directory / "link.c").symlink_to(outside)
    (directory / "dir").symlink_to(outside.parent)
    assert f"is outside of the module's directory\n    move it into {directory}" in error_of(directory, name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gone.c", "gone.c does not exist"),
        ("", " does not exist"),
        ("src", "src does not exist"),
        ("*.c", "*.c matches no file"),
        ("/etc/*.c", "/etc/*.c is outside of the module's directory"),
        ("**.c", "**.c is not a valid pattern"),
    ],
)
def test_a_name_that_is_no_file_is_reported_with_its_line(tmp_path: Path, name: str, expected: str) -> None:
    write(tmp_path / "src/a.h", "")
    assert error_of(tmp_path, name).startswith(f"module.toml:2: [c.sources] element 1: {expected}")


def test_directories_are_named_without_patterns(tmp_path: Path) -> None:
    write(tmp_path / "include/a.h", "")
    where = table(tmp_path, "include", ".")
    directories = ExistingPaths(Path.is_dir, "array of directories")
    assert directories.read(where, "sources", tmp_path) == (tmp_path / "include", tmp_path)
    with pytest.raises(UserError, match=r"include/a\.h does not exist"):
        directories.read(table(tmp_path, "include/a.h"), "sources", tmp_path)
