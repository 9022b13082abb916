# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest

from scons_kmod.base.directories import LIBRARY, cache_directory, elftools_directory, sources_directory
from scons_kmod.base.errors import MachineError


@pytest.mark.parametrize(
    ("environment", "directory"),
    [
        ({"HOME": "/u"}, "/u/.cache/scons-kmod"),
        ({"HOME": "/u", "XDG_CACHE_HOME": "/x"}, "/x/scons-kmod"),
        ({"HOME": "/u", "XDG_CACHE_HOME": "relative"}, "/u/.cache/scons-kmod"),
        ({"HOME": "/u", "XDG_CACHE_HOME": "/x", "SCONS_KMOD_CACHE": "/c"}, "/c"),
    ],
    ids=["home", "xdg", "relative-xdg", "own-variable"],
)
def test_the_cache_directory_is_chosen_by_the_environment(environment: dict[str, str], directory: str) -> None:
    assert cache_directory(environment) == Path(directory)


def test_no_cache_directory_without_home() -> None:
    with pytest.raises(MachineError, match="HOME is not set"):
        cache_directory({})


def test_the_sources_of_a_checkout_are_at_its_top() -> None:
    assert sources_directory() == LIBRARY.parents[1]
    assert (sources_directory() / "kernel/lib.rs").is_file()


def test_elftools_is_found_without_an_import() -> None:
    assert (elftools_directory() / "elf/elffile.py").is_file()
