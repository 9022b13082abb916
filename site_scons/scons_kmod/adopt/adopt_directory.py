# SPDX-License-Identifier: MIT
"""From a Kbuild directory to a manifest: `adopt_directory`, which is all that `scons adopt` does."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from pathlib import Path

from scons_kmod.adopt.compiler_flags import add_flags
from scons_kmod.adopt.kbuild_file import KbuildFile, kbuild_path
from scons_kmod.adopt.manifest_draft import ManifestDraft
from scons_kmod.adopt.manifest_text import write_manifest
from scons_kmod.adopt.module_objects import add_object, choose_module, object_words
from scons_kmod.adopt.other_modules import add_depends
from scons_kmod.adopt.recipes import explain_rules, variables_of_recipes
from scons_kmod.adopt.remarks import Remark
from scons_kmod.adopt.unread_variables import explain_variables
from scons_kmod.base.errors import UserError
from scons_kmod.manifest.manifest import FILE_NAME


@dataclasses.dataclass(frozen=True)
class AdoptedModule:
    """The path of a manifest, the module's name, and the remarks about what the manifest lacks."""

    path: Path
    name: str
    remarks: tuple[Remark, ...]


def adopt_directory(
    directory: Path, wanted: str | None = None, *, write: bool = True, reserved: Collection[str] = ()
) -> AdoptedModule:
    """Write a module's manifest beside its Kbuild file. Without `write`, only return what adopting it gives.

    `wanted` names one of several modules. The names in `reserved` are refused. Raises `UserError` if there is a
    manifest already, if the directory makes no module, if it makes several and none is wanted, or if a file cannot be
    read or written.
    """
    path = directory / FILE_NAME
    if path.exists():
        raise UserError("the file exists already", where=str(path), fix="remove it, and adopt writes a new one")
    try:
        draft = draft_manifest(directory.resolve(), kbuild_path(directory), wanted)
        if write:
            write_manifest(path, draft, reserved)
    except OSError as error:
        raise UserError(str(error.strerror).lower(), where=str(error.filename or directory)) from error
    return AdoptedModule(path, draft.name, tuple(draft.remarks.all))


def draft_manifest(directory: Path, path: Path, wanted: str | None) -> ManifestDraft:
    """The manifest for a module whose Kbuild file is `path`. Raises `UserError` and `OSError`."""
    # Plain make reads the Makefile, which then calls Kbuild. Kbuild reads `path`, which may be the same file.
    makefile = path.with_name("Makefile") if path.with_name("Makefile").is_file() else path
    wrapper = KbuildFile(makefile, directory, {"KERNELRELEASE": ""})
    draft = ManifestDraft(directory)
    given = variables_of_recipes(wrapper, draft.remarks)
    kbuild = KbuildFile(path, directory, given)
    for remark in kbuild.remarks.all:
        draft.remarks.add(remark.location, remark.message)
    module = choose_module(kbuild, path, wanted, draft)
    draft.name = Path(module.text).stem
    draft.require(module)
    for word in object_words(kbuild, module):
        add_object(draft, word)
    if not draft.sources:
        remarks = "\n    ".join(map(str, draft.remarks.all))
        fix = remarks or f"list its objects: {draft.name}-y := NAMES.o"
        raise UserError(f"{module.text} has no known source", where=str(path), fix=fix)
    add_flags(draft, kbuild)
    add_depends(draft, [*kbuild.value("KBUILD_EXTRA_SYMBOLS"), *wrapper.value("KBUILD_EXTRA_SYMBOLS")])
    explain_rules(draft, kbuild, wrapper)
    explain_variables(draft, kbuild, wrapper)
    draft.remarks.all.sort(key=lambda remark: (remark.location.file, remark.location.line))
    return draft
