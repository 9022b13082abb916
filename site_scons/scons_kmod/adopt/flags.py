# SPDX-License-Identifier: MIT
"""Compiler flags of a Kbuild file as keys of ``[c]``."""

from __future__ import annotations

import itertools
import os
import shlex
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from scons_kmod.adopt.draft import Draft, Say, Source
from scons_kmod.adopt.kbuild_file import KbuildFile
from scons_kmod.adopt.make_syntax import Place
from scons_kmod.adopt.make_words import DIRECTORY, KERNEL, SET, UNKNOWN, Word
from scons_kmod.adopt.when_config import When
from scons_kmod.manifest.c import DEFINE, FLAG

# Flags whose argument may be the next word.
PAIRED = ("-I", "-D", "-U", "-include", "-isystem", "-iquote", "-idirafter", "-imacros", "--cfg", "--edition", "-C")
INCLUDES = ("-I", "-isystem", "-iquote", "-idirafter")
# In the order in which Kbuild gives them; KBUILD_CFLAGS as a file may add to it.
C_FLAGS = ("KBUILD_CFLAGS", "subdir-ccflags-y", "ccflags-y", "EXTRA_CFLAGS")
ASM_FLAGS = ("KBUILD_AFLAGS", "subdir-asflags-y", "asflags-y", "EXTRA_AFLAGS")
RUST_FLAGS = ("KBUILD_RUSTFLAGS", "subdir-rustflags-y", "rustflags-y")
# What takes a flag: when it counts, the key, the value.
Put = Callable[[When, str, str], None]


def add_flags(draft: Draft, kbuild: KbuildFile) -> None:
    """What Kbuild adds to the compilers' flags (scripts/Makefile.lib), for all sources and for each."""
    gone = remove_flags(draft, kbuild)
    asm = any(source.is_asm for source in draft.sources)

    def put(when: When, key: str, value: str) -> None:
        # What is taken away again, for some sources or kernels, has to be a flag; and macros may be for C alone.
        flag = key == "defines" and (asm or f"-D{value}" in gone)
        draft.put(when, ("c", "flags" if flag else key), f"-D{value}" if flag else value)

    if any(source.is_c for source in draft.sources):
        put_c_flags(values(kbuild, *C_FLAGS), draft.directory, put, draft.say)
    if asm:
        add_asm_flags(draft, kbuild)
    for source in draft.sources:
        if not source.is_rust:
            add_own_flags(draft, kbuild, source)
    if draft.root:
        words = values(kbuild, *RUST_FLAGS, f"RUSTFLAGS_{draft.root.object}")
        put_rust_flags(words, draft.put_module, draft.say)


def values(kbuild: KbuildFile, *names: str) -> list[Word]:
    """The words of several variables, one after the other."""
    return [word for name in names for word in kbuild.value(name)]


def remove_flags(draft: Draft, kbuild: KbuildFile) -> set[str]:
    """What is left out of the flags."""
    found = set()
    for flag, when in removed(kbuild.value("ccflags-remove-y"), draft.say):
        draft.put(when, ("c", "without-flags"), flag)
        found.add(flag)
    for source in draft.sources:
        language = "A" if source.is_asm else "C"
        for flag, when in removed(kbuild.value(f"{language}FLAGS_REMOVE_{source.object}"), draft.say):
            draft.put_file(source, when, "without-flags", flag)
            found.add(flag)
    return found


def add_asm_flags(draft: Draft, kbuild: KbuildFile) -> None:
    """What is for assembly."""

    def put(when: When, key: str, value: str) -> None:
        flag = key in ("defines", "flags")
        draft.put(when, ("c", "asm-flags" if flag else key), f"-D{value}" if key == "defines" else value)

    put_c_flags(values(kbuild, *ASM_FLAGS), draft.directory, put, draft.say)


def add_own_flags(draft: Draft, kbuild: KbuildFile, source: Source) -> None:
    """What is for one source. Where headers are looked for is the same for all."""
    words = kbuild.value(f"{'A' if source.is_asm else 'C'}FLAGS_{source.object}")

    def put(when: When, key: str, value: str) -> None:
        if key == "include-first":
            why = f"{value} can't be included for one source alone: write #include in {source.path}"
            draft.say(words[0].place, why)
        elif key == "include":
            draft.put(when, ("c", "include"), value)
        else:
            draft.put_file(source, when, "flags", f"-D{value}" if key == "defines" else value)

    put_c_flags(words, draft.directory, put, draft.say)


def flags(words: Iterable[Word], say: Say) -> Iterator[tuple[str, str, When, Place]]:
    """The flags of a value: each with its argument, or "", as a shell parts them; what can't be known is remarked."""
    usable = [word for word in words if known(word, say)]
    for (when, place), group in itertools.groupby(usable, lambda word: (word.when, word.place)):
        try:
            parts = shlex.split(" ".join(word.text for word in group))
        except ValueError:
            say(place, "a quotation in it is not closed: write the flags by hand")
            continue
        rest = iter(parts)
        for part in rest:
            yield part, (next(rest, "") if part in PAIRED else ""), when, place


def known(word: Word, say: Say) -> bool:
    """Whether a word can be used; what is to be said of it is said."""
    if word.why:
        say(word.place, f"{word.why}: write by hand what it comes to" if UNKNOWN in word.text else word.why)
    elif SET in word.text:
        say(word.place, "the value of a CONFIG_ symbol is not known here: write it by hand, or use it in the source")
    return bool(word.text) and UNKNOWN not in word.text and SET not in word.text


def own_path(text: str, directory: Path) -> tuple[str, str]:
    """A path as a manifest names it, or "" and why it can't."""
    if text.startswith(KERNEL):
        return "", f"{text} is not the module's: copy what is needed of it"
    path = text.replace(DIRECTORY, str(directory))
    if not path.startswith("/"):
        return "", f"{text} lies in the kernel's directory: if it is the module's own, write $(src)/{text}"
    relative = os.path.relpath(path, directory)
    if relative.startswith(".."):
        fix = "copy it into it, or name it in [exports] include of the module there, and that in [depends] modules"
        return "", f"{relative} lies outside of the module's directory: {fix}"
    return (relative, "") if Path(path).exists() else ("", f"{relative} is not there")


def put_c_flags(words: Iterable[Word], directory: Path, put: Put, say: Say) -> None:
    """Hand over the flags of a value, for C or assembly, by the keys of ``[c]``."""
    for name, argument, when, place in flags(words, say):
        joined = next((one for one in ("-I", "-D") if name.startswith(one) and name != one), "")
        option, value = (joined, name.removeprefix(joined)) if joined else (name, argument)
        if option in INCLUDES or option == "-include":
            relative, why = own_path(value, directory)
            if why:
                say(place, why)
            elif option not in ("-I", "-include"):
                say(place, f"{option} is no key: it became [c] include, which is searched as by -I")
            if relative:
                put(when, "include-first" if option == "-include" else "include", relative)
        elif option == "-D" and DEFINE.fullmatch(value):
            put(when, "defines", value.replace(DIRECTORY, str(directory)))
        elif FLAG.fullmatch(whole := option + value):
            put(when, "flags", whole.replace(DIRECTORY, str(directory)))
        else:
            say(place, f"{whole} can't be given: flags may begin with -W, -O, -f, -m, -D, -U and -std=")


def put_rust_flags(words: Iterable[Word], put: Put, say: Say) -> None:
    """Hand over the flags of a value for rustc: of the module's crate there are its cfgs and its edition."""
    for name, argument, when, place in flags(words, say):
        option, _, value = name.partition("=")
        if option == "--cfg":
            put(when, "cfg", value or argument)
        elif option == "--edition":
            put(when, "edition", value or argument)
        else:
            say(place, f"{name} {argument}".strip() + " can't be given: write it as an attribute in the crate root")


def removed(words: Iterable[Word], say: Say) -> Iterator[tuple[str, When]]:
    """The flags that a value takes away."""
    for word in words:
        if known(word, say):
            if "%" in word.text:
                say(word.place, f"{word.text} is a pattern: write each flag that it is for in without-flags")
            else:
                yield word.text, word.when
