# SPDX-License-Identifier: MIT
"""A step of the build: the commands to run, what they read and what they make. And how to run them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from scons_kmod.base.atomic import write_text
from scons_kmod.base.errors import StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.depfile import read_depfile, read_variables
from scons_kmod.engine.digests import RAW
from scons_kmod.engine.environment import PASSED_ON, PREFIX, variables_left_out
from scons_kmod.engine.incremental import open_state, seal_state
from scons_kmod.engine.views import View

# What a terminal takes for a colour, and a line of a source in a message of rustc or gcc, after its number.
ANSI = re.compile(r"\x1b\[[\d;]*m")
QUOTED_SOURCE = re.compile(r"\s*\d+ +[|+~-]")


@dataclasses.dataclass(frozen=True)
class Command:
    """One process."""

    argv: tuple[str, ...]
    cwd: Path
    # Variables that are added to its environment.
    env: tuple[tuple[str, str], ...] = ()
    # The argument that turns on the tool's colours on a terminal. It changes no output.
    color: str | None = None
    # The name of the process in the log, if it is not the step's.
    label: str | None = None


@dataclasses.dataclass(frozen=True)
class Step:
    """Commands that run one after the other and make `outputs` together. Comments say what the fields mean.

    A step is out of date if its signature, a file that it reads, or an output differs from its trace (up_to_date.py).
    """

    # What Kbuild would print (``RUSTC``), and what the step is about: a module, a crate, a file.
    name: str
    unit: str
    # They run in this order. The step fails with the first command that fails.
    commands: tuple[Command, ...]
    # All files that the step makes. The first one is the step's key among all steps.
    outputs: tuple[Path, ...]

    # Files that the step reads. There are five ways to name them:
    # outputs of other steps, read whole;
    inputs: tuple[Path, ...] = ()
    # files that no step makes and that are known before the step runs: sources, programs of this library;
    tracked: tuple[Path, ...] = ()
    # depfiles, in which the commands list what they have read: headers, submodules;
    depfiles: tuple[Path, ...] = ()
    # depfiles of the assembler, for what `.include` and `.incbin` read;
    assembler_depfiles: tuple[Path, ...] = ()
    # files of which a part alone matters.
    views: tuple[View, ...] = ()
    # One of `inputs` that sums up all files of `tracked` and `depfiles`, as far as outputs of other steps depend on
    # them. The step is out of date if both have changed: the gate, and one of these files.
    gate: Path | None = None

    # Files that are written before the first command, with their content. They are a part of the signature.
    written_files: tuple[tuple[Path, str], ...] = ()
    # Digests of the programs that run, or their versions.
    tools: tuple[str, ...] = ()
    # Outputs of other steps that must be up to date before this one runs (Ninja's order-only dependencies). The step
    # may read them. Those that a depfile names count as files that it has read, the others don't.
    order_only: tuple[Path, ...] = ()

    # Which digest of its source files the step depends on: RAW, LINES, COLUMNS or TOKENS (digests.py).
    digest_kind: str = RAW
    # Use RAW whatever `digest_kind` says: with flags of the user, anything in a source may get into an output.
    compare_raw: bool = False
    # Use RAW if this output is not empty: the step itself has found out that anything in a source may matter.
    compare_raw_if: Path | None = None

    # Where the compiler searches for headers, in this order, after the directory of the file that includes one. A new
    # file that the compiler would find instead of one that it read makes the step out of date (header_search.py).
    include_directories: tuple[str, ...] = ()

    # The directory of the compiler's own state (incremental.py). It changes how long the step takes, and no output.
    compiler_state: Path | None = None

    # Outputs of earlier runs are kept, and restored if an edit is undone (earlier_outputs.py).
    restorable: bool = True
    # Outputs of a first run are stored in the cache, and other checkouts import them (output_cache.py).
    shared: bool = False
    # Patterns of what a failing command may print, each with what the user can do then (`re.Match.expand`).
    hints: tuple[tuple[str, str], ...] = ()
    # Patterns of names that the commands print, each with the name that the user knows (`re.sub`).
    shown_names: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """What the step is called among all steps: the path of its first output."""
        return str(self.outputs[0])

    def from_nothing(self) -> Step:
        """The step without the compiler's own state, for another output than this step's."""
        kept = [tuple(arg for arg in c.argv if not arg.endswith(f"={self.compiler_state}")) for c in self.commands]
        commands = tuple(dataclasses.replace(c, argv=argv) for c, argv in zip(self.commands, kept, strict=True))
        return dataclasses.replace(self, commands=commands, compiler_state=None)

    def signature(self) -> str:
        """A digest of all that decides what the step makes, except the content of the files that it reads."""
        return hashlib.sha256(self.signature_text().encode()).hexdigest()[:32]

    def signature_text(self) -> str:
        """What `signature` is a digest of."""
        commands = [(c.argv, str(c.cwd), c.env) for c in self.commands]
        files = [(str(path), text) for path, text in self.written_files]
        views = [
            (v.kind, *([str(path) for path in paths] for paths in (v.paths, v.names_from, v.extracts)))
            for v in self.views
        ]
        tracked, order_only = ([str(path) for path in paths] for paths in (self.tracked, self.order_only))
        kinds = [self.digest_kind, self.compare_raw, str(self.compare_raw_if)]
        return json.dumps([commands, files, self.tools, tracked, order_only, views, *kinds])

    def execute(self, log: RunLog, why: str, color: bool, show: Callable[[str], None]) -> list[str]:
        """Remove old outputs and run the commands. Returns the files that were read besides `inputs`, sorted.

        Variables of the environment are among them (environment.py).

        `why` are the reasons, for the log. `show` gets what the tools print when they succeed (warnings). Raises
        `StepError` and `MachineError`.
        """
        remove_outputs(self)
        for output in self.outputs:
            output.parent.mkdir(parents=True, exist_ok=True)
        for path, text in (*self.written_files, *self.view_extracts()):
            write_text(path, text)
        if self.compiler_state:
            open_state(self.compiler_state, self.signature())
        try:
            for command in self.commands:
                printed = run_command(command, self, log, why, color)
                if printed:
                    show(self.with_shown_names(printed))
        except StepError as error:
            error.message, error.output = map(self.with_shown_names, (error.message, error.output))
            raise self.hinted(error) from None
        self.check_outputs()
        if self.compiler_state:
            seal_state(self.compiler_state, self.signature())
        cwd = self.commands[0].cwd
        listed = {str(path) for depfile in self.depfiles for path in read_depfile(depfile, cwd)}
        listed |= self.assembled_files()
        known = {*map(str, self.inputs), *(str(path) for path, _ in self.written_files)}
        return sorted({*map(str, self.tracked), *listed, *self.variables_read()} - known)

    def assembled_files(self) -> set[str]:
        """The files that the assembler has read besides what the compiler has written for it."""
        cwd = self.commands[0].cwd
        # The compiler names its source without a directory, and the assembler takes the name for a file that it reads.
        named = {cwd / path.name for path in (*self.tracked, *self.inputs, *(path for path, _ in self.written_files))}
        # The last file is the one that the compiler has written.
        read = (path for depfile in self.assembler_depfiles for path in read_depfile(depfile, cwd)[:-1])
        return {str(path) for path in read if path not in named}

    def variables_read(self) -> set[str]:
        """The variables of scons's own environment that the commands have read, as far as depfiles list them."""
        names = {name for depfile in self.depfiles for name in read_variables(depfile)}
        return {f"{PREFIX}{name}" for name in names & {*PASSED_ON} - {name for c in self.commands for name, _ in c.env}}

    def hinted(self, error: StepError) -> StepError:
        """The error, with what to do about it if one of the hints matches what the tool printed."""
        for pattern, fix in self.hints:
            if match := re.search(pattern, error.output):
                error.fix = match.expand(fix)
                break
        return error

    def with_shown_names(self, printed: str) -> str:
        """What the commands have printed, with the names that the user knows. Quoted lines of sources stay."""
        lines = printed.split("\n") if self.shown_names else [printed]
        for pattern, name in self.shown_names:
            lines = [line if QUOTED_SOURCE.match(ANSI.sub("", line)) else re.sub(pattern, name, line) for line in lines]
        return "\n".join(lines)

    def view_extracts(self) -> list[tuple[Path, str]]:
        """The files to write with parts of others, and their texts. Raises `StepError` if one can't be read."""
        try:
            return [extract for view in self.views for extract in view.extract_texts()]
        except OSError as error:
            raise StepError(
                f"{error.filename} can't be read: {error.strerror}", where=f"{self.name} {self.unit}"
            ) from error

    def check_outputs(self) -> None:
        """Raise `StepError` if an output is missing, though all commands have succeeded."""
        missing = [str(path) for path in self.outputs if not path.is_file()]
        if missing:
            raise StepError(f"it succeeded but did not write {', '.join(missing)}", where=f"{self.name} {self.unit}")


def run_command(command: Command, step: Step, log: RunLog, why: str, color: bool) -> str:
    """Run one command of a step. Returns what it printed. Raises `StepError` and `MachineError`."""
    command.cwd.mkdir(parents=True, exist_ok=True)
    argv = list(command.argv)
    if color and command.color:
        argv.insert(1, command.color)
    env = variables_left_out() | dict(command.env)
    finished = log.run(argv, step=command.label or step.name, unit=step.unit, why=why, cwd=command.cwd, env=env)
    return finished.stdout.decode(errors="replace")


def remove_outputs(step: Step) -> None:
    """Remove a step's outputs, so that none that is incomplete or out of date can be taken for a good one."""
    for path in step.outputs:
        path.unlink(missing_ok=True)


def steps_to(steps: Mapping[str, Step], key: str) -> list[Step]:
    """The step `key` and all steps on whose outputs it depends, in the order in which they run."""
    step_of = {str(path): step for step in steps.values() for path in step.outputs}
    found: dict[str, Step] = {}

    def visit(step: Step) -> None:
        if step.key not in found:
            for path in (*step.inputs, *step.order_only):
                if before := step_of.get(str(path)):
                    visit(before)
            found[step.key] = step

    visit(steps[key])
    return list(found.values())
