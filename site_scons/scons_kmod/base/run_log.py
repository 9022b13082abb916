# SPDX-License-Identifier: MIT
"""Runs processes, and writes the log of what a build ran (``last-run.json``)."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scons_kmod.base.atomic import write_text
from scons_kmod.base.errors import MachineError, StepError

if TYPE_CHECKING:
    from collections.abc import Iterator


# Takes a command line and its directory. Returns the command line to run instead.
Observer = Callable[[Sequence[str], Path], list[str]]


@dataclasses.dataclass(frozen=True)
class Executed:
    """An entry of the log: a process that ran, or a libclang parse. `seconds` is wall time, `status` an exit status."""

    step: str
    unit: str
    target: str
    seconds: float
    why: str
    status: int


class RunLog:
    """Runs processes for one target and logs each of them. Safe to use from several threads."""

    def __init__(self, target: str = "", lock: int | None = None) -> None:
        """`lock` is a descriptor with a lock that the processes inherit.

        So the lock is held until all processes have ended, even if this process is killed.
        """
        self.target = target
        self.inherited = () if lock is None else (lock,)
        self.entries: list[Executed] = []
        self.enter_args: tuple[str, ...] = ()
        self._observer: Observer | None = None
        self._lock = threading.Lock()

    def inside(self, enter_args: tuple[str, ...]) -> RunLog:
        """The same log, with args that come before those of each process. They start the process in a sysroot."""
        inside = copy.copy(self)
        inside.enter_args = enter_args
        return inside

    def observed(self, observer: Observer) -> RunLog:
        """The same log, in which another program runs each process and observes it: strace."""
        observed = copy.copy(self)
        observed._observer = observer
        return observed

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
        """Run `argv` and log it. Its output is captured. Standard error is a part of standard output.

        `env` are changes of this process's environment: None removes a variable. `timeout` is in seconds. `own_group`
        is for a program that kills its process group, which would be this process's group, too. Raises `MachineError`
        if the program can't be started, and `StepError` if it fails or takes too long.
        """
        command_line = [*self.enter_args, *map(str, argv)]
        with self.recorded(step, unit, why) as status:
            try:
                process = subprocess.run(
                    self._observer(command_line, cwd or Path.cwd()) if self._observer else command_line,
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
                message = f"{command_line[0]} can't be started: {error.strerror}"
                raise MachineError(message, where=f"{step} {unit}") from error
            except subprocess.TimeoutExpired as error:
                message = f"it did not end within {timeout:.0f} s: {shlex.join(command_line)}"
                output, command = output_text(error.output), shell_text(command_line, cwd, env or {})
                raise StepError(message, where=f"{step} {unit}", output=output, command=command) from error
            status.append(process.returncode)
        if process.returncode != 0:
            output = output_text(process.stdout)
            message = f"exit status {process.returncode}\n{shlex.join(command_line)}\n{output}"
            command = shell_text(command_line, cwd, env or {})
            where = f"{step} {unit}"
            raise StepError(message, where=where, output=output, status=process.returncode, command=command)
        return process

    @contextmanager
    def recorded(self, step: str, unit: str, why: str = "") -> Iterator[list[int]]:
        """Log what the body does. It may append an exit status. If not, the status is 0, or 1 if the body raises."""
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
        """Write ``last-run.json``: a list of objects, in the order in which the processes ended. Raises `OSError`."""
        write_text(path, json.dumps([dataclasses.asdict(e) for e in self.entries], indent=1) + "\n")


def read_entries(path: Path) -> list[dict[str, Any]]:
    """The entries that `RunLog.write` has written. Empty if they can't be read."""
    try:
        entries = json.loads(path.read_text())
    except (OSError, ValueError):
        return []
    return entries if isinstance(entries, list) else []


def environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """This process's environment with these variables set, or removed where the value is None."""
    merged = {**os.environ, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def shell_text(argv: Sequence[str], cwd: Path | None, env: Mapping[str, str | None]) -> str:
    """A command as it can be pasted into a shell. Variables that it does not get are not in it."""
    variables = "".join(f"{name}={shlex.quote(value)} " for name, value in env.items() if value is not None)
    return f"{f'cd {shlex.quote(str(cwd))} && ' if cwd else ''}{variables}{shlex.join(argv)}"


def output_text(output: bytes | None) -> str:
    """A tool's output as text, without newlines at its end."""
    return (output or b"").decode(errors="replace").rstrip("\n")
