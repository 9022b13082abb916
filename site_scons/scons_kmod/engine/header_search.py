# SPDX-License-Identifier: MIT
"""Rivals of a file: others that a compiler would find first, such as a header in an earlier directory.

The rival of `foo.rs` is `foo/mod.rs`, and the other way round.

A compiler lists the files that it has read, not those that it looked for in vain. If one of these is created, a later
run reads it instead. So a trace has the rivals that existed for each file that the step read. If they are not the same
later, the step is out of date.

Beside the directories of the search, a C compiler looks in that of the file that includes another. And a file may ask
whether others exist. These count as rivals of the file that includes or asks (asked_files.py).
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from scons_kmod.engine.asked_files import asked_files
from scons_kmod.engine.digests import Digests

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

    def __init__(self, directories: Sequence[str], digests: Digests, build: str = "") -> None:
        """`digests` is told of each directory on whose content an answer depends, each time that it is given.

        Only steps write in the directory `build`: a precompiled header there is no rival.
        """
        self._digests = digests
        self._build = f"{build}/" if build else ""
        self._directories = [directory.rstrip("/") + "/" for directory in directories]
        self._prefixes = tuple(self._directories)
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
        self._digests.look_at(directories)
        return rivals

    def rivals_of(
        self, paths: Collection[str], others: Collection[str] = (), asking: Collection[str] | None = None
    ) -> dict[str, list[str]]:
        """The rivals of those files that have any, or that ask for files by which they may get one.

        A step has read all of `paths`, and the files `others`. `asking` are those of `paths` that ask, if it is known
        from an earlier run that has read the same texts.
        """
        if asking is None:
            asking = {path for path in paths if self._directories and any(asked_files(self._digests, path))}
        read = {*paths, *others} if asking else set()
        rivals = {path: self._asked_of(path, read) for path in asking}
        for path in paths:
            if found := self.rivals(path):
                rivals[path] = list(dict.fromkeys((*rivals.get(path, ()), *found)))
        return rivals

    def looked_for(self, paths: Collection[str]) -> Iterator[str]:
        """Where a file, if it is created, is a new rival of one of these files: they are all that a step has read."""
        for path in paths:
            yield from self._candidates(path)
            if self._directories:
                yield from self._asked_candidates(path, paths)

    def _asked_of(self, path: str, read: Collection[str]) -> list[str]:
        """Existing files that a file includes from its own directory, or of which it asks whether they exist.

        Those that were `read` are not among them.
        """
        candidates = self._asked_candidates(path, read)
        return [candidate for candidate in candidates if candidate not in read and self._exists(candidate)]

    def _asked_candidates(self, path: str, read: Collection[str]) -> list[str]:
        """Where the file at `path` makes the compiler look, besides the directories of the search."""
        quoted, asked, includes_by_macro, _ = asked_files(self._digests, path)
        # A file that was not read by its name stands in code that the preprocessor leaves out.
        quoted = tuple(name for name in quoted if any(path.endswith(f"/{name}") for path in read))
        if includes_by_macro:
            quoted = (*quoted, *path_ends(read))
        directory = path.rpartition("/")[0] + "/"
        beside = [directory + name for name in quoted]
        questions = (before + name for name in asked for before in (directory, *self._directories))
        return [*beside, *self._precompiled(beside), *questions]

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
        return [*found, *self._precompiled((*found, path)), *self._precompiled((path,), PRECOMPILED_BY_CLANG)]

    def _precompiled(self, headers: Iterable[str], end: str = PRECOMPILED) -> Iterator[str]:
        """What a compiler takes instead of these headers, if it is there."""
        return (f"{path}{end}" for path in headers if not self._build or not path.startswith(self._build))

    def _names_of(self, path: str) -> list[tuple[int, str]]:
        """The names by which the file can be found, each with the index of the directory to which it is relative."""
        directories = enumerate(self._directories)
        return [(number, path[len(directory) :]) for number, directory in directories if path.startswith(directory)]

    def _exists(self, path: str) -> bool:
        directory, _, name = path.rpartition("/")
        return name in self._names_in(directory)

    def _names_in(self, directory: str) -> frozenset[str]:
        self._digests.look_at((directory,))
        if directory not in self._names:
            try:
                self._names[directory] = frozenset(os.listdir(directory))  # noqa: PTH208
            except OSError:
                self._names[directory] = frozenset()
        return self._names[directory]


def path_ends(paths: Iterable[str]) -> set[str]:
    """The names by which files can be included: the last parts of their paths, up to three."""
    return {"/".join(path.split("/")[-count:]) for path in paths for count in (1, 2, 3)}


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
