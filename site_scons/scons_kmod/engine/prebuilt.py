# SPDX-License-Identifier: MIT
"""The support crates of one kernel, built elsewhere: what a package brings, so that a first build starts from them.

It holds the outputs of the steps that all modules share, and the traces of those steps. A step takes its outputs from
there if its trace says that it would make just these: with the same commands and tools, from the same sources. So a
package that does not fit costs time and does no harm.

Below the package's directory: ``traces.json``, in which the build directory is spelled @BUILD@, and ``outputs.tar``,
in which each has its digest for a name. As files of their own, lintian would take the objects for programs.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scons_kmod.base.atomic import write_bytes, write_text
from scons_kmod.base.errors import MachineError
from scons_kmod.base.tar import archived
from scons_kmod.engine.digests import Digests, text_digest
from scons_kmod.engine.step import Step
from scons_kmod.engine.store import Store
from scons_kmod.engine.trace import Digested, Files, Trace

# Where the packages of all kernels have their directories, named by the kernel's release.
SYSTEM = Path("/usr/lib/scons-kmod/crates")
TRACES, OUTPUTS = "traces.json", "outputs.tar"
BUILD = "@BUILD@"
# Large, not the same each time it is made, and made in a second where it is wanted.
PRECOMPILED = ".gch"


class Prebuilt:
    """What a package at `directory` brings for the build directory `build` of one target."""

    def __init__(self, directory: Path, build: Path) -> None:
        self.directory = directory
        self.build = build

    # Only a build in which something has never run needs to read it.
    @functools.cached_property
    def records(self) -> Mapping[str, Any]:
        """What is known of each step. Raises `MachineError` if the package is damaged."""
        path = self.directory / TRACES
        try:
            records: Mapping[str, Any] = json.loads(path.read_text().replace(BUILD, str(self.build)))
        except (OSError, ValueError) as error:
            raise damaged(path, error) from error
        return records

    def import_outputs(self, step: Step, store: Store) -> bool:
        """Provide the outputs of a step that has never run here, if they are those that it would make now.

        Raises `MachineError` if the package is damaged.
        """
        if store.traces.latest(step.key):
            return False
        # Other steps may have read these: a header that is precompiled, which the package leaves out, is one.
        for path, text in step.written_files:
            write_text(path, text)
        record = self.records.get(step.key)
        if record is None or record["signature"] != portable(step, self.build):
            return False
        shared = store.traces.share(Files.from_json(record["shared"])) if record["shared"] else ""
        old = Trace.from_json(record["trace"])
        trace = dataclasses.replace(old, signature=step.signature(), shared=shared)
        if any(store.differences(step, trace)):
            return False
        self.unpack(trace.outputs, store.digests)
        store.traces.add(step.key, trace)
        return True

    def unpack(self, outputs: Digested, digests: Digests) -> None:
        """Write outputs in their places. Raises `MachineError` if the package is damaged."""
        try:
            with tarfile.open(self.directory / OUTPUTS, "r:") as archive:
                for path, digest in outputs.items():
                    file = archive.extractfile(str(digest))
                    write_bytes(Path(path), file.read() if file else b"")
                    digests.again(path)
        except (OSError, KeyError, tarfile.TarError) as error:
            raise damaged(self.directory / OUTPUTS, error) from error


def damaged(path: Path, error: Exception) -> MachineError:
    """The error for a package that can't be read."""
    fix = "install the package of support crates anew, or remove it"
    return MachineError(f"can't be read: {error}", where=str(path), fix=fix)


def open_prebuilt(release: str, build: Path, system: Path = SYSTEM) -> Prebuilt | None:
    """What is installed for a kernel, if anything."""
    directory = system / release
    return Prebuilt(directory, build) if directory.is_dir() else None


def package_files(steps: Iterable[Step], store: Store, build: Path) -> dict[str, bytes]:
    """The files of a package, of steps that are up to date, by their paths below its directory."""
    records: dict[str, Any] = {}
    outputs: dict[str, bytes] = {}
    for step in steps:
        trace = store.traces.latest(step.key)
        if trace is None or step.key.endswith(PRECOMPILED):
            continue
        shared = store.traces.shared(trace.shared) if trace.shared else None
        records[step.key] = {
            "signature": portable(step, build),
            "shared": shared.to_json() if shared else None,
            "trace": dataclasses.replace(trace, signature="", shared="").to_json(),
        }
        outputs |= {str(digest): Path(path).read_bytes() for path, digest in trace.outputs.items()}
    text = json.dumps(records, indent=1, sort_keys=True) + "\n"
    return {TRACES: text.replace(str(build), BUILD).encode(), OUTPUTS: archived(outputs)}


def portable(step: Step, build: Path) -> str:
    """A digest of all that decides what the step makes, wherever the build directory is."""
    return text_digest(step.signature_text().replace(str(build), BUILD))
