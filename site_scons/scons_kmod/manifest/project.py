# SPDX-License-Identifier: MIT
"""All modules of a build, and the library crates that they are linked with: found, and fitted together."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Located, Table, load, suggestion
from scons_kmod.kernel.kernel_tree import KernelTree
from scons_kmod.manifest.crates import CrateSpec, in_order, read_crate
from scons_kmod.manifest.manifest import FILE_NAME, Manifest, ManifestFile, open_manifest

LIBRARY = "library"


@dataclasses.dataclass(frozen=True)
class Project:
    """The modules by their crates' names, and the libraries by theirs."""

    files: Mapping[str, ManifestFile]
    libraries: Mapping[str, CrateSpec]

    @functools.cached_property
    def modules(self) -> list[Manifest]:
        """The modules without what counts for some kernels only, by name."""
        return self.fitted({name: file.plain for name, file in self.files.items()})

    def on(self, tree: KernelTree) -> list[Manifest]:
        """The modules as they are for a kernel, by name. Raises `UserError` if they don't fit together."""
        return self.fitted({name: file.on(tree) for name, file in self.files.items()})

    def fitted(self, modules: Mapping[str, Manifest]) -> list[Manifest]:
        """The modules with all that they need of each other, by name."""
        placed: dict[str, Manifest] = {}
        for name in modules:
            self.place(name, modules, placed, ())
        return [placed[name] for name in sorted(placed)]

    def place(
        self, name: str, modules: Mapping[str, Manifest], placed: dict[str, Manifest], users: tuple[str, ...]
    ) -> Manifest:
        """A module, after those that it depends on.

        Raises `UserError` if one of them depends on it, or is not there.
        """
        if name in placed:
            return placed[name]
        one = modules[name]
        if name in users:
            circle = " -> ".join((*users[users.index(name) :], name))
            raise UserError(f"these modules depend on each other: {circle}", where=place_of(one), fix="part them anew")
        needs: dict[str, Manifest] = {}
        for other in one.depends.modules:
            if (crate := other.replace("-", "_")) not in modules:
                fix = "name its directory with MODULES= too"
                raise UserError(f"there is no module {other!r}, which it depends on", where=place_of(one), fix=fix)
            needed = self.place(crate, modules, placed, (*users, name))
            needs |= {each.crate: each for each in (*needed.needs, needed)}
        crates = in_order((*self.linked(one), *one.crates))
        check_names(one, crates)
        placed[name] = dataclasses.replace(one, needs=tuple(needs.values()), crates=tuple(crates))
        return placed[name]

    def linked(self, module: Manifest) -> list[CrateSpec]:
        """The libraries that a module is linked with, and those that they need. Raises `UserError`."""
        found: dict[str, CrateSpec] = {}
        left = list(module.depends.libraries)
        while left:
            name = left.pop()
            if name in self.libraries and name not in found:
                found[name] = self.libraries[name]
                left += found[name].needs
        for name in module.depends.libraries:
            if name not in found:
                fix = f"name its directory with MODULES= too; {suggestion(name, self.libraries)}"
                raise UserError(f"there is no library {name!r}", where=place_of(module), fix=fix)
        return list(found.values())


def check_names(module: Manifest, crates: Iterable[CrateSpec]) -> None:
    """Raise `UserError` if a module's own crate has the name of one of these, or names one that is none of them."""
    known = {one.name: one for one in crates}
    if module.crate in known:
        where = known[module.crate].where
        raise UserError(f"{module.crate!r} is the module's own crate", where=where, fix="choose another name")
    for name in module.uses or ():
        if name not in known:
            where = load(module.directory / FILE_NAME).where(("module", "crates"))
            raise UserError(f"there is no crate {name!r}", where=where, fix=suggestion(name, known))


def place_of(module: Manifest) -> str:
    """Where a module's manifest says what it depends on."""
    path = module.directory / FILE_NAME
    return load(path).where(("depends",))


def find_project(directories: Iterable[Path], reserved: Collection[str] = ()) -> Project:
    """All modules and libraries in the directories, each of which is one or holds some.

    No module can have a name that is `reserved`: those of the commands.

    Raises `UserError` if one has none, or if two share a name.
    """
    files: dict[str, ManifestFile] = {}
    libraries: dict[str, CrateSpec] = {}
    homes: dict[tuple[str, str], Path] = {}
    for path in (path for directory in directories for path in manifest_files(directory)):
        located = load(path)
        if LIBRARY in located.data:
            library = read_library(located)
            check_single(homes, located, LIBRARY, library.name)
            libraries[library.name] = library
        else:
            file = open_manifest(located, reserved)
            # The kernel takes - and _ for the same character in a module's name.
            crate = file.plain.crate
            check_single(homes, located, "module", crate)
            files[crate] = file
    project = Project(files, libraries)
    _ = project.modules
    return project


def check_single(homes: dict[tuple[str, str], Path], located: Located, kind: str, name: str) -> None:
    """Raise `UserError` if a directory read before has a module, or a library, of this name."""
    home = located.path.parent.resolve()
    other = homes.setdefault((kind, name), home)
    if other != home:
        raise UserError(
            f"{located.data[kind]['name']!r} is the name of the {kind} in {other} too",
            where=located.where((kind, "name")),
            fix="rename one of them",
        )


def read_library(located: Located) -> CrateSpec:
    """A manifest that is of a library crate. Raises `UserError`."""
    top = Table(located, ())
    table = top.table(LIBRARY)
    top.done()
    name, path = table.string("name"), table.string("path", default=".")
    crate = read_crate(table, name, located.path.parent.resolve(), path)
    return dataclasses.replace(crate, library=located.path.parent.resolve())


def manifest_files(directory: Path) -> Sequence[Path]:
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
