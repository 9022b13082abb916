# SPDX-License-Identifier: MIT
"""The key text of a source file: what of it its compiler can notice. The text without comments is digested instead.

Sources with the same key text compile to the same object. Sources with different key texts may do so, too: where it is
not certain where a comment begins or ends, the source itself is its key text.
"""

from __future__ import annotations

import re

# Comments in Rust, and tokens that may contain the text of a comment. Raw strings come before plain ones (The Rust
# Reference, "Tokens").
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
# Doc comments are attributes: macros can see them (The Rust Reference, "Comments").
RUST_DOC = re.compile(r"///(?!/)|//!|/\*\*(?![*/])|/\*!")
# The same for C. A constant is on one line. After a quote that begins no constant, nothing is certain.
C = re.compile(
    r"""
      (?P<line>//(?:\\\n|[^\n])*)
    | (?P<block>/\*.*?\*/)
    | (?P<constant>"(?:\\.|[^"\\\n])*" | '(?:\\[^\n]{1,8}?|[^\\'\n/\x20]{1,4}|/|\x20)')
    | (?P<doubt>["']|/\*)
    """,
    re.VERBOSE | re.DOTALL,
)
# They stand for characters that are no white space between tokens: for the end of a line within a comment that has code
# beside it, for newlines, tabs and blanks of a string, and for the end of a line that goes on in the next one.
INNER_NEWLINE = "\x01"
STRING_NEWLINE = "\x03"
STRING_BLANK = "\x04"
STRING_TAB = "\x06"
SPLICE = "\x05"
# bindgen reads comments that contain this.
BINDGEN_COMMENT = "rustbindgen"


def key_text(path: str, text: str, *, lines: bool) -> str:
    """The key text of a file with this content. The end of `path` says in which language it is.

    `lines`: the line number of a token matters. In Rust it always does. Do not call this for files that a Rust source
    takes in by ``include_str!``: of those, comments matter, too.
    """
    if path.endswith(".rs"):
        return rust_key_text(text)
    if path.endswith((".c", ".h")):
        return c_key_text(text, lines=lines)
    return text


def code_text(path: str, text: str) -> str:
    """The source without any comments, to search it for names."""
    return rust_code_text(text) if path.endswith(".rs") else c_key_text(text, lines=False)


def rust_code_text(text: str) -> str:
    """The source with one blank for each comment, doc comments included."""
    pieces: list[str] = []
    at = 0
    while match := RUST.search(text, at):
        end = rust_token_end(text, match)
        if end is None:
            return text
        is_comment = match["line"] is not None or match["block"] is not None
        pieces += (text[at : match.start()], " ") if is_comment else (text[at:end],)
        at = end
    return "".join((*pieces, text[at:]))


def rust_key_text(text: str) -> str:
    """The source with blanks for comments, so that each token keeps its line and column: panic messages have them.

    Blanks at the end of a line are removed. Strings and doc comments stay to the letter.
    """
    pieces: list[str] = []
    at = 0
    while match := RUST.search(text, at):
        pieces.append(text[at : match.start()])
        end = rust_token_end(text, match)
        if end is None:
            return text
        piece = text[match.start() : end]
        comment = match["line"] is not None or match["block"] is not None
        if comment and not RUST_DOC.match(piece):
            pieces.append(re.sub(r"[^\n]", " ", piece))
        else:
            # To the letter. With a splice, a blank at the end of a doc comment is not at the end of a line.
            pieces.append(piece.replace("\n", STRING_NEWLINE) + (SPLICE if comment else ""))
        at = end
    return re.sub(r"[ \t]+(?=\n)", "", "".join((*pieces, text[at:]))).rstrip(" \t\n")


def rust_token_end(text: str, match: re.Match[str]) -> int | None:
    """The index where the token or comment ends that begins with `match`, or None if it does not end."""
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


def c_key_text(text: str, *, lines: bool) -> str:
    """The source with one blank for each comment and each run of blanks, without blanks at the ends of lines.

    With `lines`, all newlines stay, also those in comments. Without, empty lines are removed. A comment of several
    lines that has code beside it does not end its line, because a directive may go on after it.
    """
    if BINDGEN_COMMENT in text:
        return text
    try:
        text = C.sub(lambda match: c_replacement(match, lines=lines), text)
    except DoubtError:
        return text
    text = re.sub(r"\\[^\S\n]*\n", f"{SPLICE}\n" if lines else SPLICE, text)
    text = re.sub(r"[^\S\n]+", " ", text)
    text = re.sub(r" ?\n ?", "\n", text).strip(" ")
    return text.rstrip("\n") if lines else re.sub(r"\n+", "\n", text).strip("\n")


class DoubtError(Exception):
    """It is not certain where a comment or a constant ends."""


def c_replacement(match: re.Match[str], *, lines: bool) -> str:
    """What replaces a comment or a constant in the key text. Raises `DoubtError`."""
    piece = match[0]
    if match["doubt"]:
        raise DoubtError
    if match["constant"]:
        return piece.replace("\n", STRING_NEWLINE).replace("\t", STRING_TAB).replace(" ", STRING_BLANK)
    newlines = piece.count("\n") if lines else 0
    if match["line"]:
        return " " + INNER_NEWLINE * newlines
    text = match.string
    before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
    rest = text.find("\n", match.end())
    after = text[match.end() : rest if rest >= 0 else len(text)]
    alone = not before.strip() and not after.strip()
    return " " + ("\n" if alone else INNER_NEWLINE) * newlines
