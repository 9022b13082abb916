# SPDX-License-Identifier: MIT
"""A step of the build: what to run, what it reads and what it makes. Plain data, and the function that runs it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

from scons_kmod.base.atomic import write_text
from scons_kmod.base.errors import StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.digests import RAW
from scons_kmod.engine.views import View


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
    from its `depfiles`. `views` are files of which a part alone matters. `files` are written before the first command.
    `tools` are digests of the programs that run. `after` are outputs of other steps that must be up to date before this
    one runs: it may read them, and which of them count for what it makes, if any do, its `depfiles` say.

    `kind` says how sources are compared (digests.py): what their compiler can notice, with or without line numbers.
    `exact` overrides it, for flags that may bring anything into the output, and so does `exact_if`, an output, if
    there is something in it. `searched` are the directories in which headers are looked for, after `beside`, that of
    the source. `kept`: the outputs of earlier runs are put aside, for an edit that is undone. `hints` are patterns of
    what a failing tool may print, and what is to be done then; groups of the pattern can be named.
    """

    name: str
    unit: str
    commands: tuple[Command, ...]
    outputs: tuple[Path, ...]
    inputs: tuple[Path, ...] = ()
    tracked: tuple[Path, ...] = ()
    depfiles: tuple[Path, ...] = ()
    views: tuple[View, ...] = ()
    files: tuple[tuple[Path, str], ...] = ()
    tools: tuple[str, ...] = ()
    after: tuple[Path, ...] = ()
    kind: str = RAW
    exact: bool = False
    exact_if: Path | None = None
    searched: tuple[str, ...] = ()
    beside: str = ""
    kept: bool = True
    hints: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """The step's name among all steps: its first output."""
        return str(self.outputs[0])

    def signature(self) -> str:
        """A digest of all that decides what the step makes, but for the content of the files it reads."""
        return hashlib.sha256(self.signature_text().encode()).hexdigest()[:32]

    def signature_text(self) -> str:
        """What `signature` is a digest of."""
        commands = [(c.argv, str(c.cwd), c.env) for c in self.commands]
        files = [(str(path), text) for path, text in self.files]
        views = [(v.kind, [str(p) for p in v.paths], str(v.by), [str(p) for p in v.into]) for v in self.views]
        tracked, after = ([str(path) for path in paths] for paths in (self.tracked, self.after))
        kinds = [self.kind, self.exact, str(self.exact_if)]
        return json.dumps([commands, files, self.tools, tracked, after, views, *kinds])

    def execute(self, log: RunLog, why: str, color: bool, show: Callable[[str], None]) -> list[str]:
        """Run the commands in the place of old outputs, and return the files that were read besides `inputs`.

        `show` gets what the tools print when they succeed (warnings). Raises `StepError` and `MachineError`.
        """
        discard(self)
        for output in self.outputs:
            output.parent.mkdir(parents=True, exist_ok=True)
        for path, text in (*self.files, *self.parts_of_views()):
            write_text(path, text)
        try:
            for command in self.commands:
                printed = run_command(command, self, log, why, color)
                if printed:
                    show(printed)
        except StepError as error:
            raise self.hinted(error) from None
        self.check_outputs()
        made = {*map(str, self.inputs), *(str(path) for path, _ in self.files)}
        found = {str(path) for depfile in self.depfiles for path in read_depfile(depfile, self.commands[0].cwd)}
        return sorted({*map(str, self.tracked), *found} - made)

    def hinted(self, error: StepError) -> StepError:
        """The error, with what to do about it if one of the hints knows what the tool says."""
        for pattern, fix in self.hints:
            if match := re.search(pattern, error.output):
                error.fix = match.expand(fix)
                break
        return error

    def parts_of_views(self) -> list[tuple[Path, str]]:
        """The files that hold what the step needs of others. Raises `StepError` if one of those can't be read."""
        try:
            return [file for view in self.views for file in view.texts()]
        except OSError as error:
            raise StepError(
                f"{error.filename} can't be read: {error.strerror}", where=f"{self.name} {self.unit}"
            ) from error

    def check_outputs(self) -> None:
        """Raise `StepError` if a command ended well without making what it should."""
        missing = [str(path) for path in self.outputs if not path.is_file()]
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
    for path in step.outputs:
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
