# SPDX-License-Identifier: MIT
"""Running processes, and the record of those that were run (``last-run.json``)."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import shlex
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scons_kmod.base.atomic import write_text
from scons_kmod.base.errors import MachineError, StepError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Executed:
    """One process that was started, or one libclang parse. `seconds` is wall time, `status` the exit status."""

    step: str
    unit: str
    target: str
    seconds: float
    why: str
    status: int


class RunLog:
    """Runs processes for one target and remembers each of them. Safe to use from several threads."""

    def __init__(self, target: str = "", lock: int | None = None) -> None:
        """`lock` is a descriptor that the processes inherit: it stays open, and a lock on it held, until all of them
        have ended, even if we are killed.
        """
        self.target = target
        self.inherited = () if lock is None else (lock,)
        self.entries: list[Executed] = []
        self.enter: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def inside(self, enter: tuple[str, ...]) -> RunLog:
        """The same log, for processes that these words before their arguments start elsewhere: in a sysroot."""
        other = copy.copy(self)
        other.enter = enter
        return other

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        step: str,
        unit: str,
        why: str = "",
        cwd: Path | None = None,
        env: Mapping[str, str | None] | None = None,
        input: bytes | None = None,
        timeout: float | None = None,
        own_group: bool = False,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `argv` and record it. Output is captured, standard error within standard output.

        `env` is added to our own environment (None: the variable is removed); `timeout` is in seconds. `own_group`
        is for a program that kills its process group, which is ours, too. Raises
        `MachineError` if the program can't be started and `StepError` if it fails or takes too long.
        """
        words = [*self.enter, *map(str, argv)]
        with self.recorded(step, unit, why) as status:
            try:
                done = subprocess.run(
                    words,
                    cwd=cwd,
                    env=environment(env or {}),
                    input=input,
                    stdin=subprocess.DEVNULL if input is None else None,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    timeout=timeout,
                    pass_fds=self.inherited,
                    process_group=0 if own_group else None,
                    check=False,
                )
            except OSError as error:
                raise MachineError(f"{words[0]} can't be started: {error.strerror}", where=f"{step} {unit}") from error
            except subprocess.TimeoutExpired as error:
                what, output = f"no end after {timeout:.0f} s: {shlex.join(words)}", text_of(error.output)
                raise StepError(what, where=f"{step} {unit}", output=output) from error
            status.append(done.returncode)
        if done.returncode != 0:
            output = text_of(done.stdout)
            what = f"exit status {done.returncode}\n{shlex.join(words)}\n{output}"
            raise StepError(what, where=f"{step} {unit}", output=output, status=done.returncode)
        return done

    @contextmanager
    def recorded(self, step: str, unit: str, why: str = "") -> Iterator[list[int]]:
        """Record what the body does. The body may append its exit status; without one, 0, or 1 if it raises."""
        status: list[int] = []
        start = time.monotonic()
        failed = True
        try:
            yield status
            failed = False
        finally:
            entry = Executed(
                step=step,
                unit=unit,
                target=self.target,
                seconds=round(time.monotonic() - start, 3),
                why=why,
                status=status[-1] if status else int(failed),
            )
            with self._lock:
                self.entries.append(entry)

    def write(self, path: Path) -> None:
        """Write the record as ``last-run.json``, a list of objects in the order in which the steps ended."""
        write_text(path, json.dumps([dataclasses.asdict(e) for e in self.entries], indent=1) + "\n")


def read_entries(path: Path) -> list[dict[str, Any]]:
    """What `RunLog.write` has written; nothing if it can't be read."""
    try:
        entries = json.loads(path.read_text())
    except (OSError, ValueError):
        return []
    return entries if isinstance(entries, list) else []


def environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Our own environment with these variables set, or removed where the value is None."""
    merged = {**os.environ, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def text_of(output: bytes | None) -> str:
    """What a tool has printed, as a failed step shows it."""
    return (output or b"").decode(errors="replace").rstrip("\n")
