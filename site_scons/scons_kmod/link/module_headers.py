# SPDX-License-Identifier: MIT
"""The steps that read the headers of all modules' .mod.c at once: as text, and precompiled.

modpost writes a .mod.c for each module, and each includes the same headers.
"""

from __future__ import annotations

import functools
from pathlib import Path

from scons_kmod.c.compiler import (
    CC_COLOR,
    args_without_includes,
    depfile_arg,
    include_lines,
    included_files,
    kernel_include_directories,
    name_defines,
    precompile_step,
)
from scons_kmod.engine.digests import TOKENS
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.kbuild import PROBE_MODULE, probe_mod_c
from scons_kmod.target.build_target import BuildTarget


def module_headers_text_step(target: BuildTarget) -> Step:
    """Preprocess the headers of .mod.c to one text for all modules.

    The text is a cutoff: it stays the same after a changed comment or a shifted line. Line numbers can be left out of
    it, because .mod.c calls none of the inline functions that contain one (`WARN_ON`). The text has all macros (-dD),
    because modpost may use more of them than the .mod.c of the probe module that is preprocessed here.
    """
    text_file = module_headers_text(target)
    no_lines = ("-D__LINE__=0", "-w", "-P", "-dD")
    names = name_defines(PROBE_MODULE, f"{PROBE_MODULE}.mod")
    flags = (*target.kbuild.cc[1:], *names, *no_lines, depfile_arg(Path(f"{text_file}.d")), "-E", "-o", str(text_file))
    source = probe_mod_c(target.build / "config")
    return Step(
        name="CPP",
        unit="module headers",
        commands=(Command((target.toolchain.cc.path, *flags, str(source)), target.tree.path, color=CC_COLOR),),
        outputs=(text_file,),
        depfiles=(Path(f"{text_file}.d"),),
        tools=(target.toolchain.cc.digest,),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=kernel_include_directories(target),
    )


@functools.cache
def module_headers_text(target: BuildTarget) -> Path:
    """The preprocessed headers of all modules' .mod.c."""
    return target.build / "link/module_headers.i"


@functools.cache
def precompiled_headers_step(target: BuildTarget) -> Step:
    """Precompile the headers of .mod.c. With them, a .mod.c compiles in a seventh of the time.

    The compiler's output is the same as without them (tests/long/test_kbuild_link.py). So a step that compiles a .mod.c
    reads `module_headers_text`, and this output is order-only for it.
    """
    text = include_lines(included_files(target.kbuild.cc)) + target.kbuild.preamble
    flags = args_without_includes(target.kbuild.cc[1:])
    return precompile_step(target, module_headers(target), flags, text, "module headers")


@functools.cache
def module_headers(target: BuildTarget) -> Path:
    """The header that includes all headers of .mod.c, and is precompiled."""
    return target.build / "link/module_headers.h"
