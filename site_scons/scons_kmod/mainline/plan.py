# SPDX-License-Identifier: MIT
"""How a kernel's own Rust crates are compiled, asked of its own Kbuild.

rust/Makefile is run with programs in the place of rustc and bindgen that only pretend (recorder.py): it leaves the
commands in its ``.cmd`` files, and make itself tells what depends on what. So a new kernel version needs no new code.
The same is done for a module's crate (scripts/Makefile.build).

Below a target's kernel-rust/:

    source/     where the kernel's sources are not in its tree: links to the headers and to the source package
    objects/    what Kbuild would call the objtree: the crates are made here
    asked/      another one, for the pretended build
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
from scons_kmod.engine.remember import Answer, remembered
from scons_kmod.kernel.cmd_file import SavedCommand, parse_commands, read_cmd_file
from scons_kmod.kernel.kbuild import KBUILD_ENVIRONMENT, srctree
from scons_kmod.mainline.plan_trees import GOAL, LAST, TARGET_FILE, Question, lay_out_objects, lay_out_source

RECORDER = Path(__file__).with_name("recorder.py")
PROBE = "kmod_rust_probe"


@dataclasses.dataclass(frozen=True)
class Rule:
    """One file of rust/ and how it is made; `needs` are those made before it. Paths are relative to the objtree."""

    made: str
    needs: tuple[str, ...]
    parts: tuple[SavedCommand, ...]

    @property
    def tool(self) -> str:
        """The first program, by its name."""
        return self.parts[0].programs[0][0]


@dataclasses.dataclass(frozen=True)
class CratePlan:
    """All rules that the crate `kernel` needs, in an order in which they can run, and the command for a module's crate.

    `source` is Kbuild's srctree, `objects` its objtree. `target_file`: rustc's target is a file that is to be made.
    `overrides` are what the plan was asked with.
    """

    source: Path
    objects: Path
    rules: tuple[Rule, ...]
    module: SavedCommand
    target_file: bool
    overrides: tuple[tuple[str, str], ...] = ()


def crate_plan(question: Question, log: RunLog) -> CratePlan:
    """The plan for a tree; the answer is kept while its makefiles are the same.

    Raises `StepError` if its Kbuild can't be asked, or answers what can't be understood.
    """
    tree, sources = question.tree, question.sources
    inputs = [
        tree.path / "include/config/auto.conf",
        *(() if question.has_crates else (sources / "rust/Makefile", sources / "rust/bindgen_parameters")),
        *(srctree(tree) / name for name in ("Makefile", "scripts/Makefile.build", "scripts/Makefile.lib")),
        *(Path(__file__), RECORDER),
    ]

    def ask() -> Answer:
        plan = dataclasses.asdict(run_question(question, log))
        return {**plan, "source": str(question.source), "objects": str(question.objects)}, inputs

    tools = question.toolchain
    key = [
        *(str(tree.path), str(sources), str(question.directory), tools.rustc.digest, tools.bindgen.digest),
        *(list(question.overrides), list(question.krustflags), str(question.system.root), question.has_crates),
    ]
    answer = question.directory / "plan.json"
    if not (question.objects / "Makefile").is_file():
        answer.unlink(missing_ok=True)
    return from_json(remembered(answer, key, ask))


def from_json(raw: Mapping[str, Any]) -> CratePlan:
    """A `CratePlan` from what `dataclasses.asdict` made of it."""

    def part(one: Mapping[str, Any]) -> SavedCommand:
        programs = tuple(tuple(words) for words in one["programs"])
        return SavedCommand(programs, tuple((name, value) for name, value in one["env"]), one["output"])

    rules = (Rule(one["made"], tuple(one["needs"]), tuple(map(part, one["parts"]))) for one in raw["rules"])
    overrides = tuple((name, value) for name, value in raw["overrides"])
    source, objects = Path(raw["source"]), Path(raw["objects"])
    return CratePlan(source, objects, tuple(rules), part(raw["module"]), raw["target_file"], overrides)


def run_question(question: Question, log: RunLog) -> CratePlan:
    """Lay out the trees and ask."""
    # What was made by another answer stays: each step knows whether it still fits.
    for name in ("source", "asked", "probe"):
        shutil.rmtree(question.directory / name, ignore_errors=True)
    probe = question.directory / "probe"
    write_text(probe / "Kbuild", f"obj-m := {PROBE}.o\n")
    write_text(probe / f"{PROBE}.rs", "")
    try:
        if question.has_crates:
            ask_make(question, question.objects, (f"M={probe}", f"{PROBE}.o"), log)
            return CratePlan(
                question.source, question.objects, (), module_part(question, question.objects, probe), False
            )
        if not question.own_sources:
            lay_out_source(question)
        asked = question.directory / "asked"
        for objects in (asked, question.objects):
            lay_out_objects(question, objects)
        (asked / TARGET_FILE).touch()
        # Of what needs no configuration Kbuild thinks that it needs no compiler either.
        told = ask_make(question, asked, ("need-compiler=1", GOAL), log)
        ask_make(question, asked, (f"M={probe}", f"{PROBE}.o"), log)
        return read_plan(question, asked, probe, told)
    except (ValueError, IndexError, OSError, KeyError) as error:
        raise StepError(
            f"the commands that this kernel's Kbuild left in {question.directory} can't be understood: {error!r}",
            where=f"PLAN {question.tree.release}",
            fix="report the kernel's version; modules of the 2021 API can be built for it",
        ) from error


def recorder_words(question: Question) -> tuple[str, ...]:
    """What stands before the name and the arguments of a program that is pretended."""
    return (question.system.python, "-I", str(RECORDER))


def ask_make(question: Question, asked: Path, goals: Collection[str], log: RunLog) -> str:
    """Run make in the pretended objtree; returns what it prints."""
    recorder = " ".join(recorder_words(question))
    pretended = (f"{name.upper()}={recorder} {name}" for name in ("rustc", "bindgen", "objcopy"))
    argv = [
        *("make", "--no-print-directory", "-rR", "-C", str(asked), *pretended),
        *(f"objtool={recorder} objtool", f"RUST_LIB_SRC={question.toolchain.library_sources}"),
        *(f"{name}={value}" for name, value in question.overrides),
        *(f"KRUSTFLAGS={' '.join(question.krustflags)}", *goals),
    ]
    env: dict[str, str | None] = dict.fromkeys(KBUILD_ENVIRONMENT)
    tools = question.toolchain
    env |= {"RECORDED_RUSTC": tools.rustc.path, "RECORDED_BINDGEN": tools.bindgen.path}
    env |= dict((*tools.rustc.env, *tools.bindgen.env))
    if GOAL in goals:
        # What the first of the kernel's makes would tell the second one.
        env |= {"sub_make_done": "1", "objtree": ".", "srcroot": str(question.source)}
    elif not question.has_crates:
        # The Makefile of a tree that has crates knows where it is.
        env["KBUILD_OUTPUT"] = str(asked)
    done = log.inside(question.system.enter_args).run(argv, step="PLAN", unit=question.tree.release, env=env)
    return done.stdout.decode(errors="replace")


def read_plan(question: Question, asked: Path, probe: Path, told: str) -> CratePlan:
    """The plan in the ``.cmd`` files, and in make's database."""
    needs = dict(prerequisites(told))
    commands = {}
    for path in sorted((asked / "rust").rglob(".*.cmd")):
        made, text = read_cmd_file(path)
        commands[made] = text.replace(str(asked), str(question.objects))
    if LAST not in commands:
        raise ValueError(f"no command for {LAST}")
    recorder = recorder_words(question)
    rules = [
        Rule(
            made,
            tuple(need for need in needs[made] if need in commands),
            tuple(parse_commands(commands[made], recorder)),
        )
        for made in in_order(LAST, needs, commands)
    ]
    module = module_part(question, asked, probe)
    target_file = any(TARGET_FILE in each for each in needs.values())
    return CratePlan(question.source, question.objects, tuple(rules), module, target_file, question.overrides)


def module_part(question: Question, asked: Path, probe: Path) -> SavedCommand:
    """The command for the crate of a module."""
    _, text = read_cmd_file(probe / f".{PROBE}.o.cmd")
    return next(parse_commands(text.replace(str(asked), str(question.objects)), recorder_words(question)))


def prerequisites(told: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What depends on what, from make's database (make -p)."""
    for line in told.splitlines():
        if match := re.match(r"(rust/[^\s:%]+): (?!\S+ [:+]?=)(.*)", line):
            yield match[1], tuple(match[2].split())


def in_order(last: str, needs: Mapping[str, tuple[str, ...]], known: Mapping[str, str]) -> list[str]:
    """All that is needed for `last`, each after what it needs."""
    order: dict[str, None] = {}

    def visit(made: str) -> None:
        for need in needs[made]:
            if need in known and need not in order:
                visit(need)
        order[made] = None

    visit(last)
    return list(order)
