# SPDX-License-Identifier: MIT
"""Names that Rust macros put together from parts, so that no source has them as a whole.

Three forms are known: ``[<a_ $b>]`` in `paste!`, ``concat_idents!(a_, $b)``, and a proc macro's format strings
(``format_ident!("a_{}")``). Each is a pattern: literal text, and variables. A variable stands for a word of the
sources, or for a name that was put together itself. A macro that nothing outside its file names gets all its words
from there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from scons_kmod.engine.key_text import RUST, code_text, rust_token_end

GROUP = re.compile(r"\[\s*<([^<>\[\]]*)>\s*\]")
CONCATENATION = re.compile(r"\bconcat_idents!\s*[({\[]([^(){}\[\]]*)[)}\]]")
# A part of a group, with its modifiers; a comma, which only `concat_idents!` has; anything else.
PART = re.compile(
    r"""\s* (?: \$\s*(?P<variable>\w+) | "(?P<string>\w*)" | (?P<text>\w+) | (?P<comma>,) ) (?:\s*:\s*\w+)* \s*
    | (?P<odd>.)""",
    re.VERBOSE,
)
# Before a group: an item of this name is defined, not used. `*const` begins a type.
DEFINED = re.compile(r"(?<!\*)\b(?:fn|const|static|struct|enum|union|trait|mod|static\s+mut)\s+$")
MACRO = re.compile(r"\bmacro_rules!\s*(\w+)")
# A word in a format string with something to fill in.
FORMATTED = re.compile(r"(?:\w|\{[^{}\s]*\})*\{[^{}\s]*\}(?:\w|\{[^{}\s]*\})*")
FILLED_IN = re.compile(r"\{[^{}]*\}")
# In a format string, these are no parts of words.
ESCAPED = re.compile(r"\{\{|\}\}|\\.")
# A source with one of these words may put names together. A new one must be noticed.
MARKS = frozenset(("paste", "concat_idents", "format_ident", "proc_macro", "proc_macro2"))
PROC_MACRO = frozenset(("format_ident", "proc_macro", "proc_macro2"))
EXPORT = "macro_export"
# The parts of the names that this macro puts together are args of its calls.
CONCATENATING = re.compile(r"\bfn concat_idents\b")

# The parts of a name, in lower case. None is a variable.
Parts = tuple[str | None, ...]


class Pasted:
    """The names that the macros in some sources put together.

    `pasting` are the sources with such macros: all of their text matters, not only their words. `local_macros` are the
    macros that only their own files name. `everything`: a macro puts any two words together, so that any name may be
    one of its names.
    """

    def __init__(self, texts: Mapping[str, str], identifiers: Mapping[str, Collection[str]]) -> None:
        """`texts` are the sources by path, and `identifiers` those in each of them."""
        self.pasting = sorted(path for path in texts if MARKS & set(identifiers[path]))
        self.identifiers = frozenset(word.lower() for found in identifiers.values() for word in found)
        self.local_macros: set[str] = set()
        # The patterns whose variables stand for any word.
        patterns: dict[Parts, None] = {}
        # Regular expressions of the names of macros that only their own file calls.
        local: list[str] = []
        for path in self.pasting:
            code = code_text(path, texts[path])
            macros = set(MACRO.findall(code))
            if is_local(path, macros, identifiers):
                self.local_macros |= macros
                local += local_regexes(set(macro_patterns(code)), identifiers[path])
            else:
                patterns |= dict.fromkeys(macro_patterns(code))
            if PROC_MACRO & set(identifiers[path]) and not CONCATENATING.search(code):
                patterns |= dict.fromkeys(format_patterns(code))
        self.everything = any(len(parts) > 1 and not any(parts) for parts in patterns)
        self.regexes = {parts: re.compile(regex(parts, ".+")) for parts in patterns}
        self.any_regex = re.compile("|".join(f"(?:{regex(parts, '.+')})$" for parts in patterns) or "$.")
        self.local_regex = re.compile("|".join(f"(?:{pattern})$" for pattern in local) or "$.")

    def names(self, declared: Iterable[str]) -> tuple[set[str], set[str]]:
        """Those of the declared names that may be put together, and the words that would make more of them so.

        The words are in lower case.
        """
        if self.everything:
            return set(declared), set()
        found, missing = set[str](), set[str]()
        for name in declared:
            lower = name.lower()
            if self.local_regex.match(lower):
                found.add(name)
            elif self.any_regex.match(lower):
                lacking = list(self.lacking(lower, self.is_word_or_name))
                if all(lacking):
                    missing.update(*lacking)
                else:
                    found.add(name)
        # What is missing may be put together itself.
        parts = (
            self.lacking(text, self.identifiers.__contains__) for text in list(missing) if self.any_regex.match(text)
        )
        missing.update(*(texts for ways in parts for texts in ways))
        return found, missing

    def lacking(self, name: str, known: Callable[[str], bool]) -> Iterator[list[str]]:
        """For each way to put a name together: the texts that it needs and that are not known."""
        for parts, pattern in self.regexes.items():
            if pattern.fullmatch(name):
                for variables in splits(parts, name):
                    yield [text for text in variables if not known(text)]

    def is_word_or_name(self, text: str) -> bool:
        """Whether a variable can stand for a text: for a word, or for a name that is put together from words."""
        if text in self.identifiers or self.local_regex.match(text):
            return True
        return bool(self.any_regex.match(text)) and not all(self.lacking(text, self.identifiers.__contains__))


def is_local(path: str, macros: Collection[str], identifiers: Mapping[str, Collection[str]]) -> bool:
    """Whether a source defines macros, and no other source names one of them."""
    if not macros or EXPORT in identifiers[path]:
        return False
    return all(set(macros).isdisjoint(found) for other, found in identifiers.items() if other != path)


def local_regexes(patterns: Collection[Parts], identifiers: Collection[str]) -> Iterator[str]:
    """Regular expressions of the names that macros put together from the words of one file, in lower case.

    A name that was put together may be a part of another one.
    """
    word = f"(?:{'|'.join(sorted({re.escape(word.lower()) for word in identifiers}))})"
    names = [regex(parts, word) for parts in patterns]
    part = f"(?:{'|'.join((word, *names))})"
    return (regex(parts, part) for parts in patterns)


def regex(parts: Parts, variable: str) -> str:
    """The regular expression of the names that parts make. `variable` is that of a variable."""
    return "".join(variable if part is None else re.escape(part) for part in parts)


def macro_patterns(code: str) -> Iterator[Parts]:
    """The patterns of the names that `paste!` and `concat_idents!` put together in Rust code."""
    for match in GROUP.finditer(code):
        if not DEFINED.search(code, max(0, match.start() - 40), match.start()):
            yield from parsed(match[1], "")
    for match in CONCATENATION.finditer(code):
        yield from parsed(match[1], ",")


def parsed(text: str, separator: str) -> Iterator[Parts]:
    """The parts in a group, if it is one. `separator` is what may be between two of them."""
    parts: list[str | None] = []
    for match in PART.finditer(text):
        if match["odd"] or (match["comma"] and not separator):
            if "$(" in text:
                # Any number of parts.
                yield (None, None)
            return
        if not match["comma"]:
            parts.append(None if match["variable"] else (match["string"] or match["text"] or "").lower())
    if parts:
        yield tuple(parts)


def format_patterns(code: str) -> Iterator[Parts]:
    """The patterns of the words in the format strings of Rust code, except words that are filled in as a whole."""
    for string in strings(code):
        for match in FORMATTED.finditer(ESCAPED.sub(" ", string)):
            literals = FILLED_IN.split(match[0].lower())
            # There is a variable between each two of them.
            parts = [part for literal in literals for part in (None, literal)][1:]
            if len(filled := tuple(part for part in parts if part != "")) > 1:
                yield filled


def strings(code: str) -> Iterator[str]:
    """The string literals in Rust code. After a quote that begins none, all of the rest."""
    at = 0
    while match := RUST.search(code, at):
        end = rust_token_end(code, match)
        if end is None or match["string"] or match["raw"]:
            yield code[match.start() : end]
        if end is None:
            return
        at = end


def splits(parts: Parts, name: str) -> Iterator[tuple[str, ...]]:
    """All that the variables can stand for if these parts make the name: a text for each variable."""
    if not parts:
        if not name:
            yield ()
        return
    first, rest = parts[0], parts[1:]
    if first is not None:
        if name.startswith(first):
            yield from splits(rest, name[len(first) :])
    elif not rest:
        if name:
            yield (name,)
    else:
        for end in range(1, len(name)):
            yield from ((name[:end], *others) for others in splits(rest, name[end:]))
