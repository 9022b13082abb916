# SPDX-License-Identifier: MIT
"""Random changes of headers: as long as the fingerprint is one that was seen before, bindgen must write what it wrote.

By hand, with more of them: python test_fingerprint_against_bindgen.py SEED MUTATIONS
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "site_scons")]

from scons_kmod.base.run_log import RunLog
from scons_kmod.bindings import fingerprint, generate
from scons_kmod.bindings.flags import args_from_file
from scons_kmod.bindings.libclang import HeaderError
from scons_kmod.distro.sysroot import THIS_MACHINE
from scons_kmod.distro.target_choice import default_target
from scons_kmod.distro.target_file import read_targets
from scons_kmod.kernel.tool_finder import ToolFinder

PROJECT = Path(__file__).resolve().parents[2]
# The tools that kernels of this system ask for.
NEED = default_target(read_targets(PROJECT / "targets")).toolchain
LIBCLANG = ToolFinder(THIS_MACHINE, RunLog(), Path()).find_libclang(NEED.libclang)
# Each is moved, wrapped and repeated as a whole.
HEADERS = {
    "base.h": r"""
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long size_t;
typedef long long s64;
typedef u32 wide_t __attribute__((aligned(8)));
%%
#define ONE 1
%%
#define TWO (ONE + ONE)
#define SHIFT(x) (1 << (x))
%%
#define NAME "name" "d"
#define LETTER 'l'
#define HALF 0.5
%%
#define packed_attr __attribute__((packed))
%%
struct early;
enum forward;
typedef struct cut cut_t;
""",
    "types.h": r"""
struct list {
	struct list *next, *prev;
};
%%
struct early {
	int first;
	u8 second;
	struct list list;
};
%%
union both {
	int number;
	struct early *early;
	u8 bytes[ONE + 7];
};
%%
typedef struct {
	u8 raw[TWO];
	int rest;
} nameless_t;
%%
typedef enum { LOW, MIDDLE = 5, HIGH } level_t;
%%
enum color {
	RED = -1,
	GREEN = TWO,
	BLUE,
};
%%
enum { ANON_A = 3, ANON_B };
%%
enum { LONE = 7 };
%%
struct bits {
	unsigned a : 3;
	unsigned b : 5;
	u32 : 0;
	u8 flags : 2;
	s64 wide : 40;
};
%%
struct outer {
	struct inner {
		int deep;
		enum mode { ON = 1, OFF } mode;
	} in;
	union {
		int left;
		struct {
			u8 x;
			u32 y;
		};
		struct tagged_inner { short s; } tagged;
	};
	enum { NEST_A, NEST_B } kind;
	struct { int k; } named;
	struct inner *link;
	struct { int hidden; } *unnamed_pointer;
};
%%
struct uses {
	wide_t wide;
	struct list list;
	union both both;
	enum color color;
	level_t level;
	nameless_t *pointer;
	nameless_t value;
	struct far *far;
	struct cut *cut;
	struct only_inner *only_inner;
	cut_t *cut_t_pointer;
	int type;
	u32 tail[];
};
""",
    "far.h": r"""
typedef struct cut { int a; struct list l; } cut_t;
%%
struct far {
	int one;
	struct further *next;
	struct cut *cuts[TWO];
	void (*call)(struct cut *self, struct only_fn *by, int);
	int (*called)(struct far *self, int type, cut_t named);
};
%%
struct further { long number; struct cut *(*get)(void); };
%%
struct only_fn { int a; struct list b; };
%%
struct wrapping { struct only_inner { int a; struct only_fn f; } x; };
%%
typedef int (*callback_t)(struct far *far, level_t level);
typedef int plain_fn(struct cut *cut);
typedef struct far far_array[2];
%%
struct table {
	callback_t callback;
	plain_fn *plain;
	far_array *far;
	const char *const text;
	volatile int flag;
} __attribute__((aligned(32)));
%%
struct tight {
	u8 a;
	u32 b;
} packed_attr;
%%
struct far_away { int unused; struct list *list; };
""",
    "functions.h": r"""
int plain(struct uses *uses, int number);
%%
static inline int inlined(struct bits *bits) { return bits->a; }
%%
void *vararg(const char *text, ...);
%%
extern struct far *everywhere;
extern const int constant;
extern int numbers[4];
%%
static const int value = TWO + 1;
static const u32 big = 0xfffffff0;
static const u8 truth = ONE;
static const char string[] = NAME;
%%
int labelled(level_t) __asm__("label");
%%
void stop(void) __attribute__((noreturn));
int must(union both both) __attribute__((warn_unused_result));
%%
struct early by_value(struct tight tight, int array[3], callback_t function);
%%
static int internal(int a);
%%
struct { int a; } holder;
enum { INLINE_ENUM } enum_holder;
%%
#define LATE (TWO * value_of)
#define value_of 4
#define LATER (TWO * value_of)
#define ONE_AGAIN ONE
""",
}
UNIT = '#include "base.h"\n#include "types.h"\n#include "far.h"\n#include "functions.h"\n'
# What the made-up Rust source names; each walk takes some of them.
NAMES = (
    "plain inlined vararg everywhere constant numbers value big truth string labelled stop must by_value internal"
    " holder ONE TWO SHIFT NAME LETTER HALF LATE LATER ONE_AGAIN value_of packed_attr list early both nameless_t"
    " level_t color ANON_A LONE bits outer outer_inner outer__bindgen_ty_1 outer_NEST_A uses far further table"
    " tight wide_t cut_t u8 size_t far_cut next type_ callback color_RED level_t_LOW forward enum_holder"
    " INLINE_ENUM pointer call cuts inner"
).split()
TYPES = (
    "char|u8|short|int|unsigned|u32|long|s64|size_t|wide_t|level_t|struct list|struct early|union both|nameless_t"
    "|enum color|struct cut \\*|struct far \\*|void \\*|const int|callback_t|nameless_t \\*"
).split("|")
ATTRIBUTES = (
    "__attribute__((packed)) __attribute__((aligned(16))) __attribute__((aligned(1))) __attribute__((noreturn))"
    ' __attribute__((warn_unused_result)) __attribute__((visibility("hidden"))) __attribute__((deprecated))'
    ' __attribute__((ms_abi)) __attribute__((weak)) __asm__("other")'
).split()
QUALIFIERS = "const volatile static extern inline static\x20inline _Thread_local".split(" ")
EXTRA = (
    "struct early;",
    "struct inner;",
    "struct only_inner;",
    "struct tagged_inner;",
    "enum mode;",
    "struct cut;",
    "struct unreached {{ int a{n}; struct list l; }};",
    "enum {{ EXTRA_{n} = {n} }};",
    "enum unreached_{n} {{ UNREACHED_{n} }};",
    "typedef struct {{ int a; }} extra_{n}_t;",
    "typedef struct list extra_list_{n};",
    "#define EXTRA_{n} {n}",
    "#define ONE {n}",
    "#define value_of {n}",
    "#undef ONE",
    "#undef TWO",
    "#define x ONE",
    "int plain(struct uses *, int);",
    "int plain(struct uses *other, int number_{n});",
    "int vararg_{n}(struct cut *self, struct inner *inner);",
    "static inline int labelled(level_t level) {{ return {n}; }}",
    "static const int value_{n} = {n};",
    "struct {{ int a; }} extra_holder_{n};",
    "struct with_pointer_{n} {{ struct inner *a; struct only_inner *b; struct cut *c; }};",
    "extern const int value;",
    "extern struct only_inner *only_{n};",
    "/* a comment with #define ONE 5 */",
    '#include "far.h"',
    '#include "functions.h"',
    "#pragma pack(push, 1)",
    "#pragma pack(pop)",
    "#pragma GCC visibility push(hidden)",
    "#pragma GCC visibility pop",
)
NUMBER = re.compile(r"(?<![\w.])(0x)?\d+(?![\w.])")
NAME = re.compile(r"\b[a-z_A-Z]\w*\b")
FIELD = re.compile(r"\t[^\n{}]*;\n")


@dataclasses.dataclass
class Walk:
    """Headers that change step by step."""

    random: random.Random
    files: dict[str, list[str]] = dataclasses.field(default_factory=dict)

    def reset(self) -> None:
        """The headers as they are above."""
        self.files = {name: text.split("%%\n") for name, text in HEADERS.items()}

    def mutate(self) -> None:
        """One change."""
        name = self.random.choice(list(self.files))
        if not self.files[name]:
            return
        at = self.random.randrange(len(self.files[name]))
        if self.random.random() < 0.35:
            self.random.choice((self.add, self.add, self.move, self.swap, self.wrap, self.drop))(name, at)
        else:
            changes: tuple[Callable[[str], str], ...] = (
                *(self.number, self.number, self.type, self.type, self.rename, self.attribute, self.qualifier),
                *(self.remove_field, self.double_field, self.swap_lines, self.blank, self.pointer, self.width),
            )
            self.files[name][at] = self.random.choice(changes)(self.files[name][at])

    def add(self, name: str, at: int) -> None:
        text = self.random.choice(EXTRA).format(n=self.random.randrange(4))
        self.files[name].insert(at, f"{text}\n")

    def move(self, name: str, at: int) -> None:
        chunk = self.files[name].pop(at)
        other = self.random.choice(list(self.files))
        self.files[other].insert(self.random.randint(0, len(self.files[other])), chunk)

    def swap(self, name: str, at: int) -> None:
        chunks = self.files[name]
        other = self.random.randrange(len(chunks))
        chunks[at], chunks[other] = chunks[other], chunks[at]

    def wrap(self, name: str, at: int) -> None:
        condition = self.random.choice(("0", "1", "ONE == 1", "defined(TWO)", "!defined(LATER)"))
        self.files[name][at] = f"#if {condition}\n{self.files[name][at]}#endif\n"

    def drop(self, name: str, at: int) -> None:
        del self.files[name][at]

    def replaced(self, text: str, pattern: re.Pattern[str], new: Callable[[str], str]) -> str:
        """The text with one place that matches replaced."""
        found = list(pattern.finditer(text))
        if not found:
            return text
        match = self.random.choice(found)
        return text[: match.start()] + new(match[0]) + text[match.end() :]

    def number(self, text: str) -> str:
        return self.replaced(text, NUMBER, lambda _: self.random.choice("0 1 2 3 4 8 0x10 33 0xffffffff".split()))

    def type(self, text: str) -> str:
        return self.replaced(text, re.compile(rf"\b({'|'.join(TYPES)})\b"), lambda _: self.new_type())

    def new_type(self) -> str:
        return self.random.choice(TYPES).replace("\\", "")

    def rename(self, text: str) -> str:
        other = self.random.choice((*NAMES, "a", "b", "x", "type", "match"))
        return self.replaced(text, NAME, lambda old: self.random.choice((f"{old}2", other)))

    def attribute(self, text: str) -> str:
        if "__a" in text and self.random.random() < 0.3:
            return re.sub(r"__attribute__\(\(.*?\)\)(?=[ ;\n])|packed_attr", "", text, count=1)
        return self.replaced(text, re.compile(";"), lambda _: f" {self.random.choice(ATTRIBUTES)};")

    def qualifier(self, text: str) -> str:
        return self.replaced(text, NAME, lambda old: f"{self.random.choice(QUALIFIERS)} {old}")

    def pointer(self, text: str) -> str:
        return self.replaced(text, re.compile(r"\*|(?<= )(?=\w+;)"), lambda old: "" if old else "*")

    def width(self, text: str) -> str:
        return self.replaced(text, re.compile(r";"), lambda _: self.random.choice((" : 3;", "[2];", "[];", "[0];")))

    def remove_field(self, text: str) -> str:
        return self.replaced(text, FIELD, lambda _: "")

    def double_field(self, text: str) -> str:
        added = f"\t{self.new_type()} added_{self.random.randrange(3)};\n"
        return self.replaced(text, FIELD, lambda old: old + added)

    def swap_lines(self, text: str) -> str:
        lines = text.splitlines(keepends=True)
        if len(lines) > 1:
            at = self.random.randrange(len(lines) - 1)
            lines[at], lines[at + 1] = lines[at + 1], lines[at]
        return "".join(lines)

    def blank(self, text: str) -> str:
        return self.replaced(
            text, re.compile(r" |\n"), lambda old: old + self.random.choice(("/* c */", " ", "// c\n"))
        )

    def chosen_names(self) -> list[str]:
        """Some of the names."""
        return self.random.sample(NAMES, self.random.randint(1, len(NAMES)))


class Against:
    """What both programs make of headers."""

    def __init__(self, directory: Path, tool: str) -> None:
        self.directory = directory
        (directory / "unit.h").write_text(UNIT)
        flags = ["-std=gnu11", "-w", "-D__LINE__=0", "-Wno-builtin-macro-redefined"]
        self.first = {
            "libclang": LIBCLANG,
            "header": str(directory / "unit.h"),
            "flags": flags,
            "kernel": {},
            "headers": [],
            "modules": [str(directory / "source.rs")],
            **{name: str(directory / name) for name in ("fingerprint", "declared", "depfile")},
        }
        self.second = {
            "bindgen": [
                tool,
                str(directory / "unit.h"),
                *args_from_file(PROJECT / "rust/bindgen_parameters", NEED.bindgen),
            ],
            "flags": flags,
            **{name: str(directory / name) for name in ("fingerprint", "raw", "bindings", "layout")},
            "parts": {},
        }
        self.second["bindgen"] += ["--no-rustfmt-bindings"]
        os.environ["LIBCLANG_PATH"] = LIBCLANG

    def fingerprint(self, files: dict[str, list[str]], names: list[str]) -> str | None:
        """The fingerprint, or None if the headers can't be compiled."""
        for name, chunks in files.items():
            (self.directory / name).write_text("".join(chunks))
        (self.directory / "source.rs").write_text(" ".join(names))
        try:
            fingerprint.write_fingerprint(self.first)
        except HeaderError:
            return None
        return (self.directory / "fingerprint").read_text()

    def bindings(self) -> str | None:
        """What bindgen makes of the headers, given the fingerprint; None if it can't."""
        if generate.main(self.second):
            return None
        return (self.directory / "bindings").read_text() + (self.directory / "layout").read_text()


@dataclasses.dataclass
class Counts:
    """What came of it."""

    compiled: int = 0
    same: int = 0
    changed: int = 0
    in_vain: int = 0
    fingerprints: int = 0


def run(directory: Path, tool: str, seed: int, mutations: int, check: Callable[[Path], None] | None = None) -> Counts:
    """Walk from the headers above in random steps, as often as given."""
    walk, against, counts = Walk(random.Random(seed)), Against(directory, tool), Counts()
    seen: dict[str, tuple[str, dict[str, list[str]], list[str]]] = {}
    before: tuple[str, str] | None = None
    names: list[str] = []
    for number in range(mutations):
        if number % 12 == 0:
            walk.reset()
            names = walk.chosen_names()
            before = None
        kept = {name: list(chunks) for name, chunks in walk.files.items()}
        walk.mutate()
        key = against.fingerprint(walk.files, names)
        bindings = against.bindings() if key else None
        # bindgen alone looks into the bodies of functions, and finds errors there.
        if key is None or bindings is None:
            walk.files = kept
            continue
        counts.compiled += 1
        if check:
            check(directory / "bindings")
        if key in seen and seen[key][0] != bindings:
            report(directory, seen[key], (bindings, walk.files, names))
            raise AssertionError(
                f"seed {seed}, mutation {number}: other bindings with the same fingerprint: {directory}"
            )
        seen.setdefault(key, (bindings, {name: list(chunks) for name, chunks in walk.files.items()}, names))
        if before:
            same = before[0] == key
            counts.same += same
            counts.changed += not same
            counts.in_vain += not same and before[1] == bindings
            if not same and before[1] == bindings and "-v" in sys.argv:
                explain(before[0], key, kept, walk.files)
        before = (key, bindings)
    counts.fingerprints = len(seen)
    return counts


def report(directory: Path, *cases: tuple[str, dict[str, list[str]], list[str]]) -> None:
    """Leave both cases for a look at them."""
    for number, (bindings, files, names) in enumerate(cases):
        case = directory / f"case-{number}"
        shutil.rmtree(case, ignore_errors=True)
        case.mkdir()
        for name, chunks in files.items():
            (case / name).write_text("".join(chunks))
        (case / "bindings.rs").write_text(bindings)
        (case / "names").write_text(" ".join(names))


def explain(old: str, new: str, *files: dict[str, list[str]]) -> None:
    """What changed in vain."""
    a, b = (json.loads(text)["declarations"] for text in (old, new))
    names = [name for name in sorted({*a, *b}) if a.get(name) != b.get(name)]
    texts = [[chunk for chunks in chunks_by_name.values() for chunk in chunks] for chunks_by_name in files]
    lines = [chunk for chunk in texts[1] if chunk not in texts[0]]
    print("in vain:", names, [chunk for chunk in texts[0] if chunk not in texts[1]], "->", lines)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_fingerprint_means_the_same_bindings(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = shutil.which("bindgen") or "/usr/bin/bindgen"
    # It is set for the rest of the process otherwise.
    monkeypatch.setenv("LIBCLANG_PATH", "")
    counts = run(tmp_path, tool, seed, 60)
    assert counts.compiled > 20
    assert counts.same > 3


if __name__ == "__main__":
    print(run(Path(sys.argv[3]), "/usr/bin/bindgen", int(sys.argv[1]), int(sys.argv[2])))
