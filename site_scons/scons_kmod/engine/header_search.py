# SPDX-License-Identifier: MIT
"""Rivals of a file: others that a compiler would find first, such as a header in an earlier directory.

The rival of `foo.rs` is `foo/mod.rs`, and the other way round.

A compiler lists the files that it has read, not those that it looked for in vain. If one of these is created, a later
run reads it instead. So a trace has the rivals that existed for each file that the step read. If they are not the same
later, the step is out of date.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

# Flags that name a directory to search for headers, in the order in which the compiler searches them.
SEARCH_FLAGS = ("-iquote", "-I", "-isystem", "-idirafter")
# Sources and headers that gcc and libclang compile.
C_SUFFIXES = (".h", ".c", ".S")
# What gcc takes instead of a source or the first header: this file in the directory in which it looks for the header.
PRECOMPILED = ".gch"
# What libclang takes instead of a header that the args name.
PRECOMPILED_BY_CLANG = ".pch"


class HeaderSearch:
    """A search for headers in directories, in this order. Lists each directory once."""

    def __init__(self, directories: Sequence[str], look_at: Callable[[Iterable[str]], object] = lambda _: None) -> None:
        """`look_at` gets the directories on whose content an answer depends, each time that it is given."""
        self._look_at = look_at
        self._directories = [directory.rstrip("/") + "/" for directory in directories]
        self._prefixes = tuple(self._directories)
        # The names in the directories: with what a header's name can begin.
        self._first_names: frozenset[str] = frozenset()
        # What is in a directory, by its path.
        self._names: dict[str, frozenset[str]] = {}
        # Of each file its rivals, and the directories in which they were looked for.
        self._rivals: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}

    def rivals(self, path: str) -> tuple[str, ...]:
        """The existing files that a search would find instead of the file at `path`, by one of the file's names."""
        if path not in self._rivals:
            candidates = list(self._candidates(path))
            directories = tuple({candidate.rpartition("/")[0] for candidate in candidates})
            self._rivals[path] = (tuple(rival for rival in candidates if self._exists(rival)), directories)
        rivals, directories = self._rivals[path]
        self._look_at(directories)
        return rivals

    def rivals_of(self, paths: Collection[str], source_directory: str = "") -> dict[str, list[str]]:
        """The rivals of those files that have any. `source_directory`, if given, is searched before all others."""
        first = self.rivals_in(source_directory, paths)
        return {path: list(found) for path in paths if (found := (*first.get(path, ()), *self.rivals(path)))}

    def rivals_in(self, source_directory: str, paths: Iterable[str]) -> dict[str, list[str]]:
        """The rivals of those files that have any in the directory of the source that includes them."""
        if not self._first_names:
            names = (self._names_in(directory.rstrip("/")) for directory in self._directories)
            self._first_names = frozenset().union(*names)
        self._look_at(directory.rstrip("/") for directory in self._directories)
        # A header has a name that begins in one of the directories: linux/fs.h. Few sources lie beside such a name.
        beside = (
            {name.removesuffix(PRECOMPILED) for name in self._names_in(source_directory)} if source_directory else ()
        )
        if self._first_names.isdisjoint(beside):
            return {}
        candidates = {path: list(self._beside(source_directory, path)) for path in paths}
        rivals = {path: [rival for rival in found if self._exists(rival)] for path, found in candidates.items()}
        return {path: found for path, found in rivals.items() if found}

    def looked_for(self, paths: Iterable[str], source_directory: str = "") -> Iterator[str]:
        """Where a file, if it is created, is a new rival of one of these files. Arguments are as for `rivals_of`."""
        for path in paths:
            yield from self._candidates(path)
            if source_directory:
                yield from self._beside(source_directory, path)

    def holds(self, path: str) -> bool:
        """Whether the file lies in one of the directories."""
        return path.startswith(self._prefixes)

    def _candidates(self, path: str) -> Iterable[str]:
        if path.endswith(".rs"):
            stem = path[: -len("/mod.rs")] if path.endswith("/mod.rs") else path[: -len(".rs")]
            return (f"{stem}.rs" if path.endswith("/mod.rs") else f"{stem}/mod.rs",)
        earlier = (before + name for number, name in self._names_of(path) for before in self._directories[:number])
        found = [candidate for candidate in earlier if candidate != path]
        if not path.endswith(C_SUFFIXES):
            return found
        return [*found, *(f"{name}{PRECOMPILED}" for name in (*found, path)), f"{path}{PRECOMPILED_BY_CLANG}"]

    def _beside(self, source_directory: str, path: str) -> Iterator[str]:
        """The candidates in the directory of the source."""
        for _, name in self._names_of(path):
            yield from (f"{source_directory}/{name}", f"{source_directory}/{name}{PRECOMPILED}")

    def _names_of(self, path: str) -> list[tuple[int, str]]:
        """The names by which the file can be found, each with the index of the directory to which it is relative."""
        directories = enumerate(self._directories)
        return [(number, path[len(directory) :]) for number, directory in directories if path.startswith(directory)]

    def _exists(self, path: str) -> bool:
        directory, _, name = path.rpartition("/")
        return name in self._names_in(directory)

    def _names_in(self, directory: str) -> frozenset[str]:
        self._look_at((directory,))
        if directory not in self._names:
            try:
                self._names[directory] = frozenset(os.listdir(directory))  # noqa: PTH208
            except OSError:
                self._names[directory] = frozenset()
        return self._names[directory]


def include_directories(args: Sequence[str], base: str) -> tuple[str, ...]:
    """The absolute directories that a compiler with these args searches for headers, in its order.

    `base` is the directory in which it runs.
    """
    matches = [re.fullmatch(rf"({'|'.join(SEARCH_FLAGS)})(.*)", arg) for arg in args]
    pairs = zip(matches, (*args[1:], ""), strict=True)
    found = sorted(((match[1], match[2] or following) for match, following in pairs if match), key=flag_order)
    return tuple(os.path.normpath(os.path.join(base, name)) for _, name in found)  # noqa: PTH118


def flag_order(flag_and_directory: tuple[str, str]) -> int:
    """The place of a flag's directories in the order of the search."""
    return SEARCH_FLAGS.index(flag_and_directory[0])
