# SPDX-License-Identifier: MIT
"""Commands as Kbuild saves them in its ``.cmd`` files: in the shell's language, read so that no shell is needed."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

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


def saved_text(path: Path) -> tuple[str, str]:
    """What a ``.cmd`` file is about, and the saved command."""
    match = re.search(r"^savedcmd_(\S+) := (.*)$", path.read_text(), re.MULTILINE)
    if not match:
        raise ValueError(f"no command in {path}")
    return match[1], match[2].replace("$(pound)", "#").replace("$$", "$")


def parts(text: str, recorder: Sequence[str]) -> Iterator[Part]:
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
        yield part_of(words, recorder)


def part_of(words: list[str], recorder: Sequence[str]) -> Part:
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
    return Part(tuple(tuple(without_recorder(each, recorder)) for each in programs), tuple(env), output)


def without_recorder(words: list[str], recorder: Sequence[str]) -> list[str]:
    """A program's words; for those that were pretended the tool's name first."""
    return words[len(recorder) :] if words[: len(recorder)] == [*recorder] else words
