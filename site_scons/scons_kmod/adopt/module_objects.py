# SPDX-License-Identifier: MIT
"""The modules that a Kbuild file makes, their objects, and the sources of these."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from scons_kmod.adopt.config_condition import ALWAYS
from scons_kmod.adopt.kbuild_file import KbuildFile
from scons_kmod.adopt.manifest_draft import ManifestDraft, Source
from scons_kmod.adopt.remarks import check_word
from scons_kmod.adopt.words import DIRECTORY, Word
from scons_kmod.base.errors import UserError
from scons_kmod.manifest.manifest import BUNDLED, MAINLINE

# The order in which Kbuild looks for an object's source (scripts/Makefile.build).
SOURCE_SUFFIXES = (".c", ".rs", ".S")
LIST_SUFFIXES = ("-objs", "-y", "-m")


def choose_module(kbuild: KbuildFile, path: Path, wanted: str | None, draft: ManifestDraft) -> Word:
    """The word in ``obj-m`` of the module that the manifest is for: `wanted`, or the only one.

    Adds remarks about the other modules. Raises `UserError` if there is no such module, or several.
    """
    modules = module_words(kbuild, draft)
    if not modules:
        remarks = "\n    ".join(map(str, draft.remarks.all))
        raise UserError("the file makes no module", where=str(path), fix=remarks or "write obj-m := NAME.o")
    names = ", ".join(modules)
    if len(modules) > 1 and not wanted:
        fix = "give each module a directory with its sources and a Kbuild file, or name one of them: MODULE=NAME"
        raise UserError(f"the file makes several modules: {names}", where=str(path), fix=fix)
    if wanted and wanted not in modules:
        fix = f"name one that it makes: {names}"
        raise UserError("the file makes no such module", where=f"{path}: MODULE={wanted}", fix=fix)
    chosen = modules.pop(wanted or names)
    for name, word in modules.items():
        objects = ", ".join(part.text.removeprefix(f"{DIRECTORY}/") for part in object_words(kbuild, word))
        fix = f"move the sources of {objects} to a directory of their own and adopt that"
        draft.remarks.add(word.location, f"{name} is another module: {fix}")
    return chosen


def module_words(kbuild: KbuildFile, draft: ManifestDraft) -> dict[str, Word]:
    """The words of ``obj-m`` that are modules, by the modules' names."""
    modules: dict[str, Word] = {}
    for word in kbuild.value("obj-m"):
        if not check_word(word, draft.remarks):
            continue
        name = word.text.removeprefix(f"{DIRECTORY}/")
        if name.endswith("/"):
            draft.remarks.add(word.location, f"{name} has its own modules: adopt that directory too")
        elif not name.endswith(".o"):
            draft.remarks.add(word.location, f"{name} is not an object")
        else:
            modules[Path(name).stem] = word.with_text(name)
    return modules


def object_words(kbuild: KbuildFile, module: Word) -> list[Word]:
    """The objects that a module is linked from (scripts/Makefile.lib, real-search).

    These are the objects in the module's lists. A module without a list is compiled from a source of its name.
    """
    stem = module.text.removesuffix(".o")
    if any(f"{stem}{suffix}" in kbuild.variables.in_file for suffix in (*LIST_SUFFIXES, "-")):
        return [word for suffix in LIST_SUFFIXES for word in kbuild.value(f"{stem}{suffix}")]
    return [dataclasses.replace(module, condition=ALWAYS)]


def add_object(draft: ManifestDraft, word: Word) -> None:
    """Add the source of an object to the manifest, or a remark about why that is impossible."""
    if not check_word(word, draft.remarks):
        return
    name = word.text.removeprefix(f"{DIRECTORY}/")
    if not name.endswith(".o"):
        message = f"{name} is not an object: only objects that are compiled from a source are carried over"
        draft.remarks.add(word.location, message)
        return
    stem = name.removesuffix(".o")
    paths = [f"{stem}{suffix}" for suffix in SOURCE_SUFFIXES if (draft.directory / f"{stem}{suffix}").is_file()]
    if not paths:
        draft.remarks.add(word.location, missing_source(draft.directory, stem))
    elif not (draft.directory / paths[0]).resolve().is_relative_to(draft.directory):
        draft.remarks.add(word.location, f"{paths[0]} is outside the module's directory: move it into the directory")
    elif paths[0].endswith(".rs"):
        add_crate(draft, word, paths[0])
    else:
        draft.add_source(Source(name, paths[0], word.condition))


def missing_source(directory: Path, stem: str) -> str:
    """The message about an object that has no source."""
    if (directory / f"{stem}.o_shipped").exists():
        return f"{stem}.o_shipped is already compiled: only objects that are compiled from a source can be linked"
    fix = "if a program writes the source, add [generate.NAME] with the source in outputs"
    return f"{stem}.c, .rs and .S do not exist: {fix}"


def add_crate(draft: ManifestDraft, word: Word, path: str) -> None:
    """Add the module's crate. A second object from Rust becomes a remark: it is a crate for ``[crates.NAME]``."""
    if draft.root:
        fix = f"add [crates.NAME] path = {path!r}, see docs/guide/manifest.md"
        draft.remarks.add(word.location, f"{path} is a second crate: {fix}")
        return
    if draft.beyond_required(word.condition) != ALWAYS:
        message = f"the crate cannot depend on the configuration: {path} is built for every kernel"
        draft.remarks.add(word.location, message)
    draft.sources.append(Source(word.text, path, ALWAYS))
    draft.crate_keys["api"] = crate_api((draft.directory / path).read_text(errors="replace"))


def crate_api(text: str) -> str:
    """The API that a crate is written to. The declaration of its module shows it.

    rust/macros/module.rs in the kernel has the declaration of the mainline API, the same file in this project that of
    the 2021 API.
    """
    if re.search(r"\bimpl\s+(?:kernel::)?(?:InPlace)?Module\s+for\b|\bmodule_\w+_driver!", text):
        return MAINLINE
    return BUNDLED if re.search(r'\bimpl\s+(?:kernel::)?KernelModule\s+for\b|\bb"', text) else MAINLINE
