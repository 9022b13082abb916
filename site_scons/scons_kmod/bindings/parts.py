# SPDX-License-Identifier: MIT
"""Divides the bindings among crates: what one wrapper alone names, what the rest of kernel/ reaches, and the rest.

The division follows from kernel/ and from what bindgen has written. So an edit of a declaration that one wrapper alone
uses changes the part of that wrapper only, and what modules name changes only the part `MODULES`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from scons_kmod.engine.identifiers import IDENTIFIER, UNNAMED_IN_RUST

# What several crates of kernel/ reach, or the base alone; and what only modules and libraries reach.
SHARED = "bindings"
MODULES = "bindings_modules"
# bindgen's name for a type without a name that is in no other type begins with this.
UNNAMED_TYPE = "_bindgen_ty_"
# What an item defines. bindgen writes one function or variable in each `extern "C"` block.
DEFINED = re.compile(r"\bpub (?:struct|union|type|const|static(?: mut)?|fn|enum|mod) (\w+)")
# The type that an implementation or a layout check is about.
IMPLEMENTED = re.compile(r"^(?:# ?\[[^\]]*\]\s*)*(?:unsafe )?impl\b([^{]*)\{")
CONSTANT = re.compile(r"^pub const (\w+) ?: ?(\w+) ?=")
CHECKED = re.compile(r"^const _: \(\) = assert!\(::core::mem::\w+::<(\w+)>")


class Items:
    """The items of the bindings by the name that each defines, or that it is about, and the names that they use."""

    def __init__(self, items: Iterable[str]) -> None:
        """Raises `ValueError` for an item of an unknown form."""
        self.texts: dict[str, list[str]] = {}
        unnamed = []
        for text in items:
            name = defined_name(text)
            if name is None or enum_of_constant(text):
                unnamed.append(text)
            else:
                self.texts.setdefault(name, []).append(text)
        for text in unnamed:
            subject = enum_of_constant(text) or subject_of(text, self.texts)
            self.texts.setdefault(subject, []).append(text)
        self.uses = {name: self.names_in(name) for name in self.texts}

    def names_in(self, name: str) -> set[str]:
        """The other names of items that the items of a name use."""
        found = {identifier for text in self.texts[name] for identifier in IDENTIFIER.findall(text)}
        return (found & self.texts.keys()) - {name}

    def reached(self, names: Iterable[str]) -> set[str]:
        """The names of items that items of these names are made of, in the end. They are among them."""
        reached: set[str] = set()
        pending = [name for name in names if name in self.texts]
        while pending:
            name = pending.pop()
            if name not in reached:
                reached.add(name)
                pending += self.uses[name]
        return reached


def defined_name(item: str) -> str | None:
    """The name that an item defines."""
    if IMPLEMENTED.match(item) or CHECKED.match(item):
        return None
    match = DEFINED.search(item)
    return match[1] if match else None


def enum_of_constant(item: str) -> str | None:
    """The enum of a constant that bindgen calls by the name of the enum and its own, or of the type around the enum."""
    constant = CONSTANT.match(item)
    if constant is None or constant[2].startswith(UNNAMED_TYPE):
        return None
    outer = constant[2].partition(UNNAMED_IN_RUST)[0]
    return constant[2] if constant[1].startswith(f"{outer}_") else None


def subject_of(item: str, names: Collection[str]) -> str:
    """The name of the type that an item without a name of its own is about. Raises `ValueError` if there is none."""
    if checked := CHECKED.match(item):
        candidates = [checked[1]]
    else:
        implemented = IMPLEMENTED.match(item)
        candidates = IDENTIFIER.findall(implemented[1].rpartition(" for ")[2]) if implemented else []
    found = [name for name in candidates if name in names]
    if not found:
        raise ValueError(f"an item of an unknown form: {item[:200]}")
    return found[0]


def divided(
    items: Iterable[str], named: Mapping[str, Collection[str]], elsewhere: Collection[str]
) -> dict[str, list[str]]:
    """The items of each part, by the name of its crate. The crates in `named` have a part each.

    `named` are the names that stand in the sources of the crates of kernel/; those of the base crate are under
    `SHARED`. `elsewhere` are names in C headers of modules. Raises `ValueError` for an item of an unknown form.
    """
    known = Items(items)
    crates = {crate: item_names(names, known) for crate, names in named.items()}
    by_kernel = known.reached({name for names in crates.values() for name in names})
    foreign = known.reached(item_names(elsewhere, known))
    owner = dict(owners(known, crates, foreign))
    parts: dict[str, list[str]] = {crate: [] for crate in (*named, SHARED, MODULES)}
    for name, texts in known.texts.items():
        parts[owner.get(name, SHARED if name in by_kernel else MODULES)] += texts
    return parts


def item_names(names: Iterable[str], known: Items) -> set[str]:
    """The names of items that these names of C stand for: bindgen appends _ to Rust's keywords."""
    return {spelling for name in names for spelling in (name, f"{name}_") if spelling in known.texts}


def owners(known: Items, crates: Mapping[str, Collection[str]], foreign: Collection[str]) -> Iterator[tuple[str, str]]:
    """The items that one wrapper's crate alone names, each with the name of the crate.

    An item that another part uses can't be one of them. The type within a type goes with it.
    """
    owner: dict[str, str] = {}
    for crate, names in crates.items():
        others = {name for other, theirs in crates.items() if other != crate for name in theirs}
        if crate != SHARED:
            owner |= dict.fromkeys(set(names) - others - set(foreign), crate)
    for name in known.texts:
        outer = owner.get(name.partition(UNNAMED_IN_RUST)[0])
        if outer and name not in foreign:
            owner[name] = outer
    users: dict[str, list[str]] = {}
    for name, used in known.uses.items():
        for other in used:
            users.setdefault(other, []).append(name)
    pending = list(owner)
    while pending:
        name = pending.pop()
        if name in owner and any(owner.get(user) != owner[name] for user in users.get(name, ())):
            del owner[name]
            pending += known.uses[name]
    yield from owner.items()
