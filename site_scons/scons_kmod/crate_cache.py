# SPDX-License-Identifier: MIT
"""Crates that depend on the toolchain and the flags alone, built once for all checkouts and kept in the cache.

An entry is a directory, named by a digest of all that decides its content. It is made under a lock, in a directory
of its own that is renamed when it is whole; so a killed build leaves nothing that a later one could take for an
entry, and two builds at once make it once.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from scons_kmod.atomic import locked, write_text
from scons_kmod.errors import StepError
from scons_kmod.file_state import FileSet, clock_ns
from scons_kmod.run_log import RunLog
from scons_kmod.step import Step, discard, run_command

CONTENT = "content.json"


@dataclasses.dataclass(frozen=True)
class CachedStep(Step):
    """A step whose commands fill an entry of the cache; they use paths relative to the entry, which is their directory.

    `outputs` is one stamp: the digests of the entry's files. Beside it lie links to `products`, the files of the entry
    that others read. `source_dirs` are digested as a whole: they decide what is made, with the commands and the tools.
    """

    cache: Path = Path()
    products: tuple[str, ...] = ()
    source_dirs: tuple[Path, ...] = ()

    def signature(self) -> str:
        """A digest of what decides the content; where the cache lies is no part of it."""
        parts = [super().signature(), *self.products, *map(str, self.source_dirs)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def run(
        self, log: RunLog, *, why: str = "", color: bool = False, show: Callable[[str], None] = lambda _: None
    ) -> None:
        """Provide the entry, from the cache if it is there, and link it."""
        discard(self)
        started = clock_ns()
        sources = FileSet.take(source_files(self.source_dirs))
        key = hashlib.sha256(f"{self.signature()} {sources.digest()}".encode()).hexdigest()[:32]
        entry = self.cache / f"{self.unit}-{key}"
        with locked(self.cache / f"{self.unit}-{key}.lock"):
            content = whole_entry(entry)
            if content is None:
                self.fill(entry, sources, log, why, color, show)
                content = FileSet.take(entry / name for name in self.products)
        stamp = self.outputs[0]
        stamp.parent.mkdir(parents=True, exist_ok=True)
        for name in self.products:
            link = stamp.parent / Path(name).name
            link.unlink(missing_ok=True)
            link.symlink_to(entry / name)
        digests = {Path(name).name: state.digest for name, state in content.states.items() if state}
        write_text(stamp, json.dumps(digests, indent=1) + "\n")
        FileSet({**sources.doubting(started).states, **content.states}).save(self.record)

    def fill(
        self, entry: Path, sources: FileSet, log: RunLog, why: str, color: bool, show: Callable[[str], None]
    ) -> None:
        """Make the entry anew, of just these sources."""
        if entry.exists():
            shutil.rmtree(entry)
        work = Path(tempfile.mkdtemp(prefix=f".{entry.name}.", dir=self.cache))
        try:
            for command in self.commands:
                printed = run_command(dataclasses.replace(command, cwd=work / command.cwd), self, log, why, color)
                if printed:
                    show(printed)
            if FileSet.take(sources.states).digest() != sources.digest():
                where = f"{self.name} {self.unit}"
                raise StepError("its sources were changed while it was made", where=where, fix="build again")
            digests = FileSet.take(work / name for name in self.products)
            named = {str(Path(path).relative_to(work)): state.digest for path, state in digests.states.items() if state}
            write_text(work / CONTENT, json.dumps(named, indent=1) + "\n")
            work.rename(entry)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise


def whole_entry(entry: Path) -> FileSet | None:
    """The files of an entry with their state, if each is as it was made."""
    try:
        wanted = json.loads((entry / CONTENT).read_text())
    except (OSError, ValueError):
        return None
    files = FileSet.take(entry / name for name in wanted)
    whole = all(
        state and state.digest == wanted[name]
        for name, state in zip(sorted(wanted), files.states.values(), strict=True)
    )
    return files if whole else None


def source_files(directories: tuple[Path, ...]) -> Iterator[Path]:
    """All Rust sources below the directories."""
    for directory in directories:
        yield from directory.rglob("*.rs")
