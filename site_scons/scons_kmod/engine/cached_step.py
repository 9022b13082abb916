# SPDX-License-Identifier: MIT
"""Steps whose outputs lie in the cache: crates that depend on the toolchain and the flags alone, for all checkouts.

An entry of the cache is a directory. Its name has a digest of all that decides its content. A build makes an entry
under a lock, in a temporary directory that it renames when the entry is whole. So a killed build leaves nothing that a
later build could take for an entry. Of two builds at the same time, one makes the entry and the other waits for it.
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
from scons_kmod.engine.digests import Digests, file_digest, text_digest
from scons_kmod.engine.step import Step, remove_outputs, run_command
from scons_kmod.engine.trace import DigestByPath

CONTENT = "content.json"


@dataclasses.dataclass(frozen=True)
class CachedStep(Step):
    """A step whose commands fill an entry of the cache. They run in the entry and use paths relative to it.

    `outputs` are a JSON file with the digests of the entry's files, and beside it links to the files themselves.
    """

    # The directory of entries.
    cache: Path = Path()
    # The files of an entry that other steps read, relative to it.
    products: tuple[str, ...] = ()
    # Directories of Rust sources. All of them count for the entry's digest, besides commands and tools.
    source_dirs: tuple[Path, ...] = ()
    # The cache keeps the outputs. The links to them must be made again in each run.
    restorable: bool = False

    def signature_text(self) -> str:
        """What `signature` is a digest of. The directory of the cache is not in it."""
        return "\n".join([super().signature_text(), *self.products, *map(str, self.source_dirs)])

    def execute(self, log: RunLog, why: str, color: bool, show: Callable[[str], None]) -> list[str]:
        """Link to an entry of the cache. Make it first if it is missing or damaged. Otherwise like `Step.execute`."""
        remove_outputs(self)
        digests = Digests()
        sources = digests.all_of(source_files(self.source_dirs))
        key = text_digest(" ".join([self.signature(), *map(str, sources.values())]))
        entry = self.cache / f"{self.unit}-{key}"
        with locked(self.cache / f"{self.unit}-{key}.lock"):
            content = entry_digests(entry)
            if content is None:
                content = self.make_entry(entry, sources, log, why, color, show)
        list_of_files = self.outputs[0]
        list_of_files.parent.mkdir(parents=True, exist_ok=True)
        for name in self.products:
            link = list_of_files.parent / Path(name).name
            link.unlink(missing_ok=True)
            link.symlink_to(entry / name)
        write_text(list_of_files, json.dumps(content, indent=1) + "\n")
        return list(sources)

    def make_entry(
        self, entry: Path, sources: DigestByPath, log: RunLog, why: str, color: bool, show: Callable[[str], None]
    ) -> dict[str, str]:
        """Make the entry from just these sources. Returns the digests of its files.

        Raises `StepError`, also if a source was changed meanwhile, and `MachineError`.
        """
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
                raise StepError("its sources changed while it ran", where=where, fix="build again")
            content = {name: file_digest(work / name) for name in self.products}
            write_text(work / CONTENT, json.dumps(content, indent=1) + "\n")
            work.rename(entry)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
        return content


def entry_digests(entry: Path) -> dict[str, str] | None:
    """The digests of an entry's files, or None if one of them is missing or damaged."""
    try:
        content: dict[str, str] = json.loads((entry / CONTENT).read_text())
        return content if all(file_digest(entry / name) == digest for name, digest in content.items()) else None
    except (OSError, ValueError):
        return None


def source_files(directories: tuple[Path, ...]) -> Iterator[Path]:
    """All Rust sources below the directories."""
    for directory in directories:
        yield from directory.rglob("*.rs")
