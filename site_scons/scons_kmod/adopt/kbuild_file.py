# SPDX-License-Identifier: MIT
"""What a Kbuild file says: the values of its variables, by reading it, for every setting of CONFIG_ symbols at once.

Nothing in it is run. What can't be known is left out with a remark, or marked in the value, so that who asks for the
value can say so.
"""

from __future__ import annotations

import dataclasses
import glob
import os
import re
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.adopt.make_syntax import Assignment, Branch, Include, Other, Place, Rule, Statement, read_statements
from scons_kmod.adopt.make_words import (
    DIRECTORY,
    KERNEL,
    SET,
    UNKNOWN,
    WORD_BY_WORD,
    Case,
    Reference,
    Word,
    cases,
    joined,
    split_arguments,
    split_words,
)
from scons_kmod.adopt.when_config import ALWAYS, NEVER, When, both, either, holds, never

OWN = ("src", "obj", "M", "PWD", "CURDIR", "KBUILD_EXTMOD")
OF_KERNEL = ("srctree", "objtree", "abs_srctree", "abs_objtree", "KERNEL_SRC")
# What the kernel's own makefiles have set, and what differs from one kernel to another (the kernel's Makefile). Flags
# that are words of a compiler's command line are in FLAGS.
GIVEN = frozenset(
    "KERNELRELEASE KERNELVERSION VERSION PATCHLEVEL SUBLEVEL CC LD AR NM OBJCOPY CPP MAKE SHELL"
    " CC_FLAGS_FPU CC_FLAGS_NO_FPU CC_FLAGS_LTO CC_FLAGS_CFI RETPOLINE_CFLAGS LINUXINCLUDE NOSTDINC_FLAGS"
    " KBUILD_CFLAGS KBUILD_CPPFLAGS KBUILD_AFLAGS KBUILD_RUSTFLAGS KBUILD_MODNAME".split()
)
KNOWN = {"ARCH": "x86", "SRCARCH": "x86", "BITS": "64", "CC_FLAGS_FTRACE": "-pg -mrecord-mcount -mnop-mcount -mfentry"}
# Set to nothing before the file is read, so that += expands at once (scripts/Makefile.build).
SIMPLE = frozenset(
    "obj-y obj-m lib-y lib-m always-y always-m targets subdir-y subdir-m EXTRA_AFLAGS EXTRA_CFLAGS EXTRA_CPPFLAGS"
    " EXTRA_LDFLAGS asflags-y ccflags-y rustflags-y cppflags-y ldflags-y subdir-asflags-y subdir-ccflags-y".split()
)
DEEPEST = 8
# Characters that mean something here, and nothing in such a file.
MARKS = re.compile("[\\0-\\4]")


@dataclasses.dataclass(frozen=True)
class Remark:
    """Why a statement says less here than to make, and what to do."""

    place: Place
    why: str

    def __str__(self) -> str:
        return f"{self.place}: {self.why}"


@dataclasses.dataclass(frozen=True)
class Text:
    """A value that is expanded when it is asked for."""

    text: str
    when: When
    place: Place


@dataclasses.dataclass
class Variable:
    """A variable of either flavour; `defined` says when it is one."""

    simple: bool
    parts: list[Word | Text]
    defined: When = NEVER


@dataclasses.dataclass
class Frame:
    """An ``ifeq`` that is open: when its branch counts, and when none of its branches so far does.

    Both are NEVER once a condition of it can't be known.
    """

    branch: When
    left: When


class KbuildFile:
    """A file that was read: `value` gives its variables, `rules` are its rules, `remarks` what was left out."""

    def __init__(self, path: Path, directory: Path, given: dict[str, str]) -> None:
        """Read a file of a module's directory. `given` are variables that the command line or the kernel sets."""
        self.directory = directory
        self.given = given
        self.variables = {name: Variable(True, [], ALWAYS) for name in SIMPLE}
        self.rules: list[Rule] = []
        self.remarks: list[Remark] = []
        self.texts: list[str] = []
        self.frames: list[Frame] = []
        self.active: list[str] = []
        self.read(path, path.name, 0)

    def read(self, path: Path, shown: str, depth: int) -> None:
        """Take in a file and those that it includes."""
        text = MARKS.sub("?", path.read_bytes().decode(errors="replace"))
        self.texts.append(text)
        for statement in read_statements(text, shown):
            if isinstance(statement, Branch):
                self.branch(statement)
            elif isinstance(statement, Include):
                self.include(statement, depth)
            elif self.when():
                self.take(statement)

    def when(self) -> When:
        """When the statement at hand counts."""
        return self.frames[-1].branch if self.frames else ALWAYS

    def take(self, statement: Statement) -> None:
        """A statement that counts for some kernels at least."""
        if isinstance(statement, Assignment):
            self.assign(statement)
        elif isinstance(statement, Rule):
            self.rules.append(statement)
        elif isinstance(statement, Other):
            self.remark(statement.place, "nothing here does this: write by hand what it is for")

    def remark(self, place: Place, why: str) -> None:
        """Say something of a statement, once."""
        if (one := Remark(place, why)) not in self.remarks:
            self.remarks.append(one)

    def include(self, statement: Include, depth: int) -> None:
        """Take in other files of the module's."""
        if not self.when():
            return
        for case in cases(self.expand(statement.names, statement.place)):
            for name in case.text.split():
                path = Path(name.replace(DIRECTORY, str(self.directory)))
                if path.is_file() and path.resolve().is_relative_to(self.directory) and depth < DEEPEST:
                    self.read(path, os.path.relpath(path, self.directory), depth + 1)
                elif UNKNOWN in name or not path.is_absolute() or path.exists() or not statement.optional:
                    why = case.why or "only files below the module's directory are included, by $(src)/NAME"
                    self.remark(statement.place, f"{why}: copy what it says of the module into this file")

    def branch(self, statement: Branch) -> None:
        """Open, turn or close a conditional."""
        if statement.word == "endif":
            self.frames = self.frames[:-1]
            return
        if statement.word == "else":
            left = self.frames.pop().left if self.frames else NEVER
            word, _, rest = statement.rest.partition(" ")
            if not word:
                self.frames.append(Frame(left, NEVER))
                return
        else:
            left, word, rest = self.when(), statement.word, statement.rest
        condition = self.condition(word, rest.strip(), statement.place) if left else NEVER
        if isinstance(condition, str):
            self.remark(statement.place, f"{condition}: nothing up to its endif is carried over, write it by hand")
            self.frames.append(Frame(NEVER, NEVER))
        else:
            self.frames.append(Frame(both(left, condition), both(left, never(condition))))

    def condition(self, word: str, rest: str, place: Place) -> When | str:
        """When a condition holds, or why that can't be known."""
        if word in ("ifdef", "ifndef"):
            found = self.equal(self.lookup(self.plain(rest, place), place), [], place)
            wanted = word == "ifndef"
        else:
            sides = self.sides(rest)
            if len(sides) != 2:
                return "it does not compare two texts"
            one, other = (self.expand(side, place) for side in sides)
            found = self.equal(one, other, place)
            wanted = word == "ifeq"
        return found if wanted or isinstance(found, str) else never(found)

    def sides(self, rest: str) -> list[str]:
        """The two texts that an ``ifeq`` compares."""
        if rest.startswith("("):
            return split_arguments(rest[1 : rest.rindex(")")] if ")" in rest else rest, 2)
        return [a or b for a, b in re.findall(r"\"([^\"]*)\"|'([^']*)'", rest)]

    def equal(self, one: Sequence[Word], other: Sequence[Word], place: Place) -> When | str:
        """When two texts are equal, or why that can't be known."""
        result = NEVER
        for a in cases(one):
            for b in cases(other):
                same = equal_texts(a.text, b.text)
                if same is None:
                    return a.why or b.why or "the value of a CONFIG_ symbol is not known here"
                for why in filter(None, (a.why, b.why)):
                    if UNKNOWN not in a.text + b.text:
                        self.remark(place, why)
                if {a.text, b.text} == {SET, "m"}:
                    self.remark(place, "a manifest can't tell m from y: it counts for y, too")
                if same:
                    result = either(result, both(a.when, b.when))
        return result

    def assign(self, statement: Assignment) -> None:
        """Set a variable, or several if its name depends on the configuration."""
        for case in joined(
            self.of_piece(piece, statement.place) for word in split_words(statement.name) for piece in word
        ):
            name = case.text.replace(SET, "m" if case.text.startswith("obj-") else "y")
            if UNKNOWN in name:
                self.remark(statement.place, f"{case.why}: write it with the name itself")
            elif when := both(self.when(), case.when):
                self.set(name, statement, when)

    def set(self, name: str, statement: Assignment, when: When) -> None:
        """Set a variable where `when` holds."""
        variable = self.variables.get(name) or Variable(False, [])
        value, sign = statement.value, statement.sign
        if sign == "?=":
            when = both(when, never(variable.defined))
        if sign in ("=", ":=", "::=", ":::=", "!="):
            variable.parts = [cut for part in variable.parts if (cut := without(part, when)).when]
        if sign not in ("+=", "?="):
            variable.simple = ":" in sign
        if sign == "!=":
            words = [Word(UNKNOWN, ALWAYS, statement.place, "no program is run")]
        else:
            words = self.expand(value, statement.place) if variable.simple else []
        if variable.simple or sign == "!=":
            variable.parts += [cut for word in words if (cut := word.under(when)).when]
        else:
            variable.parts.append(Text(value, when, statement.place))
        variable.defined = either(variable.defined, when)
        self.variables[name] = variable

    def value(self, name: str) -> list[Word]:
        """The words of a variable that the file may set; none if it does not."""
        known = name in self.variables or name in self.given
        return self.lookup(name, Place("make's command line", 0, name)) if known else []

    def lookup(self, name: str, place: Place) -> list[Word]:
        """The words of a variable that a statement refers to."""
        if name in self.given:
            return [Word(text, ALWAYS, place) for text in self.given[name].split()]
        if name in self.variables:
            return self.expanded(name)
        if name in OWN:
            return [Word(DIRECTORY, ALWAYS, place)]
        if name == "MAKEFILE_LIST":
            return [Word(f"{DIRECTORY}/Makefile", ALWAYS, place)]
        if name in OF_KERNEL:
            return [Word(KERNEL, ALWAYS, place)]
        if name in KNOWN:
            return [Word(text, ALWAYS, place) for text in KNOWN[name].split()]
        if name.startswith("CONFIG_"):
            return [Word(SET, holds(name), place)]
        if name in GIVEN:
            return [Word(UNKNOWN + name, ALWAYS, place, f"$({name}) is known to the kernel's own makefiles only")]
        return [Word("", ALWAYS, place, f"$({name}) is not set in this file: taken as empty, as make does")]

    def expanded(self, name: str) -> list[Word]:
        """The words of a variable that the file sets."""
        if name in self.active:
            return []
        self.active.append(name)
        found: list[Word] = []
        for part in self.variables[name].parts:
            if isinstance(part, Word):
                found.append(part)
            else:
                found += [cut for word in self.expand(part.text, part.place) if (cut := word.under(part.when)).when]
        self.active.pop()
        return found

    def expand(self, text: str, place: Place) -> list[Word]:
        """The words of a text."""
        found: list[Word] = []
        for word in split_words(text):
            if len(word) == 1 and isinstance(word[0], Reference):
                found += self.reference(word[0].body, place)
            else:
                for case in joined(self.of_piece(piece, place) for piece in word):
                    parts = case.text.split() or ([""] if case.why else [])
                    found += [Word(part, case.when, place, case.why) for part in parts]
        return found

    def of_piece(self, piece: str | Reference, place: Place) -> list[Case]:
        """What a piece of a word can be."""
        if isinstance(piece, str):
            return [Case(piece, ALWAYS)]
        return cases(self.reference(piece.body, place))

    def plain(self, text: str, place: Place) -> str:
        """A text that must be the same for all kernels, `UNKNOWN` if it is not."""
        found = cases(self.expand(text, place))
        return found[0].text if len(found) == 1 else UNKNOWN

    def reference(self, body: str, place: Place) -> list[Word]:
        """What ``$(BODY)`` stands for."""
        name, blank, rest = body.partition(" ")
        if blank and re.fullmatch(r"[a-z-]+", name):
            return self.call(name, rest.strip(), place)
        if match := re.fullmatch(r"([^:=]+):([^=]*)=(.*)", body):
            old, new = (part if "%" in match[2] else f"%{part}" for part in (match[2], match[3]))
            return self.call("patsubst", f"{old},{new},$({match[1]})", place)
        name = self.plain(body, place)
        if UNKNOWN in name:
            return [Word(UNKNOWN, ALWAYS, place, f"which variable $({body}) is depends on the kernel")]
        return self.lookup(name, place)

    def call(self, name: str, rest: str, place: Place) -> list[Word]:
        """What a function of make's gives, where that can be known without running anything."""
        if name == "shell" and rest == "pwd":
            return [Word(DIRECTORY, ALWAYS, place)]
        if name == "wildcard":
            return self.wildcard(self.plain(rest, place), place)
        if name == "call" and re.match(r"(cc-option|cc-option-yn|cc-disable-warning)\s*,", rest):
            function, option, *_ = map(str.strip, split_arguments(rest))
            return self.compiler_option(function, option, place)
        if name == "lastword":
            return self.expand(rest, place)[-1:]
        if name not in WORD_BY_WORD:
            return [Word(UNKNOWN, ALWAYS, place, f"$({name} ...) is not run")]
        count, each = WORD_BY_WORD[name]
        *first, last = split_arguments(rest, count)
        texts = [self.plain(part.strip(), place) for part in first]
        if len(texts) + 1 != count or UNKNOWN in "".join(texts):
            return [Word(UNKNOWN, ALWAYS, place, f"what $({name} ...) gives depends on the kernel")]
        found: list[Word] = []
        for word in self.expand(last, place):
            result = word.text if UNKNOWN in word.text else each(*texts, word.text)
            if result is not None:
                found.append(word.spelled(result))
        return found

    def compiler_option(self, name: str, option: str, place: Place) -> list[Word]:
        """A flag that is given if the compiler has it."""
        if name == "cc-option":
            return [
                dataclasses.replace(one, why=f"{one.text} is not tried: it is always given")
                for one in self.expand(option, place)
            ]
        if name == "cc-disable-warning":
            return [Word(f"-Wno-{option}", ALWAYS, place)]
        return [Word(UNKNOWN, ALWAYS, place, "the compiler is not asked")]

    def wildcard(self, patterns: str, place: Place) -> list[Word]:
        """The files of the module's directory that a pattern matches, but for what Kbuild writes there."""
        if UNKNOWN in patterns or not all(one.startswith(f"{DIRECTORY}/") for one in patterns.split()):
            return [Word(UNKNOWN, ALWAYS, place, "files are found by $(wildcard $(src)/...) only")]
        found: list[str] = []
        for one in patterns.split():
            # Path.glob does not take every pattern.
            found += sorted(glob.glob(one.removeprefix(DIRECTORY).lstrip("/"), root_dir=self.directory))  # noqa: PTH207
        return [Word(f"{DIRECTORY}/{name}", ALWAYS, place) for name in found if not name.endswith(".mod.c")]


def without(part: Word | Text, when: When) -> Word | Text:
    """A part of a value as it stays where it is set anew when `when` holds."""
    return dataclasses.replace(part, when=both(part.when, never(when)))


def equal_texts(one: str, other: str) -> bool | None:
    """Whether two texts are equal, None if that can't be known."""
    if UNKNOWN in one + other:
        rest = one.replace(UNKNOWN, "") if not other else other.replace(UNKNOWN, "") if not one else ""
        return False if rest else None
    pattern, text = (one, other) if SET in one else (other, one)
    if SET not in pattern or SET in text:
        return one == other
    match = re.fullmatch(re.escape(pattern).replace(SET, "(.+)"), text)
    if match is None or any(re.fullmatch("n|[ymn]{2,}", value) for value in match.groups()):
        return False
    # A symbol that is neither y nor m has a value that is not known.
    return all(value in ("y", "m") for value in match.groups()) or None
