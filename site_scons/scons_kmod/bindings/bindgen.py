# SPDX-License-Identifier: MIT
"""The steps of the bindings to the kernel's headers: first their fingerprint, then bindgen if that has changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from scons_kmod.base.library_process import process_args, process_files
from scons_kmod.bindings import processes
from scons_kmod.bindings.flags import args_from_file, bindgen_flags
from scons_kmod.engine.digests import TOKENS
from scons_kmod.engine.header_search import include_directories
from scons_kmod.engine.step import Command, Step
from scons_kmod.engine.views import IDENTIFIERS, View
from scons_kmod.target.build_target import BuildTarget


def bindings_file(target: BuildTarget) -> Path:
    """The generated Rust source of the bindings crate."""
    return target.build / "bindings/bindings_generated.rs"


def layout_header(target: BuildTarget) -> Path:
    """The generated C header with the sizes that libclang saw. The C helpers compare them with gcc's."""
    return target.build / "bindings/bindings_layout.h"


def fingerprint_file(target: BuildTarget) -> Path:
    """The digests of the declarations that the bindings depend on."""
    return target.build / "bindings/fingerprint.json"


def declared_file(target: BuildTarget) -> Path:
    """All names that the headers declare, one a line. No other identifier in a Rust source matters."""
    return target.build / "bindings/declared.txt"


def bindgen_header(target: BuildTarget, headers: Iterable[str]) -> tuple[Path, str]:
    """The C file that bindgen reads, and its text: it includes the bundled list and these headers of the kernel."""
    lines = [f"#include <{name}>\n" for name in sorted(set(headers))]
    return target.build / "bindings/bindings.h", f'#include "{bundled_header(target)}"\n' + "".join(lines)


def bundled_header(target: BuildTarget) -> Path:
    """The bundled list of headers of the kernel."""
    return target.sources / "rust/bindings/bindings_helper.h"


def fingerprint_step(
    target: BuildTarget, sources: Sequence[Path], headers: Iterable[str] = (), generated: Sequence[Path] = ()
) -> Step:
    """Write the fingerprint: digests of the declarations that the identifiers in `sources` and `generated` reach.

    `generated` are sources that other steps write. Only identifiers that the headers declare matter in a source.
    """
    request_file = target.build / "bindings/fingerprint_request.json"
    depfile = target.build / "bindings/fingerprint.d"
    bindgen = target.toolchain.bindgen
    header, text = bindgen_header(target, headers)
    request = {
        "libclang": dict(bindgen.env)["LIBCLANG_PATH"],
        "header": str(header),
        "flags": bindgen_flags(target),
        "sources": [str(path) for path in (*sources, *generated)],
        "fingerprint": str(fingerprint_file(target)),
        "declared": str(declared_file(target)),
        "depfile": str(depfile),
    }
    argv = process_args(target.system.python, "bindings.fingerprint", request_file)
    return Step(
        name="DIGEST",
        unit="bindings",
        commands=(Command(argv, target.tree.path),),
        outputs=(fingerprint_file(target), declared_file(target)),
        tracked=(*process_files(*processes.FINGERPRINT_MODULES), bundled_header(target)),
        depfiles=(depfile,),
        views=(View(IDENTIFIERS, (*sources, *generated), (declared_file(target),)),),
        written_files=((header, text), (request_file, json.dumps(request, indent=1))),
        tools=(bindgen.digest,),
        order_only=tuple(generated),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=include_directories(target.kbuild.cc, str(target.tree.path)),
    )


def bindings_step(target: BuildTarget, headers: Iterable[str] = ()) -> Step:
    """Write the bindings to the kernel's headers: to all that the fingerprint names.

    All modules share one crate of bindings, so that a C type is one Rust type for all.
    """
    request_file = target.build / "bindings/bindgen_request.json"
    args_file = target.sources / "rust/bindgen_parameters"
    bindgen = target.toolchain.bindgen
    header, text = bindgen_header(target, headers)
    request = {
        "bindgen": [bindgen.path, str(header), *args_from_file(args_file, bindgen.version), "--no-rustfmt-bindings"],
        "flags": bindgen_flags(target),
        "fingerprint": str(fingerprint_file(target)),
        "raw": str(target.build / "bindings/bindgen.rs"),
        "bindings": str(bindings_file(target)),
        "layout": str(layout_header(target)),
    }
    argv = process_args(target.system.python, "bindings.generate", request_file)
    return Step(
        name="BINDGEN",
        unit="bindings",
        commands=(Command(argv, target.tree.path, bindgen.env),),
        outputs=(bindings_file(target), layout_header(target)),
        inputs=(fingerprint_file(target),),
        tracked=(args_file, *process_files(*processes.GENERATE_MODULES)),
        written_files=((header, text), (request_file, json.dumps(request, indent=1))),
        tools=(bindgen.digest,),
    )
