# SPDX-License-Identifier: MIT
"""The oracle: random edits, a build after each, and all .ko compared with those of a clean build in another directory.

    python tests/oracle.py --rounds 300 --seed 1     # from the project's environment; about ten seconds a round

Four edits of five are of wrappers; the others are of headers, in a copy of the default target's kernel tree, of modules
and of the configuration. Some builds are killed half-way, some edits undone. It ends with status 1 if a module was left
as it was although a clean build makes another, or if a module was compiled for a wrapper that it does not use
(wrapper_users.py). It prints, for each kind of edit, how many of the compiled modules came out the same.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

# Run as a program, it finds the library beside it; pytest has it on its path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "site_scons"))

from checkout import Checkout, copy_of_tree
from edits import Edit
from oracle_edits import OTHER_EDITS, write_c_module
from wrapper_edits import WRAPPER_EDITS, uses_by_marks
from wrapper_users import BASE_ALONE, CRATE_USERS, OTHERS, USES, users, wrapper_of

MODULES = (*USES, *BASE_ALONE, *OTHERS)
# How many of the edits are of wrappers.
WRAPPER_SHARE = 0.8
# A summary is printed after so many rounds.
ROUNDS_BETWEEN_SUMMARIES = 25
MIRRORED = ("rust", "kernel", "modules")


@dataclasses.dataclass
class Counts:
    """What the edits of one kind came to."""

    rounds: int = 0
    # Modules whose own crate was compiled, and those of them whose object came out the same.
    compiled: int = 0
    same: int = 0
    linked: int = 0
    # Modules that were linked to the bytes that they had.
    unchanged: int = 0


@dataclasses.dataclass
class Tally:
    """What the rounds came to."""

    wrong: list[str] = dataclasses.field(default_factory=list)
    # Modules that were compiled for a wrapper that they don't use.
    needless: list[str] = dataclasses.field(default_factory=list)
    refused: int = 0
    killed: int = 0
    kinds: dict[str, Counts] = dataclasses.field(default_factory=dict)

    @property
    def rounds(self) -> int:
        """How many rounds there were."""
        return sum(counts.rounds for counts in self.kinds.values())

    def __str__(self) -> str:
        linked, unchanged = (
            sum(getattr(each, name) for each in self.kinds.values()) for name in ("linked", "unchanged")
        )
        lines = [
            f"{self.rounds} rounds: {len(self.wrong)} wrong, {self.refused} refused by both, {self.killed} killed;"
            f" {len(self.needless)} modules compiled for a wrapper that they don't use;"
            f" {linked} linked, {unchanged} of them to the bytes that they had",
            f"{'rounds':>8}{'compiled':>10}{'to the same':>13}{'linked':>8}  kind of edit",
        ]
        for kind, counts in sorted(self.kinds.items()):
            share = f"{100 * counts.same / counts.compiled:.0f} %" if counts.compiled else ""
            lines.append(f"{counts.rounds:>8}{counts.compiled:>10}{share:>13}{counts.linked:>8}  {kind}")
        return "\n".join(lines)


class World:
    """A kernel tree to edit, a checkout that is built again and again, and another that is built from nothing."""

    def __init__(self, directory: Path, dice: random.Random, modules: Sequence[str]) -> None:
        self.dice = dice
        self.tree = copy_of_tree(directory / "tree")
        self.common = next(path for path in self.tree.parent.iterdir() if path.name.endswith("-common"))
        self.incremental = Checkout(directory / "incremental", modules)
        for name in ("c_one", "c_two"):
            write_c_module(self.incremental.path / "modules" / name, name)
        self.clean = Checkout(directory / "clean", modules)
        self.done: list[Edit] = []
        self.serial = 0
        self.output: dict[str, str] = {}

    def edit(self) -> Edit:
        """A random edit, or one of the last that is undone."""
        recent = [edit for edit in self.done[-12:] if edit.is_last()]
        if recent and self.dice.random() < 0.2:
            return self.dice.choice(recent).undone()
        functions = WRAPPER_EDITS if self.dice.random() < WRAPPER_SHARE else OTHER_EDITS
        while True:
            edit = self.dice.choice(functions)(self)
            if edit and edit.changes_something:
                return edit

    def holds(self, path: Path) -> bool:
        """Whether a file is the checkout's, and not the kernel tree's."""
        return path.is_relative_to(self.incremental.path)

    def number(self) -> int:
        """A number that no other edit has."""
        self.serial += 1
        return self.serial

    def build(self, checkout: Checkout) -> bool:
        """Whether the build succeeds. `output` has what it printed, by checkout."""
        done = checkout.scons(f"KDIR={self.tree}", check=False)
        self.output[checkout.path.name] = (done.stdout + done.stderr)[-3000:]
        return done.returncode == 0

    def rebuilt(self) -> bool:
        """Build what the checkout holds from nothing, in the other directory."""
        for name in MIRRORED:
            shutil.rmtree(self.clean.path / name, ignore_errors=True)
            shutil.copytree(self.incremental.path / name, self.clean.path / name)
        shutil.rmtree(self.clean.path / "build", ignore_errors=True)
        return self.build(self.clean)


def kill_a_build(world: World) -> None:
    """Start a build and kill it, with or without the tools that it started."""
    build = world.incremental.start(f"KDIR={world.tree}")
    time.sleep(world.dice.uniform(0.2, 4.0))
    with suppress(ProcessLookupError):
        (os.killpg if world.dice.random() < 0.5 else os.kill)(build.pid, signal.SIGKILL)
    build.wait()


def modules_of(checkout: Checkout, step: str, end: str) -> list[str]:
    """The modules for which the last build ran a step whose unit is the module's name and `end`."""
    entries = json.loads((checkout.target / "last-run.json").read_text())
    units = {entry["unit"].removesuffix(end) for entry in entries if entry["step"] == step}
    return sorted(unit for unit in units if (checkout.target / "modules" / unit).is_dir())


def crate_objects(checkout: Checkout) -> dict[str, str]:
    """The digest of the object of each module's own crate."""
    found = (checkout.target / "modules").glob("*/crate/*.o")
    return {path.parts[-3]: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def modules_that_follow(world: World, edit: Edit) -> set[str] | None:
    """The modules that an edit may compile, by the list kept by hand. None: it says nothing about such an edit."""
    allowed, wrappers = set[str](), set[str]()
    for change in edit.changes:
        part, *names = change.path.relative_to(world.incremental.path).parts if world.holds(change.path) else ("",)
        wrapper = wrapper_of(change.path)
        if part == "modules" and change.path.suffix == ".rs":
            allowed |= {names[0], *CRATE_USERS.get(names[0], ())}
        elif part == "kernel" and wrapper:
            wrappers.add(wrapper)
        else:
            return None
    return (allowed | users(wrappers, *uses_by_marks(world))) if wrappers else None


def play_round(
    world: World, tally: Tally, pool: ThreadPoolExecutor, say: Callable[[str], None], *, compare: bool = True
) -> None:
    """Edit, build both ways, compare. Without `compare`, build from nothing only if the other build fails."""
    edit = world.edit()
    edit.apply()
    counts = tally.kinds.setdefault(edit.kind, Counts())
    counts.rounds += 1
    before, objects = world.incremental.modules(), crate_objects(world.incremental)
    reference = pool.submit(world.rebuilt) if compare else None
    if world.dice.random() < 0.1:
        kill_a_build(world)
        tally.killed += 1
    built = world.build(world.incremental)
    again = reference.result() if reference else built or world.rebuilt()
    after = world.incremental.modules()
    wanted = world.clean.modules() if compare else {}
    name = f"round {tally.rounds}: {edit.description}"
    relinked = modules_of(world.incremental, "LD [M]", ".ko") if built else []
    counts.linked += len(relinked)
    counts.unchanged += sum(before.get(f"{module}.ko") == after[f"{module}.ko"] for module in relinked)
    compiled = modules_of(world.incremental, "RUSTC", ".o") if built else []
    counts.compiled += len(compiled)
    objects_now = crate_objects(world.incremental)
    same = sum(objects.get(module) == objects_now[module] for module in compiled)
    counts.same += same
    say(f"{name}: {len(compiled)} compiled, {same} of them to the same; {len(relinked)} linked")
    allowed = modules_that_follow(world, edit)
    if allowed is not None:
        tally.needless += [f"{name}: {module}" for module in compiled if module not in allowed]
    if built != again:
        output = world.output["incremental" if again else "clean"]
        tally.wrong.append(f"{name}: built {built}, from nothing {again}\n{output}")
    elif not built:
        tally.refused += 1
        say(world.output["clean"][-600:])
    elif wrong := [name for name in wanted if after.get(name) != wanted[name]]:
        tally.wrong.append(f"{name}: {', '.join(wrong)}")
    if not again:
        edit.undone().apply()
        world.build(world.incremental)
    else:
        world.done.append(edit)


def run(
    rounds: int,
    seed: int,
    directory: Path,
    say: Callable[[str], None] = print,
    modules: Sequence[str] = MODULES,
    every: int = 1,
) -> Tally:
    """That many rounds, all decided by the seed but for the moments at which builds are killed.

    After `every` so many of them, the modules are compared with those of a clean build.
    """
    world = World(directory, random.Random(seed), modules)
    assert world.build(world.incremental), "the first build fails"
    tally = Tally()
    with ThreadPoolExecutor(max_workers=1) as pool:
        for number in range(1, rounds + 1):
            wrong, needless = len(tally.wrong), len(tally.needless)
            play_round(world, tally, pool, say, compare=number % every == 0)
            for text in tally.wrong[wrong:]:
                say(f"WRONG {text}")
            for text in tally.needless[needless:]:
                say(f"NEEDLESS {text}")
            if tally.rounds % ROUNDS_BETWEEN_SUMMARIES == 0:
                say(str(tally))
    return tally


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, help="compare after every so many rounds")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="oracle-") as directory:
        say = functools.partial(print, flush=True)
        tally = run(arguments.rounds, arguments.seed, Path(directory), say, every=arguments.every)
    print(tally, *tally.wrong, *tally.needless, sep="\n")
    return 1 if tally.wrong or tally.needless else 0


if __name__ == "__main__":
    sys.exit(main())
