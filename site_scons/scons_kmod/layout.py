# SPDX-License-Identifier: MIT
"""bindgen's layout tests as checks at compile time. Run as a program: layout.py BINDGEN.rs BINDINGS.rs LAYOUT.h

bindgen writes what libclang knows of each type's layout as `#[test]` functions, which nobody runs in a kernel. Here
they become constant assertions, so that a type that rustc lays out otherwise does not compile; and the sizes go into
a C header, so that the C helpers can compare what libclang saw with what the kernel's own compiler makes of it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

# bindgen writes its tokens on one line unless rustfmt is run, which costs a third of the time.
TEST = re.compile(r"# ?\[test\]\s+fn bindgen_test_layout_\w+ ?\(\) \{")
SIZE = re.compile(r"mem ?:: ?(size|align)_of ?:: ?< ?(\w+) ?> ?\(\) ?, ?(\d+)usize")
FIELD = re.compile(
    r"MaybeUninit ?:: ?< ?(\w+) ?> ?:: ?uninit.*?"
    r"addr_of ?! ?\(\(\* ?ptr\) ?\. ?((?:r#)?\w+)\) as usize - ptr as usize \} ?, ?(\d+)usize"
)
BRACE = re.compile(r"[{}]")
ITEM = re.compile(r"(?<=[;}]) (?=pub |# \[|extern |impl |const )")


def constant_checks(text: str) -> tuple[str, str]:
    """bindgen's output with assertions in place of tests, and the C header of sizes (in bytes).

    Raises `ValueError` for a test that is not understood.
    """
    kept: list[str] = []
    sizes: list[str] = []
    at = 0
    while test := TEST.search(text, at):
        end = closing_brace(text, test.end())
        body = text[test.end() : end]
        checks = [f"::core::mem::{what}_of::<{name}>() == {value}" for what, name, value in SIZE.findall(body)]
        checks += [f"::core::mem::offset_of!({n}, {field}) == {v}" for n, field, v in FIELD.findall(body)]
        if len(checks) != 2 + body.count("Offset of field: "):
            raise ValueError(f"a layout test of an unknown form: {body}")
        sizes += [f"#define BINDINGS_SIZEOF_{n} {value}\n" for what, n, value in SIZE.findall(body) if what == "size"]
        # One assertion a type: with one for each field, rustc takes twice as long for the whole crate.
        kept += [text[at : test.start()], f"const _: () = assert!({' && '.join(checks)});\n"]
        at = end + 1
    return ITEM.sub("\n", "".join((*kept, text[at:]))), "".join(sizes)


def closing_brace(text: str, at: int) -> int:
    """Where the block ends that `at` is the inside of."""
    depth = 1
    for brace in BRACE.finditer(text, at):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.start()
    raise ValueError("a block that does not end")


def main(source: Path, bindings: Path, header: Path) -> None:
    """Read bindgen's output, write the bindings and the header."""
    rust, sizes = constant_checks(source.read_text())
    bindings.write_text(rust)
    header.write_text(sizes)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
