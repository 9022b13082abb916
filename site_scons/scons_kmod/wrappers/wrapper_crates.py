# SPDX-License-Identifier: MIT
"""The wrappers that are crates of their own: kernel/lib.rs says which, their sources say what each needs.

The attribute ``#[cfg(not(kernel_base))]`` marks such a wrapper in kernel/lib.rs. Everything else is in the base crate.
Wrappers that need each other are in one crate. So are a wrapper and one that is private: modules can't name it, and its
items are ``pub(crate)``.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from scons_kmod.base.errors import UserError
from scons_kmod.engine.digests import text_digest
from scons_kmod.engine.identifiers import IDENTIFIER
from scons_kmod.engine.key_text import code_text
from scons_kmod.manifest.source_files import files_below
from scons_kmod.target.build_target import BuildTarget

BASE = "kernel_base"
# The version of the form of what is remembered of a source, and of how it is found.
FORMAT = 1
# What marks a wrapper in kernel/lib.rs, and what is re-exported from one.
MARK = f"#[cfg(not({BASE}))]"
# An item of kernel/lib.rs with its attributes: a module in a file, or a re-export.
ITEM = re.compile(
    r"(?P<attributes>(?:#\[[^\]]*\]\s*)+)(?P<item>(?P<pub>pub\s+)?mod\s+(?P<name>\w+)\s*;|pub\s+use\s[^;]+;)"
)
INNER_ATTRIBUTE = re.compile(r"#!\[[^\]]*\]")
# A re-export of items of one wrapper.
REEXPORT = re.compile(r"pub\s+use\s+crate\s*::\s*(\w+)\s*::[^*]+;")
# A name that a re-export gives to an item: the last of a path, or after `as`.
EXPORTED_NAME = re.compile(r"(\w+)\s*(?=[,;}])")
# What the macros of rust/macros name in the crate `kernel`, by the names that a module then has.
NAMED_BY_MACROS = {"params": "module_param", "module_misc_device": "miscdev"}
EXPORTED_MACRO = re.compile(r"#\[macro_export[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*macro_rules!\s*(\w+)")


@dataclasses.dataclass(frozen=True)
class Wrapper:
    """A wrapper that is not in the base crate.

    `path` is its file, `files` are all its files, `attributes` are those that it has in kernel/lib.rs besides the mark.
    Modules can name only a `public` one. `exports` are the names that kernel/lib.rs re-exports from it, and the macros
    that it exports; `macros` are these macros alone. `identifiers` are all that stand in its files.
    """

    name: str
    path: Path
    files: tuple[Path, ...]
    attributes: tuple[str, ...]
    public: bool
    exports: frozenset[str]
    macros: tuple[str, ...]
    identifiers: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """The names by which other code can name something in it."""
        return self.exports | {self.name}


@dataclasses.dataclass(frozen=True)
class WrapperCrate:
    """A crate with a wrapper, or with several that need each other. `needs` are the names of crates that it uses."""

    name: str
    wrappers: tuple[Wrapper, ...]
    needs: tuple[str, ...]

    @property
    def label(self) -> str:
        """The crate's name without the prefix that all have."""
        return self.name.removeprefix("kernel_")


@dataclasses.dataclass(frozen=True)
class WrapperCrates:
    """All crates of wrappers by name, each after those that it needs.

    `shared_identifiers` are those in the sources of the base crate and of rust/. `inner_attributes` are those of
    kernel/lib.rs; each crate has them. `reexports` are the re-exports of wrappers in kernel/lib.rs, each with its
    attributes, and the crate that it is from.
    """

    crates: Mapping[str, WrapperCrate]
    shared_identifiers: frozenset[str]
    inner_attributes: tuple[str, ...]
    reexports: tuple[tuple[str, str], ...]

    @functools.cached_property
    def crate_of_name(self) -> dict[str, str]:
        """The crate for each name by which modules name something in a wrapper."""
        wrappers = [(wrapper, crate.name) for crate in self.crates.values() for wrapper in crate.wrappers]
        crate_of = {wrapper.name: crate for wrapper, crate in wrappers}
        by_macros = {name: crate_of[wrapper] for name, wrapper in NAMED_BY_MACROS.items() if wrapper in crate_of}
        return by_macros | {name: crate for wrapper, crate in wrappers if wrapper.public for name in wrapper.names}

    @functools.cached_property
    def names_digest(self) -> str:
        """A digest of these names and their crates."""
        return text_digest(repr(sorted(self.crate_of_name.items())))[:8]

    @functools.cached_property
    def crate_of_identifier(self) -> dict[str, str]:
        """The crate for each identifier that stands in the sources of one crate of wrappers alone.

        Empty for an identifier that stands in the base, or in several crates.
        """
        crate_of = dict.fromkeys(self.shared_identifiers, "")
        for crate in self.crates.values():
            for identifier in {name for wrapper in crate.wrappers for name in wrapper.identifiers}:
                crate_of[identifier] = "" if identifier in crate_of else crate.name
        return crate_of

    def with_needs(self, names: Iterable[str]) -> tuple[WrapperCrate, ...]:
        """The crates of these names and all that they need, each after those that it needs."""
        reached: set[str] = set()
        pending = list(names)
        while pending:
            name = pending.pop()
            if name not in reached:
                reached.add(name)
                pending += self.crates[name].needs
        return tuple(crate for crate in self.crates.values() if crate.name in reached)


@functools.cache
def wrapper_crates(target: BuildTarget) -> WrapperCrates:
    """The crates of wrappers in the target's kernel/.

    Raises `UserError` if a wrapper has no file, or if the mark is on what can't be in another crate.
    """
    root = target.sources / "kernel/lib.rs"
    text = target.digests.derived(root, f"wrappers:{FORMAT}", lambda text: code_text(str(root), text))
    marked = marked_items(root, text)
    if target.whole_kernel_crate:
        marked = []
    reexports = [(attributes(match["attributes"]), match["item"]) for match in marked if not match["name"]]
    wrappers = {match["name"]: read_wrapper(target, match, reexports) for match in marked if match["name"]}
    needs = needs_of_wrappers(wrappers.values())
    crates = crates_of_groups(strongly_connected(wrappers, needs), wrappers, needs)
    of_wrappers = {path for wrapper in wrappers.values() for path in wrapper.files}
    shared = [scan(target, path)["identifiers"] for path in kernel_files(target) if path not in of_wrappers]
    return WrapperCrates(
        crates,
        frozenset(name for names in shared for name in names),
        tuple(INNER_ATTRIBUTE.findall(text)),
        tuple(reexport_lines(root, reexports, crates)),
    )


def marked_items(root: Path, text: str) -> list[re.Match[str]]:
    """The items of kernel/lib.rs with the mark. Raises `UserError` if it is on what can't be in another crate."""
    marked = [match for match in ITEM.finditer(text) if MARK in attributes(match["attributes"])]
    if attributes(text).count(MARK) != len(marked):
        fix = "mark modules that are in a file (`pub mod x;`, `mod x;`) and re-exports (`pub use crate::x::Y;`) alone"
        raise UserError(f"{MARK} is on an item that can't be in another crate", where=str(root), fix=fix)
    return marked


def needs_of_wrappers(wrappers: Collection[Wrapper]) -> dict[str, list[str]]:
    """The wrappers that each wrapper names. A private wrapper also needs its users: it is in their crate."""
    owners = {name: wrapper.name for wrapper in wrappers for name in wrapper.names}
    needs = {w.name: sorted({owners[name] for name in w.identifiers & owners.keys()} - {w.name}) for w in wrappers}
    for private in (wrapper.name for wrapper in wrappers if not wrapper.public):
        needs[private] += [user for user in needs if private in needs[user]]
    return needs


def reexport_lines(
    root: Path, reexports: Iterable[tuple[tuple[str, ...], str]], crates: Mapping[str, WrapperCrate]
) -> Iterator[tuple[str, str]]:
    """The re-exports of wrappers, each with its attributes besides the mark, and the name of the wrapper's crate.

    Raises `UserError` for an item that is no re-export of one marked wrapper.
    """
    crate_of = {wrapper.name: crate.name for crate in crates.values() for wrapper in crate.wrappers}
    for item_attributes, item in reexports:
        source = crate_of.get(reexported_wrapper(item))
        if source is None:
            fix = "write `pub use crate::x::Y;`, where x is a wrapper with the same mark"
            raise UserError(f"`{item}` is not a re-export of one marked wrapper", where=str(root), fix=fix)
        others = " ".join(attribute for attribute in item_attributes if attribute != MARK)
        yield f"{others} {item}".strip(), source


def kernel_files(target: BuildTarget) -> list[Path]:
    """The Rust sources of kernel/ and of rust/, sorted."""
    directories = (target.sources / "kernel", target.sources / "rust")
    return sorted(path for directory in directories for path in files_below(directory, ".rs", target.build.parent))


def attributes(text: str) -> tuple[str, ...]:
    """The attributes in a text, each on one line."""
    return tuple(re.sub(r"\s+", " ", attribute) for attribute in re.findall(r"#\[[^\]]*\]", text))


def reexported_wrapper(item: str) -> str:
    """The wrapper that a re-export of kernel/lib.rs is of. Empty if that can't be said."""
    match = REEXPORT.fullmatch(item)
    return match[1] if match else ""


def read_wrapper(
    target: BuildTarget, match: re.Match[str], reexports: Iterable[tuple[tuple[str, ...], str]]
) -> Wrapper:
    """A wrapper that kernel/lib.rs declares. Raises `UserError` if it has no file."""
    name, directory = match["name"], target.sources / "kernel"
    candidates = (directory / f"{name}.rs", directory / name / "mod.rs")
    path = next((path for path in candidates if path.is_file()), None)
    if path is None:
        raise UserError(
            f"there is no file for `mod {name};`", where=str(directory / "lib.rs"), fix=f"add {candidates[0]}"
        )
    files = tuple(sorted({path, *(directory / name).rglob("*.rs")}))
    scans = [scan(target, file) for file in files]
    macros = tuple(sorted({macro for found in scans for macro in found["macros"]}))
    uses = (item for _, item in reexports if reexported_wrapper(item) == name)
    exported = {name for item in uses for name in EXPORTED_NAME.findall(item)}
    others = tuple(attribute for attribute in attributes(match["attributes"]) if attribute != MARK)
    identifiers = frozenset(identifier for found in scans for identifier in found["identifiers"])
    return Wrapper(
        name, path, files, others, bool(match["pub"]), frozenset(exported | set(macros)), macros, identifiers
    )


def scan(target: BuildTarget, path: Path) -> dict[str, list[str]]:
    """The ``identifiers`` in the code of a source, and the ``macros`` that it exports."""

    def find(text: str) -> str:
        code = code_text(str(path), text)
        found = {"identifiers": set(IDENTIFIER.findall(code)), "macros": set(EXPORTED_MACRO.findall(code))}
        return json.dumps({kind: sorted(names) for kind, names in found.items()})

    found: dict[str, list[str]] = json.loads(target.digests.derived(path, f"wrapper:{FORMAT}", find) or find(""))
    return found


def crates_of_groups(
    groups: Iterable[list[str]], wrappers: Mapping[str, Wrapper], needs: Mapping[str, list[str]]
) -> dict[str, WrapperCrate]:
    """A crate for each group of wrappers, by the crate's name, each after those that it needs.

    The crate has the name of its first public wrapper.
    """
    crates: dict[str, WrapperCrate] = {}
    crate_of: dict[str, str] = {}
    for group in groups:
        members = [wrapper for name, wrapper in wrappers.items() if name in group]
        first = next((wrapper for wrapper in members if wrapper.public), members[0])
        crate = f"kernel_{first.name}"
        crate_of |= dict.fromkeys(group, crate)
        needed = {crate_of[name] for member in group for name in needs[member]} - {crate}
        crates[crate] = WrapperCrate(crate, tuple(members), tuple(sorted(needed)))
    return crates


def strongly_connected(names: Iterable[str], needs: Mapping[str, list[str]]) -> list[list[str]]:
    """The groups of names that need each other, each group after those that it needs (Tarjan's algorithm)."""
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(name: str) -> None:
        numbers[name] = lowest[name] = len(numbers)
        stack.append(name)
        for other in needs[name]:
            if other not in numbers:
                visit(other)
            if other in stack:
                lowest[name] = min(lowest[name], lowest[other])
        if lowest[name] == numbers[name]:
            at = stack.index(name)
            groups.append(sorted(stack[at:]))
            del stack[at:]

    for name in names:
        if name not in numbers:
            visit(name)
    return groups
