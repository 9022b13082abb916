# SPDX-License-Identifier: MIT
"""Prebuilt outputs of the support crates of one kernel, from an installed package. A first build imports them.

The package has the outputs of the steps that all modules share, and the traces of these steps. The outputs of a step
are imported if its trace says that it would make the same: with the same commands and tools, from the same sources. A
package that does not fit costs a little time and does no harm.

Files in the package's directory: ``traces.json``, in which @BUILD@ stands for the build directory, and ``outputs.tar``,
in which the outputs are named by their digests. If they were files of their own, lintian would take the objects for
programs.
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
from scons_kmod.base.tar import tar_archive
from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.digests import Digests, text_digest
from scons_kmod.engine.step import Step
from scons_kmod.engine.trace import DigestByPath, FilesRead, Trace
from scons_kmod.engine.up_to_date import differences

# The packages of all kernels have their directories here, named by the kernel's release.
SYSTEM = Path("/usr/lib/scons-kmod/crates")
TRACES, OUTPUTS = "traces.json", "outputs.tar"
BUILD = "@BUILD@"
# Precompiled headers are not in the package: they are large, differ each time, and take a second to make.
PRECOMPILED_HEADER = ".gch"


class Prebuilt:
    """The installed package of one kernel."""

    def __init__(self, directory: Path, build: Path) -> None:
        """`directory` is the package's, `build` is the build directory of the target that imports from it."""
        self.directory = directory
        self.build = build

    # Read only by a build in which a step has never run.
    @functools.cached_property
    def records(self) -> Mapping[str, Any]:
        """The records of steps, by their keys. Raises `MachineError` if the package is damaged."""
        path = self.directory / TRACES
        try:
            records: Mapping[str, Any] = json.loads(path.read_text().replace(BUILD, str(self.build)))
        except (OSError, ValueError) as error:
            raise damaged(path, error) from error
        return records

    def import_outputs(self, step: Step, state: BuildState) -> bool:
        """Import the outputs of a step that has never run here, if it would make the same now. Returns whether it did.

        Raises `MachineError` if the package is damaged.
        """
        if state.traces.latest(step.key):
            return False
        # Other steps may read these files: the source of a precompiled header is one.
        for path, text in step.written_files:
            write_text(path, text)
        record = self.records.get(step.key)
        if record is None or record["signature"] != portable_signature(step, self.build):
            return False
        shared = FilesRead.from_json(record["shared"]) if record["shared"] else None
        shared_key = state.traces.add_shared_files(shared) if shared else ""
        packaged = Trace.from_json(record["trace"])
        trace = dataclasses.replace(packaged, signature=step.signature(), shared_key=shared_key)
        if any(differences(step, trace, state)):
            return False
        self.unpack(trace.outputs, state.digests)
        state.traces.add(step.key, trace)
        return True

    def unpack(self, outputs: DigestByPath, digests: Digests) -> None:
        """Write outputs to their paths. Raises `MachineError` if the package is damaged."""
        try:
            with tarfile.open(self.directory / OUTPUTS, "r:") as archive:
                for path, digest in outputs.items():
                    file = archive.extractfile(str(digest))
                    write_bytes(Path(path), file.read() if file else b"")
                    digests.forget(path)
        except (OSError, KeyError, tarfile.TarError) as error:
            raise damaged(self.directory / OUTPUTS, error) from error


def damaged(path: Path, error: Exception) -> MachineError:
    """The error for a package that can't be read."""
    fix = "reinstall the package of support crates, or remove it"
    return MachineError(f"can't be read: {error}", where=str(path), fix=fix)


def open_prebuilt(release: str, build: Path, system: Path = SYSTEM) -> Prebuilt | None:
    """The package that is installed for a kernel, or None. `release` is what `uname -r` prints."""
    directory = system / release
    return Prebuilt(directory, build) if directory.is_dir() else None


def package_files(steps: Iterable[Step], state: BuildState, build: Path) -> dict[str, bytes]:
    """The files of a package, by their paths below its directory. All steps must be up to date."""
    records: dict[str, Any] = {}
    outputs: dict[str, bytes] = {}
    for step in steps:
        trace = state.traces.latest(step.key)
        if trace is None or step.key.endswith(PRECOMPILED_HEADER):
            continue
        shared = state.traces.shared_files(trace.shared_key) if trace.shared_key else None
        records[step.key] = {
            "signature": portable_signature(step, build),
            "shared": shared.to_json() if shared else None,
            "trace": dataclasses.replace(trace, signature="", shared_key="").to_json(),
        }
        outputs |= {str(digest): Path(path).read_bytes() for path, digest in trace.outputs.items()}
    text = json.dumps(records, indent=1, sort_keys=True) + "\n"
    return {TRACES: text.replace(str(build), BUILD).encode(), OUTPUTS: tar_archive(outputs)}


def portable_signature(step: Step, build: Path) -> str:
    """The step's signature, made so that it is the same for every build directory."""
    return text_digest(step.signature_text().replace(str(build), BUILD))
