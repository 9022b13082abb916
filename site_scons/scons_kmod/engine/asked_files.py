# SPDX-License-Identifier: MIT
"""The names of files that a C source or an assembly source asks for, found in its text.

A compiler lists the files that it has read. It does not list those for which it looked in vain: beside the file that
includes a header, or for `__has_include`. What it looks for follows from the text, so a later run finds it out again.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from scons_kmod.engine.digests import Digests
from scons_kmod.engine.key_text import unmarked_code

# The version of what `asked_files` finds.
FORMAT = 1
DIRECTIVE = re.compile(r"(?m)^\s*(?:#|%:)\s*(?:include|include_next|import|embed)\b\s*(?P<rest>[^\n]*)")
# A question whether there is a file, with the word before it.
QUESTION = re.compile(
    r"(?P<before>\w*)[\s(]*\b__has_(?:include|include_next|embed)\b\s*"
    r"(?:\(\s*(?:\"(?P<quoted>[^\"\n]+)\"|<(?P<angled>[^>\n]+)>))?"
)
# Where only the name of the question stands, to find out whether the compiler knows it.
ASKED_FOR_ITSELF = ("defined", "ifdef", "ifndef", "undef", "elifdef", "elifndef")
QUOTED = re.compile(r'"(?P<name>[^"\n]+)"')
# Each text for which `asked_in` finds something has one of these. Most headers include others in angle brackets alone.
MAY_ASK = re.compile(r"__has_|(?:#|%:)\s*(?:/\*|(?:include|include_next|import|embed)\b\s*(?![\s<]))")


class AskedFiles(NamedTuple):
    """What one file asks for."""

    # Names in quotes after #include: they are looked for beside the file first.
    quoted: tuple[str, ...]
    # Names of which the file asks whether they exist, in quotes and in angle brackets.
    asked: tuple[str, ...]
    # Whether it includes a file whose name a macro gives.
    includes_by_macro: bool
    # Whether it asks for a file whose name a macro gives: nobody knows which.
    asks_by_macro: bool


def asked_files(digests: Digests, path: str) -> AskedFiles:
    """What the file at `path` asks for. Nothing if it can't be read."""
    found = digests.derived(path, f"asked:{FORMAT}", lambda text: json.dumps(asked_in(text)) if may_ask(text) else "")
    if not found:
        return AskedFiles((), (), includes_by_macro=False, asks_by_macro=False)
    quoted, asked, includes_by_macro, asks_by_macro = json.loads(found)
    return AskedFiles(tuple(quoted), tuple(asked), includes_by_macro, asks_by_macro)


def may_ask(text: str) -> bool:
    """Whether `asked_in` can find something in the text."""
    return bool(MAY_ASK.search(text.replace("\\\n", "")))


def asked_in(text: str) -> AskedFiles:
    """What a text asks for. Code that the preprocessor leaves out counts, too."""
    code = unmarked_code(text)
    quoted: dict[str, None] = {}
    asked: dict[str, None] = {}
    includes_by_macro = asks_by_macro = False
    for directive in DIRECTIVE.finditer(code):
        if match := QUOTED.match(directive["rest"]):
            quoted[match["name"]] = None
        elif not directive["rest"].startswith("<"):
            includes_by_macro = True
    for question in QUESTION.finditer(code):
        if name := question["quoted"] or question["angled"]:
            asked[name] = None
        elif question["before"] not in ASKED_FOR_ITSELF:
            asks_by_macro = True
    return AskedFiles(tuple(quoted), tuple(asked), includes_by_macro, asks_by_macro)
