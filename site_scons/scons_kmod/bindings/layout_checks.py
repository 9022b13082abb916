# SPDX-License-Identifier: MIT
"""bindgen's layout tests as checks at compile time.

bindgen writes what libclang knows of each type's layout. 0.60 writes it as `#[test]` functions, which no kernel runs;
0.71 writes constants that overflow. Here they become one assertion for each type: if rustc lays out a type differently,
it does not compile. The sizes go into a C header, too, and the C helpers compare what libclang saw with what the
kernel's own compiler makes of the type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Without rustfmt, which would cost a third of the time, bindgen writes its tokens on one line.
LAYOUT_TEST = re.compile(
    r"# ?\[test\]\s+fn bindgen_test_layout_\w+ ?\(\) \{"
    r"|# ?\[allow \(clippy :: unnecessary_operation , clippy :: identity_op\)\] const _ : \(\) = \{"
)
SIZE_OR_ALIGNMENT = re.compile(r"mem ?:: ?(size|align)_of ?:: ?< ?(\w+) ?> ?\(\) ?[,-] ?(\d+)usize")
FIELD_OFFSET = re.compile(
    r"addr_of ?! ?\(\(\* ?ptr\) ?\. ?((?:r#)?\w+)\) as usize - ptr as usize \} ?, ?(\d+)usize"
    r"|mem :: offset_of ! \(\w+ , ((?:r#)?\w+)\) - (\d+)usize"
)
BRACE = re.compile(r"[{}]")
# What may end an item; and strings, whose content ends nothing.
ITEM_END = re.compile(r'"(?:\\.|[^"\\])*"|[{}()\[\];]', re.DOTALL)
COMMENT = re.compile(r"\s*/\*.*?\*/\s*", re.DOTALL)


def constant_checks(text: str) -> tuple[str, str]:
    """Turn bindgen's output into Rust code with assertions instead of tests, and a C header of sizes (in bytes).

    Raises `ValueError` for a test of an unknown form.
    """
    rust: list[str] = []
    sizes: list[str] = []
    at = 0
    while test := LAYOUT_TEST.search(text, at):
        end = closing_brace(text, test.end())
        body = text[test.end() : end]
        measures = SIZE_OR_ALIGNMENT.findall(body)
        checks = [f"::core::mem::{measure}_of::<{name}>() == {value}" for measure, name, value in measures]
        # Each test is about one type.
        for match in FIELD_OFFSET.finditer(body):
            field, at_byte = filter(None, match.groups())
            checks.append(f"::core::mem::offset_of!({measures[0][1]}, {field}) == {at_byte}")
        if len(checks) != 2 + body.count("Offset of field: "):
            raise ValueError(f"a layout test of an unknown form: {body}")
        sizes += [f"#define BINDINGS_SIZEOF_{name} {value}\n" for measure, name, value in measures if measure == "size"]
        # One assertion for each type: with one for each field, rustc takes twice as long for the whole crate.
        rust += [text[at : test.start()], f"const _: () = assert!({' && '.join(checks)});\n"]
        at = end + 1 + (text[end + 1 : end + 3] == " ;") * 2
    return "".join((*rust, text[at:])), "".join(sizes)


def items(text: str) -> Iterator[str]:
    """The items of bindgen's output, without the comment at its beginning."""
    comment = COMMENT.match(text)
    begin = comment.end() if comment else 0
    depth = 0
    for mark in ITEM_END.finditer(text, begin):
        if mark[0] in "{([":
            depth += 1
        elif mark[0] in "})]":
            depth -= 1
        if depth == 0 and mark[0] in "};":
            # `struct A {};` does not occur: a semicolon by itself would belong to what is before it.
            yield text[begin : mark.end()].strip()
            begin = mark.end()


def closing_brace(text: str, at: int) -> int:
    """The position of the brace that closes the block around `at`. Raises `ValueError` if there is none."""
    depth = 1
    for brace in BRACE.finditer(text, at):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.start()
    raise ValueError("a block that does not end")
