# SPDX-License-Identifier: MIT
"""The compiler flags of a Kbuild file as keys of ``[c]`` and ``[module]``."""

from __future__ import annotations

import itertools
import os
import shlex
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from scons_kmod.adopt.config_condition import ConfigCondition
from scons_kmod.adopt.kbuild_file import KbuildFile
from scons_kmod.adopt.manifest_draft import ManifestDraft, Source
from scons_kmod.adopt.remarks import Remarks, check_word
from scons_kmod.adopt.statements import StatementLocation
from scons_kmod.adopt.words import DIRECTORY, KERNEL, Word
from scons_kmod.manifest.sections.c import DEFINE, FLAG

# Flags whose argument may be the next word.
FLAGS_WITH_ARGUMENT = frozenset("-I -D -U -include -isystem -iquote -idirafter -imacros --cfg --edition -C".split())
INCLUDE_FLAGS = ("-I", "-isystem", "-iquote", "-idirafter")
# The variables with flags, in the order in which Kbuild passes their values. A file may add to KBUILD_CFLAGS.
C_FLAGS = ("KBUILD_CFLAGS", "subdir-ccflags-y", "ccflags-y", "EXTRA_CFLAGS")
ASM_FLAGS = ("KBUILD_AFLAGS", "subdir-asflags-y", "asflags-y", "EXTRA_AFLAGS")
RUST_FLAGS = ("KBUILD_RUSTFLAGS", "subdir-rustflags-y", "rustflags-y")
# Adds a value to the manifest: its condition, its key, the value.
AddValue = Callable[[ConfigCondition, str, str], None]


def add_flags(draft: ManifestDraft, kbuild: KbuildFile) -> None:
    """Add the flags that Kbuild passes to the compilers (scripts/Makefile.lib): for all sources, and for each."""
    removed = add_removed_flags(draft, kbuild)
    has_asm = any(source.is_asm for source in draft.sources)

    def add(condition: ConfigCondition, key: str, value: str) -> None:
        # A macro becomes a flag if it is removed for some sources or kernels. It also becomes a flag if there is
        # assembly: `defines` would be for assembly, too.
        as_flag = key == "defines" and (has_asm or f"-D{value}" in removed)
        draft.add_value(condition, ("c", "flags" if as_flag else key), f"-D{value}" if as_flag else value)

    if any(source.is_c for source in draft.sources):
        add_c_flags(values_of(kbuild, *C_FLAGS), draft, add)
    if has_asm:
        add_asm_flags(draft, kbuild)
    for source in draft.sources:
        if not source.is_rust:
            add_file_flags(draft, kbuild, source)
    if draft.root:
        add_rust_flags(values_of(kbuild, *RUST_FLAGS, f"RUSTFLAGS_{draft.root.object_name}"), draft)


def values_of(kbuild: KbuildFile, *names: str) -> list[Word]:
    """The words of several variables, one variable after the other."""
    return [word for name in names for word in kbuild.value(name)]


def add_removed_flags(draft: ManifestDraft, kbuild: KbuildFile) -> set[str]:
    """Add the flags that the file removes, for all sources and for each. Returns these flags."""
    found = set()
    for flag, condition in removed_flags(kbuild.value("ccflags-remove-y"), draft.remarks):
        draft.add_value(condition, ("c", "without-flags"), flag)
        found.add(flag)
    for source in draft.sources:
        language = "A" if source.is_asm else "C"
        variable = f"{language}FLAGS_REMOVE_{source.object_name}"
        for flag, condition in removed_flags(kbuild.value(variable), draft.remarks):
            draft.add_file_value(source, condition, "without-flags", flag)
            found.add(flag)
    return found


def removed_flags(words: Iterable[Word], remarks: Remarks) -> Iterator[tuple[str, ConfigCondition]]:
    """The flags in a value that removes flags, each with its condition."""
    for word in words:
        if check_word(word, remarks):
            if "%" in word.text:
                message = f"{word.text} is a pattern: write each flag that it matches in without-flags"
                remarks.add(word.location, message)
            else:
                yield word.text, word.condition


def add_asm_flags(draft: ManifestDraft, kbuild: KbuildFile) -> None:
    """Add the flags for all assembly sources."""

    def add(condition: ConfigCondition, key: str, value: str) -> None:
        as_flag = key in ("defines", "flags")
        key, value = ("asm-flags" if as_flag else key), (f"-D{value}" if key == "defines" else value)
        draft.add_value(condition, ("c", key), value)

    add_c_flags(values_of(kbuild, *ASM_FLAGS), draft, add)


def add_file_flags(draft: ManifestDraft, kbuild: KbuildFile, source: Source) -> None:
    """Add the flags for one C or assembly source. Include directories become those of all sources."""
    words = kbuild.value(f"{'A' if source.is_asm else 'C'}FLAGS_{source.object_name}")

    def add(condition: ConfigCondition, key: str, value: str) -> None:
        if key == "include-first":
            message = f"{value} cannot be included for one source only: write #include in {source.path}"
            draft.remarks.add(words[0].location, message)
        elif key == "include":
            draft.add_value(condition, ("c", "include"), value)
        else:
            draft.add_file_value(source, condition, "flags", f"-D{value}" if key == "defines" else value)

    add_c_flags(words, draft, add)


def add_c_flags(words: Iterable[Word], draft: ManifestDraft, add: AddValue) -> None:
    """Add the flags of a value for C or assembly: `add` is called with the key of ``[c]`` that each belongs to."""
    for name, argument, condition, location in split_flags(words, draft.remarks):
        joined = next((option for option in ("-I", "-D") if name.startswith(option) and name != option), "")
        option, value = (joined, name.removeprefix(joined)) if joined else (name, argument)
        flag = option + value
        if option in INCLUDE_FLAGS or option == "-include":
            path, problem = manifest_path(value, draft.directory)
            if problem:
                draft.remarks.add(location, problem)
            elif option not in ("-I", "-include"):
                message = f"a manifest has no key for {option}: it became [c] include, which is searched as with -I"
                draft.remarks.add(location, message)
            if path:
                add(condition, "include-first" if option == "-include" else "include", path)
        elif option == "-D" and DEFINE.fits(value):
            add(condition, "defines", value.replace(DIRECTORY, str(draft.directory)))
        elif FLAG.fits(flag):
            add(condition, "flags", flag.replace(DIRECTORY, str(draft.directory)))
        else:
            message = f"a manifest cannot have {flag}: flags may begin with -W, -O, -f, -m, -D, -U and -std="
            draft.remarks.add(location, message)


def add_rust_flags(words: Iterable[Word], draft: ManifestDraft) -> None:
    """Add the flags of a value for rustc. A manifest has the cfgs and the edition of the module's crate."""
    for name, argument, condition, location in split_flags(words, draft.remarks):
        option, _, value = name.partition("=")
        if option == "--cfg":
            draft.add_crate_value(condition, "cfg", value or argument)
        elif option == "--edition":
            draft.add_crate_value(condition, "edition", value or argument)
        else:
            flag = f"{name} {argument}".strip()
            message = f"a manifest cannot have {flag}: write it as an attribute in the crate root"
            draft.remarks.add(location, message)


def split_flags(
    words: Iterable[Word], remarks: Remarks
) -> Iterator[tuple[str, str, ConfigCondition, StatementLocation]]:
    """The flags of a value, split as a shell splits them: flag, its argument or "", condition, location.

    Words whose text is unknown are skipped with a remark.
    """
    usable = [word for word in words if check_word(word, remarks)]
    for (condition, location), group in itertools.groupby(usable, lambda word: (word.condition, word.location)):
        try:
            parts = shlex.split(" ".join(word.text for word in group))
        except ValueError:
            remarks.add(location, "a quotation mark is not closed: write the flags by hand")
            continue
        rest = iter(parts)
        for part in rest:
            yield part, (next(rest, "") if part in FLAGS_WITH_ARGUMENT else ""), condition, location


def manifest_path(text: str, directory: Path) -> tuple[str, str]:
    """A path relative to the module's `directory`, and "". If a manifest cannot name the path: "", and the reason."""
    if text.startswith(KERNEL):
        return "", f"{text} is in the kernel tree: copy what the module needs of it"
    path = text.replace(DIRECTORY, str(directory))
    if not path.startswith("/"):
        return "", f"{text} is relative to the kernel tree: if it is in the module's directory, write $(src)/{text}"
    relative = os.path.relpath(path, directory)
    if relative.startswith(".."):
        fix = "copy it into the directory, or add it to [exports] include of its module and that to [depends] modules"
        return "", f"{relative} is outside the module's directory: {fix}"
    return (relative, "") if Path(path).exists() else ("", f"{relative} does not exist")
