# SPDX-License-Identifier: MIT
"""What rustc reads in other ways than as Rust: texts that a macro takes in, and files of assembly.

rustc lists the texts in its depfile, but not how they are read. It does not list what ``.include`` and ``.incbin`` of
``asm!`` and ``global_asm!`` read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.engine.key_text import rust_code_text

# Rust macros that take in a file to the letter, comments included.
INCLUDES_TEXT = ("include_str", "include_bytes")
# A directive in a string of Rust, in a raw string, or in a file of assembly. Braces stand for an operand.
DIRECTIVE = re.compile(r'\.(?:incbin\b|include\b(?=\s*\\?"))\s*(?:\\?"(?P<name>[^"\\\n{}]+)\\?")?')


def includes_text(files_read: Iterable[str]) -> bool:
    """Whether one of the Rust sources takes in another file as text. True if one can't be read any more."""
    try:
        texts = (Path(path).read_text(errors="replace") for path in files_read if path.endswith(".rs"))
        return any(macro in text for text in texts for macro in INCLUDES_TEXT)
    except OSError:
        return True


def assembled_files(files_read: Iterable[str], directory: Path) -> tuple[set[str], set[str]]:
    """What assembly in the files that rustc has read takes in, and those of the files of which it is not known.

    `directory` is rustc's working directory: a name is relative to it.
    """
    assembled: set[str] = set()
    unknown: set[str] = set()
    for path in files_read:
        for name in names_in(path):
            if name is None:
                unknown.add(path)
            else:
                assembled.add(str(directory / name))
    return assembled, unknown


def names_in(path: str) -> list[str | None]:
    """The names after ``.include`` and ``.incbin`` in a file. None stands for one that is not written out."""
    try:
        text = Path(path).read_text(errors="replace")
    except OSError:
        return []
    if ".inc" not in text:
        return []
    code = rust_code_text(text) if path.endswith(".rs") else text
    return [match["name"] for match in DIRECTIVE.finditer(code)]
