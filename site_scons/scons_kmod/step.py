# SPDX-License-Identifier: MIT
"""A step of the build: what to run, what it reads and what it makes. Plain data, and the function that runs it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from scons_kmod.atomic import write_text
from scons_kmod.errors import StepError
from scons_kmod.file_state import FileSet, clock_ns
from scons_kmod.run_log import RunLog


@dataclasses.dataclass(frozen=True)
class Command:
    """One process: its argument list, its working directory and what is added to its environment.

    `color` is the argument that turns on the tool's colours; it is no part of what the step makes. `label` is the
    step's name in the log where it differs from that of the whole step.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: tuple[tuple[str, str], ...] = ()
    color: str | None = None
    label: str | None = None


@dataclasses.dataclass(frozen=True)
class Step:
    """Commands that run one after the other and together make `outputs`.

    `name` is what Kbuild would print (``RUSTC``), `unit` what the step is about. `inputs` are files that other steps
    make, `tracked` files that somebody edits or installs; what a step finds out for itself (headers, submodules) comes
    from its `depfiles`. `files` are written before the first command. `tools` are digests of the programs that run.
    """

    name: str
    unit: str
    commands: tuple[Command, ...]
    outputs: tuple[Path, ...]
    inputs: tuple[Path, ...] = ()
    tracked: tuple[Path, ...] = ()
    depfiles: tuple[Path, ...] = ()
    files: tuple[tuple[Path, str], ...] = ()
    tools: tuple[str, ...] = ()

    @property
    def record(self) -> Path:
        """Where the state of the files that the step has read is kept."""
        return self.outputs[0].with_name(self.outputs[0].name + ".deps")

    def signature(self) -> str:
        """A digest of all that decides what the step makes, but for the content of the files it reads."""
        commands = [(c.argv, str(c.cwd), c.env) for c in self.commands]
        files = [(str(path), text) for path, text in self.files]
        text = json.dumps([commands, files, self.tools, [str(p) for p in self.tracked]])
        return hashlib.sha256(text.encode()).hexdigest()

    def run(
        self, log: RunLog, *, why: str = "", color: bool = False, show: Callable[[str], None] = lambda _: None
    ) -> None:
        """Run the step; on success all its outputs are there and its record is written, otherwise none is.

        `show` gets what the tools print when they succeed (warnings). Raises `StepError` and `MachineError`.
        """
        discard(self)
        started = clock_ns()
        try:
            for output in self.outputs:
                output.parent.mkdir(parents=True, exist_ok=True)
            for path, text in self.files:
                write_text(path, text)
            for command in self.commands:
                printed = run_command(command, self, log, why, color)
                if printed:
                    show(printed)
            self.check_outputs()
            made = {*self.inputs, *(path for path, _ in self.files)}
            found = [path for depfile in self.depfiles for path in read_depfile(depfile, self.commands[0].cwd)]
            read = [path for path in found if path not in made]
            FileSet.take([*self.tracked, *read], before_ns=started).save(self.record)
        except BaseException:
            discard(self)
            raise

    def check_outputs(self) -> None:
        """Raise `StepError` if a command ended well without making what it should."""
        missing = [str(path) for path in self.outputs if not path.exists()]
        if missing:
            raise StepError(f"it ended well but did not make {', '.join(missing)}", where=f"{self.name} {self.unit}")


# What tools may see of our own environment. Anything else, such as CPATH, could change what a step makes unnoticed.
PASSED_ON = ("PATH", "HOME", "TMPDIR", "TERM", "LANG", "LC_ALL", "LC_MESSAGES")


def run_command(command: Command, step: Step, log: RunLog, why: str, color: bool) -> str:
    """Run one command of a step and return what it printed."""
    command.cwd.mkdir(parents=True, exist_ok=True)
    argv = list(command.argv)
    if color and command.color:
        argv.insert(1, command.color)
    env = {name: None for name in os.environ if name not in PASSED_ON} | dict(command.env)
    done = log.run(argv, step=command.label or step.name, unit=step.unit, why=why, cwd=command.cwd, env=env)
    return done.stdout.decode(errors="replace")


def discard(step: Step) -> None:
    """Remove what a step makes, so that nothing half-made or out of date can be taken for its result."""
    for path in (step.record, *step.outputs):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def read_depfile(depfile: Path, base: Path) -> list[Path]:
    """The prerequisites named in a depfile as compilers write them; relative ones are taken from `base`."""
    text = depfile.read_text().replace("\\\n", " ")
    paths: dict[Path, None] = {}
    for line in text.splitlines():
        if line.startswith("#") or ":" not in line:
            continue
        _, _, names = line.partition(": ")
        for name in re.findall(r"(?:\\.|[^\s\\])+", names):
            paths[base / re.sub(r"\\(.)", r"\1", name).replace("$$", "$")] = None
    return list(paths)
