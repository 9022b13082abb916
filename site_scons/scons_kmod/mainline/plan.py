# SPDX-License-Identifier: MIT
"""Finds out how a kernel's own Rust crates are compiled: the kernel's own Kbuild is asked.

make runs rust/Makefile, but recorder.py takes the place of rustc and bindgen, so nothing is compiled. Kbuild leaves the
commands in its ``.cmd`` files, and make's database has the dependencies. So a new kernel version needs no new code. The
command for a module's crate is found in the same way (scripts/Makefile.build).

Below a target's kernel-rust/:

    source/     Kbuild's srctree, if the kernel tree lacks the sources: links to the headers and to the source package
    objects/    Kbuild's objtree: the crates are compiled here
    asked/      a second objtree, in which Kbuild is asked
"""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from scons_kmod.base.atomic import write_text
from scons_kmod.base.errors import StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.environment import variables_left_out
from scons_kmod.engine.remember import Answer, remembered
from scons_kmod.kernel import cmd_file
from scons_kmod.kernel.cmd_file import SavedCommand, parse_commands, read_cmd_file
from scons_kmod.kernel.kbuild import srctree
from scons_kmod.mainline import plan_trees
from scons_kmod.mainline.plan_trees import GOAL, LAST_OUTPUT, TARGET_FILE, Question, lay_out_objtree, lay_out_srctree

RECORDER = Path(__file__).with_name("recorder.py")
PROBE = "kmod_rust_probe"


@dataclasses.dataclass(frozen=True)
class Rule:
    """A file below rust/ and the commands that make it. Paths are relative to the objtree.

    `needs` are outputs of other rules that must be there before.
    """

    output: str
    needs: tuple[str, ...]
    commands: tuple[SavedCommand, ...]

    @property
    def tool(self) -> str:
        """The name of the first program."""
        return self.commands[0].programs[0][0]


@dataclasses.dataclass(frozen=True)
class CratePlan:
    """The rules of all files that the crate `kernel` needs, each after those that it needs.

    `srctree` and `objtree` are Kbuild's. `module_command` is Kbuild's command for a module's crate. `target_file`:
    rustc's target is a file that a step must write. `overrides` are those that Kbuild was asked with (`Question`).
    """

    srctree: Path
    objtree: Path
    rules: tuple[Rule, ...]
    module_command: SavedCommand
    target_file: bool
    overrides: tuple[tuple[str, str], ...] = ()


def crate_plan(question: Question, log: RunLog) -> CratePlan:
    """The plan for a kernel tree. It is read from a file if Kbuild's makefiles have not changed since it was asked.

    Raises `StepError` if make fails, or if Kbuild's commands can't be understood.
    """
    tree, sources = question.tree, question.sources
    inputs = [
        tree.path / "include/config/auto.conf",
        *(() if question.has_crates else (sources / "rust/Makefile", sources / "rust/bindgen_parameters")),
        *(srctree(tree) / name for name in ("Makefile", "scripts/Makefile.build", "scripts/Makefile.lib")),
        *(Path(__file__), Path(plan_trees.__file__), Path(cmd_file.__file__), RECORDER),
    ]

    def ask() -> Answer:
        plan = dataclasses.asdict(ask_kbuild(question, log))
        return {**plan, "srctree": str(question.srctree), "objtree": str(question.objtree)}, inputs

    tools = question.toolchain
    key = [
        *(str(tree.path), str(sources), str(question.directory), tools.rustc.digest, tools.bindgen.digest),
        *(list(question.overrides), list(question.krustflags), str(question.system.root), question.has_crates),
    ]
    answer_file = question.directory / "plan.json"
    if not (question.objtree / "Makefile").is_file():
        answer_file.unlink(missing_ok=True)
    return plan_from_json(remembered(answer_file, key, ask))


def plan_from_json(raw: Mapping[str, Any]) -> CratePlan:
    """The `CratePlan` in JSON, as `dataclasses.asdict` writes it."""

    def command(saved: Mapping[str, Any]) -> SavedCommand:
        programs = tuple(tuple(args) for args in saved["programs"])
        return SavedCommand(programs, tuple((name, value) for name, value in saved["env"]), saved["output"])

    rules = (Rule(rule["output"], tuple(rule["needs"]), tuple(map(command, rule["commands"]))) for rule in raw["rules"])
    return CratePlan(
        srctree=Path(raw["srctree"]),
        objtree=Path(raw["objtree"]),
        rules=tuple(rules),
        module_command=command(raw["module_command"]),
        target_file=raw["target_file"],
        overrides=tuple((name, value) for name, value in raw["overrides"]),
    )


def ask_kbuild(question: Question, log: RunLog) -> CratePlan:
    """Lay out the trees and ask Kbuild. Raises `StepError` as `crate_plan` does."""
    # Outputs of an earlier plan stay in the objtree: each step knows whether they are up to date.
    for name in ("source", "asked", "probe"):
        shutil.rmtree(question.directory / name, ignore_errors=True)
    probe = question.directory / "probe"
    write_text(probe / "Kbuild", f"obj-m := {PROBE}.o\n")
    write_text(probe / f"{PROBE}.rs", "")
    try:
        if question.has_crates:
            ask_make(question, question.objtree, (f"M={probe}", f"{PROBE}.o"), log)
            module_command = read_module_command(question, question.objtree, probe)
            return CratePlan(question.srctree, question.objtree, (), module_command, target_file=False)
        if not question.has_sources:
            lay_out_srctree(question)
        asked_objtree = question.directory / "asked"
        for objtree in (asked_objtree, question.objtree):
            lay_out_objtree(question, objtree)
        (asked_objtree / TARGET_FILE).touch()
        # The goal needs no configuration, and from that Kbuild would conclude that it needs no compiler.
        database = ask_make(question, asked_objtree, ("need-compiler=1", GOAL), log)
        ask_make(question, asked_objtree, (f"M={probe}", f"{PROBE}.o"), log)
        return read_plan(question, asked_objtree, probe, database)
    except (ValueError, IndexError, OSError, KeyError) as error:
        raise StepError(
            f"the commands that this kernel's Kbuild left in {question.directory} can't be understood: {error!r}",
            where=f"PLAN {question.tree.release}",
            fix="report the kernel's version; modules of the 2021 API can be built for it",
        ) from error


def recorder_args(question: Question) -> tuple[str, ...]:
    """The args that run the recorder. The name of the tool that it stands for, and the tool's args, come after them."""
    return (question.system.python, "-I", str(RECORDER))


def ask_make(question: Question, objtree: Path, goals: Collection[str], log: RunLog) -> str:
    """Run make with the recorder in the place of the tools. Returns what make prints. Raises `StepError`."""
    recorder = " ".join(recorder_args(question))
    tools_as_recorder = (f"{name.upper()}={recorder} {name}" for name in ("rustc", "bindgen", "objcopy"))
    argv = [
        *("make", "--no-print-directory", "-rR", "-C", str(objtree), *tools_as_recorder),
        *(f"objtool={recorder} objtool", f"RUST_LIB_SRC={question.toolchain.library_sources}"),
        *(f"{name}={value}" for name, value in question.overrides),
        *(f"KRUSTFLAGS={' '.join(question.krustflags)}", *goals),
    ]
    env: dict[str, str | None] = variables_left_out()
    tools = question.toolchain
    env |= {"RECORDED_RUSTC": tools.rustc.path, "RECORDED_BINDGEN": tools.bindgen.path}
    env |= dict((*tools.rustc.env, *tools.bindgen.env))
    if GOAL in goals:
        # Variables that the kernel's first make exports for its second one.
        env |= {"sub_make_done": "1", "objtree": ".", "srcroot": str(question.srctree)}
    elif not question.has_crates:
        # The Makefile of a tree with its crates knows its own objtree.
        env["KBUILD_OUTPUT"] = str(objtree)
    done = log.inside(question.system.enter_args).run(argv, step="PLAN", unit=question.tree.release, env=env)
    return done.stdout.decode(errors="replace")


def read_plan(question: Question, asked_objtree: Path, probe: Path, database: str) -> CratePlan:
    """The plan, from the ``.cmd`` files in `asked_objtree` and from make's database.

    Raises `ValueError`, `KeyError` or `IndexError` if they can't be understood.
    """
    needs = dict(prerequisites(database))
    commands = {}
    for path in sorted((asked_objtree / "rust").rglob(".*.cmd")):
        output, text = read_cmd_file(path)
        commands[output] = text.replace(str(asked_objtree), str(question.objtree))
    if LAST_OUTPUT not in commands:
        raise ValueError(f"no command for {LAST_OUTPUT}")
    recorder = recorder_args(question)
    rules = [
        Rule(
            output,
            tuple(need for need in needs[output] if need in commands),
            tuple(parse_commands(commands[output], recorder)),
        )
        for output in build_order(LAST_OUTPUT, needs, commands)
    ]
    module_command = read_module_command(question, asked_objtree, probe)
    target_file = any(TARGET_FILE in names for names in needs.values())
    return CratePlan(question.srctree, question.objtree, tuple(rules), module_command, target_file, question.overrides)


def read_module_command(question: Question, asked_objtree: Path, probe: Path) -> SavedCommand:
    """Kbuild's command for a module's crate, which Kbuild left in the directory `probe` of a module without code."""
    _, text = read_cmd_file(probe / f".{PROBE}.o.cmd")
    return next(parse_commands(text.replace(str(asked_objtree), str(question.objtree)), recorder_args(question)))


def prerequisites(database: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each file below rust/ in make's database (make -p) with its prerequisites."""
    for line in database.splitlines():
        if match := re.match(r"(rust/[^\s:%]+): (?!\S+ [:+]?=)(.*)", line):
            yield match[1], tuple(match[2].split())


def build_order(last: str, needs: Mapping[str, tuple[str, ...]], known: Mapping[str, str]) -> list[str]:
    """`last` and all that it needs, each after what it needs. Only what is in `known`, the outputs with a command."""
    order: dict[str, None] = {}

    def visit(output: str) -> None:
        for need in needs[output]:
            if need in known and need not in order:
                visit(need)
        order[output] = None

    visit(last)
    return list(order)
