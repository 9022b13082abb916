# SPDX-License-Identifier: MIT
"""What of a source its compiler can notice: a text to digest in place of the source.

Two sources with the same key text compile to the same object. The other way round need not hold: wherever it is not
plain where a comment begins or ends, the source itself is its key text.
"""

from __future__ import annotations

import re

# What a comment could hide in, or be mistaken for, in Rust; raw strings before plain ones (Reference, "Tokens").
RUST = re.compile(
    r"""
      (?P<line>//[^\n]*)
    | (?P<block>/\*)
    | (?P<raw>(?<![A-Za-z0-9_])(?:b|c)?r(?P<hashes>\#*)")
    | (?P<string>"(?:\\.|[^"\\])*")
    | (?P<char>'(?:\\(?:u\{[^}']*\}|x[0-9a-fA-F]{2}|.)|[^\\'\n\t])')
    | (?P<open>")
    """,
    re.VERBOSE | re.DOTALL,
)
RUST_BLOCK = re.compile(r"/\*|\*/")
# Doc comments are attributes: macros can see them (Reference, "Comments").
RUST_DOC = re.compile(r"///(?!/)|//!|/\*\*(?![*/])|/\*!")
# In C a constant is on one line, and a quote that begins none leaves it open what the rest is.
C = re.compile(
    r"""
      (?P<line>//(?:\\\n|[^\n])*)
    | (?P<block>/\*.*?\*/)
    | (?P<constant>"(?:\\.|[^"\\\n])*" | '(?:\\[^\n]{1,8}?|[^\\'\n/\x20]{1,4}|/|\x20)')
    | (?P<doubt>["']|/\*)
    """,
    re.VERBOSE | re.DOTALL,
)
# Stand for a line that ends within a comment which has code beside it; for what must not be taken for white space: the
# newlines of a string, its blanks, and the end of a line that goes on.
INNER_NEWLINE = "\x01"
KEPT_NEWLINE = "\x03"
KEPT_BLANK = "\x04"
SPLICE = "\x05"
# bindgen reads comments that have this in them.
BINDGEN_COMMENT = "rustbindgen"


def key_text(path: str, text: str, *, lines: bool) -> str:
    """The key text of a file, by the end of its name. `lines`: a token's line number matters; in Rust it always does.

    A file that a Rust source takes in by ``include_str!`` is no source to its compiler: do not ask for it here.
    """
    if path.endswith(".rs"):
        return rust_meaning(text)
    if path.endswith((".c", ".h")):
        return c_meaning(text, lines=lines)
    return text


def code_text(path: str, text: str) -> str:
    """The source without its comments, for whoever looks for names in it."""
    return rust_meaning(text, docs=False) if path.endswith(".rs") else c_meaning(text, lines=False)


def rust_meaning(text: str, *, docs: bool = True) -> str:
    """The source with blanks for comments, so that each token stays at its line and column (panic messages have them).

    Blanks at the end of a line go, but for those in a string or a doc comment, which are kept to the letter; without
    `docs` these are comments like others.
    """
    pieces: list[str] = []
    at = 0
    while match := RUST.search(text, at):
        pieces.append(text[at : match.start()])
        end = rust_end(text, match)
        if end is None:
            return text
        piece = text[match.start() : end]
        comment = match["line"] is not None or match["block"] is not None
        if comment and not (docs and RUST_DOC.match(piece)):
            pieces.append(re.sub(r"[^\n]", " ", piece))
        else:
            # To the letter, and a blank at its end is none at the end of a line.
            pieces.append(piece.replace("\n", KEPT_NEWLINE) + (SPLICE if comment else ""))
        at = end
    return re.sub(r"[ \t]+(?=\n)", "", "".join((*pieces, text[at:]))).rstrip(" \t\n")


def rust_end(text: str, match: re.Match[str]) -> int | None:
    """Where the token or comment ends that `match` is the beginning of; None if it does not end."""
    if match["open"]:
        return None
    if match["raw"]:
        close = text.find(f'"{match["hashes"]}', match.end())
        return None if close < 0 else close + 1 + len(match["hashes"])
    if not match["block"]:
        return match.end()
    depth = 1
    for mark in RUST_BLOCK.finditer(text, match.end()):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return None


def c_meaning(text: str, *, lines: bool) -> str:
    """The source with one blank for each comment and each run of blanks, and none at the ends of a line.

    With `lines` all newlines stay, also those in comments; else blank lines go. A comment that spans lines and has code
    beside it does not end the line that it is in, as a directive may go on after it.
    """
    if BINDGEN_COMMENT in text:
        return text
    try:
        text = C.sub(lambda match: c_piece(match, lines=lines), text)
    except DoubtError:
        return text
    text = re.sub(r"\\[^\S\n]*\n", f"{SPLICE}\n" if lines else SPLICE, text)
    text = re.sub(r"[^\S\n]+", " ", text)
    text = re.sub(r" ?\n ?", "\n", text).strip(" ")
    return text.rstrip("\n") if lines else re.sub(r"\n+", "\n", text).strip("\n")


class DoubtError(Exception):
    """It is not plain where a comment or a constant ends."""


def c_piece(match: re.Match[str], *, lines: bool) -> str:
    """What stands for a comment or a constant. Raises `DoubtError`."""
    piece = match[0]
    if match["doubt"]:
        raise DoubtError
    if match["constant"]:
        return piece.replace("\n", KEPT_NEWLINE).replace("\t", "\x06").replace(" ", KEPT_BLANK)
    newlines = piece.count("\n") if lines else 0
    if match["line"]:
        return " " + INNER_NEWLINE * newlines
    text = match.string
    before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
    rest = text.find("\n", match.end())
    after = text[match.end() : rest if rest >= 0 else len(text)]
    alone = not before.strip() and not after.strip()
    return " " + ("\n" if alone else INNER_NEWLINE) * newlines
