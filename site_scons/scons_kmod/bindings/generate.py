# SPDX-License-Identifier: MIT
"""The bindings to what the fingerprint names, by bindgen. Runs as a process of its own.

The result depends on the fingerprint, on bindgen and on its args alone: the items are sorted by their text, and types
without a name are renumbered. So if the fingerprint is unchanged and bindgen does not run, the bindings are the same as
in a build from nothing.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from scons_kmod.bindings.layout_checks import constant_checks, items
from scons_kmod.bindings.parts import SHARED, divided

# The names that bindgen appends _ to (ir/context.rs, `rust_mangle`).
MANGLED = frozenset(
    "abstract alignof as async become box break const continue crate do dyn else enum extern false final fn for if impl"
    " in let loop macro match mod move mut offsetof override priv proc pub pure ref return Self self sizeof static"
    " struct super trait true try type typeof unsafe unsized use virtual where while yield str bool f32 f64 usize isize"
    " u128 i128 u64 i64 u32 i32 u16 i16 u8 i8 _".split()
)
ALLOWLISTS = ("type", "function", "var")
# bindgen's name for a type without a name that is in no other type: a number.
NUMBERED = re.compile(r"\b_bindgen_ty_(\d+)(?!\d)")
# In bytes. The longest argument that Linux takes is 128 KiB (MAX_ARG_STRLEN).
LONGEST_PATTERN = 1 << 16


def mangled(name: str) -> str:
    """bindgen's Rust name for a type, a function, a variable or a field of C."""
    return f"{name}_" if name in MANGLED else name


def name_patterns(names: Collection[str], ending: str = "") -> Iterator[str]:
    """Regular expressions that match all the names with this ending, each short enough for an argument.

    The names are in parentheses: bindgen adds anchors to the whole expression, not to each alternative.
    """
    group: list[str] = []
    size = 0
    for name in sorted({*names, *map(mangled, names)}):
        if size + len(name) > LONGEST_PATTERN:
            yield f"({'|'.join(group)}){ending}"
            group, size = [], 0
        group.append(name)
        size += len(name) + 1
    # Without any pattern bindgen would write everything.
    yield f"({'|'.join(group or ['-'])}){ending}"


def selection_args(fingerprint: dict[str, Any]) -> list[str]:
    """bindgen's args for a fingerprint: what to write, and which types to leave out."""
    patterns = name_patterns(fingerprint["declarations"])
    allowed = [f"--allowlist-{kind}={pattern}" for pattern in patterns for kind in ALLOWLISTS]
    # If a type is only blocked, bindgen still writes what it is made of, and types without a name in it.
    left_out = name_patterns(fingerprint["opaque"], "(__bindgen_ty_.*)?")
    return [*allowed, *(f"--{option}-type={pattern}" for pattern in left_out for option in ("blocklist", "opaque"))]


def opaque_types(names: Iterable[str]) -> list[str]:
    """Rust declarations of types that Rust code can only have pointers to."""
    return [f"#[repr(C)] pub struct {mangled(name)} {{ _opaque: [u8; 0] }}" for name in names]


def sorted_items(items: Iterable[str], numbers: dict[str, str] | None = None) -> list[str]:
    """The items sorted by their text. Types that bindgen numbers are renumbered in the order of their first use.

    `numbers` has the new numbers that are taken, by the old ones. The new ones are added.
    """
    numbers = {} if numbers is None else numbers
    unnumbered = {item: NUMBERED.sub("", item) for item in items}
    counts = Counter(unnumbered.values())
    # Items that differ in nothing but the number come last. Items with names of their own use the numbers before.
    for item in sorted(unnumbered, key=lambda item: (counts[unnumbered[item]] > 1, unnumbered[item])):
        for number in NUMBERED.findall(item):
            numbers.setdefault(number, str(len(numbers) + 1))
    return sorted(NUMBERED.sub(lambda match: f"_bindgen_ty_{numbers[match[1]]}", item) for item in unnumbered)


def part_texts(items: Iterable[str], fingerprint: dict[str, Any]) -> dict[str, str]:
    """The text of each part of the bindings, by the name of its crate (parts.py).

    The numbers of types in the shared part do not depend on the other parts.
    """
    parts = divided(items, fingerprint["named"], fingerprint["elsewhere"])
    numbers: dict[str, str] = {}
    shared = sorted_items(parts.pop(SHARED), numbers)
    others = {crate: sorted_items(texts, dict(numbers)) for crate, texts in parts.items()}
    return {crate: "\n".join((*texts, "")) for crate, texts in ({SHARED: shared} | others).items()}


def named_sizes(sizes: str) -> str:
    """The lines of a header of sizes, sorted, without those of types that only have a number."""
    return "".join(sorted(line for line in sizes.splitlines(keepends=True) if "SIZEOF__bindgen_ty_" not in line))


def main(request: dict[str, Any]) -> int:
    """Run bindgen, and write the bindings and the header of sizes from its output. Returns the exit status.

    `request` has the command line ``bindgen``, the ``flags`` for libclang, and the paths of the ``fingerprint``, of
    bindgen's ``raw`` output, and of the outputs ``bindings``, ``layout``, and ``parts`` by their crates.
    """
    fingerprint = json.loads(Path(request["fingerprint"]).read_text())
    raw = Path(request["raw"])
    argv = [*request["bindgen"], *selection_args(fingerprint), "-o", str(raw), "--", *request["flags"]]
    status = subprocess.run(argv, check=False).returncode
    if status:
        print(f"{argv[0]} ended with status {status}", file=sys.stderr)
        return 1
    rust, sizes = constant_checks(raw.read_text())
    opaque = opaque_types(fingerprint["opaque"])
    Path(request["bindings"]).write_text("\n".join((*sorted_items(items(rust)), *opaque, "")))
    texts = part_texts((*items(rust), *opaque), fingerprint)
    for crate, path in request["parts"].items():
        Path(path).write_text(texts[crate])
    Path(request["layout"]).write_text(named_sizes(sizes))
    return 0
