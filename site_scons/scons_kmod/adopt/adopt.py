# SPDX-License-Identifier: MIT
"""A manifest for a module that is built by Kbuild so far: from its Kbuild file, with what could not be carried over."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from scons_kmod.adopt.draft import Draft, Source
from scons_kmod.adopt.flags import add_flags, known
from scons_kmod.adopt.kbuild_file import KbuildFile, Remark
from scons_kmod.adopt.make_words import DIRECTORY, Word
from scons_kmod.adopt.remarks import explain_rest, given_by_recipes
from scons_kmod.adopt.when_config import ALWAYS
from scons_kmod.base.atomic import write_text
from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import load
from scons_kmod.manifest.manifest import BUNDLED, FILE_NAME, MAINLINE, read_manifest

# In this order Kbuild looks for what makes an object (scripts/Makefile.build).
ENDINGS = (".c", ".rs", ".S")
LISTS = ("-objs", "-y", "-m")
SYMVERS = "Module.symvers"
WIDTH = 100


@dataclasses.dataclass(frozen=True)
class Adopted:
    """A manifest that was written, and the lines that it does not have in it."""

    path: Path
    name: str
    remarks: tuple[Remark, ...]


def adopt(directory: Path, wanted: str | None = None, *, write: bool = True, reserved: Collection[str] = ()) -> Adopted:
    """Write the manifest of a module beside its Kbuild file, or only see to what it would be.

    `wanted` names one of several modules; none can have a `reserved` name. Raises `UserError` if there is a manifest,
    no module, or several.
    """
    path = directory / FILE_NAME
    if path.exists():
        raise UserError("it is there already", where=str(path), fix="remove it to have it written anew")
    try:
        draft = read_module(directory.resolve(), kbuild_path(directory), wanted)
        if write:
            write_manifest(path, draft, reserved)
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}".lower(), where=str(directory)) from error
    return Adopted(path, draft.name, tuple(draft.remarks))


def write_manifest(path: Path, draft: Draft, reserved: Collection[str]) -> None:
    """Write a manifest that says what the draft does, and that can be read. Raises `UserError`, `OSError`."""
    data = draft.data()
    where = f"the manifest for {path.parent}"

    def check(new: Path) -> None:
        if load(new).data != data:
            raise UserError("the name of a source can't be written in it", where=where, fix="rename the source")
        read_manifest(new, reserved)

    try:
        write_text(path, spelled(data, draft.remarks), check=check)
    except UserError as error:
        raise UserError(error.what, where=where, fix=error.fix) from error


def kbuild_path(directory: Path) -> Path:
    """The file that Kbuild reads in a directory. Raises `UserError` if there is none."""
    for name in ("Kbuild", "Makefile"):
        if (directory / name).is_file():
            return directory / name
    fix = "name the directory of a module: scons adopt DIR=path"
    raise UserError("there is neither Kbuild nor Makefile", where=str(directory), fix=fix)


def read_module(directory: Path, path: Path, wanted: str | None) -> Draft:
    """The manifest of a directory, as data. Raises `UserError`."""
    outer = path.with_name("Makefile") if path.with_name("Makefile").is_file() else path
    wrapper = KbuildFile(outer, directory, {"KERNELRELEASE": ""})
    draft = Draft(directory)
    given = given_by_recipes(wrapper, draft.say)
    kbuild = KbuildFile(path, directory, given)
    for remark in kbuild.remarks:
        draft.say(remark.place, remark.why)
    module = choose(kbuild, path, wanted, draft)
    draft.name = Path(module.text).stem
    draft.require(module)
    for word in object_words(kbuild, module):
        add_object(draft, word)
    if not draft.sources:
        listed = "\n    ".join(map(str, draft.remarks))
        raise UserError(f"no source of {module.text} is known", where=str(path), fix=listed or "name one")
    add_flags(draft, kbuild)
    add_depends(draft, [*kbuild.value("KBUILD_EXTRA_SYMBOLS"), *wrapper.value("KBUILD_EXTRA_SYMBOLS")])
    explain_rest(draft, kbuild, wrapper)
    draft.remarks.sort(key=lambda remark: (remark.place.file, remark.place.line))
    return draft


def choose(kbuild: KbuildFile, path: Path, wanted: str | None, draft: Draft) -> Word:
    """The module that the manifest is for. Raises `UserError` unless it is clear which."""
    modules = modules_of(kbuild, draft)
    if not modules:
        remarks = "\n    ".join(map(str, draft.remarks))
        raise UserError("it makes no module", where=str(path), fix=remarks or "write obj-m := NAME.o")
    names = ", ".join(modules)
    if len(modules) > 1 and not wanted:
        fix = "give each a directory of its own, with its sources and a Kbuild file, or name one: MODULE=NAME"
        raise UserError(f"it makes several modules: {names}", where=str(path), fix=fix)
    if wanted and wanted not in modules:
        raise UserError("it makes no such module", where=f"{path}: MODULE={wanted}", fix=f"it makes {names}")
    chosen = modules.pop(wanted or names)
    for name, word in modules.items():
        parts = ", ".join(part.text.removeprefix(f"{DIRECTORY}/") for part in object_words(kbuild, word))
        draft.say(word.place, f"{name} is another module: move it to a directory of its own, and adopt that: {parts}")
    return chosen


def modules_of(kbuild: KbuildFile, draft: Draft) -> dict[str, Word]:
    """The objects that are modules, by the modules' names."""
    found: dict[str, Word] = {}
    for word in kbuild.value("obj-m"):
        if not known(word, draft.say):
            continue
        name = word.text.removeprefix(f"{DIRECTORY}/")
        if name.endswith("/"):
            draft.say(word.place, f"{name} has modules of its own: adopt that directory, too")
        elif not name.endswith(".o"):
            draft.say(word.place, f"{name} is no object")
        else:
            found[Path(name).stem] = word.spelled(name)
    return found


def object_words(kbuild: KbuildFile, module: Word) -> list[Word]:
    """The objects that a module is linked from: those on its lists, or its own (scripts/Makefile.lib, real-search)."""
    stem = module.text.removesuffix(".o")
    if any(f"{stem}{ending}" in kbuild.variables for ending in (*LISTS, "-")):
        return [word for ending in LISTS for word in kbuild.value(f"{stem}{ending}")]
    return [dataclasses.replace(module, when=ALWAYS)]


def add_object(draft: Draft, word: Word) -> None:
    """Add the source of an object."""
    if not known(word, draft.say):
        return
    name = word.text.removeprefix(f"{DIRECTORY}/")
    if not name.endswith(".o"):
        draft.say(word.place, f"{name} is no object: only what is compiled from a source is carried over")
        return
    stem = name.removesuffix(".o")
    sources = [f"{stem}{ending}" for ending in ENDINGS if (draft.directory / f"{stem}{ending}").is_file()]
    if not sources:
        draft.say(word.place, f"{stem}{draft.missing(stem)}")
    elif not (draft.directory / sources[0]).resolve().is_relative_to(draft.directory):
        draft.say(word.place, f"{sources[0]} lies outside of the module's directory: move it into it")
    elif sources[0].endswith(".rs"):
        add_crate(draft, word, sources[0])
    else:
        draft.add_source(Source(name, sources[0], word.when))


def add_crate(draft: Draft, word: Word, source: str) -> None:
    """The crate root. Kbuild knows crates of one file and its modules only."""
    if any(one.is_rust for one in draft.sources):
        draft.say(
            word.place, f"{source} is a second crate: write [crates.NAME] path = {source!r}, see docs/guide/manifest.md"
        )
        return
    if draft.unmet(word.when) != ALWAYS:
        draft.say(word.place, f"the crate can't depend on the configuration: {source} is always built")
    draft.sources.append(Source(word.text, source, ALWAYS))
    text = (draft.directory / source).read_text(errors="replace")
    draft.module["api"] = api_of(text)


def api_of(text: str) -> str:
    """What a crate is written to, by how its module is declared (rust/macros/module.rs in the kernel, and ours)."""
    if re.search(r"\bimpl\s+(?:kernel::)?(?:InPlace)?Module\s+for\b|\bmodule_\w+_driver!", text):
        return MAINLINE
    return BUNDLED if re.search(r'\bimpl\s+(?:kernel::)?KernelModule\s+for\b|\bb"', text) else MAINLINE


def add_depends(draft: Draft, words: Sequence[Word]) -> None:
    """The modules whose exported symbols are used, by where their Module.symvers lies."""
    for word in words:
        if not known(word, draft.say):
            continue
        path = Path(word.text.replace(DIRECTORY, str(draft.directory)))
        names = modules_in(path.parent) if path.name == SYMVERS and path.is_absolute() else []
        if not names:
            fix = "write [depends] modules = [NAMES], and give its directory to MODULES= too"
            draft.say(word.place, f"which modules {word.text} is of is not known: {fix}")
        for name in names:
            draft.depend(name)
            place = os.path.relpath(path.parent, draft.directory)
            draft.say(word.place, f"it became [depends] modules: adopt {place} as well, and give both to MODULES=")


def modules_in(directory: Path) -> list[str]:
    """The names of the modules in a directory, by its manifest or its Kbuild file."""
    if (directory / FILE_NAME).is_file():
        return [read_manifest(directory / FILE_NAME).name]
    try:
        kbuild = KbuildFile(kbuild_path(directory), directory.resolve(), {})
    except UserError:
        return []
    return [word.text.removesuffix(".o") for word in kbuild.value("obj-m") if word.text.endswith(".o")]


def spelled(data: dict[str, Any], remarks: Sequence[Remark]) -> str:
    """The text of the manifest."""
    import toml  # only where there is something to write: a build with nothing to do should start fast

    encoder = toml.TomlEncoder()

    def array(values: list[Any]) -> str:
        line = f"[{', '.join(map(encoder.dump_value, values))}]"
        lines = "".join(f"    {encoder.dump_value(value)},\n" for value in values)
        return line if len(line) <= WIDTH else f"[\n{lines}]"

    encoder.dump_funcs[list] = array
    # The package's own way goes wrong where a string ends in a backslash.
    encoder.dump_funcs[str] = lambda text: json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    notes = "".join(f"#   {remark}\n" for remark in remarks)
    head = f"# Not carried over from Kbuild, or not as it was:\n{notes}\n" if notes else ""
    text: str = toml.dumps(data, encoder=encoder)
    return head + text
