# SPDX-License-Identifier: MIT
"""What rustc reads in other ways than as Rust: texts that a macro takes in, and files of assembly.

rustc lists the texts in its depfile, but not how they are read. It does not list what ``.include`` and ``.incbin`` of
``asm!`` and ``global_asm!`` read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from scons_kmod.engine.digests import Digests
from scons_kmod.engine.key_text import rust_code_text

# The version of what `rust_reads` finds.
FORMAT = 1
# Rust macros that take in a file to the letter, comments included.
INCLUDES_TEXT = ("include_str", "include_bytes")
# A directive in a string of Rust, in a raw string, or in a file of assembly. Braces stand for an operand.
DIRECTIVE = re.compile(r'\.(?:incbin\b|include\b(?=\s*\\?"))\s*(?:\\?"(?P<name>[^"\\\n{}]+)\\?")?')


class RustReads(NamedTuple):
    """What a file that rustc has read makes it read, as far as the text says."""

    # Whether it is a Rust source that names a macro for text, and whether it defines macros.
    names_text_macro: bool
    defines_macros: bool
    # The names after ``.include`` and ``.incbin``. None stands for one that is not written out.
    assembled: tuple[str | None, ...]


def rust_reads(digests: Digests, path: str) -> RustReads:
    """What the file at `path` makes rustc read. Nothing if it can't be read."""
    found = digests.derived(path, f"rust-reads:{FORMAT}", lambda text: json.dumps(reads_in(path, text)))
    names_text_macro, defines_macros, assembled = json.loads(found) if found else (False, False, ())
    return RustReads(names_text_macro, defines_macros, tuple(assembled))


def reads_in(path: str, text: str) -> RustReads:
    """What a file with this text makes rustc read."""
    is_rust = path.endswith(".rs")
    code = rust_code_text(text) if is_rust and ".inc" in text else text
    return RustReads(
        is_rust and any(name in text for name in INCLUDES_TEXT),
        is_rust and "macro_rules" in text,
        tuple(match["name"] for match in DIRECTIVE.finditer(code)),
    )


def assembled_files(digests: Digests, files_read: Iterable[str], directory: Path) -> tuple[set[str], set[str]]:
    """What assembly in the files that rustc has read takes in, and those of the files of which it is not known.

    `directory` is rustc's working directory: a name is relative to it.
    """
    assembled: set[str] = set()
    unknown: set[str] = set()
    for path in files_read:
        for name in rust_reads(digests, path).assembled:
            if name is None:
                unknown.add(path)
            else:
                assembled.add(str(directory / name))
    return assembled, unknown
