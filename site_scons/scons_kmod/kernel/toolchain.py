# SPDX-License-Identifier: MIT
"""The programs that build: which there are, which of them is taken, and why the others are not."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scons_kmod.base.errors import KmodError, MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.sysroot import THIS_MACHINE, System
from scons_kmod.distro.target_file import ToolVersions
from scons_kmod.engine.digests import Digests
from scons_kmod.engine.remember import Answer, remembered
from scons_kmod.kernel.kbuild import Kbuild

# What a program's behaviour depends on besides its own file: compilers live in shared libraries.
CODE_LIBRARIES = re.compile(r"lib(rustc_driver|LLVM|clang|bfd|opcodes)\b")
# Where the distribution's programs are, should PATH not lead there.
SYSTEM_PROGRAMS = Path("/usr/bin")
# Where Debian has a directory for each version of LLVM.
SYSTEM_LLVM = Path("/usr/lib")


@dataclasses.dataclass(frozen=True)
class Tool:
    """One program. `digest` changes with the program or a compiler library that it loads; `env` must be set for it."""

    path: str
    version: str
    digest: str
    env: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True)
class Toolchain:
    """The programs for one target. `library` holds rustc's library sources; `refused`: why others were not taken."""

    rustc: Tool
    library: str
    bindgen: Tool
    cc: Tool
    refused: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Found:
    """A program that fits, the files that decide what it does, and where rustc has its library sources."""

    tool: Tool
    files: tuple[str, ...]
    library: str = ""


# Variables to set for a program.
Environment = tuple[tuple[str, str], ...]
# What was chosen, and of each program that was not, why.
Choice = tuple[Found, list[str]]


def find_toolchain(
    need: ToolVersions,
    kbuild: Kbuild,
    tree: Path,
    cache: Path,
    directory: Path,
    log: RunLog,
    system: System = THIS_MACHINE,
) -> Toolchain:
    """Pick the toolchain; the answer is kept in `directory` until one of the programs or PATH changes.

    Raises `MachineError` if a program is missing or none of those that are there fits.
    """
    binutils = (kbuild.linker, kbuild.archiver)
    finder = Finder(system, log, cache)
    there = [
        *finder.rustcs(),
        *finder.bindgens(),
        *(path for name in (kbuild.compiler, *binutils) for path in system.programs(name)),
    ]

    def look() -> Answer:
        rustc, refused = finder.find_rustc(need.rustc)
        bindgen, others = finder.find_bindgen(need)
        cc, _ = finder.find_compiler(kbuild.compiler, tree, binutils)
        found = Toolchain(rustc.tool, rustc.library, bindgen.tool, cc.tool, (*refused, *others))
        files = [*map(system.host_path, there), *rustc.files, *bindgen.files, *cc.files, __file__]
        return dataclasses.asdict(found), files

    key = [dataclasses.astuple(need), there, kbuild.compiler, str(tree), *finder.libclangs(), str(system.root)]
    return toolchain_from_json(remembered(directory / "toolchain.json", key, look))


def toolchain_from_json(raw: dict[str, Any]) -> Toolchain:
    """A `Toolchain` from what `dataclasses.asdict` made of it."""
    tools = {
        name: Tool(**{**raw[name], "env": tuple((k, v) for k, v in raw[name]["env"])})
        for name in ("rustc", "bindgen", "cc")
    }
    return Toolchain(library=raw["library"], refused=tuple(raw["refused"]), **tools)


@dataclasses.dataclass(frozen=True)
class Finder:
    """Looks for a target's tools in a system. bootstrap may have unpacked some in the cache directory."""

    system: System
    log: RunLog
    cache: Path

    def rustcs(self) -> list[str]:
        """Every rustc; one is in the cache directory where installing it would push out the user's own."""
        return self.system.programs("rustc", [SYSTEM_PROGRAMS, self.cache / "rust-web/usr/bin"])

    def find_rustc(self, wanted: str) -> Choice:
        """A rustc with its library sources. Raises `MachineError`."""
        fix = f"the target asks for {wanted}; on Debian 12: apt-get install rustc-web rust-web-src"
        return choose("rustc", self.rustcs(), lambda path: self.look_at_rustc(path, wanted), fix)

    def bindgens(self) -> list[str]:
        """Every bindgen."""
        return self.system.programs("bindgen", [SYSTEM_PROGRAMS])

    def find_bindgen(self, need: ToolVersions) -> Choice:
        """A bindgen, with its libclang. Raises `MachineError`."""
        fix = f"the target asks for {need.bindgen}; on Debian 12: apt-get install bindgen"
        return choose("bindgen", self.bindgens(), lambda path: self.look_at_bindgen(path, need), fix)

    def find_compiler(self, name: str, tree: Path, binutils: Sequence[str] = ()) -> Choice:
        """The C compiler that the tree's Kbuild calls by this name, with its binutils. Raises `MachineError`."""
        fix = f"apt-get install {Path(name).name.removeprefix('x86_64-linux-gnu-')}"
        return choose(name, self.system.programs(name), lambda path: self.look_at_compiler(path, tree, binutils), fix)

    def look_at_rustc(self, path: str, wanted: str) -> Found:
        """A rustc with its library sources, of the wanted version."""
        env = library_path(path)
        text = self.output([path, "-vV"], "rustc", env)
        version = matched_version(text, r"^release: (\S+)", wanted)
        sysroot = self.output([path, "--print", "sysroot"], "rustc", env).strip()
        library = f"{sysroot}/lib/rustlib/src/rust/library"
        real = self.real(f"{library}/core/src/lib.rs")
        if not real.is_file():
            raise MachineError(f"rustc {version} without its library sources ({library} is absent)")
        # The program on PATH may be a proxy (rustup's); the one in the sysroot is the compiler.
        compiler = f"{sysroot}/bin/rustc"
        files = self.program_files(compiler if Path(self.system.host_path(compiler)).exists() else path, env)
        return Found(Tool(path, version, Digests().whole(files), env), files, str(real.parents[2]))

    def look_at_bindgen(self, path: str, need: ToolVersions) -> Found:
        """A bindgen of the wanted version, with the libclang that it is to load."""
        text = self.output([path, "--version"], "bindgen")
        version = matched_version(text, r"bindgen (\S+)", need.bindgen)
        library = self.libclang(need.libclang)
        files = (*self.program_files(path), self.system.host_path(library))
        env = (("LIBCLANG_PATH", library),)
        return Found(Tool(path, version, Digests().whole(files), env), files)

    def libclang(self, wanted: str) -> str:
        """The path of a libclang of the wanted version. Raises `MachineError` if there is none.

        A target asks for one: bindgen 0.60 panics on the kernel's anonymous types with libclang 16 and later.
        """
        refused = []
        for path in self.libclangs():
            try:
                matched_version(libclang_version(self.system.host_path(path)), r"(.+)", wanted)
            except MachineError as error:
                refused.append(f"{path}: {error.what}")
            else:
                return path
        fix = f"on Debian 12: apt-get install libclang1-{wanted}; the Python package libclang {wanted} will do, too"
        raise MachineError("\n".join(refused) or "not found", where="libclang", fix=fix)

    def libclangs(self) -> list[str]:
        """Every libclang: that of the Python package of this name, which is not imported as that loads it; Debian's."""
        own: list[Path] = []
        if self.system.root is None:
            spec = importlib.util.find_spec("clang")
            places = (spec.submodule_search_locations if spec else None) or []
            own = [path for place in places if (path := Path(place) / "native/libclang.so").exists()]
        outside = Path(self.system.host_path(str(SYSTEM_LLVM)))
        debian = sorted(outside.glob("llvm-*/lib/libclang-*.so.1"))
        return [*map(str, own), *(str(SYSTEM_LLVM / path.relative_to(outside)) for path in debian)]

    def look_at_compiler(self, path: str, tree: Path, binutils: Sequence[str]) -> Found:
        """The C compiler that Kbuild calls, with the compiler proper, the binutils and the kernel's own build tools."""
        version = self.output([path, "-dumpfullversion"], "cc").strip()
        parts = [self.output([path, f"-print-prog-name={part}"], "cc").strip() for part in ("cc1", "as")]
        whole = [place for part in (*parts, *binutils) for place in self.system.programs(part)[:1] or [part]]
        own = [str(tree / name) for name in ("tools/objtool/objtool", "scripts/mod/modpost")]
        files = (str(self.real(path)), *map(self.system.host_path, whole), *own)
        return Found(Tool(path, version, Digests().whole(files)), files)

    def program_files(self, path: str, env: Environment = ()) -> tuple[str, ...]:
        """A program and the compiler libraries that the dynamic loader brings in for it (ld.so(8))."""
        traced = ("LD_TRACE_LOADED_OBJECTS", "1")
        # Not for the program that enters the sysroot.
        inside = self.system.root is not None
        argv = ["env", "=".join(traced), path] if inside else [path]
        loaded = self.output(argv, "ld.so", env if inside else (*env, traced))
        libraries = re.findall(r"^\s*(\S+) => (/\S+)", loaded, re.MULTILINE)
        found = (path, *(place for name, place in libraries if CODE_LIBRARIES.match(name)))
        return tuple(map(self.system.host_path, found))

    def real(self, path: str) -> Path:
        """A file without links on the way to it, as it is called on the machine."""
        if self.system.root is None:
            return Path(path).resolve()
        return Path(self.system.host_path(self.output(["readlink", "-f", path], path).strip()))

    def output(self, argv: list[str], unit: str, env: Environment = ()) -> str:
        """What a program prints about itself."""
        log = self.log.inside(self.system.enter_args)
        return log.run(argv, step="TOOL", unit=unit, env=dict(env), timeout=30).stdout.decode(errors="replace")


def choose(name: str, paths: list[str], look: Callable[[str], Found], fix: str) -> Choice:
    """The first program that fits, and why those before it do not: `look` raises `MachineError` for those."""
    refused: list[str] = []
    for path in paths:
        try:
            return look(path), refused
        except KmodError as error:
            refused.append(f"{path}: {error.what.splitlines()[0]}")
    what = "not found" if not paths else "none that is here can be used\n" + "\n".join(f"    {r}" for r in refused)
    raise MachineError(what, where=name, fix=fix)


def library_path(path: str) -> tuple[tuple[str, str], ...]:
    """The environment that a rustc unpacked outside of /usr needs to find its libraries."""
    directory = Path(path).parent.parent / "lib/x86_64-linux-gnu"
    unpacked = directory.is_dir() and directory.parts[:2] != ("/", "usr")
    return (("LD_LIBRARY_PATH", str(directory)),) if unpacked else ()


def libclang_version(path: str) -> str:
    """The version of a libclang: in Debian it is in the file's own name (``libclang-15.so.15.0.6``, ``-21.1.8.so``).

    Raises `MachineError`.
    """
    if match := re.search(r"/libclang-(\d[\d.]*)\.so(?:\.(\d[\d.]*))?$", str(Path(path).resolve())):
        return match[2] or match[1]
    import importlib.metadata  # slow, and a build that has nothing to do never gets here

    try:
        return importlib.metadata.version("libclang")
    except importlib.metadata.PackageNotFoundError as error:
        raise MachineError("it does not say its version") from error


def matched_version(text: str, pattern: str, wanted: str) -> str:
    """The version in a program's output, if its leading parts are the wanted ones. Raises `MachineError`."""
    match = re.search(pattern, text, re.MULTILINE)
    if not match:
        raise MachineError("it does not say its version")
    parts = wanted.split(".")
    if match[1].split(".")[: len(parts)] != parts:
        raise MachineError(f"version {match[1]}, where the target asks for {wanted}")
    return match[1]
