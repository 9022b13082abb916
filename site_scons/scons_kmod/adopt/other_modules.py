# SPDX-License-Identifier: MIT
"""Other modules whose symbols the module uses: ``KBUILD_EXTRA_SYMBOLS`` as ``[depends] modules``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.adopt.kbuild_file import KbuildFile, kbuild_path
from scons_kmod.adopt.manifest_draft import ManifestDraft
from scons_kmod.adopt.remarks import check_word
from scons_kmod.adopt.words import DIRECTORY, Word
from scons_kmod.base.errors import UserError
from scons_kmod.manifest.manifest import FILE_NAME
from scons_kmod.manifest.read import read_manifest

SYMVERS = "Module.symvers"


def add_depends(draft: ManifestDraft, extra_symbols: Sequence[Word]) -> None:
    """Add the modules that the directories of these ``Module.symvers`` files make, with remarks."""
    for word in extra_symbols:
        if not check_word(word, draft.remarks):
            continue
        path = Path(word.text.replace(DIRECTORY, str(draft.directory)))
        names = module_names(path.parent) if path.name == SYMVERS and path.is_absolute() else []
        if not names:
            fix = "write [depends] modules = [NAMES], and add the directories of these modules to MODULES="
            draft.remarks.add(word.location, f"adopt finds no modules that {word.text} is for: {fix}")
        for name in names:
            draft.depend(name)
            directory = os.path.relpath(path.parent, draft.directory)
            message = f"it became [depends] modules: adopt {directory} too, and write both directories in MODULES="
            draft.remarks.add(word.location, message)


def module_names(directory: Path) -> list[str]:
    """The names of the modules in a directory, from its manifest or its Kbuild file."""
    if (directory / FILE_NAME).is_file():
        return [read_manifest(directory / FILE_NAME).name]
    try:
        kbuild = KbuildFile(kbuild_path(directory), directory.resolve(), {})
    except UserError:
        return []
    return [word.text.removesuffix(".o") for word in kbuild.value("obj-m") if word.text.endswith(".o")]
