# SPDX-License-Identifier: MIT
"""The arguments of bindgen, and the flags that libclang reads the kernel's headers with."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from scons_kmod.target.build_target import BuildTarget

# C flags of gcc that libclang does not know or that say nothing about declarations (rust/Makefile's skip list).
GCC_ONLY = (
    "-mno-fp-ret-in-387",
    "-mpreferred-stack-boundary=3",
    "-mskip-rax-setup",
    "-mindirect-branch=thunk-extern",
    "-mindirect-branch-register",
    "-mindirect-branch-cs-prefix",
    "-mfunction-return=thunk-extern",
    "-mrecord-mcount",
    "-fno-allow-store-data-races",
    "-fconserve-stack",
    "-fno-reorder-blocks",
    "-falign-jumps=1",
    "-falign-loops=1",
    "-fno-stack-clash-protection",
    "-fno-ipa-sra",
    "-fno-partial-inlining",
    "-ftrivial-auto-var-init=zero",
    "-fsanitize=bounds-strict",
)


GCC_ONLY_PREFIXES = (
    *("-W", "-g", "-fplugin-arg-", "-fmacro-prefix-map=", "-falign-functions=", "-fmin-function-alignment="),
    *("-fzero-call-used-regs=", "-fzero-init-padding-bits=", "-fdiagnostics-show-context="),
)


# The beginning of a line in a file of args: the rest is for bindgen versions below this one.
OLDER_VERSIONS = re.compile(r"<(\d[\d.]*):\s*")


def clang_flags(target: BuildTarget) -> list[str]:
    """The kernel's C flags that libclang understands and needs."""
    return [flag for flag in target.kbuild.cc[1:] if flag not in GCC_ONLY and not flag.startswith(GCC_ONLY_PREFIXES)]


def args_from_file(path: Path, version: str) -> list[str]:
    """bindgen's args from a file with some in each line. `version` is bindgen's.

    ``#`` begins a comment. A line that begins with ``<0.61:`` is for versions below 0.61 only.
    """
    args: list[str] = []
    for line in path.read_text().splitlines():
        bound = OLDER_VERSIONS.match(line)
        if not bound or version_numbers(version) < version_numbers(bound[1]):
            args += shlex.split(line[bound.end() :] if bound else line, comments=True)
    return args


def version_numbers(version: str) -> tuple[int, ...]:
    """The numbers in a version, for comparison."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


def bindgen_flags(target: BuildTarget) -> list[str]:
    """The flags that libclang reads the headers with, for the fingerprint and for bindgen."""
    # No binding depends on a line number. So that the fingerprint doesn't either, all lines have number 0.
    return [*clang_flags(target), "-w", "-Wno-builtin-macro-redefined", "-D__LINE__=0"]
