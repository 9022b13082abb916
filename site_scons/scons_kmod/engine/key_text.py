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
# White space of C within a line (C11 6.4; libcpp/lex.cc).
BLANK = r"[ \t\r\f\v]"
BLANKS = " \t\r\f\v"
# The same for C. A constant is on one line. After a quote that begins no constant, nothing is certain; nor is it where
# the end of a line may divide the beginning or the end of a comment, nor in GNU C's raw strings.
C = re.compile(
    rf"""
      (?P<line>//(?:\\{BLANK}*\n|[^\n])*)
    | (?P<block>/\*.*?\*/)
    | (?P<raw>(?<![A-Za-z0-9_$])(?:u8|[uUL])?R(?:\\{BLANK}*\n)*")
    | (?P<constant>"(?:\\.|[^"\\\n])*" | '(?:\\[^\n]{{1,8}}?|[^\\'\n/\x20]{{1,4}}|/|\x20)')
    | (?P<splice>\\{BLANK}*\n)
    | (?P<doubt>["'] | /\* | [/*]\\{BLANK}*\n)
    """,
    re.VERBOSE | re.DOTALL,
)
# A carriage return within a line, and the trigraph for a backslash: not all compilers take them for the same.
UNCERTAIN = re.compile(r"\r(?!\n)|\?\?/")
# What may come before a file's name in angle brackets. In it, // begins no comment.
NAMES_FILE = re.compile(r"include|import|embed")
# They stand for characters that are no white space between tokens: for the end of a line within a comment that has code
# beside it, for newlines, tabs and blanks of a string, and for the end of a line that goes on in the next one.
INNER_NEWLINE = "\x01"
STRING_NEWLINE = "\x03"
STRING_BLANK = "\x04"
STRING_TAB = "\x06"
SPLICE = "\x05"
# Stands for the blanks at the beginning of that next line: without them, a token may go on there.
SPLICE_BLANK = "\x07"
# bindgen reads comments that contain this.
BINDGEN_COMMENT = "rustbindgen"


def key_text(path: str, text: str, *, lines: bool, columns: bool = False) -> str:
    """The key text of a file with this content. The end of `path` says in which language it is.

    `lines`: the line number of a token matters; `columns`: its column does, too. In Rust both always do. Do not call
    this for files that a Rust source takes in by ``include_str!``: of those, comments matter, too.
    """
    if path.endswith(".rs"):
        return rust_key_text(text)
    if path.endswith((".c", ".h")):
        return c_key_text(text, lines=lines, columns=columns)
    return text


def code_text(path: str, text: str) -> str:
    """The source without any comments, to search it for names."""
    return rust_code_text(text) if path.endswith(".rs") else c_key_text(text, lines=False)


def unmarked_code(text: str) -> str:
    """A text in C without comments, and with no line divided."""
    code = re.sub(rf"\\{BLANK}*\n", "", c_key_text(text, lines=False)).replace(SPLICE, "")
    return re.sub(rf"[{INNER_NEWLINE}{STRING_NEWLINE}{STRING_BLANK}{STRING_TAB}{SPLICE_BLANK}]", " ", code)


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


def c_key_text(text: str, *, lines: bool, columns: bool = False) -> str:
    """The source with one blank for each comment and each run of blanks, without blanks at the ends of lines.

    With `lines`, all newlines stay, also those in comments. Without, empty lines are removed. A comment of several
    lines that has code beside it does not end its line, because a directive may go on after it. With `columns`, which
    is for `lines` only, all blanks stay but those at the ends of lines, and a comment leaves as many as it has bytes.
    """
    if BINDGEN_COMMENT in text or UNCERTAIN.search(text):
        return text
    try:
        text = C.sub(lambda match: c_replacement(match, lines=lines, columns=columns), text)
    except DoubtError:
        return text
    if columns:
        return re.sub(rf"{BLANK}+(?=\n)", "", text).rstrip(BLANKS + "\n")
    text = re.sub(rf"({SPLICE}\n?){BLANK}+", rf"\1{SPLICE_BLANK}", text)
    text = re.sub(rf"{BLANK}+", " ", text)
    text = re.sub(r" ?\n ?", "\n", text).strip(" ")
    return text.rstrip("\n") if lines else re.sub(r"\n+", "\n", text).strip("\n")


class DoubtError(Exception):
    """It is not certain where a comment or a constant ends."""


def c_replacement(match: re.Match[str], *, lines: bool, columns: bool) -> str:
    """What replaces a comment, a constant or the end of a line that goes on. Raises `DoubtError`."""
    piece = match[0]
    if match["splice"]:
        return f"{SPLICE}\n" if lines else SPLICE
    if match["doubt"] or match["raw"]:
        raise DoubtError
    if match["constant"]:
        return piece.replace("\n", STRING_NEWLINE).replace("\t", STRING_TAB).replace(" ", STRING_BLANK)
    text = match.string
    before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
    line = line_before(text, match.start())
    if line.rfind("<") > line.rfind(">") and NAMES_FILE.search(line):
        raise DoubtError
    newlines = piece.count("\n") if lines else 0
    # Columns are of bytes (libcpp/line-map.cc).
    blanks = " " * len(piece.rpartition("\n")[2].encode(errors="surrogateescape")) if columns else " "
    if match["line"]:
        return blanks + INNER_NEWLINE * newlines
    rest = text.find("\n", match.end())
    after = text[match.end() : rest if rest >= 0 else len(text)]
    alone = not before.strip(BLANKS) and not after.strip(BLANKS)
    ends = ("\n" if alone else INNER_NEWLINE) * newlines
    return ends + blanks if columns else f" {ends}"


def line_before(text: str, end: int) -> str:
    """The text before `end`: in its line, and in those that go on in it."""
    begin = text.rfind("\n", 0, end) + 1
    while begin:
        earlier = text.rfind("\n", 0, begin - 1) + 1
        if not text[earlier:begin].rstrip(f"{BLANKS}\n").endswith("\\"):
            break
        begin = earlier
    return re.sub(rf"\\{BLANK}*\n", "", text[begin:end])
