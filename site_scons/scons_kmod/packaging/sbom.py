# SPDX-License-Identifier: MIT
"""SPDX documents (2.3): what a package was built from, as sources with their digests, kernel, crates and tools."""

from __future__ import annotations

import datetime
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from spdx_tools.common.spdx_licensing import spdx_licensing
from spdx_tools.spdx.model import (
    Actor,
    ActorType,
    Checksum,
    ChecksumAlgorithm,
    CreationInfo,
    Document,
    File,
    Package,
    Relationship,
    RelationshipType,
    SpdxNoAssertion,
)
from spdx_tools.spdx.writer.write_anything import write_file

from scons_kmod.crates.support_outputs import LIBRARY_CRATES
from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.step import Step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.sections.package import PackageInfo
from scons_kmod.packaging.source_tree import module_source_files
from scons_kmod.target.build_target import BuildTarget

DOCUMENT_ID, MODULE_ID = "SPDXRef-DOCUMENT", "SPDXRef-module"


class PackageContents(Protocol):
    """What a document describes: a `ModulePackage` or a `DebPackage`."""

    @property
    def name(self) -> str:
        """The package's name."""

    @property
    def info(self) -> PackageInfo:
        """Version, licence, maintainer and the like."""

    @property
    def files(self) -> Mapping[str, bytes]:
        """The files in it, by their paths below the root directory."""

    @property
    def seconds(self) -> int:
        """The time of its files, since 1970."""


def write_module_sbom(
    path: Path,
    package: PackageContents,
    target: BuildTarget,
    manifest: Manifest,
    steps: Sequence[Step],
    state: BuildState,
) -> None:
    """Write the document of a module's package. `steps` are all that lead to the .ko, and `state` has their traces."""
    roots = {**source_roots(manifest), "": target.sources}
    write_sbom(
        path,
        package,
        files_read(target, roots, steps, state),
        kernel_crates_and_tools(target, rust=bool(manifest.root)),
    )


def write_crates_sbom(
    path: Path, package: PackageContents, target: BuildTarget, steps: Sequence[Step], state: BuildState
) -> None:
    """Write the document of a package of support crates. `steps` made them, and `state` has their traces."""
    write_sbom(
        path,
        package,
        files_read(target, {"": target.sources}, steps, state),
        kernel_crates_and_tools(target, rust=True),
    )


def write_source_sbom(path: Path, package: PackageContents, manifest: Manifest) -> None:
    """Write the document of a package of a module's sources. It is not known what they will be built with."""
    roots = source_roots(manifest).items()
    files = {f"./{name}/{path.relative_to(root)}": path for name, root in roots for path in module_source_files(root)}
    write_sbom(path, package, files, ())


def source_roots(manifest: Manifest) -> dict[str, Path]:
    """The directories with the sources of a module and of its libraries, by their names in the document."""
    libraries = {f"libraries/{crate.name}": crate.library for crate in manifest.crates if crate.library}
    return {f"modules/{manifest.name}": manifest.directory, **libraries}


def write_sbom(
    path: Path,
    package: PackageContents,
    sources: Mapping[str, Path],
    related: Iterable[tuple[Package, Relationship]],
) -> None:
    """Write the document of `package` to `path`: its `sources` by name, and `related` packages with their relations.

    Equal sources give an equal document. Raises `ValueError` if the document breaks SPDX's rules.
    """
    files = [spdx_file(number, name, source) for number, (name, source) in enumerate(sorted(sources.items()))]
    packages_and_relations = list(related)
    relations = [
        Relationship(DOCUMENT_ID, RelationshipType.DESCRIBES, MODULE_ID),
        *(Relationship(MODULE_ID, RelationshipType.GENERATED_FROM, file.spdx_id) for file in files),
        *(relation for _, relation in packages_and_relations),
    ]
    packages = [spdx_package(package), *(other for other, _ in packages_and_relations)]
    document = Document(creation_info(package), packages, files, relationships=relations)
    # The writer chooses the format by the file name's ending. If it fails, it leaves half a file.
    with tempfile.TemporaryDirectory(dir=path.parent) as directory:
        complete = Path(directory) / path.name
        write_file(document, str(complete))
        complete.replace(path)


def files_read(
    target: BuildTarget, roots: Mapping[str, Path], steps: Iterable[Step], state: BuildState
) -> Mapping[str, Path]:
    """The files below one of the `roots` that the steps read, by name: the root's name and the path below the root."""
    sources: dict[str, Path] = {}
    for step in steps:
        trace = state.traces.latest(step.key)
        for path in (Path(os.path.normpath(name)) for name in (trace.files.digests if trace else ())):
            for name, root in roots.items():
                if path.is_relative_to(root) and not path.is_relative_to(target.build) and path.suffix != ".py":
                    sources.setdefault(f"./{Path(name) / path.relative_to(root)}", path)
                    break
    return sources


def spdx_file(number: int, name: str, path: Path) -> File:
    """A source file with its digests. SPDX 2 asks for SHA-1."""
    data = path.read_bytes()
    digests = [
        Checksum(ChecksumAlgorithm.SHA1, hashlib.sha1(data, usedforsecurity=False).hexdigest()),
        Checksum(ChecksumAlgorithm.SHA256, hashlib.sha256(data).hexdigest()),
    ]
    return File(name, f"SPDXRef-file-{number}", digests)


def spdx_package(package: PackageContents) -> Package:
    """The package that the document describes."""
    info = package.info
    return Package(
        MODULE_ID,
        package.name,
        info.homepage or SpdxNoAssertion(),
        version=info.version,
        files_analyzed=False,
        license_declared=spdx_licensing.parse(info.license),
        supplier=Actor(ActorType.PERSON, *info.maintainer.rstrip(">").split(" <")),
        summary=info.summary,
    )


def kernel_crates_and_tools(target: BuildTarget, *, rust: bool) -> Iterator[tuple[Package, Relationship]]:
    """The kernel, the library crates and the tools that a module was built from, with their relations to it."""
    tools = target.toolchain
    yield with_relation(versioned_package("linux-headers", target.tree.release), RelationshipType.DEPENDS_ON)
    compilers = {"cc": tools.cc}
    if rust:
        compilers |= {"rustc": tools.rustc, "bindgen": tools.bindgen}
        for name in LIBRARY_CRATES:
            yield with_relation(versioned_package(name, tools.rustc.version), RelationshipType.STATIC_LINK)
    for name, tool in compilers.items():
        package = versioned_package(name, tool.version)
        yield package, Relationship(package.spdx_id, RelationshipType.BUILD_TOOL_OF, MODULE_ID)


def with_relation(package: Package, kind: RelationshipType) -> tuple[Package, Relationship]:
    """A package, and the relation of the module to it."""
    return package, Relationship(MODULE_ID, kind, package.spdx_id)


def versioned_package(name: str, version: str) -> Package:
    """A package of which only the version is known."""
    identifier = f"SPDXRef-{name.replace('_', '-')}"
    return Package(identifier, name, SpdxNoAssertion(), version=version, files_analyzed=False)


def creation_info(package: PackageContents) -> CreationInfo:
    """Who made the document and when. Its namespace has a digest of the package's files, so it is unique."""
    digests = (hashlib.sha256(data).hexdigest() for _, data in sorted(package.files.items()))
    unique = hashlib.sha256("".join(digests).encode()).hexdigest()[:32]
    return CreationInfo(
        spdx_version="SPDX-2.3",
        spdx_id=DOCUMENT_ID,
        name=package.name,
        document_namespace=f"https://spdx.org/spdxdocs/{package.name}-{package.info.version}-{unique}",
        creators=[Actor(ActorType.TOOL, "scons-kmod")],
        # The writer wants UTC in a datetime without a time zone.
        created=datetime.datetime.fromtimestamp(package.seconds, datetime.UTC).replace(tzinfo=None),
    )
