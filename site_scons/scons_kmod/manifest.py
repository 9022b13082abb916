# SPDX-License-Identifier: MIT
"""``module.toml``: what one kernel module is, typed and checked."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.errors import UserError
from scons_kmod.located_toml import Key, Located, Table, load
from scons_kmod.modprobe_conf import ModprobeConf, read_conf
from scons_kmod.package_info import PackageInfo, read_package
from scons_kmod.requires import Requires, read_requires
from scons_kmod.settings import VERBS

FILE_NAME = "module.toml"
# The kernel's MODULE_NAME_LEN is 64 - sizeof(unsigned long), its final NUL included (include/linux/moduleparam.h).
MAX_NAME = 55
HEADER = re.compile(r"\w[\w./-]*\.h")
# The API of 2021, that of this project's own crates, and that of the kernel's own.
BUNDLED, MAINLINE = "2021", "mainline"
APIS = (BUNDLED, MAINLINE)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclasses.dataclass(frozen=True)
class Manifest:
    """One module. `directory` is where its manifest lies, `root` its crate root, None for a module of C: `c_sources`.

    With both, it is of both. `test` is the script of its VM test, None for the default one; `programs` are the C
    sources of what the script runs. `headers` are headers of the kernel that the bindings are to cover for this module
    (``linux/leds.h``). `modprobe` is what is installed for modprobe beside the module, `package` what packages say of
    it, `requires` the kernels that it is for. `api` is what the crate is written to: `BUNDLED` or `MAINLINE`.
    """

    name: str
    directory: Path
    root: Path | None
    test: Path | None
    programs: tuple[Path, ...] = ()
    headers: tuple[str, ...] = ()
    c_sources: tuple[Path, ...] = ()
    package: PackageInfo | None = None
    modprobe: ModprobeConf = dataclasses.field(default_factory=ModprobeConf)
    requires: Requires = dataclasses.field(default_factory=Requires)
    api: str = BUNDLED

    @property
    def crate_root(self) -> Path:
        """The crate root of a module that has one. Raises `ValueError` for a module of C."""
        if self.root is None:
            raise ValueError(f"{self.name} has no crate")
        return self.root

    @property
    def crate(self) -> str:
        """The module's name as C and Rust identifiers have it: KBUILD_MODNAME (scripts/Makefile.lib)."""
        return self.name.replace("-", "_")


def read_manifest(path: Path) -> Manifest:
    """Read and check one manifest. Raises `UserError` with file, line and key."""
    located = load(path)
    top = Table(located, ())
    module = top.table("module")
    bindings = top.table("bindings", default=None)
    c = top.table("c", default=None)
    test = top.table("test", default=None)
    install = top.table("install", default=None)
    package = top.table("package", default=None)
    requires = top.table("requires", default=None)
    top.done()
    name = module.string("name")
    root = module.string("root", default=None)
    api = module.string("api", default=BUNDLED)
    if api not in APIS:
        module.wrong("api", f'there is no API "{api}"', f"write one of {', '.join(APIS)}")
    module.done()
    check_name(located, name)
    directory = path.parent.resolve()
    sources = files_inside(located, directory, c, "sources") if c else ()
    if sources and root and api != MAINLINE:
        raise UserError(
            f"a module of both C and Rust is supported for the {MAINLINE} API only, as yet",
            where=located.where(("c", "sources")),
            fix="leave out [module] root, or [c]",
        )
    of_c = bool(sources and not root)
    crate_root = None if of_c else inside(located, directory, ("module", "root"), root or default_root(directory, name))
    script, programs = tested(located, directory, test)
    headers = kernel_headers(bindings) if bindings else ()
    modprobe = read_conf(install) if install else ModprobeConf()
    info = read_package(package) if package else None
    needs = read_requires(requires) if requires else Requires()
    return Manifest(name, directory, crate_root, script, programs, headers, sources, info, modprobe, needs, api)


def tested(located: Located, directory: Path, test: Table | None) -> tuple[Path | None, tuple[Path, ...]]:
    """The script of a module's VM test, if it has one of its own, and the C sources of the programs in it."""
    if test is None:
        script = directory / "test.sh"
        return script if script.is_file() else None, ()
    name = test.string("script", default="test.sh")
    programs = files_inside(located, directory, test, "programs", default=())
    return inside(located, directory, ("test", "script"), name), programs


def files_inside(
    located: Located, directory: Path, table: Table, key: str, **default: tuple[str, ...]
) -> tuple[Path, ...]:
    """The files that the only list of a table names."""
    names = table.strings(key, **default)
    table.done()
    if not names and not default:
        table.wrong(key, "must name a file")
    return tuple(inside(located, directory, (*table.key, key, number), name) for number, name in enumerate(names))


def kernel_headers(bindings: Table) -> tuple[str, ...]:
    """The headers that a module adds to the bindings, named as C includes them."""
    headers = bindings.strings("headers", default=())
    bindings.done()
    for number, header in enumerate(headers):
        if not HEADER.fullmatch(header) or ".." in header:
            where = bindings.located.where((*bindings.key, "headers", number))
            raise UserError(
                f"{header!r} is no header of the kernel", where=where, fix='write it as in #include: "linux/leds.h"'
            )
    return headers


def default_root(directory: Path, name: str) -> str:
    """The crate root of a module that names none: NAME.rs."""
    plain = f"{name}.rs"
    return plain if (directory / plain).exists() else f"{name.replace('-', '_')}.rs"


def check_name(located: Located, name: str) -> None:
    """Raise `UserError` unless the kernel and the command line can take the name."""
    where = located.where(("module", "name"))
    if not NAME.fullmatch(name):
        raise UserError(
            f"{name!r} is no module name", where=where, fix="use letters, digits, _ and -, first a letter or _"
        )
    if len(name) > MAX_NAME:
        raise UserError(
            f"{name!r} is longer than the {MAX_NAME} characters of a module name", where=where, fix="shorten it"
        )
    if name in VERBS:
        raise UserError(f"{name!r} is a verb of the command line", where=where, fix="choose another name")


def inside(located: Located, directory: Path, key: Key, value: str) -> Path:
    """The file that a key names, which must exist within the module's directory."""
    where = located.where(key)
    path = (directory / value).resolve()
    if not path.is_relative_to(directory):
        raise UserError(f"{value} lies outside of the module's directory", where=where, fix=f"move it into {directory}")
    if not path.is_file():
        raise UserError(f"{value} is not there", where=where, fix=f"make {path}, or name another file")
    return path


def find_manifests(directories: Iterable[Path]) -> list[Manifest]:
    """All modules in the directories, each of which is a module or holds some; by name.

    Raises `UserError` if one has none, or if two modules share a name.
    """
    found: dict[str, Manifest] = {}
    for directory in directories:
        for path in manifest_files(directory):
            manifest = read_manifest(path)
            # The kernel takes - and _ for the same character in a module's name.
            other = found.setdefault(manifest.crate, manifest)
            if other.directory != manifest.directory:
                raise UserError(
                    f"{manifest.name!r} is the name of the module in {other.directory} too",
                    where=load(path).where(("module", "name")),
                    fix="rename one of them",
                )
    return [found[crate] for crate in sorted(found)]


def manifest_files(directory: Path) -> list[Path]:
    """The manifests of a directory: its own, or those one level below."""
    fix = "name a module's directory, or one that holds several, with MODULES=DIR"
    if not directory.is_dir():
        raise UserError("there is no such directory", where=str(directory), fix=fix)
    own = directory / FILE_NAME
    paths = [own] if own.is_file() else sorted(directory.glob(f"*/{FILE_NAME}"))
    if not paths:
        what = f"there is no {FILE_NAME} in it, nor in a directory in it"
        raise UserError(what, where=str(directory), fix=f"write {own}, or {fix}")
    return paths
