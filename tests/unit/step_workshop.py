# SPDX-License-Identifier: MIT
"""Steps that copy small files, and what a build asks and does for them. For tests of the engine."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.digests import LINES, Digests
from scons_kmod.engine.run_step import record_gate, restore, run_step
from scons_kmod.engine.step import Command, Step
from scons_kmod.engine.up_to_date import out_of_date_reasons


@dataclasses.dataclass
class Workshop:
    """A step that copies a source, with a header in its depfile; each question is one of a new run."""

    path: Path

    def __post_init__(self) -> None:
        for name, text in (("source.c", "int one;\n"), ("include/b/x.h", "int x;\n"), ("input", "in\n")):
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text)
        (self.path / "include/a").mkdir()
        (self.path / "step.d").write_text(f"first: {self.path / 'include/b/x.h'}\n")
        self.settle()

    @staticmethod
    def settle() -> None:
        """Let the clock of file times tick: what is written just before a step can't be told from what follows."""
        time.sleep(0.03)

    def step(self, **changes: object) -> Step:
        whole = Step(
            name="CP",
            unit="first",
            commands=(Command(("cp", str(self.path / "source.c"), str(self.output)), self.path),),
            outputs=(self.output,),
            inputs=(self.path / "input",),
            tracked=(self.path / "source.c",),
            depfiles=(self.path / "step.d",),
            digest_kind=LINES,
            include_directories=(str(self.path / "include/a"), str(self.path / "include/b")),
        )
        return dataclasses.replace(whole, **changes)  # type: ignore[arg-type]

    @property
    def output(self) -> Path:
        return self.path / "out/first"

    def state(self) -> BuildState:
        return BuildState(self.path / "build", Digests(self.path / "build/digests.json"))

    def run(self, step: Step | None = None) -> None:
        state = self.state()
        run_step(step or self.step(), state, RunLog())
        state.close()
        state.digests.save()

    def reasons(self, step: Step | None = None) -> list[str]:
        return [
            reason.replace(f"{self.path}/", "") for reason in out_of_date_reasons(step or self.step(), self.state())
        ]

    def restored(self) -> bool:
        return restore(self.step(), self.state())

    def write(self, name: str, text: str) -> None:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text)
        self.settle()

    def command(self, *argv: str) -> Command:
        """A command in the workshop's directory."""
        return Command(argv, self.path)

    def pair(self, *more: Command) -> Step:
        """A step with two outputs, of which the second depends on the input alone."""
        commands = (*self.step().commands, self.command("cp", "input", str(self.second_output)), *more)
        return self.step(outputs=(self.output, self.second_output), commands=commands)

    @property
    def second_output(self) -> Path:
        return self.path / "out/second"

    def build(self, step: Step | None = None) -> int:
        """Bring the step up to date as a build does; returns how many processes that took."""
        step = step or self.step()
        state, log = self.state(), RunLog()
        try:
            if not list(out_of_date_reasons(step, state)):
                record_gate(step, state)
            elif not restore(step, state):
                run_step(step, state, log)
        finally:
            state.close()
            state.digests.save()
        return len(log.entries)


class TwoSteps:
    """TwoSteps steps that have read the same header."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.steps = (workshop.step(), self.other())

    def other(self) -> Step:
        output = self.workshop.second_output
        return self.workshop.step(
            outputs=(output,),
            commands=(self.workshop.command("cp", "source.c", str(output)),),
        )

    def build(self) -> list[int]:
        return [self.workshop.build(step) for step in self.steps]

    def reasons(self) -> list[list[str]]:
        """The reasons of both, in one run."""
        state = self.workshop.state()
        root = f"{self.workshop.path}/"
        return [[reason.replace(root, "") for reason in out_of_date_reasons(step, state)] for step in self.steps]
