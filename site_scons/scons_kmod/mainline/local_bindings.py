# SPDX-License-Identifier: MIT
"""The bindings of a module to its own headers, for the mainline API: read as the kernel's own bindings were."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from scons_kmod.base.errors import MachineError
from scons_kmod.bindings.local_paths import bindings_crate, bindings_object
from scons_kmod.crates.local_bindings import (
    NO_LINTS,
    HeaderReading,
    bindings_crate_root,
    bindings_emit,
    bindings_env,
    local_bindgen_step,
    local_layout_step,
    with_bindings_files,
)
from scons_kmod.crates.rustc_command import build_path_remap
from scons_kmod.engine.step import Step
from scons_kmod.kernel.cmd_file import parse_commands, read_cmd_file
from scons_kmod.mainline import mainline
from scons_kmod.mainline.mainline import Mainline
from scons_kmod.mainline.module_steps import mainline_code_step
from scons_kmod.manifest.manifest import Manifest

# Arguments of the kernel's own that need more around bindgen's output, or keep the checks of layouts from it.
NOT_KEPT = ("--with-derive-custom", "--with-attribute-custom", "--no-layout-tests")


# Flags of the kernel's for libclang that are for one file alone.
NAMING = ("-DKBUILD_", "-D__KBUILD_", "-Wp,-MMD,")


def mainline_bindings_steps(known: Mainline, manifest: Manifest) -> list[Step]:
    """All steps of the bindings of a module to the kernel's own crates; none if it has no own headers.

    Raises `MachineError`.
    """
    if not manifest.bindings.own_headers:
        return []
    target, how = known.target, mainline_header_reading(known)
    crate = mainline_bindings_crate_step(known, manifest)
    return [local_bindgen_step(target, manifest, how), local_layout_step(target, manifest), crate]


def mainline_header_reading(known: Mainline) -> HeaderReading:
    """How the headers are read for the kernel's own crates. Raises `MachineError` where the kernel does not tell."""
    _, *words = kernel_bindgen_args(known)
    at = words.index("--")
    flags = [word for word in words[at + 1 :] if not word.startswith(NAMING)]
    more = ("-w", "-Wno-builtin-macro-redefined", "-D__LINE__=0")
    kept = tuple(kept_bindgen_args(words[:at]))
    return HeaderReading(kept, (*flags, *more), known.plan.objects, known.path(mainline.BINDINGS))


def kernel_bindgen_args(known: Mainline) -> Sequence[str]:
    """The words of the kernel's own bindgen after its name: a header, arguments, ``--``, flags."""
    if rule := known.rules.get(mainline.BINDINGS):
        return rule.parts[0].programs[0][1:]
    saved = known.path(mainline.BINDINGS)
    saved = saved.with_name(f".{saved.name}.cmd")
    if not saved.is_file():
        what = "this kernel's tree has its crates, but not how their bindings were made"
        raise MachineError(what, where=str(saved), fix="build for the directory in which the kernel itself was built")
    return next(parse_commands(read_cmd_file(saved)[1])).programs[0][1:]


def kept_bindgen_args(words: Sequence[str]) -> Iterator[str]:
    """Arguments of bindgen, each with the value after it, less those that are not kept and what to write."""
    options: list[list[str]] = []
    for word in words:
        if word.startswith("-"):
            options.append([word])
        else:
            options[-1].append(word)
    for option in options:
        if option[0] != "-o" and not option[0].startswith(NOT_KEPT):
            yield from option


def mainline_bindings_crate_step(known: Mainline, manifest: Manifest) -> Step:
    """The crate of a module to the kernel's own crates."""
    target = known.target
    (made,) = bindings_object(target, manifest)
    words = (
        *(f"--crate-name={bindings_crate(manifest)}", "--extern=bindings", "--extern=ffi", NO_LINTS),
        *(f"--remap-path-prefix={target.sources}/=", build_path_remap(target)),
        f"--emit={','.join(bindings_emit(target, manifest))},dep-info={made}.d",
    )
    step = mainline_code_step(
        known, bindings_crate_root(target), made, words, "", bindings_env(target, manifest), part=True
    )
    return with_bindings_files(target, manifest, dataclasses.replace(step, unit=bindings_crate(manifest)))
