# SPDX-License-Identifier: MIT
"""Variables of a Kbuild file that are not carried over: what the user can write instead."""

from __future__ import annotations

import re

from scons_kmod.adopt.kbuild_file import KbuildFile
from scons_kmod.adopt.manifest_draft import ManifestDraft
from scons_kmod.adopt.recipes import GENERATE
from scons_kmod.adopt.variables import KBUILD_LISTS

# Variables that adopt reads, and variables that mean nothing to scons, which writes no file beside the sources.
READ_VARIABLES = re.compile(
    r"obj-m|obj-|(KBUILD_(C|A|RUST)FLAGS|(subdir-)?(cc|as|rust)flags-y|EXTRA_[CA]FLAGS|ccflags-remove-y|KBUILD_EXTRA_SYMBOLS"
    r"|(no-)?clean-files|clean-dirs|MAKEFLAGS)|.*-(y|m|n|objs|)"
)
ADVICE = {
    r"ldflags-[ym]|EXTRA_LDFLAGS|LDFLAGS_.+": "a module is linked as Kbuild links it: a manifest has no linker flags",
    r"always(-[ym])?|extra-[ym]|targets": f"a rule makes this: {GENERATE}",
    r"(hostprogs|userprogs|HOST|USER).*": f"programs that run on this machine: {GENERATE}",
    r"obj-y|lib-[ym]": "this is built into the kernel and is not a module: write obj-m",
    r"subdir-[ym]": "the directory has its own modules: adopt it too",
    r"(K[ACM]SAN|UBSAN|KCOV|GCOV)_\w+(\.o)?": "a manifest has no key for this: if a kernel has this check, it is on"
    " for the whole module",
    r"OBJECT_FILES_NON_STANDARD.*": "objtool checks every object: mark the function with STACK_FRAME_NON_STANDARD",
    r"NOSTDINC_FLAGS|LINUXINCLUDE|USERINCLUDE": "the kernel's include directories come first, [c] include after them",
    r"cppflags-y|EXTRA_CPPFLAGS|CPPFLAGS_.+": "these flags are for linker scripts: a module has none of its own",
}
OBJECT_FLAGS = re.compile(r"(C|A|RUST)FLAGS_(REMOVE_)?(.+)\.o")


def explain_variables(draft: ManifestDraft, kbuild: KbuildFile, wrapper: KbuildFile) -> None:
    """Add a remark about each variable that nothing reads."""
    texts = [*kbuild.texts, *wrapper.texts]
    for name, variable in kbuild.variables.in_file.items():
        if variable.parts and (message := variable_message(name, draft, texts)):
            draft.remarks.add(variable.parts[0].location, message)


def variable_message(name: str, draft: ManifestDraft, texts: list[str]) -> str:
    """The message about a variable that the file sets, or "". `texts` are all files that may use it."""
    if match := OBJECT_FLAGS.fullmatch(name):
        object_name = f"{match[3]}.o"
        if object_name in {source.object_name for source in draft.sources}:
            return ""
        return f"{draft.name} has no object {object_name}: write its name as in the list of objects"
    for pattern, advice in ADVICE.items():
        if re.fullmatch(pattern, name):
            return advice
    if READ_VARIABLES.fullmatch(name) or name in KBUILD_LISTS:
        return ""
    use = re.compile(rf"\$[({{]{re.escape(name)}[:)}}]|\b(?:ifn?def)\s+{re.escape(name)}\b")
    used = any(use.search(text) for text in texts)
    return "" if used else "nothing in this file uses the variable, and a manifest has no key for it"
