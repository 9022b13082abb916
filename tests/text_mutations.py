# SPDX-License-Identifier: MIT
"""C sources that differ and have the same key text. Whether a compiler takes them for the same is for a test to ask."""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from scons_kmod.engine.key_text import c_key_text

# Parts of a source. `arr` makes a sanitizer record a place.
PARTS = (
    "int a{n} = 1 + 2;",
    "int b{n} = __LINE__;",
    'const char *c{n} = "x // y /* z */ \\" q";',
    "char d{n} = '\"', e{n} = '/';",
    "#define M{n}(x) #x\nconst char *f{n} = M{n}(p  q/r);",
    "#define N{n} 3 /* three */\nint g{n} = N{n};",
    "#if 1 /* yes */\nint h{n};\n#endif",
    "#include <a//b.h>\nint i{n} = B;",
    "#if __has_include(<a//b.h>)\nint j{n};\n#endif",
    "int k{n}(int x) {{ return arr[x] << x; }}",
    'const char *l{n} = R"(raw // text)";',
    "#define O{n} \\\n    7\nint m{n} = O{n};",
    "int o{n} = 1\\\n2;",
    "// it goes on \\ \n here /*\nint p{n}; /* */",
    "/* a comment\n   of two lines */ int q{n};",
    "%:define Q{n} 5\nint r{n} = Q{n};",
    "int s{n} <:2:>;",
)
PIECES = (
    *(" ", "\t", "  ", "\n", "\f", "/* x */", "/**/", "/* x\n y */", "// x\n", "//\\\n", "// x \\ \n"),
    *("\\\n", "\\ \n", "\\\n ", "\r\n", "\r", "/", "*", "//", "/*", "*/", '"', "'", '"//"', "<", ">", "\\", "??/"),
    *("%:", "R", 'R"(', ')"', "u8", "#", "/// x\n", "/*/", "/* ' */", "// '\n", "\u00e4", "/* \u00e4 */"),
    *("z", "7", "+1", "int t;"),
)
# Where a comment or a constant may begin or end, or a line goes on: half of the changes are beside such a place.
MARKS = re.compile(r"""//|/\*|\*/|\\[ \r]*\n|["'<>]""")
# The kinds of key text: `lines` and `columns`.
DETAILS = ((False, False), (True, False), (True, True))


def source(dice: random.Random) -> str:
    """A source of some parts."""
    parts = (dice.choice(PARTS).format(n=number) for number in range(dice.randrange(1, 5)))
    return "\n".join(("extern int arr[8];", *parts, ""))


def mutated(text: str, dice: random.Random) -> str:
    """The source with something put in, taken away or exchanged at one or two places."""
    for _ in range(dice.choice((1, 1, 2))):
        marks = [index for match in MARKS.finditer(text) for index in (match.start(), match.end(), match.end() + 1)]
        at = dice.choice(marks) if marks and dice.random() < 0.5 else dice.randrange(len(text) + 1)
        length = dice.choice((0, 0, 0, 1, 2))
        text = text[:at] + (dice.choice(PIECES) if length < 2 or dice.random() < 0.5 else "") + text[at + length :]
    return text


def pairs(seed: int) -> Iterator[tuple[str, str, tuple[bool, bool]]]:
    """Pairs of differing sources with the same key text, each with `lines` and `columns`."""
    dice = random.Random(seed)
    while True:
        text = source(dice)
        if dice.random() < 0.3:
            text = mutated(text, dice)
        lines, columns = dice.choice(DETAILS)
        key = c_key_text(text, lines=lines, columns=columns)
        for _ in range(20):
            other = mutated(text, dice)
            if other != text and c_key_text(other, lines=lines, columns=columns) == key:
                yield text, other, (lines, columns)


class Compiler:
    """The C compiler proper, in a directory with a header ``a/b.h``."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "a").mkdir(exist_ok=True)
        (directory / "a/b.h").write_text("#define B 1\n")
        found = subprocess.run(("gcc", "-print-prog-name=cc1"), capture_output=True, text=True, check=True)
        self.program = found.stdout.strip()

    def output(self, text: str, detail: tuple[bool, bool]) -> str | None:
        """The assembly for a source, with lines and columns if they are asked for. None if there is an error."""
        lines, columns = detail
        argv = [self.program, "-quiet", "-w", "-O1", "-std=gnu11", "-I.", "-o", "-", "-"]
        argv += ["-fsanitize=bounds-strict,shift"] if columns else []
        argv += [] if lines else ["-Wno-builtin-macro-redefined", "-D__LINE__=0"]
        done = subprocess.run(
            argv, cwd=self.directory, input=text.encode(), capture_output=True, check=False, timeout=600
        )
        return None if done.returncode else done.stdout.decode(errors="replace")

    def difference(self, pair: tuple[str, str, tuple[bool, bool]]) -> str:
        """What differs between the two sources of a pair. Empty if nothing does."""
        text, other, detail = pair
        return "" if self.output(text, detail) == self.output(other, detail) else f"{text!r}\n{other!r}\n{detail}"
