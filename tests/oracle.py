# SPDX-License-Identifier: MIT
"""The oracle: random edits, a build after each, and all .ko compared with those of a clean build in another directory.

    python tests/oracle.py --rounds 300 --seed 1     # from the project's environment; about ten seconds a round

Headers are edited in a copy of the default target's kernel tree. Some builds are killed half-way, some edits undone.
It ends with status 1 if a module was left as it was although a clean build makes another, and prints how many of the
modules that were linked came out with the bytes that they had.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

# Run as a program, it finds the library beside it; pytest has it on its path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "site_scons"))

from checkout import Checkout, copy_of_tree
from oracle_edits import EDIT_FUNCTIONS, Edit, current, write_c_module

MODULES = (
    "c_uses_rust",
    "export_c",
    "rust_chrdev",
    "rust_counter",
    "rust_counter_one",
    "rust_counter_two",
    "rust_crates",
    "rust_driver",
    "rust_export",
    "rust_kvm",
    "rust_list",
    "rust_minimal",
    "rust_miscdev",
    "rust_own_bindings",
    "rust_rbtree",
    "rust_shared_a",
    "rust_shared_b",
    "rust_sync",
    "rust_tables",
    "rust_task",
    "rust_uses_c",
    "shared_crate",
)
# A summary is printed after so many rounds.
ROUNDS_BETWEEN_SUMMARIES = 25
MIRRORED = ("rust", "kernel", "modules")


@dataclasses.dataclass
class Tally:
    """What the rounds came to."""

    rounds: int = 0
    wrong: list[str] = dataclasses.field(default_factory=list)
    refused: int = 0
    killed: int = 0
    linked: int = 0
    unchanged: int = 0

    def __str__(self) -> str:
        share = 100 * self.unchanged / max(1, self.linked)
        return (
            f"{self.rounds} rounds: {len(self.wrong)} wrong, {self.refused} refused by both, {self.killed} killed;"
            f" {self.linked} modules linked, {self.unchanged} ({share:.1f} %) to the bytes that they had"
        )


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
        recent = [edit for edit in self.done[-12:] if current(edit.path) == edit.after]
        if recent and self.dice.random() < 0.25:
            return self.dice.choice(recent).undone()
        while True:
            edit = self.dice.choice(EDIT_FUNCTIONS)(self)
            if edit and edit.before != edit.after:
                return edit

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


def linked(checkout: Checkout) -> Iterator[str]:
    """The modules that the last build linked."""
    for entry in json.loads((checkout.target / "last-run.json").read_text()):
        if entry["step"] == "LD [M]":
            yield entry["unit"]


def play_round(world: World, tally: Tally, pool: ThreadPoolExecutor, say: Callable[[str], None]) -> None:
    """Edit, build both ways, compare."""
    edit = world.edit()
    edit.apply()
    tally.rounds += 1
    before = world.incremental.modules()
    reference = pool.submit(world.rebuilt)
    if world.dice.random() < 0.1:
        kill_a_build(world)
        tally.killed += 1
    built = world.build(world.incremental)
    again = reference.result()
    after, wanted = world.incremental.modules(), world.clean.modules()
    relinked = list(linked(world.incremental)) if built else []
    tally.linked += len(relinked)
    tally.unchanged += sum(before.get(name) == after[name] for name in relinked)
    say(f"{tally.rounds}: {edit.description}: {len(relinked)} linked")
    if built != again:
        output = world.output["incremental" if again else "clean"]
        tally.wrong.append(f"round {tally.rounds}: {edit.description}: built {built}, from nothing {again}\n{output}")
    elif not built:
        tally.refused += 1
    elif wrong := [name for name in wanted if after.get(name) != wanted[name]]:
        tally.wrong.append(f"round {tally.rounds}: {edit.description}: {', '.join(wrong)}")
    if not again:
        edit.undone().apply()
        world.build(world.incremental)
    else:
        world.done.append(edit)


def run(
    rounds: int, seed: int, directory: Path, say: Callable[[str], None] = print, modules: Sequence[str] = MODULES
) -> Tally:
    """That many rounds, all decided by the seed but for the moments at which builds are killed."""
    world = World(directory, random.Random(seed), modules)
    assert world.build(world.incremental), "the first build fails"
    tally = Tally()
    with ThreadPoolExecutor(max_workers=1) as pool:
        for _ in range(rounds):
            known = len(tally.wrong)
            play_round(world, tally, pool, say)
            for wrong in tally.wrong[known:]:
                say(f"WRONG {wrong}")
            if tally.rounds % ROUNDS_BETWEEN_SUMMARIES == 0:
                say(str(tally))
    return tally


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="oracle-") as directory:
        tally = run(arguments.rounds, arguments.seed, Path(directory), lambda line: print(line, flush=True))
    print(tally, *tally.wrong, sep="\n")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
