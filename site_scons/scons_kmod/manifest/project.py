# SPDX-License-Identifier: MIT
"""All modules of a build and the library crates that they link: finding them, and resolving what they need."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import read_toml, suggestion
from scons_kmod.kernel.kernel_tree import KernelTree
from scons_kmod.manifest.crate import CrateSpec, sort_crates
from scons_kmod.manifest.manifest import FILE_NAME, Manifest
from scons_kmod.manifest.read import LIBRARY, ManifestFile, check_manifest, read_library
from scons_kmod.manifest.saved_manifests import SavedManifests


@dataclasses.dataclass(frozen=True)
class Project:
    """The manifests of modules, by the names of the modules' crates, and libraries by their names."""

    files: Mapping[str, ManifestFile]
    libraries: Mapping[str, CrateSpec]

    @functools.cached_property
    def modules(self) -> list[Manifest]:
        """The modules, sorted by name, without the tables that count for some kernels only.

        Raises `UserError` as `resolve` does.
        """
        return self.resolve({name: file.plain for name, file in self.files.items()})

    def modules_for(self, tree: KernelTree) -> list[Manifest]:
        """The modules for a kernel, sorted by name. Raises `UserError` as `resolve` does."""
        if not any(file.conditions for file in self.files.values()):
            return self.modules
        return self.resolve({name: file.manifest_for(tree) for name, file in self.files.items()})

    def resolve(self, modules: Mapping[str, Manifest]) -> list[Manifest]:
        """The modules with the modules and crates that they need, sorted by name.

        `modules` are by the names of their crates. Raises `UserError` if something that a module needs does not exist,
        or if modules, or crates, need each other.
        """
        resolved: dict[str, Manifest] = {}
        for name in modules:
            self._resolve_module(name, modules, resolved, ())
        return [resolved[name] for name in sorted(resolved)]

    def _resolve_module(
        self, name: str, modules: Mapping[str, Manifest], resolved: dict[str, Manifest], users: tuple[str, ...]
    ) -> Manifest:
        """A module, after those that it depends on. `users` are the modules that this one is resolved for."""
        if name in resolved:
            return resolved[name]
        module = modules[name]
        if name in users:
            cycle = " -> ".join((*users[users.index(name) :], name))
            what = f"these modules depend on each other: {cycle}"
            raise UserError(what, where=depends_location(module), fix="break the cycle")
        if not (module.depends.modules or module.depends.libraries or module.crates or module.uses):
            resolved[name] = module
            return module
        needs: dict[str, Manifest] = {}
        for other in module.depends.modules:
            if (crate := other.replace("-", "_")) not in modules:
                what = f"there is no module {other!r}, which it depends on"
                raise UserError(what, where=depends_location(module), fix="name its directory with MODULES= too")
            needed = self._resolve_module(crate, modules, resolved, (*users, name))
            needs |= {module.crate: module for module in (*needed.needs, needed)}
        crates = sort_crates((*self.linked_libraries(module), *module.crates))
        check_crate_names(module, crates)
        resolved[name] = dataclasses.replace(module, needs=tuple(needs.values()), crates=tuple(crates))
        return resolved[name]

    def linked_libraries(self, module: Manifest) -> list[CrateSpec]:
        """The libraries that a module links, and those that they need. Raises `UserError`."""
        libraries: dict[str, CrateSpec] = {}
        left = list(module.depends.libraries)
        while left:
            name = left.pop()
            if name in self.libraries and name not in libraries:
                libraries[name] = self.libraries[name]
                left += libraries[name].needs
        for name in module.depends.libraries:
            if name not in libraries:
                fix = f"name its directory with MODULES= too; {suggestion(name, self.libraries)}"
                raise UserError(f"there is no library {name!r}", where=depends_location(module), fix=fix)
        return list(libraries.values())


def check_crate_names(module: Manifest, crates: Iterable[CrateSpec]) -> None:
    """Raise `UserError` if a module's own crate has the name of one of these, or names one that is none of them."""
    known = {crate.name: crate for crate in crates}
    if module.crate in known:
        where = known[module.crate].where
        raise UserError(f"{module.crate!r} is the module's own crate", where=where, fix="choose another name")
    for name in module.uses or ():
        if name not in known:
            where = read_toml(module.directory / FILE_NAME).where(("module", "crates"))
            raise UserError(f"there is no crate {name!r}", where=where, fix=suggestion(name, known))


def depends_location(module: Manifest) -> str:
    """The file and line where a module's manifest says what it depends on, for errors."""
    return read_toml(module.directory / FILE_NAME).where(("depends",))


def find_project(
    directories: Iterable[Path], reserved: Collection[str] = (), saved: SavedManifests | None = None
) -> Project:
    """All modules and libraries in the directories. Each directory has a manifest, or has directories with one.

    No module can have a name that is `reserved`: those of the commands. `saved` has the manifests that earlier runs
    have read. Raises `UserError` for a wrong manifest, for a directory without a manifest, and if two modules, or two
    libraries, have the same name.
    """
    files: dict[str, ManifestFile] = {}
    libraries: dict[str, CrateSpec] = {}
    homes: dict[tuple[str, str], Path] = {}
    read = functools.partial(read_file, reserved=reserved)
    for path, home in (found for directory in directories for found in manifest_files(directory)):
        file = saved.read(path, home, read) if saved else read(path)
        if isinstance(file, ManifestFile):
            # The kernel takes - and _ for the same character in a module's name.
            crate = file.plain.crate
            check_unique(homes, path, home, "module", crate)
            files[crate] = file
        else:
            check_unique(homes, path, home, LIBRARY, file.name)
            libraries[file.name] = file
    project = Project(files, libraries)
    _ = project.modules  # raises errors about what modules need now, before a kernel is looked for
    return project


def read_file(path: Path, reserved: Collection[str] = ()) -> ManifestFile | CrateSpec:
    """A manifest: of a module, or of a library. Raises `UserError`."""
    located = read_toml(path)
    return read_library(located) if LIBRARY in located.data else check_manifest(located, reserved)


def check_unique(homes: dict[tuple[str, str], Path], path: Path, home: Path, kind: str, name: str) -> None:
    """Raise `UserError` if another directory has a module, or a library, of this name.

    `path` is the manifest, and `home` its directory. `homes` are the directories of those that were read before. This
    one is added.
    """
    other = homes.setdefault((kind, name), home)
    if other != home:
        located = read_toml(path)
        raise UserError(
            f"{located.data[kind]['name']!r} is the name of the {kind} in {other} too",
            where=located.where((kind, "name")),
            fix="rename one of them",
        )


def manifest_files(directory: Path) -> Sequence[tuple[Path, Path]]:
    """The manifests of a directory: its own, or those of the directories in it.

    With each comes its directory without symbolic links. Raises `UserError` if there is none.
    """
    fix = "name a module's directory, or one that holds several, with MODULES=DIR"
    if not directory.is_dir():
        raise UserError("there is no such directory", where=str(directory), fix=fix)
    own, home = directory / FILE_NAME, directory.resolve()
    if own.is_file():
        return [(own, home)]
    with os.scandir(directory) as entries:
        # A directory may hold a thousand modules: `Path.glob` and `Path.resolve` would take longer than all the rest.
        names = sorted((entry.name, entry.is_symlink()) for entry in entries if has_manifest(entry.path))
    if not names:
        what = f"there is no {FILE_NAME} in it, nor in a directory in it"
        raise UserError(what, where=str(directory), fix=f"write {own}, or {fix}")
    return [
        (directory / name / FILE_NAME, (home / name).resolve() if is_link else home / name) for name, is_link in names
    ]


def has_manifest(directory: str) -> bool:
    """Whether a directory has a manifest."""
    return os.path.exists(f"{directory}/{FILE_NAME}")  # noqa: PTH110
