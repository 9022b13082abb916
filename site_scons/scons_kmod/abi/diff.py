# SPDX-License-Identifier: MIT
"""``scons abi-diff``: what modules use of a kernel that is another in a newer one."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from scons_kmod.abi.reach import abi_dir, reached_elf, reached_files
from scons_kmod.base.atomic import write_text
from scons_kmod.base.library_process import process_args
from scons_kmod.base.run_log import RunLog
from scons_kmod.bindings.bindgen import bindgen_flags, header
from scons_kmod.engine.views import Version, object_symbols, symbol_line
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_ko

# Of each name, what is declared by it, by kind.
Declarations = Mapping[str, Mapping[str, str]]
GONE = "gone"
# How many lines of one difference are printed.
SHOWN = 12
DETAIL = " " * 6
# What the fingerprint calls the kinds of types, and how it says where things are: in other words for the reader.
KINDS = {"2": "struct", "3": "union", "5": "enum"}
TITLE = re.compile(r"^([235]) (\S*) .*?(-?\d+) (-?\d+)$")
FIELD = re.compile(r" at (\d+) width (-?\d+)")


def compare(
    old: BuildTarget, new: BuildTarget, manifests: Sequence[Manifest], logs: tuple[RunLog, RunLog]
) -> dict[str, list[str]]:
    """For each module, what it uses that differs, in lines; none if nothing does. All is built for the kernel `old`.

    Raises `StepError` if the headers of one of the kernels can't be read.
    """
    rust = [manifest for manifest in manifests if manifest.root]
    sources = {manifest.name: [str(path) for path in reached_files(old, manifest)] for manifest in rust}
    headers = [name for manifest in rust for name in manifest.bindings.headers]
    before, after = (declarations(one, sources, headers, log) for one, log in zip((old, new), logs, strict=True))
    found = {}
    for manifest in manifests:
        code = reached_elf(old, manifest) if manifest.root else module_ko(old, manifest)
        lines = list(symbols_differ(old, new, code))
        if manifest.root:
            lines += declarations_differ(before[manifest.name], after[manifest.name])
        found[manifest.name] = lines
    return found


def declarations(
    target: BuildTarget, sources: Mapping[str, Sequence[str]], headers: Sequence[str], log: RunLog
) -> dict[str, Declarations]:
    """What a kernel's headers declare of the names in some sources. Raises `StepError`."""
    _, text = header(target, headers)
    place = abi_dir(target)
    unit, made, request = (place / f"declarations{end}" for end in (".h", ".json", "_request.json"))
    asked = {
        "libclang": dict(target.toolchain.bindgen.env)["LIBCLANG_PATH"],
        "header": str(unit),
        "flags": bindgen_flags(target),
        "sources": sources,
        "made": str(made),
    }
    write_text(unit, text)
    write_text(request, json.dumps(asked))
    argv = process_args(target.system.python, "abi.declarations", request)
    log.inside(target.system.enter_args).run(argv, step="DIGEST", unit="declarations", cwd=target.tree.path)
    found: dict[str, Declarations] = json.loads(made.read_text())
    return found


def declarations_differ(before: Declarations, after: Declarations) -> Iterator[str]:
    """The declarations that differ, before and after, as a diff has it."""
    for name in sorted(before):
        for kind, text in before[name].items():
            other = after.get(name, {}).get(kind)
            if other is None:
                yield f"{kind} {name}: {GONE}"
            elif other != text:
                yield f"{kind} {name}"
                lines = difflib.unified_diff(readable(text), readable(other), lineterm="", n=0)
                yield from (f"    {line}" for line in list(lines)[2:] if not line.startswith("@@"))


def readable(text: str) -> list[str]:
    """The lines of a declaration as the fingerprint has it, for the reader."""
    return [FIELD.sub(place, TITLE.sub(title, line)) for line in text.splitlines()]


def title(match: re.Match[str]) -> str:
    """The first line of a type: its kind and name, its size and alignment in bytes."""
    kind, name, size, alignment = match.groups()
    return f"{KINDS[kind]} {name or '(unnamed)'}: {size} bytes, aligned to {alignment}"


def place(match: re.Match[str]) -> str:
    """Where a field is, in bits as C has it for bit fields, else in bytes."""
    offset, width = map(int, match.groups())
    return f", byte {offset // 8}" if width < 0 else f", {width} bits from bit {offset}"


def symbols_differ(old: BuildTarget, new: BuildTarget, code: Path) -> Iterator[str]:
    """The symbols that code imports from the kernel, and that are not there any more or have another CRC."""
    before, after = (Version.now(str(target.tree.symvers)) for target in (old, new))
    for name in object_symbols(code):
        line = symbol_line(before, name)
        other = symbol_line(after, name)
        if line and not other:
            yield f"symbol {name}: {GONE}"
        elif line and crc(line) != crc(other):
            yield f"symbol {name}: CRC {crc(line)} -> {crc(other)}"


def shortened(lines: Iterable[str]) -> Iterator[str]:
    """The report as it is printed: of each difference, not more than `SHOWN` lines."""
    count = 0
    for line in lines:
        count = count + 1 if line.startswith(DETAIL) else 0
        if count <= SHOWN:
            yield line
        elif count == SHOWN + 1:
            yield f"{DETAIL}..."


def crc(line: str) -> str:
    """The CRC in a line of Module.symvers."""
    return line.split("\t")[0]


def report(found: Mapping[str, Sequence[str]], manifests: Sequence[Manifest]) -> Iterator[str]:
    """What was found, in lines."""
    for manifest in manifests:
        lines = found[manifest.name]
        count = sum(not line.startswith(" ") for line in lines)
        how = "" if manifest.root else " (C: its symbols alone are compared)"
        what = f"{count} {'differs' if count == 1 else 'differ'}" if count else "nothing that it uses differs"
        yield f"{manifest.name}: {what}{how}"
        yield from (f"  {line}" for line in lines)
    touched = [name for name, lines in found.items() if lines]
    yield f"{len(touched)} of {len(found)} modules are touched"
