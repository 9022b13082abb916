# SPDX-License-Identifier: MIT
"""Targets: kernels of a distribution with the toolchains that they need. Each is a file in ``targets/``."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from scons_kmod.base.located_toml import Table, read_toml, suggestion

ARCHITECTURES = ("x86_64",)
# Where a kernel's mainline crates can come from (target/provider.py).
PROVIDERS = ("tree", "rebuilt", "carried")
VERSION_NUMBER = re.compile(r"\d+(\.\d+)*")


@dataclasses.dataclass(frozen=True)
class KernelPackages:
    """The packages of a kernel: the table ``[packages]``.

    `release` is a regular expression that matches the kernel's whole release (``uname -r``). In the package names
    `headers`, `image` and `modules`, ``{release}`` stands for the release. The first name in `image` that exists is
    used, and so is that in `modules`, which has the modules that the image lacks. `headers_with` are patterns
    (fnmatch) of the dependencies of `headers` that belong to the kernel tree. `source` is the package with the kernel's
    sources, empty without one. Without `check_valid_until`, package lists that have expired are accepted.
    """

    distribution: str
    suite: str
    release: str
    headers: str
    headers_with: tuple[str, ...]
    image: tuple[str, ...]
    modules: tuple[str, ...] = ()
    source: str = ""
    check_valid_until: bool = True


@dataclasses.dataclass(frozen=True)
class ToolVersions:
    """The versions of tools that a target needs, by their leading parts: ``1.96`` admits 1.96.0 and 1.96.1."""

    rustc: str
    bindgen: str
    libclang: str
    gcc: str


@dataclasses.dataclass(frozen=True)
class Target:
    """One target. `name` is the name of its file `path` without ``.toml``. `version` is the kernel's: ``6.12``.

    `sysroot` are the packages with the suite's tools, for systems of another suite. `provider` is where the kernel's
    mainline crates come from (target/provider.py), empty if the kernel tree decides.
    """

    name: str
    path: Path
    arch: str
    version: str
    packages: KernelPackages
    toolchain: ToolVersions
    sysroot: tuple[str, ...] = ()
    provider: str = ""


def read_target(path: Path) -> Target:
    """Read and check one target. Raises `UserError` with file, line and key."""
    top = Table(read_toml(path), ())
    kernel = top.table("kernel")
    packages = top.table("packages")
    toolchain = top.table("toolchain")
    sysroot = top.table("sysroot", default=None)
    top.done()
    arch = kernel.string("arch")
    if arch not in ARCHITECTURES:
        kernel.wrong("arch", f'"{arch}" is not supported', suggestion(arch, ARCHITECTURES))
    target = Target(
        name=path.stem,
        path=path,
        arch=arch,
        version=read_version(kernel, "version"),
        packages=read_packages(packages),
        toolchain=ToolVersions(
            **{tool.name: read_version(toolchain, tool.name) for tool in dataclasses.fields(ToolVersions)}
        ),
        provider=read_provider(kernel),
        sysroot=sysroot.strings("packages") if sysroot else (),
    )
    for table in filter(None, (kernel, packages, toolchain, sysroot)):
        table.done()
    return target


def read_provider(kernel: Table) -> str:
    """The provider that a target names, or an empty string."""
    provider = kernel.string("provider", default="")
    if provider and provider not in PROVIDERS:
        kernel.wrong("provider", f'there is no provider "{provider}"', suggestion(provider, PROVIDERS))
    return provider


def read_packages(table: Table) -> KernelPackages:
    """The table ``[packages]``."""
    release = table.string("release")
    try:
        re.compile(release)
    except re.error as error:
        table.wrong("release", f"is not a regular expression: {error}", "write \\+ and \\. for the characters + and .")
    headers = table.string("headers")
    image = table.strings("image")
    modules = [("modules", value) for value in table.strings("modules", default=())]
    for name, value in (("headers", headers), *(("image", value) for value in image), *modules):
        if value.count("{release}") != 1:
            table.wrong(name, f'"{value}" must contain {{release}} once')
    if not image:
        table.wrong("image", "must name a package")
    return KernelPackages(
        distribution=table.string("distribution"),
        suite=table.string("suite"),
        release=release,
        headers=headers,
        headers_with=table.strings("headers-with", default=()),
        image=image,
        modules=table.strings("modules", default=()),
        source=table.string("source", default=""),
        check_valid_until=table.boolean("check-valid-until", default=True),
    )


def read_version(table: Table, name: str) -> str:
    """A version number such as ``1.96``."""
    text = table.string(name)
    if not VERSION_NUMBER.fullmatch(text):
        table.wrong(name, f'"{text}" is not a version number', "write digits and dots, such as 1.96")
    return text


def read_targets(directory: Path) -> list[Target]:
    """All targets in a directory, sorted by distribution and kernel version, the oldest kernel first."""
    return sorted((read_target(path) for path in directory.glob("*.toml")), key=distribution_and_version)


def distribution_and_version(target: Target) -> tuple[str, tuple[int, ...]]:
    """The key by which targets are sorted."""
    return target.packages.distribution, tuple(int(part) for part in target.version.split("."))
