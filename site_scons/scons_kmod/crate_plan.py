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
import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scons_kmod.atomic import write_text
from scons_kmod.errors import StepError
from scons_kmod.kbuild import KBUILD_ENVIRONMENT, source_root
from scons_kmod.kernel_tree import KernelTree
from scons_kmod.remember import Answer, remembered
from scons_kmod.run_log import RunLog
from scons_kmod.sysroot import System
from scons_kmod.toolchain import Toolchain

RECORDER = Path(__file__).with_name("recorder.py")
# For make, goals that end so need no configuration to be brought up to date (the kernel's Makefile,
# no-sync-config-targets): headers have no Kconfig files.
GOAL = "kmod-crates_install"
LAST = "rust/kernel.o"
PROBE = "kmod_rust_probe"
TARGET_FILE = "scripts/target.json"
# Text that a shell takes as it is, and the signs elsewhere for what is more than commands, pipes and a redirection.
QUOTED = re.compile(r"""'[^']*'|"(?:\\.|[^"\\$`])*"|\\.""")
MORE_SHELL = re.compile(r"[<&(){}$`]|>>|\|\||;;|(?:^|\s)\d+>")


@dataclasses.dataclass(frozen=True)
class Part:
    """One command of a rule: programs of which each reads what the one before prints, and where the last one prints.

    `env` are variables to set. `output` is empty where nothing is redirected.
    """

    programs: tuple[tuple[str, ...], ...]
    env: tuple[tuple[str, str], ...]
    output: str


@dataclasses.dataclass(frozen=True)
class Rule:
    """One file of rust/ and how it is made; `needs` are those made before it. Paths are relative to the objtree."""

    made: str
    needs: tuple[str, ...]
    parts: tuple[Part, ...]

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
    module: Part
    target_file: bool
    overrides: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True)
class Question:
    """What a plan is asked with: the tree, where its Rust sources are, and what overrides its configuration.

    `has_crates`: the tree has the crates already, and only the command for modules is wanted.
    """

    tree: KernelTree
    sources: Path
    directory: Path
    toolchain: Toolchain
    system: System
    overrides: tuple[tuple[str, str], ...] = ()
    krustflags: tuple[str, ...] = ()
    has_crates: bool = False

    @property
    def own_sources(self) -> bool:
        """Whether the tree has its Rust sources itself."""
        return self.sources == source_root(self.tree)

    @property
    def source(self) -> Path:
        """Kbuild's srctree."""
        return self.sources if self.own_sources else self.directory / "source"

    @property
    def objects(self) -> Path:
        """Kbuild's objtree: where the crates are."""
        return self.tree.path if self.has_crates else self.directory / "objects"


def crate_plan(question: Question, log: RunLog) -> CratePlan:
    """The plan for a tree; the answer is kept while its makefiles are the same.

    Raises `StepError` if its Kbuild can't be asked, or answers what can't be understood.
    """
    tree, sources = question.tree, question.sources
    inputs = [
        tree.path / "include/config/auto.conf",
        *(() if question.has_crates else (sources / "rust/Makefile", sources / "rust/bindgen_parameters")),
        *(source_root(tree) / name for name in ("Makefile", "scripts/Makefile.build", "scripts/Makefile.lib")),
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

    def part(one: Mapping[str, Any]) -> Part:
        programs = tuple(tuple(words) for words in one["programs"])
        return Part(programs, tuple((name, value) for name, value in one["env"]), one["output"])

    rules = (Rule(one["made"], tuple(one["needs"]), tuple(map(part, one["parts"]))) for one in raw["rules"])
    overrides = tuple((name, value) for name, value in raw["overrides"])
    source, objects = Path(raw["source"]), Path(raw["objects"])
    return CratePlan(source, objects, tuple(rules), part(raw["module"]), raw["target_file"], overrides)


def run_question(question: Question, log: RunLog) -> CratePlan:
    """Lay out the trees and ask."""
    shutil.rmtree(question.directory, ignore_errors=True)
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


def lay_out_source(question: Question) -> None:
    """A srctree of links: what the headers have, and rust/, scripts/ and more from the source package."""
    headers, sources = source_root(question.tree), question.sources
    for path in (*headers.iterdir(), *sources.iterdir()):
        if path.name not in ("scripts", "rust", "include"):
            link(question.source / path.name, path)
    # No link, as .. in a header's name leads from there to the headers that are only in the source package
    # (rust/bindings/bindings_helper.h, 7.2: <../../drivers/base/base.h>).
    for path in (*(headers / "include").iterdir(), *(headers / "include/uapi").iterdir()):
        if path.name != "uapi":
            link(question.source / path.relative_to(headers), path)
    link(question.source / "rust", sources / "rust")
    for path in (*(headers / "scripts").iterdir(), *(sources / "scripts").iterdir()):
        link(question.source / "scripts" / path.name, path)


def lay_out_objects(question: Question, objects: Path) -> None:
    """An objtree of links to the prepared one, with rust/ and scripts/ of its own."""
    tree = question.tree.path
    for path in tree.iterdir():
        if path.name not in ("Makefile", "scripts", "include", "rust", "source"):
            link(objects / path.name, path)
    for path in (tree / "scripts").iterdir():
        if path.name != Path(TARGET_FILE).name:
            link(objects / "scripts" / path.name, path)
    for path in (tree / "include").iterdir():
        if path.name != "generated":
            link(objects / "include" / path.name, path)
    for path in (tree / "include/generated").iterdir():
        if not (question.overrides and path.name == "rustc_cfg"):
            link(objects / "include/generated" / path.name, path)
    if question.overrides:
        write_text(objects / "include/generated/rustc_cfg", cfg_text(question))
    (objects / "rust").mkdir()
    goal = f"include {question.source}/Makefile\n{GOAL}:\n\t$(MAKE) -p $(build)=rust {LAST}\n"
    write_text(objects / "Makefile", goal)


def cfg_text(question: Question) -> str:
    """The tree's rustc_cfg with the overrides."""
    text = (question.tree.path / "include/generated/rustc_cfg").read_text()
    lines = [f'--cfg={name}\n--cfg={name}="{value}"\n' for name, value in question.overrides if value == "y"]
    return text.rstrip("\n") + "\n" + "".join(lines)


def link(place: Path, path: Path) -> None:
    """Make a link, unless there is a file of that name."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.is_symlink():
        place.symlink_to(path.resolve())


def ask_make(question: Question, asked: Path, goals: Iterable[str], log: RunLog) -> str:
    """Run make in the pretended objtree; returns what it prints."""
    python = question.system.python
    pretended = (f"{name.upper()}={python} -I {RECORDER} {name}" for name in ("rustc", "bindgen", "objcopy"))
    argv = [
        *("make", "--no-print-directory", "-rR", "-C", str(asked), *pretended),
        *(f"objtool={python} -I {RECORDER} objtool", f"RUST_LIB_SRC={question.toolchain.library}"),
        *(f"{name}={value}" for name, value in question.overrides),
        *(f"KRUSTFLAGS={' '.join(question.krustflags)}", *goals),
    ]
    env: dict[str, str | None] = dict.fromkeys(KBUILD_ENVIRONMENT)
    tools = question.toolchain
    env |= {"RECORDED_RUSTC": tools.rustc.path, "RECORDED_BINDGEN": tools.bindgen.path}
    env |= dict((*tools.rustc.env, *tools.bindgen.env))
    if question.has_crates:
        pass  # its own Makefile knows where it is
    elif any(goal.startswith("M=") for goal in goals):
        env["KBUILD_OUTPUT"] = str(asked)
    else:
        # What the first of the kernel's makes would tell the second one.
        env |= {"sub_make_done": "1", "objtree": ".", "srcroot": str(question.source)}
    done = log.inside(question.system.enter).run(argv, step="PLAN", unit=question.tree.release, env=env)
    return done.stdout.decode(errors="replace")


def read_plan(question: Question, asked: Path, probe: Path, told: str) -> CratePlan:
    """The plan in the ``.cmd`` files, and in make's database."""
    needs = dict(prerequisites(told))
    commands = {}
    for path in sorted((asked / "rust").rglob(".*.cmd")):
        made, text = saved_text(path)
        commands[made] = text.replace(str(asked), str(question.objects))
    if LAST not in commands:
        raise ValueError(f"no command for {LAST}")
    rules = [
        Rule(made, tuple(need for need in needs[made] if need in commands), tuple(parts(commands[made], question)))
        for made in in_order(LAST, needs, commands)
    ]
    module = module_part(question, asked, probe)
    target_file = any(TARGET_FILE in each for each in needs.values())
    return CratePlan(question.source, question.objects, tuple(rules), module, target_file, question.overrides)


def module_part(question: Question, asked: Path, probe: Path) -> Part:
    """The command for the crate of a module."""
    _, text = saved_text(probe / f".{PROBE}.o.cmd")
    return next(parts(text.replace(str(asked), str(question.objects)), question))


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


def saved_text(path: Path) -> tuple[str, str]:
    """What a ``.cmd`` file is about, and the saved command."""
    match = re.search(r"^savedcmd_(\S+) := (.*)$", path.read_text(), re.MULTILINE)
    if not match:
        raise ValueError(f"no command in {path}")
    return match[1], match[2].replace("$(pound)", "#").replace("$$", "$")


def parts(text: str, question: Question) -> Iterator[Part]:
    """A saved command, which is in the shell's language, without the need for a shell. Raises `ValueError`."""
    if more := MORE_SHELL.search(QUOTED.sub("_", text)):
        raise ValueError(f"a shell's construct, {more[0].strip()}, in {text}")
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";|>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    statements: list[list[str]] = [[]]
    for word in lexer:
        if word == ";":
            statements.append([])
        else:
            statements[-1].append(word)
    for words in filter(None, statements):
        yield part_of(words, question)


def part_of(words: list[str], question: Question) -> Part:
    """One statement: variables, programs with | between them, and a redirection."""
    output = ""
    if words[-2:-1] == [">"]:
        output, words = words[-1], words[:-2]
    if ">" in words:
        raise ValueError(f"a redirection in the midst of {shlex.join(words)}")
    env = []
    while match := re.fullmatch(r"([A-Za-z_]\w*)=(.*)", words[0]):
        env.append((match[1], match[2]))
        words = words[1:]
    programs: list[list[str]] = [[]]
    for word in words:
        if word == "|":
            programs.append([])
        else:
            programs[-1].append(word)
    if not all(programs):
        raise ValueError(f"no program in {shlex.join(words)}")
    return Part(tuple(tuple(without_recorder(each, question)) for each in programs), tuple(env), output)


def without_recorder(words: list[str], question: Question) -> list[str]:
    """A program's words; for those that were pretended the tool's name first."""
    recorder = [question.system.python, "-I", str(RECORDER)]
    return words[len(recorder) :] if words[: len(recorder)] == recorder else words
