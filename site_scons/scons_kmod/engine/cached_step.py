# SPDX-License-Identifier: MIT
"""Crates that depend on the toolchain and the flags alone, built once for all checkouts and kept in the cache.

An entry is a directory, named by a digest of all that decides its content. It is made under a lock, in a directory
of its own that is renamed when it is whole; so a killed build leaves nothing that a later one could take for an
entry, and two builds at once make it once.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from scons_kmod.base.atomic import locked, write_text
from scons_kmod.base.errors import StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.digests import Digests, digest_of, text_digest
from scons_kmod.engine.step import Step, discard, run_command
from scons_kmod.engine.trace import Digested

CONTENT = "content.json"


@dataclasses.dataclass(frozen=True)
class CachedStep(Step):
    """A step whose commands fill an entry of the cache; they use paths relative to the entry, which is their directory.

    `outputs` are a stamp, with the digests of the entry's files, and beside it links to `products`, the files of the
    entry that others read. `source_dirs` are digested as a whole: they decide what is made, with the commands and the
    tools.
    """

    cache: Path = Path()
    products: tuple[str, ...] = ()
    source_dirs: tuple[Path, ...] = ()
    # The cache keeps the outputs. The links to them must be made again in each run.
    restorable: bool = False

    def signature_text(self) -> str:
        """What decides the content; where the cache lies is no part of it."""
        return "\n".join([super().signature_text(), *self.products, *map(str, self.source_dirs)])

    def execute(self, log: RunLog, why: str, color: bool, show: Callable[[str], None]) -> list[str]:
        """Provide the entry, from the cache if it is there, and link it."""
        discard(self)
        digests = Digests()
        sources = digests.all_of(source_files(self.source_dirs))
        key = text_digest(" ".join([self.signature(), *map(str, sources.values())]))
        entry = self.cache / f"{self.unit}-{key}"
        with locked(self.cache / f"{self.unit}-{key}.lock"):
            content = whole_entry(entry)
            if content is None:
                content = self.fill(entry, sources, log, why, color, show)
        stamp = self.outputs[0]
        stamp.parent.mkdir(parents=True, exist_ok=True)
        for name in self.products:
            link = stamp.parent / Path(name).name
            link.unlink(missing_ok=True)
            link.symlink_to(entry / name)
        write_text(stamp, json.dumps(content, indent=1) + "\n")
        return list(sources)

    def fill(
        self, entry: Path, sources: Digested, log: RunLog, why: str, color: bool, show: Callable[[str], None]
    ) -> dict[str, str]:
        """Make the entry anew, of just these sources; returns the digests of its files."""
        if entry.exists():
            shutil.rmtree(entry)
        work = Path(tempfile.mkdtemp(prefix=f".{entry.name}.", dir=self.cache))
        try:
            for command in self.commands:
                printed = run_command(dataclasses.replace(command, cwd=work / command.cwd), self, log, why, color)
                if printed:
                    show(printed)
            if Digests().all_of(sources) != sources:
                where = f"{self.name} {self.unit}"
                raise StepError("its sources were changed while it was made", where=where, fix="build again")
            content = {name: digest_of(work / name) for name in self.products}
            write_text(work / CONTENT, json.dumps(content, indent=1) + "\n")
            work.rename(entry)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
        return content


def whole_entry(entry: Path) -> dict[str, str] | None:
    """The digests of an entry's files, if each is as it was made."""
    try:
        wanted: dict[str, str] = json.loads((entry / CONTENT).read_text())
        return wanted if all(digest_of(entry / name) == digest for name, digest in wanted.items()) else None
    except (OSError, ValueError):
        return None


def source_files(directories: tuple[Path, ...]) -> Iterator[Path]:
    """All Rust sources below the directories."""
    for directory in directories:
        yield from directory.rglob("*.rs")
