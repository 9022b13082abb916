# SPDX-License-Identifier: MIT
"""``scons abi-diff``: compares two kernels, and says what differs of all that each module uses."""

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
from scons_kmod.bindings.bindgen import bindgen_header
from scons_kmod.bindings.flags import bindgen_flags
from scons_kmod.engine.file_version import FileVersion
from scons_kmod.engine.object_symbols import object_symbols
from scons_kmod.engine.views import symbol_line
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_ko

# The texts of declarations, by name and by kind.
Declarations = Mapping[str, Mapping[str, str]]
GONE = "gone"
# So many lines of one difference are printed.
LINE_LIMIT = 12
DETAIL = " " * 6
# In the texts of the fingerprint: the kinds of types, the first line of a type, the position of a field.
KINDS = {"2": "struct", "3": "union", "5": "enum"}
TITLE = re.compile(r"^([235]) (\S*) .*?(-?\d+) (-?\d+)$")
FIELD = re.compile(r" at (\d+) width (-?\d+)")


def compare_kernels(
    old: BuildTarget, new: BuildTarget, manifests: Sequence[Manifest], logs: tuple[RunLog, RunLog]
) -> dict[str, list[str]]:
    """The differences in what each module uses, as lines by the module's name; no lines if nothing differs.

    The modules must have been built for the kernel `old`. `logs` are the logs of `old` and `new`. Raises `StepError` if
    the headers of one of the kernels can't be read.
    """
    rust = [manifest for manifest in manifests if manifest.root]
    sources = {manifest.name: [str(path) for path in reached_files(old, manifest)] for manifest in rust}
    headers = [name for manifest in rust for name in manifest.bindings.headers]
    old_log, new_log = logs
    before = kernel_declarations(old, sources, headers, old_log)
    after = kernel_declarations(new, sources, headers, new_log)
    differences = {}
    for manifest in manifests:
        code = reached_elf(old, manifest) if manifest.root else module_ko(old, manifest)
        lines = list(symbol_differences(old, new, code))
        if manifest.root:
            lines += declaration_differences(before[manifest.name], after[manifest.name])
        differences[manifest.name] = lines
    return differences


def kernel_declarations(
    target: BuildTarget, sources: Mapping[str, Sequence[str]], headers: Sequence[str], log: RunLog
) -> dict[str, Declarations]:
    """The declarations in a kernel's headers that lists of sources reach, by the list's name.

    `headers` are headers that modules need besides those of the bindings. Raises `StepError`.
    """
    _, text = bindgen_header(target, headers)
    directory = abi_dir(target)
    unit, output, request_file = (directory / f"declarations{end}" for end in (".h", ".json", "_request.json"))
    request = {
        "libclang": dict(target.toolchain.bindgen.env)["LIBCLANG_PATH"],
        "header": str(unit),
        "flags": bindgen_flags(target),
        "sources": sources,
        "output": str(output),
    }
    write_text(unit, text)
    write_text(request_file, json.dumps(request))
    argv = process_args(target.system.python, "abi.declarations", request_file)
    log.inside(target.system.enter_args).run(argv, step="DIGEST", unit="declarations", cwd=target.tree.path)
    declarations: dict[str, Declarations] = json.loads(output.read_text())
    return declarations


def declaration_differences(before: Declarations, after: Declarations) -> Iterator[str]:
    """The lines about declarations that are gone or differ; for those that differ, a diff."""
    for name in sorted(before):
        for kind, text in before[name].items():
            new_text = after.get(name, {}).get(kind)
            if new_text is None:
                yield f"{kind} {name}: {GONE}"
            elif new_text != text:
                yield f"{kind} {name}"
                lines = difflib.unified_diff(readable_lines(text), readable_lines(new_text), lineterm="", n=0)
                yield from (f"    {line}" for line in list(lines)[2:] if not line.startswith("@@"))


def readable_lines(text: str) -> list[str]:
    """The lines of a declaration in the fingerprint, rewritten for the reader."""
    return [FIELD.sub(field_position, TITLE.sub(type_title, line)) for line in text.splitlines()]


def type_title(match: re.Match[str]) -> str:
    """The first line of a type: its kind and name, its size and alignment in bytes."""
    kind, name, size, alignment = match.groups()
    return f"{KINDS[kind]} {name or '(unnamed)'}: {size} bytes, aligned to {alignment}"


def field_position(match: re.Match[str]) -> str:
    """The position of a field: in bits for a bit field, else in bytes."""
    offset, width = map(int, match.groups())
    return f", byte {offset // 8}" if width < 0 else f", {width} bits from bit {offset}"


def symbol_differences(old: BuildTarget, new: BuildTarget, code: Path) -> Iterator[str]:
    """The lines about symbols that `code` imports from the kernel and that are gone or have another CRC.

    `code` is an object or a .ko.
    """
    before, after = (FileVersion.now(str(target.tree.symvers)) for target in (old, new))
    for name in object_symbols(code):
        line = symbol_line(before, name)
        new_line = symbol_line(after, name)
        if line and not new_line:
            yield f"symbol {name}: {GONE}"
        elif line and symvers_crc(line) != symvers_crc(new_line):
            yield f"symbol {name}: CRC {symvers_crc(line)} -> {symvers_crc(new_line)}"


def shortened_report(lines: Iterable[str]) -> Iterator[str]:
    """The report as it is printed: with at most `LINE_LIMIT` lines of each difference."""
    count = 0
    for line in lines:
        count = count + 1 if line.startswith(DETAIL) else 0
        if count <= LINE_LIMIT:
            yield line
        elif count == LINE_LIMIT + 1:
            yield f"{DETAIL}..."


def symvers_crc(line: str) -> str:
    """The CRC in a line of Module.symvers."""
    return line.split("\t")[0]


def report_lines(differences: Mapping[str, Sequence[str]], manifests: Sequence[Manifest]) -> Iterator[str]:
    """The lines of the report about the differences that `compare_kernels` has found."""
    for manifest in manifests:
        lines = differences[manifest.name]
        count = sum(not line.startswith(" ") for line in lines)
        note = "" if manifest.root else " (C: only its symbols are compared)"
        summary = f"{count} {'differs' if count == 1 else 'differ'}" if count else "nothing that it uses differs"
        yield f"{manifest.name}: {summary}{note}"
        yield from (f"  {line}" for line in lines)
    touched = [name for name, lines in differences.items() if lines]
    yield f"{len(touched)} of {len(differences)} modules are affected"
