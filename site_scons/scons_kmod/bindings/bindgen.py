# SPDX-License-Identifier: MIT
"""The bindgen steps: what the bindings depend on, and the kernel's headers to Rust, with a check of every layout."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from scons_kmod.base.library_process import process_args, process_files
from scons_kmod.bindings import processes
from scons_kmod.engine.digests import TOKENS
from scons_kmod.engine.header_search import include_directories
from scons_kmod.engine.step import Command, Step
from scons_kmod.engine.views import IDENTIFIERS, View
from scons_kmod.manifest.manifest import Manifest
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


# A line of bindgen's arguments that is for older versions alone.
OLDER = re.compile(r"<(\d[\d.]*):\s*")


def bindings_file(target: BuildTarget) -> Path:
    """The generated Rust source of the bindings crate."""
    return target.build / "bindings/bindings_generated.rs"


def layout_header(target: BuildTarget) -> Path:
    """The generated C header with the sizes that libclang saw; the C helpers compare them with gcc's."""
    return target.build / "bindings/bindings_layout.h"


def fingerprint_file(target: BuildTarget) -> Path:
    """The digests of what the bindings depend on."""
    return target.build / "bindings/fingerprint.json"


def declared_file(target: BuildTarget) -> Path:
    """All names that the headers declare, one a line: a Rust identifier that is none of them can't matter."""
    return target.build / "bindings/declared.txt"


def clang_flags(target: BuildTarget) -> list[str]:
    """The kernel's C flags, as far as libclang takes them."""
    words = target.kbuild.cc[1:]
    return [word for word in words if word not in GCC_ONLY and not word.startswith(GCC_ONLY_PREFIXES)]


def parameters(path: Path, version: str) -> list[str]:
    """bindgen's arguments from a file: one a line. ``#`` begins a comment, ``<0.61:`` what is for older versions."""
    found: list[str] = []
    for line in path.read_text().splitlines():
        bound = OLDER.match(line)
        if not bound or numbers(version) < numbers(bound[1]):
            found += shlex.split(line[bound.end() :] if bound else line, comments=True)
    return found


def numbers(version: str) -> tuple[int, ...]:
    """A version's numbers, for comparison."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def bindgen_flags(target: BuildTarget) -> list[str]:
    """The flags that libclang reads the headers with, for the fingerprint and for bindgen."""
    # Nothing in the bindings depends on a line's number, and then nothing in the fingerprint does.
    return [*clang_flags(target), "-w", "-Wno-builtin-macro-redefined", "-D__LINE__=0"]


def header(target: BuildTarget, headers: Iterable[str]) -> tuple[Path, str]:
    """The C file that bindgen reads: our own list, and these more of the kernel's headers."""
    lines = [f"#include <{name}>\n" for name in sorted(set(headers))]
    return target.build / "bindings/bindings.h", f'#include "{helper(target)}"\n' + "".join(lines)


def helper(target: BuildTarget) -> Path:
    """The bundled list of headers."""
    return target.sources / "rust/bindings/bindings_helper.h"


def rust_sources(target: BuildTarget, manifests: Iterable[Manifest]) -> tuple[Path, ...]:
    """All files that name what the bindings must have: Rust's, modules' own headers, the C file that compares sizes."""
    manifests = list(manifests)
    own = (directory for manifest in manifests for directory in source_directories(manifest))
    directories = {target.sources / "kernel", target.sources / "rust", *own}
    found = {path for directory in directories for path in files_below(directory, ".rs", target.build.parent)}
    # So that what they name is not made for each of them.
    with_headers = (one.directory for one in manifests if one.bindings.own_headers)
    found |= {path for directory in with_headers for path in files_below(directory, ".h", target.build.parent)}
    for_machine = {generator.program for one in manifests for generator in one.generators}
    return (*sorted(found - for_machine), target.sources / "rust/bindings/layout.c")


def source_directories(manifest: Manifest) -> tuple[Path, ...]:
    """Where a module's Rust sources lie: its own, and those of the libraries that it is linked with."""
    return (manifest.directory, *(crate.directory for crate in manifest.crates if crate.library))


def files_below(directory: Path, ending: str, build: Path) -> Iterator[Path]:
    """The sources below a directory; not in `build`, which a module may have in its own, nor in hidden ones."""
    for parent, names, files in os.walk(directory):
        names[:] = [name for name in names if not name.startswith(".") and Path(parent, name) != build]
        yield from (Path(parent, name) for name in files if name.endswith(ending))


def fingerprint_step(
    target: BuildTarget, sources: Sequence[Path], headers: Iterable[str] = (), generated: Sequence[Path] = ()
) -> Step:
    """Digests of the declarations that the identifiers in `sources` reach, and those in sources that are `generated`.

    Of a source only the identifiers that the headers declare can change what is made.
    """
    request = target.build / "bindings/fingerprint_request.json"
    depfile = target.build / "bindings/fingerprint.d"
    bindgen = target.toolchain.bindgen
    unit, text = header(target, headers)
    asked = {
        "libclang": dict(bindgen.env)["LIBCLANG_PATH"],
        "header": str(unit),
        "flags": bindgen_flags(target),
        "sources": [str(path) for path in (*sources, *generated)],
        "fingerprint": str(fingerprint_file(target)),
        "declared": str(declared_file(target)),
        "depfile": str(depfile),
    }
    return Step(
        name="DIGEST",
        unit="bindings",
        commands=(Command(process_args(target.system.python, "bindings.fingerprint", request), target.tree.path),),
        outputs=(fingerprint_file(target), declared_file(target)),
        tracked=(
            *process_files(*processes.FINGERPRINT),
            helper(target),
        ),
        depfiles=(depfile,),
        views=(View(IDENTIFIERS, (*sources, *generated), declared_file(target)),),
        written_files=((unit, text), (request, json.dumps(asked, indent=1))),
        tools=(bindgen.digest,),
        order_only=tuple(generated),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=include_directories(target.kbuild.cc, str(target.tree.path)),
    )


def bindings_step(target: BuildTarget, headers: Iterable[str] = ()) -> Step:
    """Generate the bindings for the target's kernel: what the fingerprint names, and nothing unless it has changed.

    All modules share one crate of bindings, so that a C type is one Rust type for all.
    """
    request = target.build / "bindings/bindgen_request.json"
    arguments = target.sources / "rust/bindgen_parameters"
    bindgen = target.toolchain.bindgen
    unit, text = header(target, headers)
    asked = {
        "bindgen": [bindgen.path, str(unit), *parameters(arguments, bindgen.version), "--no-rustfmt-bindings"],
        "flags": bindgen_flags(target),
        "fingerprint": str(fingerprint_file(target)),
        "raw": str(target.build / "bindings/bindgen.rs"),
        "bindings": str(bindings_file(target)),
        "layout": str(layout_header(target)),
    }
    return Step(
        name="BINDGEN",
        unit="bindings",
        commands=(
            Command(process_args(target.system.python, "bindings.generate", request), target.tree.path, bindgen.env),
        ),
        outputs=(bindings_file(target), layout_header(target)),
        inputs=(fingerprint_file(target),),
        tracked=(arguments, *process_files(*processes.GENERATE)),
        written_files=((unit, text), (request, json.dumps(asked, indent=1))),
        tools=(bindgen.digest,),
    )
