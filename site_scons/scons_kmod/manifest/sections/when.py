# SPDX-License-Identifier: MIT
"""``[when.'CONDITION']`` of a manifest: tables that count for some kernels only, added to those that always do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Key, Located
from scons_kmod.kernel.kernel_tree import KernelTree
from scons_kmod.manifest.sections.requires import SYMBOL, Bound, Requires, parse_bound

WHEN = "when"
DOC = "Tables that count only for kernels that meet the condition. They are added to those that always count."
KERNEL = "kernel "
# Tables that can't be under a condition: which modules there are, and for which kernels, is known before a kernel is.
FIXED = ("requires", "package", "library", WHEN)


class Condition(NamedTuple):
    """Holds for kernels that meet `needs` and that have none of the symbols in `without`."""

    needs: Requires
    without: tuple[str, ...] = ()

    def holds(self, tree: KernelTree) -> bool:
        """Whether the tables under it count for a kernel."""
        return self.needs.unmet(tree) is None and not any(map(tree.enabled, self.without))


def read_conditions(located: Located) -> dict[str, Condition]:
    """The conditions of a manifest by their texts. Raises `UserError`."""
    tables = located.data.get(WHEN, {})
    if not isinstance(tables, dict):
        raise UserError("must be a table", where=located.where((WHEN,)), fix="write [when.'CONFIG_X'.c]")
    for text, table in tables.items():
        key = (WHEN, text)
        if not isinstance(table, dict):
            raise UserError("must contain tables", where=located.where(key), fix=f"write [when.'{text}'.c]")
        for name in table:
            if name in FIXED:
                what = f"[{name}] can't depend on the kernel"
                raise UserError(what, where=located.where((*key, name)), fix="write it at the top level")
    return {text: parse_condition(located, text) for text in tables}


def parse_condition(located: Located, text: str) -> Condition:
    """``CONFIG_X``, ``!CONFIG_X`` or ``kernel >= 6.12``, or several with commas between, which all must hold.

    Raises `UserError` if the text is not a condition, or one that no kernel meets.
    """
    bounds: list[Bound] = []
    needed: list[str] = []
    without: list[str] = []
    for part in (part.strip() for part in text.split(",")):
        bound = parse_bound(part.removeprefix(KERNEL)) if part.startswith(KERNEL) else None
        if bound:
            bounds.append(bound)
        elif SYMBOL.fits(part.removeprefix("!")):
            (without if part.startswith("!") else needed).append(part.removeprefix("!"))
        else:
            fix = "write CONFIG_NAME, !CONFIG_NAME or kernel >= 6.12, with a comma between several"
            raise UserError(f"{part!r} is not a condition", where=located.where((WHEN, text)), fix=fix)
    if both := {*needed} & {*without}:
        what = f"no kernel both sets {min(both)} and does not set it"
        raise UserError(what, where=located.where((WHEN, text)), fix="leave one of them out")
    return Condition(Requires(tuple(bounds), tuple(needed)), tuple(without))


def add_conditional_tables(located: Located, texts: list[str]) -> Located:
    """The manifest as it reads where these of its conditions hold. Raises `UserError` if they contradict each other."""
    data: dict[str, Any] = {name: value for name, value in located.data.items() if name != WHEN}
    lines = {key: line for key, line in located.lines.items() if key[:1] != (WHEN,)}
    for text in texts:
        base = Located(located.path, data, lines)
        data = merge_table(base, (), located, (WHEN, text), located.data[WHEN][text])
    return Located(located.path, data, lines)


def merge_table(base: Located, key: Key, located: Located, source: Key, added: Mapping[str, Any]) -> dict[str, Any]:
    """The table at `key` of the base with the table at `source` of the manifest added: lists grow, new keys come in.

    The lines of the added keys are written to the base. Raises `UserError` for a key that has another value already.
    """
    table: Any = base.data
    for name in key:
        table = table.get(name, {})
    merged = dict(table)
    lines: Any = base.lines
    for name, value in added.items():
        target, origin = (*key, name), (*source, name)
        known = merged.get(name)
        if isinstance(value, dict) and isinstance(known, dict | None):
            lines.setdefault(target, located.line_of(origin))
            merged[name] = merge_table(base, target, located, origin, value)
        elif isinstance(value, list) and isinstance(known, list | None):
            before = known or []
            merged[name] = [*before, *value]
            lines.setdefault(target, located.line_of(origin))
            lines |= {(*target, len(before) + n): located.line_of((*origin, n)) for n in range(len(value))}
        elif known is None:
            merged[name] = value
            lines[target] = located.line_of(origin)
        else:
            where = located.where(origin)
            raise UserError("it already has another value", where=where, fix="set it only under conditions")
    return merged
