# SPDX-License-Identifier: MIT
"""Outputs of earlier runs, from which an undone edit restores a step's outputs, and the key texts of sources.

Both lie in one directory, ``kept``, in files named by digests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from scons_kmod.base.atomic import copy_file, write_text
from scons_kmod.engine.digests import KEEP_LINES, UNKNOWN, Digests, key_text_of
from scons_kmod.engine.trace import DigestByPath, Trace

# Sources whose key text is saved when a step has read them: `scons why` shows later what changed in them.
TEXT_SUFFIXES = (".rs", ".c")


class EarlierOutputs:
    """The files in a target's directory ``kept``."""

    def __init__(self, directory: Path, digests: Digests) -> None:
        self.directory = directory
        self.digests = digests

    def find(self, output: str, digest: str | None) -> Path | None:
        """A whole file with the content that an output once had: at its path or among the earlier outputs."""
        for path in (Path(output), self.directory / str(digest)):
            if self.digests.of(path) == digest:
                return path
        return None

    def set_aside(self, outputs: DigestByPath) -> None:
        """Move outputs here, except those that differ from their digest."""
        for path, digest in outputs.items():
            self.digests.forget(path)
            if digest and self.digests.of(path) == digest:
                self.directory.mkdir(parents=True, exist_ok=True)
                Path(path).replace(self.directory / digest)
                self.digests.forget(self.directory / digest)
            self.digests.forget(path)

    def put_back(self, output: str, digest: str | None) -> None:
        """Copy an earlier output to its path, unless it is there. A copy: another step may have the same output."""
        self.digests.forget(output)
        if self.digests.of(output) != digest:
            copy_file(self.directory / str(digest), Path(output))
            self.digests.forget(output)

    def save_key_texts(self, sources: DigestByPath, kind: str) -> None:
        """Write down the key texts of sources, by their digests of this kind, one of `KEEP_LINES`."""
        for path, digest in sources.items():
            saved = self.directory / text_name(digest)
            if path.endswith(TEXT_SUFFIXES) and digest != UNKNOWN and not saved.exists():
                text = key_text_of(path, kind)
                if text is not None:
                    write_text(saved, text)

    def saved_key_text(self, digest: str | None) -> str | None:
        """The key text of a source with this digest, or None if it was not saved or was removed since."""
        return self.saved_content(text_name(digest))

    def saved_content(self, name: str | None) -> str | None:
        """The text of an output with the digest `name`, or None if it is not here or no text."""
        try:
            return (self.directory / str(name)).read_text()
        except (OSError, UnicodeDecodeError):
            return None

    def remove_all_but(self, traces: Iterable[Trace]) -> None:
        """Remove the files that none of the traces names."""
        if not self.directory.is_dir():
            return
        needed = {name for trace in traces for name in file_names(trace)}
        for path in self.directory.iterdir():
            if path.name not in needed:
                path.unlink()


def text_name(digest: str | None) -> str:
    """The name of the file with a source's key text."""
    return f"text-{digest}"


def file_names(trace: Trace) -> Iterator[str]:
    """The names of the files with a step's outputs and with the key texts of its sources."""
    yield from filter(None, trace.outputs.values())
    if trace.files.digest_kind in KEEP_LINES:
        yield from (text_name(digest) for path, digest in trace.files.digests.items() if path.endswith(TEXT_SUFFIXES))
