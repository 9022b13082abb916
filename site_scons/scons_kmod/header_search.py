# SPDX-License-Identifier: MIT
"""Files that would be found in another's place: a header earlier on the include path, `foo/mod.rs` beside `foo.rs`.

A compiler says which files it has read, and not which it has looked for in vain. A new file there changes what a later
run reads, so a step remembers, for each file that it read, which others could have been found first and exist.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence


class Search:
    """One order of directories in which headers are looked for; looks at each directory once."""

    def __init__(self, directories: Sequence[str]) -> None:
        self._directories = [directory.rstrip("/") + "/" for directory in directories]
        self._names: dict[str, frozenset[str]] = {}
        self._rivals: dict[str, tuple[str, ...]] = {}

    def rivals(self, path: str) -> tuple[str, ...]:
        """The files that exist and that some way to name the file at `path` would find instead of it."""
        if path not in self._rivals:
            self._rivals[path] = tuple(other for other in self._candidates(path) if self._exists(other))
        return self._rivals[path]

    def of(self, paths: Iterable[str]) -> dict[str, list[str]]:
        """The rivals of those files that have any."""
        return {path: list(found) for path in paths if (found := self.rivals(path))}

    def _candidates(self, path: str) -> Iterable[str]:
        if path.endswith(".rs"):
            stem = path[: -len("/mod.rs")] if path.endswith("/mod.rs") else path[: -len(".rs")]
            return (f"{stem}.rs" if path.endswith("/mod.rs") else f"{stem}/mod.rs",)
        found = []
        for number, directory in enumerate(self._directories):
            if path.startswith(directory):
                rest = path[len(directory) :]
                found += [earlier + rest for earlier in self._directories[:number] if earlier + rest != path]
        return found

    def _exists(self, path: str) -> bool:
        directory, _, name = path.rpartition("/")
        if directory not in self._names:
            try:
                self._names[directory] = frozenset(os.listdir(directory))  # noqa: PTH208
            except OSError:
                self._names[directory] = frozenset()
        return name in self._names[directory]


def include_directories(words: Sequence[str], base: str) -> tuple[str, ...]:
    """The directories in which a compiler's command looks for headers, in its order, absolute; `base` is its own."""
    named = [word[2:] for word in words if word.startswith("-I") and len(word) > 2]
    return tuple(os.path.normpath(os.path.join(base, name)) for name in named)  # noqa: PTH118
