# SPDX-License-Identifier: MIT
"""The steps of a module's local bindings: the crate NAME_bindings, with the bindings to the module's own headers.

C and Rust must see the same types. So libclang reads the headers with the module's own defines and directories, and
the kernel's compiler confirms each layout, with the flags of the module's C code (bindings/local_headers.py).
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from scons_kmod.base.library_process import process_args, process_files
from scons_kmod.bindings import bindgen, processes
from scons_kmod.bindings.flags import args_from_file, bindgen_flags
from scons_kmod.bindings.local_paths import (
    callers_source,
    local_bindings_crate,
    local_bindings_dir,
    local_bindings_object,
    local_bindings_rmeta,
)
from scons_kmod.bindings.parts import MODULES, SHARED
from scons_kmod.c.compiler import CC_COLOR, depfile_arg, name_defines
from scons_kmod.c.source_flags import ASSEMBLY_SUFFIX, module_flags, source_flags
from scons_kmod.c.source_flags import module_include_directories as searched_by_c
from scons_kmod.crates.rustc_command import NO_LINTS, build_path_remap, rustc_command, support_search_args
from scons_kmod.crates.support_outputs import library_stamp, support_rmeta
from scons_kmod.engine.digests import RUST, TOKENS
from scons_kmod.engine.header_search import include_directories
from scons_kmod.engine.step import Command, Step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.sections.c import FileFlags
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import generated_dir, generated_files


@dataclasses.dataclass(frozen=True)
class HeaderReading:
    """How bindgen reads headers for an API: its own args, the flags for libclang, and the directory where it runs.

    `shared` is the file with the kernel's bindings, from which the kernel's types are taken.
    """

    args: tuple[str, ...]
    flags: tuple[str, ...]
    cwd: Path
    shared: Path


def local_bindings_steps(target: BuildTarget, manifest: Manifest) -> list[Step]:
    """The steps of the local bindings of a module written to the 2021 API; none if it has no own headers."""
    if not manifest.bindings.own_headers:
        return []
    reading = bundled_header_reading(target)
    return [
        local_bindgen_step(target, manifest, reading),
        local_layout_step(target, manifest),
        local_bindings_crate_step(target, manifest),
    ]


def bundled_header_reading(target: BuildTarget) -> HeaderReading:
    """How bindgen reads headers for the 2021 API: as it reads the kernel's headers (bindgen.py)."""
    args = args_from_file(target.sources / "rust/bindgen_parameters", target.toolchain.bindgen.version)
    return HeaderReading(tuple(args), tuple(bindgen_flags(target)), target.tree.path, bindgen.bindings_file(target))


def local_bindgen_step(target: BuildTarget, manifest: Manifest, reading: HeaderReading) -> Step:
    """Write the bindings to a module's own headers, and the C sources that belong to them (`local_headers_request`)."""
    directory = local_bindings_dir(target, manifest)
    tool = target.toolchain.bindgen
    unit, request_file = directory / "headers.h", directory / "request.json"
    flags = libclang_flags(target, manifest, reading)
    request = local_headers_request(target, manifest, reading) | {"unit": str(unit), "flags": flags}
    macros = (define.partition("=") for define in manifest.c.defines)
    defined = "".join(f"#define {name} {value if given else 1}\n" for name, given, value in macros)
    written = ((unit, request["includes"]), (request_file, json.dumps(request, indent=1)))
    return Step(
        name="BINDGEN",
        unit=local_bindings_crate(manifest),
        commands=(
            Command(process_args(target.system.python, "bindings.local_headers", request_file), reading.cwd, tool.env),
        ),
        outputs=(
            local_bindings_source(target, manifest),
            callers_source(target, manifest),
            local_layout_source(target, manifest),
        ),
        inputs=(reading.shared,),
        tracked=(*manifest.bindings.own_headers, *process_files(*processes.LOCAL_HEADERS_MODULES)),
        depfiles=(directory / "bindings.d",),
        written_files=(*written, (defines_header(target, manifest), defined)),
        tools=(tool.digest,),
        order_only=generated_files(target, manifest),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=include_directories(flags, str(reading.cwd)),
    )


def local_headers_request(target: BuildTarget, manifest: Manifest, reading: HeaderReading) -> dict[str, Any]:
    """The request for bindings/local_headers.py, without the file that libclang reads and without its flags."""
    directory, bindings = local_bindings_dir(target, manifest), manifest.bindings
    tool, prototypes = target.toolchain.bindgen, directory / "callers.h"
    directories = (*(module.directory for module in (manifest, *manifest.needs)), generated_dir(target, manifest))
    return {
        "libclang": dict(tool.env)["LIBCLANG_PATH"],
        "bindgen": [tool.path, str(prototypes), *reading.args, "--no-rustfmt-bindings"],
        "includes": "".join(f'#include "{path}"\n' for path in bindings.own_headers),
        "headers": [str(defines_header(target, manifest)), *map(str, bindings.own_headers)],
        "directories": [*map(str, directories)],
        "shared": str(reading.shared),
        "crate": manifest.crate,
        **{"allow": bindings.allowlist, "block": bindings.blocklist, "opaque": bindings.opaque},
        **{
            "prototypes": str(prototypes),
            "raw": str(directory / "bindgen.rs"),
            "depfile": str(directory / "bindings.d"),
        },
        "bindings": str(local_bindings_source(target, manifest)),
        "callers": str(callers_source(target, manifest)),
        "layout": str(local_layout_source(target, manifest)),
    }


def defines_header(target: BuildTarget, manifest: Manifest) -> Path:
    """The header with the macros that the manifest defines for C."""
    return local_bindings_dir(target, manifest) / "defines.h"


def local_bindings_source(target: BuildTarget, manifest: Manifest) -> Path:
    """The Rust source with the bindings to a module's own headers."""
    return local_bindings_dir(target, manifest) / "bindings_generated.rs"


def libclang_flags(target: BuildTarget, manifest: Manifest, reading: HeaderReading) -> list[str]:
    """The flags with which libclang reads the own headers.

    They are the kernel's flags, those that all C files of the module share, and of ``[c] flags`` those about macros.
    """
    # The manifest's defines are in a header instead: bindgen makes no constants of macros from the command line.
    defines = {f"-D{define}" for define in manifest.c.defines}
    return [
        *("-include", str(defines_header(target, manifest))),
        *(flag for flag in reading.flags if flag not in manifest.c.without_flags),
        *(flag for flag in module_flags(target, manifest) if flag not in defines),
        *(flag for flag in manifest.c.flags if flag.startswith(("-D", "-U"))),
        *name_defines(manifest.crate, local_bindings_crate(manifest)),
    ]


def local_layout_source(target: BuildTarget, manifest: Manifest) -> Path:
    """The C source with the layout checks: it compiles if C sees the types of the own headers as Rust does."""
    return local_bindings_dir(target, manifest) / "layout.c"


def local_layout_step(target: BuildTarget, manifest: Manifest) -> Step:
    """Compile the layout checks with the kernel's compiler, once for each set of flags that the module's C code has.

    The objects are not linked.
    """
    source = local_layout_source(target, manifest)
    variants = {"": source} | {str(path.relative_to(manifest.directory)): path for path in sources_with_flags(manifest)}
    objects = [source.with_name(f"layout-{number}.o") for number in range(len(variants))]
    commands = []
    for output, (name, path) in zip(objects, variants.items(), strict=True):
        label = json.dumps(f" with the flags of {name}" if name else "", ensure_ascii=False)
        flags = (*source_flags(target, manifest, path), f"-DFOR={label}", depfile_arg(Path(f"{output}.d")))
        argv = (target.toolchain.cc.path, *flags, "-c", "-o", str(output), str(source))
        commands.append(Command(argv, target.tree.path, color=CC_COLOR))
    return Step(
        name="CC",
        unit=f"{manifest.name}/layout.o",
        commands=tuple(commands),
        outputs=tuple(objects),
        inputs=(source,),
        depfiles=tuple(Path(f"{output}.d") for output in objects),
        tools=(target.toolchain.cc.digest,),
        order_only=generated_files(target, manifest),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=searched_by_c(target, manifest),
    )


def sources_with_flags(manifest: Manifest) -> list[Path]:
    """C sources for which the manifest has flags of their own, one source for each set of flags."""
    sets: dict[tuple[tuple[str, ...], tuple[str, ...]], FileFlags] = {}
    for source in manifest.c.sources:
        flags = manifest.c.flags_of(source)
        if source.suffix != ASSEMBLY_SUFFIX and (flags.flags or flags.without_flags):
            sets.setdefault((flags.flags, flags.without_flags), flags)
    return [flags.source for flags in sets.values()]


def local_bindings_crate_step(target: BuildTarget, manifest: Manifest) -> Step:
    """Compile the local bindings of a module written to the 2021 API."""
    command, depfile = rustc_command(
        target,
        bindings_crate_root(target),
        local_bindings_crate(manifest),
        local_bindings_dir(target, manifest),
        emit=bindings_emit(target, manifest),
        crates=("core", "compiler_builtins"),
        prefix=(target.sources, ""),
        # It re-exports the shared part. No wrapper has a type that an own header names (bindings/parts.py).
        flags=(
            *(build_path_remap(target), *support_search_args(target, MODULES), NO_LINTS),
            f"--extern={SHARED}={support_rmeta(target, MODULES)}",
        ),
        env=bindings_env(target, manifest),
    )
    step = Step(
        name="RUSTC",
        unit=local_bindings_crate(manifest),
        commands=(command,),
        outputs=(),
        inputs=(library_stamp(target), *(support_rmeta(target, name) for name in (SHARED, MODULES))),
        tracked=(bindings_crate_root(target),),
        depfiles=(depfile,),
        tools=(target.toolchain.rustc.digest,),
        digest_kind=RUST,
        compare_raw=bool(target.krustflags),
    )
    return with_bindings_files(target, manifest, step)


def with_bindings_files(target: BuildTarget, manifest: Manifest, step: Step) -> Step:
    """A crate's step with the inputs and outputs of local bindings.

    The objects of the layout checks are among the inputs: if C sees another layout than Rust, rustc does not run.
    """
    return dataclasses.replace(
        step,
        outputs=(*local_bindings_rmeta(target, manifest), *local_bindings_object(target, manifest)),
        inputs=(*step.inputs, local_bindings_source(target, manifest), *local_layout_step(target, manifest).outputs),
    )


def bindings_emit(target: BuildTarget, manifest: Manifest) -> tuple[str, ...]:
    """What rustc emits, each as ``KIND=PATH``."""
    (rmeta,), (object_file,) = local_bindings_rmeta(target, manifest), local_bindings_object(target, manifest)
    return f"metadata={rmeta}", f"obj={object_file}"


def bindings_env(target: BuildTarget, manifest: Manifest) -> tuple[tuple[str, str], ...]:
    """The environment variable by which the crate finds bindgen's output."""
    return (("RUST_BINDINGS_FILE", str(local_bindings_source(target, manifest))),)


def bindings_crate_root(target: BuildTarget) -> Path:
    """The crate root of local bindings: it includes bindgen's output."""
    return target.sources / "rust/own_bindings/lib.rs"
