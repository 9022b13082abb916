# SPDX-License-Identifier: MIT
"""The steps of the bindings to the kernel's headers: first their fingerprint, then bindgen if that has changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from scons_kmod.base.library_process import process_args, process_files
from scons_kmod.bindings import processes
from scons_kmod.bindings.flags import args_from_file, bindgen_flags
from scons_kmod.bindings.parts import MODULES, SHARED
from scons_kmod.bindings.rust_sources import NamingSources
from scons_kmod.engine.digests import TOKENS
from scons_kmod.engine.header_search import include_directories
from scons_kmod.engine.step import Command, Step
from scons_kmod.engine.views import IDENTIFIERS, View
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.wrappers.wrapper_crates import wrapper_crates


def bindings_file(target: BuildTarget) -> Path:
    """All bindings to the kernel's headers, as one Rust source. The crates have parts of it."""
    return target.build / "bindings/bindings_generated.rs"


def bindings_part(target: BuildTarget, crate: str) -> Path:
    """The part of the bindings that a crate has: `SHARED`, `MODULES`, or a crate of wrappers."""
    return target.build / "bindings/parts" / f"{crate}.rs"


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
    target: BuildTarget, sources: NamingSources, headers: Iterable[str] = (), generated: Sequence[Path] = ()
) -> Step:
    """Write the fingerprint: digests of the declarations that the identifiers in `sources` and `generated` reach.

    `generated` are sources of modules that other steps write. Only identifiers that the headers declare matter in a
    source.
    """
    request_file = target.build / "bindings/fingerprint_request.json"
    depfile = target.build / "bindings/fingerprint.d"
    bindgen = target.toolchain.bindgen
    header, text = bindgen_header(target, headers)
    request = {
        "libclang": dict(bindgen.env)["LIBCLANG_PATH"],
        "header": str(header),
        "flags": bindgen_flags(target),
        "kernel": {crate: [str(path) for path in paths] for crate, paths in sources.by_crate.items()},
        "headers": [str(path) for path in sources.headers],
        "modules": [str(path) for path in (*sources.modules, *generated)],
        "fingerprint": str(fingerprint_file(target)),
        "declared": str(declared_file(target)),
        "depfile": str(depfile),
    }
    groups = (*sources.by_crate.values(), sources.headers, (*sources.modules, *generated))
    argv = process_args(target.system.python, "bindings.fingerprint", request_file)
    return Step(
        name="DIGEST",
        unit="bindings",
        commands=(Command(argv, target.tree.path),),
        outputs=(fingerprint_file(target), declared_file(target)),
        tracked=(*process_files(*processes.FINGERPRINT_MODULES), bundled_header(target)),
        depfiles=(depfile,),
        # For the sources of a crate of kernel/ it matters which crate has a name, for the others only that one has.
        views=tuple(View(IDENTIFIERS, paths, (declared_file(target),)) for paths in groups if paths),
        written_files=((header, text), (request_file, json.dumps(request, indent=1))),
        tools=(bindgen.digest,),
        order_only=tuple(generated),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=include_directories(target.kbuild.cc, str(target.tree.path)),
    )


def bindings_step(target: BuildTarget, headers: Iterable[str] = ()) -> Step:
    """Write the bindings to the kernel's headers: to all that the fingerprint names.

    They are divided among crates, each declaration once, so that a C type is one Rust type for all (parts.py).
    """
    request_file = target.build / "bindings/bindgen_request.json"
    args_file = target.sources / "rust/bindgen_parameters"
    parts = {crate: bindings_part(target, crate) for crate in (SHARED, MODULES, *wrapper_crates(target).crates)}
    bindgen = target.toolchain.bindgen
    header, text = bindgen_header(target, headers)
    request = {
        "bindgen": [bindgen.path, str(header), *args_from_file(args_file, bindgen.version), "--no-rustfmt-bindings"],
        "flags": bindgen_flags(target),
        "fingerprint": str(fingerprint_file(target)),
        "raw": str(target.build / "bindings/bindgen.rs"),
        "bindings": str(bindings_file(target)),
        "layout": str(layout_header(target)),
        "parts": {crate: str(path) for crate, path in parts.items()},
    }
    argv = process_args(target.system.python, "bindings.generate", request_file)
    return Step(
        name="BINDGEN",
        unit="bindings",
        commands=(Command(argv, target.tree.path, bindgen.env),),
        outputs=(bindings_file(target), layout_header(target), *parts.values()),
        inputs=(fingerprint_file(target),),
        tracked=(args_file, *process_files(*processes.GENERATE_MODULES)),
        written_files=((header, text), (request_file, json.dumps(request, indent=1))),
        tools=(bindgen.digest,),
    )
