# SPDX-License-Identifier: MIT
"""The bindings of what the fingerprint names, by bindgen. Run by program.py

What it writes depends on the fingerprint alone, and on bindgen and its arguments: the declarations come in the order
of their text, and types without a name are numbered anew. So a build that did not run it again, since the fingerprint
had stayed as it was, has the same bindings as a build from nothing.
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

# The names that bindgen appends _ to (ir/context.rs, `rust_mangle`).
MANGLED = frozenset(
    "abstract alignof as async become box break const continue crate do dyn else enum extern false final fn for if impl"
    " in let loop macro match mod move mut offsetof override priv proc pub pure ref return Self self sizeof static"
    " struct super trait true try type typeof unsafe unsized use virtual where while yield str bool f32 f64 usize isize"
    " u128 i128 u64 i64 u32 i32 u16 i16 u8 i8 _".split()
)
ALLOWED = ("type", "function", "var")
# A type without a name that is in no other, by bindgen's number of it.
NUMBERED = re.compile(r"\b_bindgen_ty_(\d+)(?!\d)")
# The longest argument that Linux takes is 128 KiB (MAX_ARG_STRLEN).
ARGUMENT = 1 << 16


def mangled(name: str) -> str:
    """What bindgen calls a type, a function, a variable or a field in Rust."""
    return f"{name}_" if name in MANGLED else name


def patterns(names: Collection[str], ending: str = "") -> Iterator[str]:
    """Regular expressions for all the names with this ending. bindgen adds anchors, but for the first and last only."""
    group: list[str] = []
    size = 0
    for name in sorted({*names, *map(mangled, names)}):
        if size + len(name) > ARGUMENT:
            yield f"({'|'.join(group)}){ending}"
            group, size = [], 0
        group.append(name)
        size += len(name) + 1
    # Without any pattern bindgen would write everything.
    yield f"({'|'.join(group or ['-'])}){ending}"


def bindgen_arguments(fingerprint: dict[str, Any]) -> list[str]:
    """bindgen's arguments for a fingerprint: what to write, and which types to leave out."""
    allowed = [f"--allowlist-{kind}={one}" for one in patterns(fingerprint["declarations"]) for kind in ALLOWED]
    # Of a type that is only left out, bindgen would still write what it is made of; and types without a name in it.
    left_out = patterns(fingerprint["opaque"], "(__bindgen_ty_.*)?")
    return [*allowed, *(f"--{how}-type={one}" for one in left_out for how in ("blocklist", "opaque"))]


def opaque_types(names: Iterable[str]) -> str:
    """Types that Rust code can only have pointers to."""
    return "".join(f"#[repr(C)] pub struct {mangled(name)} {{ _opaque: [u8; 0] }}\n" for name in names)


def in_order(items: Iterable[str]) -> list[str]:
    """The items by their text, with the types that bindgen numbers numbered by where they first are used."""
    plain = {item: NUMBERED.sub("", item) for item in items}
    alike = Counter(plain.values())
    numbers: dict[str, str] = {}
    # The first use is in what has a name of its own; definitions of different types may be alike but for the number.
    for item in sorted(plain, key=lambda item: (alike[plain[item]] > 1, plain[item])):
        for number in NUMBERED.findall(item):
            numbers.setdefault(number, str(len(numbers) + 1))
    return sorted(NUMBERED.sub(lambda match: f"_bindgen_ty_{numbers[match[1]]}", item) for item in plain)


def named_sizes(sizes: str) -> str:
    """The header of sizes without those of types that have a number for a name."""
    return "".join(sorted(line for line in sizes.splitlines(keepends=True) if "SIZEOF__bindgen_ty_" not in line))


def main(request: dict[str, Any]) -> int:
    """Run bindgen; from its output, write the bindings and the header of sizes. Returns the exit status."""
    fingerprint = json.loads(Path(request["fingerprint"]).read_text())
    raw = Path(request["raw"])
    argv = [*request["bindgen"], *bindgen_arguments(fingerprint), "-o", str(raw), "--", *request["flags"]]
    done = subprocess.run(argv, check=False)
    if done.returncode:
        print(f"{argv[0]} ended with status {done.returncode}", file=sys.stderr)
        return 1
    rust, sizes = constant_checks(raw.read_text())
    text = "\n".join((*in_order(items(rust)), opaque_types(fingerprint["opaque"])))
    Path(request["bindings"]).write_text(text)
    Path(request["layout"]).write_text(named_sizes(sizes))
    return 0
