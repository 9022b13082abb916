# SPDX-License-Identifier: MIT
"""Looks at the compilers of a system: which there are, of which version they are, which files decide what they do."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.sysroot import System
from scons_kmod.distro.target_file import ToolVersions
from scons_kmod.engine.digests import Digests

# The shared libraries that compilers consist of, besides their own files.
CODE_LIBRARIES = re.compile(r"lib(rustc_driver|LLVM|clang|bfd|opcodes)\b")
# Where the distribution's programs are, in case they are not on PATH.
SYSTEM_PROGRAMS = Path("/usr/bin")
# Where Debian has a directory for each version of LLVM.
SYSTEM_LLVM = Path("/usr/lib")

# The programs that gcc looks for on PATH, if they are not in its own directories.
COMPILER_PROGRAMS = ("as", "ld")
# The programs of a kernel tree that the steps run. Not every tree has all of them.
BUILD_TOOLS = ("tools/objtool/objtool", "scripts/mod/modpost", "scripts/genksyms/genksyms")
# Variables to set for a program.
Environment = tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True)
class Tool:
    """A program. `digest` changes with the program or a compiler library that it loads; `env` must be set for it."""

    path: str
    version: str
    digest: str
    env: Environment = ()


@dataclasses.dataclass(frozen=True)
class FoundTool:
    """A tool that fits, the files that decide what it does, and for rustc the directory of its library sources."""

    tool: Tool
    files: tuple[str, ...]
    library_sources: str = ""


@dataclasses.dataclass(frozen=True)
class ToolFinder:
    """Looks for tools in a system. bootstrap may have unpacked some in the cache directory.

    The methods `inspect_*` raise `MachineError` if the tool does not fit, `StepError` if it can't be asked.
    """

    system: System
    log: RunLog
    cache: Path

    def rustcs(self) -> list[str]:
        """The paths of all rustcs. bootstrap unpacks one in the cache if installing it would replace the user's own."""
        return self.system.programs("rustc", [SYSTEM_PROGRAMS, self.cache / "rust-web/usr/bin"])

    def bindgens(self) -> list[str]:
        """The paths of all bindgens."""
        return self.system.programs("bindgen", [SYSTEM_PROGRAMS])

    def libclangs(self) -> list[str]:
        """The paths of all libclangs: that of the Python package libclang, then Debian's.

        The package is not imported: that would load its library.
        """
        of_python: list[Path] = []
        if self.system.root is None:
            spec = importlib.util.find_spec("clang")
            directories = (spec.submodule_search_locations if spec else None) or []
            of_python = [path for name in directories if (path := Path(name) / "native/libclang.so").exists()]
        on_host = Path(self.system.host_path(str(SYSTEM_LLVM)))
        of_debian = sorted(on_host.glob("llvm-*/lib/libclang-*.so.1"))
        return [*map(str, of_python), *(str(SYSTEM_LLVM / path.relative_to(on_host)) for path in of_debian)]

    def find_libclang(self, wanted: str) -> str:
        """The path of a libclang of the wanted version. Raises `MachineError` if there is none.

        The version matters: bindgen 0.60 panics on the kernel's anonymous types with libclang 16 and later.
        """
        refused = []
        for path in self.libclangs():
            try:
                matched_version(libclang_version(self.system.host_path(path)), r"(.+)", wanted)
            except MachineError as error:
                refused.append(f"{path}: {error.message}")
            else:
                return path
        fix = f"on Debian 12: apt-get install libclang1-{wanted}; the Python package libclang {wanted} will do, too"
        raise MachineError("\n".join(refused) or "not found", where="libclang", fix=fix)

    def inspect_rustc(self, path: str, wanted: str) -> FoundTool:
        """A rustc of the wanted version, with its library sources."""
        env = library_path(path)
        text = self.output([path, "-vV"], "rustc", env)
        version = matched_version(text, r"^release: (\S+)", wanted)
        sysroot = self.output([path, "--print", "sysroot"], "rustc", env).strip()
        library = f"{sysroot}/lib/rustlib/src/rust/library"
        core = self.real_path(f"{library}/core/src/lib.rs")
        if not core.is_file():
            raise MachineError(f"rustc {version} lacks its library sources ({library} does not exist)")
        # The program on PATH may be a proxy (rustup's). The compiler is in the sysroot.
        compiler = f"{sysroot}/bin/rustc"
        files = self.program_files(compiler if Path(self.system.host_path(compiler)).exists() else path, env)
        return FoundTool(Tool(path, version, Digests().combined(files), env), files, str(core.parents[2]))

    def inspect_bindgen(self, path: str, wanted: ToolVersions) -> FoundTool:
        """A bindgen of the wanted version, with the libclang that it is to load."""
        text = self.output([path, "--version"], "bindgen")
        version = matched_version(text, r"bindgen (\S+)", wanted.bindgen)
        library = self.find_libclang(wanted.libclang)
        files = (*self.program_files(path), self.system.host_path(library))
        env = (("LIBCLANG_PATH", library),)
        return FoundTool(Tool(path, version, Digests().combined(files), env), files)

    def inspect_compiler(self, path: str, tree: Path, binutils: Sequence[str]) -> FoundTool:
        """The C compiler that Kbuild calls, with the compiler proper, the binutils and the kernel's own build tools."""
        version = self.output([path, "-dumpfullversion"], "cc").strip()
        names = [self.output([path, f"-print-prog-name={name}"], "cc").strip() for name in ("cc1", *COMPILER_PROGRAMS)]
        programs = [program for name in (*names, *binutils) for program in self.system.programs(name)[:1] or [name]]
        # In Debian's packages they are scripts, which start the program for the kernel's architecture beside them.
        build_tools = [str(path) for name in BUILD_TOOLS for path in (tree / name, *beside(tree / name, ".real-*"))]
        files = (str(self.real_path(path)), *map(self.system.host_path, programs), *build_tools)
        return FoundTool(Tool(path, version, Digests().combined(files)), files)

    def program_files(self, path: str, env: Environment = ()) -> tuple[str, ...]:
        """The paths on the machine of a program and of the compiler libraries that it loads (ld.so(8))."""
        trace = ("LD_TRACE_LOADED_OBJECTS", "1")
        # In a sysroot, the variable must not be set for the program that enters it.
        in_sysroot = self.system.root is not None
        argv = ["env", "=".join(trace), path] if in_sysroot else [path]
        loaded = self.output(argv, "ld.so", env if in_sysroot else (*env, trace))
        libraries = re.findall(r"^\s*(\S+) => (/\S+)", loaded, re.MULTILINE)
        files = (path, *(library for name, library in libraries if CODE_LIBRARIES.match(name)))
        return tuple(map(self.system.host_path, files))

    def real_path(self, path: str) -> Path:
        """The path on the machine of a file in the system, with all links resolved."""
        if self.system.root is None:
            return Path(path).resolve()
        return Path(self.system.host_path(self.output(["readlink", "-f", path], path).strip()))

    def output(self, argv: list[str], unit: str, env: Environment = ()) -> str:
        """What a program in the system prints. Raises `StepError` if it fails."""
        log = self.log.inside(self.system.enter_args)
        return log.run(argv, step="TOOL", unit=unit, env=dict(env), timeout=30).stdout.decode(errors="replace")


def beside(path: Path, suffixes: str) -> list[Path]:
    """The files beside another whose names go on with one of these suffixes, a pattern."""
    return sorted(path.parent.glob(f"{path.name}{suffixes}"))


def library_path(path: str) -> Environment:
    """The environment in which a rustc that is unpacked outside /usr finds its libraries."""
    directory = Path(path).parent.parent / "lib/x86_64-linux-gnu"
    unpacked = directory.is_dir() and directory.parts[:2] != ("/", "usr")
    return (("LD_LIBRARY_PATH", str(directory)),) if unpacked else ()


def libclang_version(path: str) -> str:
    """The version of a libclang. Raises `MachineError`.

    Debian has it in the name of the file that the path leads to: ``libclang-15.so.15.0.6``, ``libclang-21.1.8.so``.
    """
    if match := re.search(r"/libclang-(\d[\d.]*)\.so(?:\.(\d[\d.]*))?$", str(Path(path).resolve())):
        return match[2] or match[1]
    import importlib.metadata  # slow, and a null build never gets here

    try:
        return importlib.metadata.version("libclang")
    except importlib.metadata.PackageNotFoundError as error:
        raise MachineError("it does not print its version") from error


def matched_version(text: str, pattern: str, wanted: str) -> str:
    """The version that `pattern` finds in a program's output. Raises `MachineError` unless it begins with `wanted`."""
    match = re.search(pattern, text, re.MULTILINE)
    if not match:
        raise MachineError("it does not print its version")
    parts = wanted.split(".")
    if match[1].split(".")[: len(parts)] != parts:
        raise MachineError(f"version {match[1]}, but the target needs {wanted}")
    return match[1]
