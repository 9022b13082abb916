# SPDX-License-Identifier: MIT
"""Reads Kbuild's ``.cmd`` files: the command that Kbuild saves beside each file that it makes.

Kbuild writes ``savedcmd_TARGET := COMMAND``; older kernels such as 6.1 write ``cmd_TARGET := COMMAND``. The command is
in the shell's language, with ``$`` and ``#`` escaped for make (scripts/Kbuild.include, make-cmd). It is read here
without a shell.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

SAVED = re.compile(r"^(?:saved)?cmd_(\S+) := (.*)$", re.MULTILINE)
# Text that a shell takes as it is.
QUOTED = re.compile(r"""'[^']*'|"(?:\\.|[^"\\$`])*"|\\.""")
# Elsewhere, the characters of what `parse_commands` can't read: all but programs, pipes and a redirection.
UNSUPPORTED = re.compile(r"[<&(){}$`]|>>|\|\||;;|(?:^|\s)\d+>")


@dataclasses.dataclass(frozen=True)
class SavedCommand:
    """One of the commands in a ``.cmd`` file.

    `programs` are the args of the programs of a pipeline: each program reads what the one before prints. `env` are the
    variables that are set for them. `output` is the file that the last program prints to, empty without a redirection.
    """

    programs: tuple[tuple[str, ...], ...]
    env: tuple[tuple[str, str], ...]
    output: str


def read_cmd_file(path: Path) -> tuple[str, str]:
    """The target of a ``.cmd`` file and the saved text of its commands. Raises `ValueError` if no command is in it."""
    match = SAVED.search(path.read_text())
    if not match:
        raise ValueError(f"no command in {path}")
    return match[1], match[2].replace("$(pound)", "#").replace("$$", "$")


def saved_programs(path: Path) -> list[list[str]]:
    """The args of each program in a ``.cmd`` file. Raises `ValueError` if no command is in it.

    No shell syntax is refused: the caller picks the programs that it knows.
    """
    _, text = read_cmd_file(path)
    return [program for statement in statements(text) for program in split_at("|", statement) if program]


def parse_commands(text: str, recorder: Sequence[str] = ()) -> Iterator[SavedCommand]:
    """The commands in the text of a ``.cmd`` file, without the args of `recorder` at the beginning of a program.

    Raises `ValueError` or `IndexError` if the text has more shell syntax than pipelines, variables and a redirection.
    """
    if unsupported := UNSUPPORTED.search(QUOTED.sub("_", text)):
        raise ValueError(f"unsupported shell syntax, {unsupported[0].strip()}, in {text}")
    for statement in statements(text):
        yield parse_statement(statement, recorder)


def statements(text: str) -> list[list[str]]:
    """The statements of a shell command: its words, split at ``;``."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";|>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    return [statement for statement in split_at(";", lexer) if statement]


def split_at(separator: str, args: Iterable[str]) -> list[list[str]]:
    """The parts of an argument list between the separators."""
    split: list[list[str]] = [[]]
    for arg in args:
        if arg == separator:
            split.append([])
        else:
            split[-1].append(arg)
    return split


def parse_statement(statement: list[str], recorder: Sequence[str]) -> SavedCommand:
    """One statement: variables, a pipeline of programs, and a redirection. Raises `ValueError` or `IndexError`."""
    output = ""
    if statement[-2:-1] == [">"]:
        output, statement = statement[-1], statement[:-2]
    if ">" in statement:
        raise ValueError(f"a redirection before the end of {shlex.join(statement)}")
    env = []
    while match := re.fullmatch(r"([A-Za-z_]\w*)=(.*)", statement[0]):
        env.append((match[1], match[2]))
        statement = statement[1:]
    programs = split_at("|", statement)
    if not all(programs):
        raise ValueError(f"no program in {shlex.join(statement)}")
    return SavedCommand(tuple(tuple(without_recorder(args, recorder)) for args in programs), tuple(env), output)


def without_recorder(args: list[str], recorder: Sequence[str]) -> list[str]:
    """A program's args; for a program that only recorded its call, they begin with the name of the real tool."""
    return args[len(recorder) :] if args[: len(recorder)] == [*recorder] else args
