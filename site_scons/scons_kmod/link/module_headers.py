# SPDX-License-Identifier: MIT
"""The headers of the C file that modpost writes for each module (.mod.c), read once for many modules."""

from __future__ import annotations

import functools
from pathlib import Path

from scons_kmod.c.compiler import COLOR, included, includes, naming, precompile_step, searched, without_includes
from scons_kmod.engine.digests import TOKENS
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.kbuild import PROBE, probe_mod_c
from scons_kmod.target.build_target import BuildTarget


def module_headers_text_step(target: BuildTarget) -> Step:
    """What the headers say to the C code that modpost writes for each module, as preprocessed text.

    That code includes the same headers for every module, so they are read once, here, for all of them. A comment or a
    shifted line ends here: the code calls none of the inline functions that have a line number in them (`WARN_ON`).
    All macros are in the text (-dD): modpost writes more kinds of them than the probe's module needs.
    """
    made = module_headers_text(target)
    no_lines = ("-D__LINE__=0", "-w", "-P", "-dD")
    names = naming(PROBE, f"{PROBE}.mod")
    flags = (*target.kbuild.cc[1:], *names, *no_lines, f"-Wp,-MMD,{made}.d", "-E", "-o", str(made))
    source = probe_mod_c(target.build / "config")
    return Step(
        name="CPP",
        unit="module headers",
        commands=(Command((target.toolchain.cc.path, *flags, str(source)), target.tree.path, color=COLOR),),
        outputs=(made,),
        depfiles=(Path(f"{made}.d"),),
        tools=(target.toolchain.cc.digest,),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=searched(target),
    )


@functools.cache
def module_headers_text(target: BuildTarget) -> Path:
    """The preprocessed headers of the modules' generated C code."""
    return target.build / "link/module_headers.i"


@functools.cache
def precompiled_headers_step(target: BuildTarget) -> Step:
    """The headers of the modules' generated C code, precompiled: what is left of a module's own is a seventh.

    What the compiler makes of that code is the same (tests/long/test_kbuild_link.py); so it depends on
    `module_headers_text`, and this has just to be there.
    """
    text = includes(included(target.kbuild.cc)) + target.kbuild.preamble
    flags = without_includes(target.kbuild.cc[1:])
    return precompile_step(target, module_headers(target), flags, text, "module headers")


@functools.cache
def module_headers(target: BuildTarget) -> Path:
    """The header that includes all those of the modules' generated C code."""
    return target.build / "link/module_headers.h"
