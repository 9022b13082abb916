# SPDX-License-Identifier: MIT
"""What a module's package was made of, as SPDX 2.3: sources with their digests, the kernel, the crates, the tools."""

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
from scons_kmod.packaging.source_tree import sources
from scons_kmod.target.build_target import BuildTarget

DOCUMENT, MODULE = "SPDXRef-DOCUMENT", "SPDXRef-module"


class Subject(Protocol):
    """A package of any kind: `ModulePackage`, or `DebPackage`."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def info(self) -> PackageInfo:
        """What it says of itself."""

    @property
    def files(self) -> Mapping[str, bytes]:
        """What it holds."""

    @property
    def seconds(self) -> int:
        """When."""


def write_module_sbom(
    path: Path, package: Subject, target: BuildTarget, manifest: Manifest, steps: Sequence[Step], state: BuildState
) -> None:
    """Write the document of a module's package; `steps` are those that lead to the .ko, whose traces `state` has."""
    roots = {**own_roots(manifest), "": target.sources}
    write_sbom(path, package, source_files(target, roots, steps, state), others(target, rust=bool(manifest.root)))


def write_crates_sbom(
    path: Path, package: Subject, target: BuildTarget, steps: Sequence[Step], state: BuildState
) -> None:
    """Write the document of a package of support crates, which `steps` made."""
    write_sbom(path, package, source_files(target, {"": target.sources}, steps, state), others(target, rust=True))


def write_source_sbom(path: Path, package: Subject, manifest: Manifest) -> None:
    """Write the document of a package that holds a module's sources: what they are built with is not known."""
    roots = own_roots(manifest).items()
    files = {f"./{name}/{one.relative_to(root)}": one for name, root in roots for one in sources(root)}
    write_sbom(path, package, files, ())


def own_roots(manifest: Manifest) -> dict[str, Path]:
    """Where a module's sources lie, and those of its libraries, by what these places are called."""
    libraries = {f"libraries/{one.name}": one.library for one in manifest.crates if one.library}
    return {f"modules/{manifest.name}": manifest.directory, **libraries}


def write_sbom(
    path: Path, package: Subject, read: Mapping[str, Path], known: Iterable[tuple[Package, Relationship]]
) -> None:
    """Write a document: a package, the sources that were `read` for it, and what is `known` of how it was made.

    The same sources give the same document. Raises `ValueError` for one that SPDX's own rules refuse.
    """
    files = [file_of(number, name, source) for number, (name, source) in enumerate(sorted(read.items()))]
    listed = list(known)
    relations = [
        Relationship(DOCUMENT, RelationshipType.DESCRIBES, MODULE),
        *(Relationship(MODULE, RelationshipType.GENERATED_FROM, file.spdx_id) for file in files),
        *(relation for _, relation in listed),
    ]
    packages = [module_of(package), *(one for one, _ in listed)]
    document = Document(creation_info(package), packages, files, relationships=relations)
    # The writer goes by the name's ending, and leaves half a file if it fails.
    with tempfile.TemporaryDirectory(dir=path.parent) as directory:
        whole = Path(directory) / path.name
        write_file(document, str(whole))
        whole.replace(path)


def source_files(
    target: BuildTarget, roots: Mapping[str, Path], steps: Iterable[Step], state: BuildState
) -> Mapping[str, Path]:
    """The files that were read in one of the `roots`, by a name for each: the root's, and the path below it."""
    found: dict[str, Path] = {}
    for step in steps:
        trace = state.traces.latest(step.key)
        for path in (Path(os.path.normpath(name)) for name in (trace.files.digests if trace else ())):
            for name, root in roots.items():
                if path.is_relative_to(root) and not path.is_relative_to(target.build) and path.suffix != ".py":
                    found.setdefault(f"./{Path(name) / path.relative_to(root)}", path)
                    break
    return found


def file_of(number: int, name: str, path: Path) -> File:
    """A source file with its digests; SHA-1 is what SPDX 2 asks for."""
    data = path.read_bytes()
    sums = [
        Checksum(ChecksumAlgorithm.SHA1, hashlib.sha1(data, usedforsecurity=False).hexdigest()),
        Checksum(ChecksumAlgorithm.SHA256, hashlib.sha256(data).hexdigest()),
    ]
    return File(name, f"SPDXRef-file-{number}", sums)


def module_of(package: Subject) -> Package:
    """The package itself."""
    info = package.info
    return Package(
        MODULE,
        package.name,
        info.homepage or SpdxNoAssertion(),
        version=info.version,
        files_analyzed=False,
        license_declared=spdx_licensing.parse(info.license),
        supplier=Actor(ActorType.PERSON, *info.maintainer.rstrip(">").split(" <")),
        summary=info.summary,
    )


def others(target: BuildTarget, *, rust: bool) -> Iterator[tuple[Package, Relationship]]:
    """What else is in the module or has made it, and in which relation to it."""
    tools = target.toolchain
    yield related(plain("linux-headers", target.tree.release), RelationshipType.DEPENDS_ON)
    compilers = {"cc": tools.cc}
    if rust:
        compilers |= {"rustc": tools.rustc, "bindgen": tools.bindgen}
        for name in LIBRARY_CRATES:
            yield related(plain(name, tools.rustc.version), RelationshipType.STATIC_LINK)
    for name, tool in compilers.items():
        package = plain(name, tool.version)
        yield package, Relationship(package.spdx_id, RelationshipType.BUILD_TOOL_OF, MODULE)


def related(package: Package, kind: RelationshipType) -> tuple[Package, Relationship]:
    """A package to which the module has a relation."""
    return package, Relationship(MODULE, kind, package.spdx_id)


def plain(name: str, version: str) -> Package:
    """A package of which nothing is known but its version."""
    identifier = f"SPDXRef-{name.replace('_', '-')}"
    return Package(identifier, name, SpdxNoAssertion(), version=version, files_analyzed=False)


def creation_info(package: Subject) -> CreationInfo:
    """Who says so and when. The document's name in the world is made of what the package holds."""
    digests = (hashlib.sha256(data).hexdigest() for _, data in sorted(package.files.items()))
    unique = hashlib.sha256("".join(digests).encode()).hexdigest()[:32]
    return CreationInfo(
        spdx_version="SPDX-2.3",
        spdx_id=DOCUMENT,
        name=package.name,
        document_namespace=f"https://spdx.org/spdxdocs/{package.name}-{package.info.version}-{unique}",
        creators=[Actor(ActorType.TOOL, "scons-kmod")],
        # As SPDX wants it: UTC, and no word of that.
        created=datetime.datetime.fromtimestamp(package.seconds, datetime.UTC).replace(tzinfo=None),
    )
