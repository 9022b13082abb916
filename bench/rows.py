# SPDX-License-Identifier: MIT
"""The rows of the table: what is edited before a build, and of how many modules."""

from __future__ import annotations

import dataclasses
import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import generate
from elftools.elf.elffile import ELFFile

# Kbuild gets the flags that scons compiles C with: no debug information, and so no BTF.
SAME_FLAGS = ("KCFLAGS=-g0", "CONFIG_DEBUG_INFO_BTF_MODULES=")
RUST_MODULES = 20
SMALL_MODULES = 100
COLD_MOST = 100
# scons restores the outputs of an edit that it has seen before, so each edit is new.
numbers = itertools.count(1)


@dataclasses.dataclass(frozen=True)
class Pair:
    """Modules, and the two directories in which they are built for the same tree."""

    directory: Path
    tree: Path
    jobs: int

    @property
    def checkout(self) -> Path:
        """The copy of the project that scons builds."""
        return self.directory / "checkout"

    @property
    def modules(self) -> Path:
        """The modules' sources."""
        return self.directory / "modules"

    @property
    def work(self) -> Path:
        """The directory that is built by Kbuild."""
        return self.directory / "kbuild"

    @property
    def build(self) -> Path:
        """The target's build directory in that copy."""
        (found,) = (self.checkout / "build").glob("kdir-*")
        return found

    @property
    def scons(self) -> list[str]:
        """The command of scons. It runs in the checkout."""
        args = (f"-j{self.jobs}", f"KDIR={self.tree}", f"MODULES={self.modules}")
        return [sys.executable, "-m", "SCons", "-Q", *args]

    def kbuild(self, goal: str = "modules") -> list[str]:
        """The command of Kbuild."""
        return ["make", "-C", str(self.tree), f"M={self.work}", f"-j{self.jobs}", *SAME_FLAGS, goal]

    def lay_out(self, *args: str) -> str:
        """Make both directories for the modules, which exist already, and build the checkout, for the library crates.

        Returns what that build printed.
        """
        generate.checkout(self.checkout)
        printed = self.run([*self.scons, *args])
        program = Path(__file__).with_name("kbuild_side.py")
        paths = (program, self.checkout, self.tree, self.modules, self.work)
        self.run([sys.executable, *map(str, paths)], PYTHONPATH=str(self.checkout / "site_scons"))
        return printed

    def run(self, argv: list[str], **env: str) -> str:
        """Run a command that isn't measured and return what it prints."""
        done = subprocess.run(
            argv, cwd=self.checkout, env=os.environ | env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(argv)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def settle(self) -> None:
        """Bring both directories up to date."""
        self.run(self.scons)
        self.run(self.kbuild())

    def different(self) -> list[str]:
        """The modules whose .ko files differ, or that only one side has made.

        kernel/ is divided into other crates on both sides, so rustc inlines otherwise. So of a module with Rust, only
        what it declares and imports is compared. tests/rare/test_whole_kernel_crate.py compares the code.
        """
        by_scons = {path.name: path for path in (self.build / "modules").glob("*/*.ko")}
        by_kbuild = {path.name: path for path in self.work.glob("*.ko")}
        both = by_scons.keys() & by_kbuild.keys()
        with_rust = {f"{path.parent.name}.ko" for path in self.modules.glob("*/*.rs")}
        differ = {name for name in both - with_rust if by_scons[name].read_bytes() != by_kbuild[name].read_bytes()}
        differ |= {
            name for name in both & with_rust if what_is_declared(by_scons[name]) != what_is_declared(by_kbuild[name])
        }
        return sorted((by_scons.keys() ^ by_kbuild.keys()) | differ)


def what_is_declared(path: Path) -> dict[str, int]:
    """The sizes of the sections of a .ko that say what the module is and imports, in bytes."""
    with path.open("rb") as file:
        sections = {section.name: section["sh_size"] for section in ELFFile(file).iter_sections()}
    return {name: sections.get(name, 0) for name in (".modinfo", "__versions")}


Edit = Callable[[Pair], None]


@dataclasses.dataclass(frozen=True)
class Row:
    """What is measured: `edit` is made before each build, of `count` modules of this kind (c, rust, small).

    Of the kind `small`, every twentieth of the Rust modules uses the wrapper rbtree. Of the kind `parts` it is one
    module of `count` C files, of the kind `whole` one that has crates as well, which Kbuild leaves out.
    """

    name: str
    title: str
    kind: str
    count: int
    edit: Edit
    goal: float | None = None


def nothing(pair: Pair) -> None:
    """There is nothing to do."""


def without_modules(pair: Pair) -> None:
    """No module was ever built. The kernel tree stays, and what scons knows of the kernel and the tools (config/)."""
    for path in (*(pair.build / name for name in ("modules", "link", "kept")), pair.build / "traces.jsonl"):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    (pair.checkout / "build/digests.json").unlink(missing_ok=True)
    pair.run(pair.kbuild("clean"))


def without_build(pair: Pair) -> None:
    """There is no build directory: the kernel's Kbuild is asked for its commands again, and the tools are looked up."""
    shutil.rmtree(pair.checkout / "build")
    pair.run(pair.kbuild("clean"))


def replaced(paths: Callable[[Pair], list[Path]], pattern: str, by: str) -> Edit:
    """Replace the first match of a pattern in each file; ``{n}`` in `by` is a number that was not there before."""

    def edit(pair: Pair) -> None:
        new = by.format(n=next(numbers))
        for path in paths(pair):
            text, count = re.subn(pattern, new, path.read_text(), count=1)
            if not count:
                raise RuntimeError(f"{path}: nothing matches {pattern}")
            path.write_text(text)

    return edit


def comment(paths: Callable[[Pair], list[Path]]) -> Edit:
    """Change a comment at the end of the first line."""
    return replaced(paths, r"\A(.*?)( /\* bench \d+ \*/)?\n", r"\1 /* bench {n} */\n")


def comment_line(paths: Callable[[Pair], list[Path]]) -> Edit:
    """Add one more line with a comment to the head of the file."""
    return replaced(paths, r"\A", r"/* bench {n} */\n")


def touch(paths: Callable[[Pair], list[Path]]) -> Edit:
    """Set the time of modification."""

    def edit(pair: Pair) -> None:
        for path in paths(pair):
            path.touch()

    return edit


def header(name: str) -> Callable[[Pair], list[Path]]:
    """A header of the kernel."""
    return lambda pair: list(pair.tree.parent.glob(f"linux-headers-*-common/include/{name}"))


def source(name: str) -> Callable[[Pair], list[Path]]:
    """A file of the project."""
    return lambda pair: [pair.checkout / name]


def rust_module(pair: Pair) -> list[Path]:
    """The source of a Rust module."""
    return [pair.modules / "rust_minimal/rust_minimal.rs"]


def c_module(pair: Pair) -> list[Path]:
    """The source of a C module, for each of the two."""
    return [pair.modules / "bench_0000/bench_0000.c", pair.work / "bench_0000.c"]


def part(pair: Pair) -> list[Path]:
    """One of a module's C files, for each of the two."""
    return [pair.modules / "bench_parts/part_1.c", pair.work / "part_1.c"]


def own_header(pair: Pair) -> list[Path]:
    """The header that a module's C files have in common, for each of the two."""
    return [pair.modules / "bench_parts/parts.h", pair.work / "parts.h"]


RBTREE = source("kernel/rbtree.rs")


def body_of(paths: Callable[[Pair], list[Path]], name: str) -> Edit:
    """Put a number at the head of the function of this name."""
    return replaced(paths, rf"(fn {name}\([^{{]*\{{\n)( *let _ = \d+_u32;\n)?", r"\1        let _ = {n}_u32;\n")


def new_function(paths: Callable[[Pair], list[Path]]) -> Edit:
    """Add one more public function to the end of the file."""
    return replaced(paths, r"\s*\Z", r"\n\n/// A number.\npub fn bench_{n}() -> u32 {{\n    {n}\n}}\n")


def all_rows(counts: list[int]) -> Iterator[Row]:
    """The rows of the table, for these numbers of C modules."""
    goals = {1: 0.7, 100: 0.35, 1000: 0.2}
    for count in counts:
        yield Row("null-c", "nothing to do", "c", count, nothing, goals.get(count))
    rust = ("rust", RUST_MODULES)
    yield Row("null-rust", "nothing to do", *rust, nothing)
    for count in (count for count in counts if count <= COLD_MOST):
        goal = 0.7 if count == COLD_MOST else None
        yield Row("cold-c", "no module built yet", "c", count, without_modules, goal)
        yield Row("cold-all-c", "no build directory yet", "c", count, without_build)
    for count, goal in ((10, 1.0), (200, 0.8)):
        yield Row("null-parts", "nothing to do", "parts", count, nothing)
        yield Row("cold-parts", "no module built yet", "parts", count, without_modules, goal)
        yield Row("edit-part", "one file's source", "parts", count, replaced(part, r"\^ (\d+ \^ )?", "^ {n} ^ "))
        yield Row("own-header", "comment in the module's header", "parts", count, comment(own_header))
        yield Row(
            "own-macro", "macro in the module's header", "parts", count, replaced(own_header, r"SALT \d+", "SALT {n}")
        )
    yield Row("cold-whole", "no module built yet", "whole", 200, without_modules, 0.8)
    crate = replaced(lambda pair: [pair.modules / "bench_parts/part_19/lib.rs"], r"\(byte\) \+ \d+", "(byte) + {n}")
    yield Row("edit-crate", "body in a crate that none needs", "whole", 200, crate)
    text = r'pr_info!\("(bench \d+ )?', r'pr_info!("bench {n} '
    yield Row("edit-rust", "one module's source", *rust, replaced(rust_module, *text), 0.5)
    for count in sorted(count for count in counts if count <= COLD_MOST)[-1:]:
        yield Row("edit-c", "one module's source", "c", count, replaced(c_module, r"_0000 \d+", "_0000 {n}"), 0.7)
    yield from edits_of_headers(rust)
    yield from edits_of_wrappers(rust)
    helper = source("rust/helpers/mutex.c")
    body = replaced(helper, r"\tmutex_lock\(", '\tasm volatile("nopl {n}(%rax)");\n\tmutex_lock(')
    yield Row("helper", "body of a C helper", *rust, body, 0.6)


def edits_of_headers(rust: tuple[str, int]) -> Iterator[Row]:
    """The rows whose edits are of the kernel's headers."""
    fs = header("linux/fs.h")
    yield Row("header-comment", "comment in linux/fs.h", *rust, comment(fs), 0.1)
    yield Row("header-line", "comment line added to linux/fs.h", *rust, comment_line(fs), 0.1)
    yield Row("header-touch", "linux/fs.h touched", *rust, touch(fs))
    macro = replaced(fs, r"\s*\Z", r"\n#define BENCH_{n} {n}\n")
    yield Row("header-macro", "unused macro added to linux/fs.h", *rust, macro)
    constant = replaced(header("linux/miscdevice.h"), r"(MISC_DYNAMIC_MINOR)\s+\d+", r"\1 {n}")
    yield Row("header-constant", "value of MISC_DYNAMIC_MINOR", *rust, constant, 0.6)


def edits_of_wrappers(rust: tuple[str, int]) -> Iterator[Row]:
    """The rows whose edits are of kernel/: of a wrapper that few modules use, and of what all modules use."""
    yield Row("wrapper-comment", "comment in kernel/rbtree.rs", *rust, comment(RBTREE), 0.1)
    yield Row("wrapper-line", "comment line added to kernel/rbtree.rs", *rust, comment_line(RBTREE), 0.25)
    yield Row("wrapper-body", "body of a function in kernel/rbtree.rs", *rust, body_of(RBTREE, "find"), 0.25)
    yield Row("wrapper-function", "function added to kernel/rbtree.rs", *rust, new_function(RBTREE), 0.25)
    error = source("kernel/error.rs")
    yield Row("base-line", "comment line added to kernel/error.rs", *rust, comment_line(error), 1.0)
    yield Row("base-body", "body of a function in kernel/error.rs", *rust, body_of(error, "from_kernel_errno"), 1.0)
    yield Row("base-function", "function added to kernel/error.rs", *rust, new_function(error), 1.0)
    small = ("small", SMALL_MODULES)
    yield Row("small-line", "comment line added to kernel/rbtree.rs", *small, comment_line(RBTREE), 0.1)
    yield Row("small-body", "body of a function in kernel/rbtree.rs", *small, body_of(RBTREE, "find"), 0.1)
    yield Row("small-function", "function added to kernel/rbtree.rs", *small, new_function(RBTREE), 0.1)
