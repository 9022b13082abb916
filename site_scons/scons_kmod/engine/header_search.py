# SPDX-License-Identifier: MIT
"""Files that would be found in another's place: a header earlier on the include path, `foo/mod.rs` beside `foo.rs`.

A compiler says which files it has read, and not which it has looked for in vain. A new file there changes what a later
run reads, so a step remembers, for each file that it read, which others could have been found first and exist.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Sequence

# Flags that name a directory in which headers are looked for, in the compiler's order of these.
SEARCH_FLAGS = ("-iquote", "-I", "-isystem", "-idirafter")


class Search:
    """One order of directories in which headers are looked for; looks at each directory once."""

    def __init__(self, directories: Sequence[str]) -> None:
        self._directories = [directory.rstrip("/") + "/" for directory in directories]
        self._prefixes = tuple(self._directories)
        self._tops: frozenset[str] = frozenset()
        self._names: dict[str, frozenset[str]] = {}
        self._rivals: dict[str, tuple[str, ...]] = {}

    def rivals(self, path: str) -> tuple[str, ...]:
        """The files that exist and that some way to name the file at `path` would find instead of it."""
        if path not in self._rivals:
            self._rivals[path] = tuple(other for other in self._candidates(path) if self._exists(other))
        return self._rivals[path]

    def of(self, paths: Collection[str], beside: str = "") -> dict[str, list[str]]:
        """The rivals of those files that have any; also those in the directory `beside`."""
        first = self.beside(beside, paths)
        return {path: list(found) for path in paths if (found := (*first.get(path, ()), *self.rivals(path)))}

    def beside(self, directory: str, paths: Iterable[str]) -> dict[str, list[str]]:
        """As `of`, for rivals in the directory of the including source, which comes before all others."""
        if not self._tops:
            self._tops = frozenset(name for one in self._directories for name in self._names_in(one.rstrip("/")))
        # A header is named by a path that begins in one of our directories: linux/fs.h. Few sources have such names by.
        if not directory or not self._names_in(directory) & self._tops:
            return {}
        places = {path: [f"{directory}/{rest}" for _, rest in self._rests(path)] for path in paths}
        found = {path: [place for place in some if self._exists(place)] for path, some in places.items()}
        return {path: some for path, some in found.items() if some}

    def holds(self, path: str) -> bool:
        """Whether the file lies in one of the directories."""
        return path.startswith(self._prefixes)

    def _candidates(self, path: str) -> Iterable[str]:
        if path.endswith(".rs"):
            stem = path[: -len("/mod.rs")] if path.endswith("/mod.rs") else path[: -len(".rs")]
            return (f"{stem}.rs" if path.endswith("/mod.rs") else f"{stem}/mod.rs",)
        earlier = ((other, rest) for number, rest in self._rests(path) for other in self._directories[:number])
        return [other + rest for other, rest in earlier if other + rest != path]

    def _rests(self, path: str) -> list[tuple[int, str]]:
        """By which names, relative to which of the directories, the file can be found."""
        return [(n, path[len(one) :]) for n, one in enumerate(self._directories) if path.startswith(one)]

    def _exists(self, path: str) -> bool:
        directory, _, name = path.rpartition("/")
        return name in self._names_in(directory)

    def _names_in(self, directory: str) -> frozenset[str]:
        if directory not in self._names:
            try:
                self._names[directory] = frozenset(os.listdir(directory))  # noqa: PTH208
            except OSError:
                self._names[directory] = frozenset()
        return self._names[directory]


def include_directories(words: Sequence[str], base: str) -> tuple[str, ...]:
    """The directories in which a compiler's command looks for headers, in its order, absolute; `base` is its own."""
    matches = [re.fullmatch(rf"({'|'.join(SEARCH_FLAGS)})(.*)", word) for word in words]
    pairs = zip(matches, (*words[1:], ""), strict=True)
    named = sorted(((match[1], match[2] or following) for match, following in pairs if match), key=flag_order)
    return tuple(os.path.normpath(os.path.join(base, name)) for _, name in named)  # noqa: PTH118


def flag_order(named: tuple[str, str]) -> int:
    """Which flag's directories come first."""
    return SEARCH_FLAGS.index(named[0])
