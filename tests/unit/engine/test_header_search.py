# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from miniature import write

from scons_kmod.engine.digests import Digests
from scons_kmod.engine.header_search import HeaderSearch, include_directories


class Headers:
    """Three directories in which headers are looked for, in this order; the last lies in the second."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.directories = [str(path / name) for name in ("arch", "include", "include/uapi")]

    def write(self, *names: str) -> None:
        for name in names:
            write(self.path / name, "")

    def search(self) -> HeaderSearch:
        return HeaderSearch(self.directories, Digests())

    def rivals(self, name: str) -> list[str]:
        """The rivals of a file, as a new run has them."""
        found = self.search().rivals(str(self.path / name))
        return [path.removeprefix(f"{self.path}/") for path in found]


@pytest.fixture
def headers(tmp_path: Path) -> Headers:
    headers = Headers(tmp_path)
    headers.write("include/linux/fs.h", "include/uapi/linux/stat.h", "include/asm/io.h")
    return headers


def test_a_file_with_a_unique_name_has_no_rival(headers: Headers) -> None:
    assert headers.rivals("include/linux/fs.h") == []
    assert headers.rivals("include/uapi/linux/stat.h") == []


def test_a_file_in_an_earlier_directory_is_a_rival(headers: Headers) -> None:
    headers.write("arch/linux/fs.h")
    assert headers.rivals("include/linux/fs.h") == ["arch/linux/fs.h"]


def test_a_file_in_a_later_directory_is_no_rival(headers: Headers) -> None:
    headers.write("include/uapi/linux/fs.h")
    assert headers.rivals("include/linux/fs.h") == []


def test_all_rivals_are_named_in_the_order_of_the_search(headers: Headers) -> None:
    headers.write("include/linux/stat.h", "arch/linux/stat.h")
    assert headers.rivals("include/uapi/linux/stat.h") == ["arch/linux/stat.h", "include/linux/stat.h"]


def test_a_file_can_be_named_from_each_directory_above_it(headers: Headers) -> None:
    headers.write("arch/uapi/linux/stat.h")
    assert headers.rivals("include/uapi/linux/stat.h") == ["arch/uapi/linux/stat.h"]


def test_a_file_is_no_rival_of_itself(headers: Headers) -> None:
    headers.directories.append(headers.directories[1])
    assert headers.rivals("include/linux/fs.h") == []


@pytest.mark.parametrize("name", ["arch/linux/fs.h.gch", "include/linux/fs.h.gch", "include/linux/fs.h.pch"])
def test_a_precompiled_header_is_a_rival(headers: Headers, name: str) -> None:
    headers.write(name)
    assert headers.rivals("include/linux/fs.h") == [name]


def test_a_precompiled_header_that_a_step_writes_is_no_rival(headers: Headers) -> None:
    headers.write("arch/linux/fs.h.gch", "include/linux/fs.h.gch", "include/linux/fs.h.pch")
    search = HeaderSearch(headers.directories, Digests(), str(headers.path / "include"))
    assert search.rivals(str(headers.path / "include/linux/fs.h")) == (str(headers.path / "arch/linux/fs.h.gch"),)


def test_a_file_that_lies_elsewhere_has_no_rival(headers: Headers) -> None:
    headers.write("module/linux/fs.h", "arch/linux/fs.h")
    assert headers.rivals("module/linux/fs.h") == []
    assert not headers.search().holds(str(headers.path / "module/linux/fs.h"))
    assert not headers.search().holds(str(headers.path / "include2/fs.h"))
    assert headers.search().holds(str(headers.path / "include/linux/fs.h"))


def test_a_directory_that_comes_into_being_is_looked_at(headers: Headers) -> None:
    assert headers.rivals("include/asm/io.h") == []
    headers.write("arch/asm/io.h")
    assert headers.rivals("include/asm/io.h") == ["arch/asm/io.h"]


def test_each_directory_is_looked_at_once_a_run(headers: Headers) -> None:
    search = headers.search()
    path = str(headers.path / "include/linux/fs.h")
    assert search.rivals(path) == ()
    headers.write("arch/linux/fs.h")
    assert search.rivals(path) == ()


def test_files_without_rivals_are_not_listed(headers: Headers) -> None:
    headers.write("arch/asm/io.h")
    paths = [str(headers.path / name) for name in ("include/linux/fs.h", "include/asm/io.h")]
    assert headers.search().rivals_of(paths) == {paths[1]: [str(headers.path / "arch/asm/io.h")]}
    assert HeaderSearch((), Digests()).rivals_of(paths) == {}


@pytest.mark.parametrize(
    ("name", "rival"), [("foo.rs", "foo/mod.rs"), ("foo/mod.rs", "foo.rs"), ("foo/bar.rs", "foo/bar/mod.rs")]
)
def test_a_rust_module_has_two_possible_files(headers: Headers, name: str, rival: str) -> None:
    headers.write(name)
    assert headers.rivals(name) == []
    headers.write(rival)
    assert headers.rivals(name) == [rival]


def test_what_is_included_from_a_files_own_directory_comes_first(headers: Headers) -> None:
    paths = [str(headers.path / name) for name in ("module/own.c", "include/linux/fs.h", "include/asm/io.h")]
    write(headers.path / "module/own.c", '#include "linux/fs.h"\n#include <asm/io.h>\n')
    headers.write("module/linux/other.h")
    assert headers.search().rivals_of(paths) == {paths[0]: []}
    headers.write("module/linux/fs.h", "module/asm/io.h", "arch/asm/io.h")
    found = {paths[0]: [str(headers.path / "module/linux/fs.h")], paths[2]: [str(headers.path / "arch/asm/io.h")]}
    assert headers.search().rivals_of(paths) == found
    assert headers.search().rivals_of(paths[:1], paths[1:]) == {paths[0]: found[paths[0]]}
    assert headers.search().rivals_of(paths, asking=()) == {paths[2]: found[paths[2]]}


def test_include_directories_are_those_of_the_command_in_its_order() -> None:
    args = [
        "gcc",
        "-nostdinc",
        "-I/common/arch/x86/include",
        "-I./include",
        "-include",
        "./include/x.h",
        "-Iuapi/../b",
    ]
    assert include_directories(args, "/tree") == ("/common/arch/x86/include", "/tree/include", "/tree/b")


def test_include_directories_of_other_flags_come_in_the_compilers_order() -> None:
    args = [
        "gcc",
        "-isystem",
        "/system",
        "-idirafter/after",
        "-I",
        "own",
        "-iquote",
        "/quote",
        "-Ix",
        "-imacros",
        "y.h",
    ]
    assert include_directories(args, "/tree") == ("/quote", "/tree/own", "/tree/x", "/system", "/after")
