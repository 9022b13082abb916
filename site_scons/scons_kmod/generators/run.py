# SPDX-License-Identifier: MIT
"""The run of a generator, and the check of what it wrote."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from scons_kmod.base.errors import MachineError, StepError
from scons_kmod.base.programs import find_program
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.sysroot import NAMESPACES_FIX
from scons_kmod.engine.step import Step, remove_outputs
from scons_kmod.generators.outputs import is_real_directory
from scons_kmod.generators.sandbox import MODULE
from scons_kmod.manifest.sections.generate import Generator


@dataclasses.dataclass(frozen=True, kw_only=True)
class GeneratorStep(Step):
    """The run of a generator in the directory `work`.

    If the program wrote its outputs and nothing else there, they are moved to `outputs`. `directory` is the module's.
    """

    generator: Generator
    work: Path
    directory: Path

    def execute(self, log: RunLog, why: str, color: bool, show: Callable[[str], None]) -> list[str]:
        """Run the program and take its outputs. Returns the files that it read.

        `show` gets what the program prints if it succeeds. Raises `StepError` and `MachineError`.
        """
        del color
        remove_outputs(self)
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True, exist_ok=True)
        try:
            printed = self.run_program(log.inside(()), why)
            self.check_written(printed)
            for name, output in zip(self.generator.outputs, self.outputs, strict=True):
                output.parent.mkdir(parents=True, exist_ok=True)
                (self.work / name).replace(output)
        finally:
            shutil.rmtree(self.work, ignore_errors=True)
        if printed:
            show(printed)
        return sorted(map(str, self.tracked))

    def run_program(self, log: RunLog, why: str) -> str:
        """Run the program. Returns what it printed. Raises `StepError` and `MachineError`."""
        (command,) = self.commands
        argv = (find_program("bwrap"), *command.argv[1:])
        env = dict.fromkeys(os.environ) | dict(command.env)
        timeout = self.generator.timeout
        try:
            done = log.run(argv, step=self.name, unit=self.unit, why=why, cwd=self.work, env=env, timeout=timeout)
        except StepError as error:
            if error.output.startswith("bwrap: "):
                last = error.output.rstrip().splitlines()[-1]
                raise MachineError(f"generators can't be run: {last}", where="bwrap", fix=NAMESPACES_FIX) from error
            if error.status is None:
                message = f"it did not end within {timeout} s"
                failure = self.error(message, error.output, "make the program end, or raise `timeout`")
            else:
                failure = self.hinted(self.error(f"exit status {error.status}", error.output))
            failure.command = error.command
            raise failure from error
        return self.with_real_paths(done.stdout.decode(errors="replace"))

    def check_written(self, printed: str) -> None:
        """Raise `StepError` unless the program wrote its outputs and nothing else. `printed` is what it printed."""
        expected = set(self.generator.outputs)
        written = {
            str(path.relative_to(self.work)): path for path in self.work.rglob("*") if not is_real_directory(path)
        }
        extra = ", ".join(sorted(written.keys() - expected))
        if missing := ", ".join(sorted(expected - written.keys())):
            message = f"it did not write {missing}" + (f", but {extra}" if extra else "")
            fix = "write all `outputs`, by paths relative to the directory that the program starts in"
            raise self.error(message, printed, fix)
        if extra:
            raise self.error(f"it also wrote {extra}", printed, "add it to `outputs`, or write it in /tmp")
        for name, path in written.items():
            if path.is_symlink() or not path.is_file():
                raise self.error(f"{name} is not a regular file", printed, "write a regular file")

    def error(self, message: str, printed: str, fix: str | None = None) -> StepError:
        """The error for a program that failed after it printed `printed`."""
        text = "\n".join(filter(None, (message, self.with_real_paths(printed).rstrip("\n"))))
        return StepError(text, where=self.generator.where, fix=fix, output=self.with_real_paths(printed))

    def with_real_paths(self, text: str) -> str:
        """What the program printed, with the real paths of the module's files instead of those in the sandbox."""
        return text.replace(f"{MODULE}/", f"{self.directory}/")
