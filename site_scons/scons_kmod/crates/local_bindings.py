# SPDX-License-Identifier: MIT
"""A module's bindings to its own headers: a crate of its own, CRATE_bindings, that its Rust code sees.

C and Rust are to see the same. So the headers are read with the module's own defines and directories, and the kernel's
compiler has to confirm each layout, with the flags of the module's C code (own_headers.py).
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from scons_kmod.base.library_process import process_args, process_files
from scons_kmod.bindings import bindgen, processes
from scons_kmod.bindings.local_paths import (
    bindings_crate,
    bindings_dir,
    bindings_object,
    bindings_rmeta,
    callers_source,
)
from scons_kmod.c.compiler import COLOR, naming
from scons_kmod.c.module_objects import ASSEMBLY, shared_flags, source_flags
from scons_kmod.c.module_objects import searched as searched_by_c
from scons_kmod.crates.rustc_command import build_path_remap, rustc_command, support_search_args
from scons_kmod.crates.support_outputs import library_stamp, support_rmeta
from scons_kmod.engine.digests import LINES, TOKENS
from scons_kmod.engine.header_search import include_directories
from scons_kmod.engine.step import Command, Step
from scons_kmod.manifest.c import FileFlags
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import generated_dir, generated_files

# What a crate of generated code is not told about.
QUIET = "--cap-lints=allow"


@dataclasses.dataclass(frozen=True)
class Reading:
    """How bindgen reads headers for a kernel's crates: its arguments, the flags for libclang, and where it runs.

    `shared` are the bindings that the kernel's types are taken from.
    """

    words: tuple[str, ...]
    flags: tuple[str, ...]
    cwd: Path
    shared: Path


def local_bindings_steps(target: BuildTarget, manifest: Manifest) -> list[Step]:
    """All steps of the bindings of a module to the API of 2021; none if it has no own headers."""
    if not manifest.bindings.own:
        return []
    how = reading(target)
    return [
        local_bindgen_step(target, manifest, how),
        local_layout_step(target, manifest),
        local_bindings_crate_step(target, manifest),
    ]


def reading(target: BuildTarget) -> Reading:
    """How the headers are read for the API of 2021."""
    words = bindgen.parameters(target.sources / "rust/bindgen_parameters", target.toolchain.bindgen.version)
    return Reading(tuple(words), tuple(bindgen.bindgen_flags(target)), target.tree.path, bindgen.bindings_file(target))


def local_bindgen_step(target: BuildTarget, manifest: Manifest, how: Reading) -> Step:
    """The bindings to a module's own headers, and the C sources that go with them."""
    directory = bindings_dir(target, manifest)
    tool = target.toolchain.bindgen
    unit, request = directory / "headers.h", directory / "request.json"
    flags = own_flags(target, manifest, how)
    asked = asked_of(target, manifest, how) | {"unit": str(unit), "flags": flags}
    macros = (define.partition("=") for define in manifest.c.defines)
    defined = "".join(f"#define {name} {value if given else 1}\n" for name, given, value in macros)
    written = ((unit, asked["includes"]), (request, json.dumps(asked, indent=1)))
    return Step(
        name="BINDGEN",
        unit=bindings_crate(manifest),
        commands=(Command(process_args(target.system.python, "bindings.local_headers", request), how.cwd, tool.env),),
        outputs=(rust_source(target, manifest), callers_source(target, manifest), layout_source(target, manifest)),
        inputs=(how.shared,),
        tracked=(*manifest.bindings.own, *process_files(*processes.LOCAL_HEADERS)),
        depfiles=(directory / "bindings.d",),
        written_files=(*written, (defines_header(target, manifest), defined)),
        tools=(tool.digest,),
        order_only=generated_files(target, manifest),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=include_directories(flags, str(how.cwd)),
    )


def asked_of(target: BuildTarget, manifest: Manifest, how: Reading) -> dict[str, Any]:
    """What own_headers.py is asked, but for the file that libclang reads and its flags."""
    directory, own = bindings_dir(target, manifest), manifest.bindings
    tool, prototypes = target.toolchain.bindgen, directory / "callers.h"
    directories = (*(one.directory for one in (manifest, *manifest.needs)), generated_dir(target, manifest))
    return {
        "libclang": dict(tool.env)["LIBCLANG_PATH"],
        "bindgen": [tool.path, str(prototypes), *how.words, "--no-rustfmt-bindings"],
        "includes": "".join(f'#include "{path}"\n' for path in own.own),
        "headers": [str(defines_header(target, manifest)), *map(str, own.own)],
        "directories": [*map(str, directories)],
        "shared": str(how.shared),
        "crate": manifest.crate,
        **{"allow": own.allow, "block": own.block, "opaque": own.opaque},
        **{
            "prototypes": str(prototypes),
            "raw": str(directory / "bindgen.rs"),
            "depfile": str(directory / "bindings.d"),
        },
        "bindings": str(rust_source(target, manifest)),
        "callers": str(callers_source(target, manifest)),
        "layout": str(layout_source(target, manifest)),
    }


def defines_header(target: BuildTarget, manifest: Manifest) -> Path:
    """The macros that the manifest defines for C."""
    return bindings_dir(target, manifest) / "defines.h"


def rust_source(target: BuildTarget, manifest: Manifest) -> Path:
    """bindgen's output of a module's own headers."""
    return bindings_dir(target, manifest) / "bindings_generated.rs"


def own_flags(target: BuildTarget, manifest: Manifest, how: Reading) -> list[str]:
    """The flags that libclang reads a module's headers with: of the module's for C, all that is about macros."""
    left_out = manifest.c.without
    # Of what is defined on the command line, bindgen makes no constants.
    defines = {f"-D{define}" for define in manifest.c.defines}
    return [
        *("-include", str(defines_header(target, manifest))),
        *(word for word in how.flags if word not in left_out),
        *(word for word in shared_flags(target, manifest) if word not in defines),
        *(word for word in manifest.c.flags if word.startswith(("-D", "-U"))),
        *naming(manifest.crate, bindings_crate(manifest)),
    ]


def layout_source(target: BuildTarget, manifest: Manifest) -> Path:
    """The C source that compiles if C sees the types of a module's own headers as Rust does."""
    return bindings_dir(target, manifest) / "layout.c"


def local_layout_step(target: BuildTarget, manifest: Manifest) -> Step:
    """Let the kernel's compiler confirm the layouts, with each set of flags that the module has for C; not linked."""
    source = layout_source(target, manifest)
    variants = {"": source} | {str(path.relative_to(manifest.directory)): path for path in with_own_flags(manifest)}
    objects = [source.with_name(f"layout-{number}.o") for number in range(len(variants))]
    commands = []
    for made, (name, path) in zip(objects, variants.items(), strict=True):
        said = json.dumps(f" with the flags of {name}" if name else "", ensure_ascii=False)
        flags = (*source_flags(target, manifest, path), f"-DFOR={said}", f"-Wp,-MMD,{made}.d")
        argv = (target.toolchain.cc.path, *flags, "-c", "-o", str(made), str(source))
        commands.append(Command(argv, target.tree.path, color=COLOR))
    return Step(
        name="CC",
        unit=f"{manifest.name}/layout.o",
        commands=tuple(commands),
        outputs=tuple(objects),
        inputs=(source,),
        depfiles=tuple(Path(f"{made}.d") for made in objects),
        tools=(target.toolchain.cc.digest,),
        order_only=generated_files(target, manifest),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=searched_by_c(target, manifest),
    )


def with_own_flags(manifest: Manifest) -> list[Path]:
    """C sources with flags of their own, one for each set of flags."""
    some: dict[tuple[tuple[str, ...], tuple[str, ...]], FileFlags] = {}
    for source in manifest.c.sources:
        one = manifest.c.of(source)
        if source.suffix != ASSEMBLY and (one.flags or one.without):
            some.setdefault((one.flags, one.without), one)
    return [one.source for one in some.values()]


def local_bindings_crate_step(target: BuildTarget, manifest: Manifest) -> Step:
    """The crate of a module to the API of 2021, around bindgen's output."""
    command, depfile = rustc_command(
        target,
        crate_root(target),
        bindings_crate(manifest),
        bindings_dir(target, manifest),
        emit=emitted(target, manifest),
        crates=("core", "compiler_builtins", "bindings"),
        prefix=(target.sources, ""),
        flags=(build_path_remap(target), *support_search_args(target), QUIET),
        env=environment(target, manifest),
    )
    step = Step(
        name="RUSTC",
        unit=bindings_crate(manifest),
        commands=(command,),
        outputs=(),
        inputs=(library_stamp(target), support_rmeta(target, "bindings")),
        tracked=(crate_root(target),),
        depfiles=(depfile,),
        tools=(target.toolchain.rustc.digest,),
        digest_kind=LINES,
        compare_raw=bool(target.krustflags),
    )
    return around(target, manifest, step)


def around(target: BuildTarget, manifest: Manifest, step: Step) -> Step:
    """The crate's step with what it is made of, and what it makes; where C sees another layout, it is not made."""
    return dataclasses.replace(
        step,
        outputs=(*bindings_rmeta(target, manifest), *bindings_object(target, manifest)),
        inputs=(*step.inputs, rust_source(target, manifest), *local_layout_step(target, manifest).outputs),
    )


def emitted(target: BuildTarget, manifest: Manifest) -> tuple[str, ...]:
    """What rustc is to make."""
    (library,), (object_,) = bindings_rmeta(target, manifest), bindings_object(target, manifest)
    return f"metadata={library}", f"obj={object_}"


def environment(target: BuildTarget, manifest: Manifest) -> tuple[tuple[str, str], ...]:
    """The variable by which the crate finds bindgen's output."""
    return (("RUST_BINDINGS_FILE", str(rust_source(target, manifest))),)


def crate_root(target: BuildTarget) -> Path:
    """The source around bindgen's output."""
    return target.sources / "rust/own_bindings/lib.rs"
