# SPDX-License-Identifier: MIT
"""Targets: a distribution's kernel and the toolchain it asks for, one file each in ``targets/``."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Table, load, suggestion

ARCHITECTURES = ("x86_64",)
OS_RELEASE = Path("/etc/os-release")
# The ways to a kernel's own crates (provider.py).
PROVIDERS = ("tree", "rebuilt", "carried")
VERSION = re.compile(r"\d+(\.\d+)*")


@dataclasses.dataclass(frozen=True)
class Packages:
    """The packages that bring a kernel.

    `release` is a regular expression for the whole of a kernel's release (``uname -r``). `headers` and `image` are
    package names in which ``{release}`` stands for it; of `image` the first that exists is taken. `headers_with` are
    patterns (fnmatch) for the dependencies of `headers` that belong to the tree. `modules` is as
    `image`, for those modules that the image lacks. `source` is the package with the
    kernel's sources, empty without one. Without `check_valid_until` lists are taken that the archive has let expire.
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
    """The versions that a target asks for, by their leading parts: ``1.96`` admits 1.96.0 and 1.96.1."""

    rustc: str
    bindgen: str
    libclang: str
    gcc: str


@dataclasses.dataclass(frozen=True)
class Target:
    """One target. `name` is the name of its file `path` without ``.toml``, `version` the kernel's: ``6.12``.

    `sysroot` are the packages of the suite's tools, for systems of another suite. `provider` is the one that is to give
    the kernel's own crates (provider.py), empty for what the tree itself suggests.
    """

    name: str
    path: Path
    arch: str
    version: str
    packages: Packages
    toolchain: ToolVersions
    sysroot: tuple[str, ...] = ()
    provider: str = ""


def read_target(path: Path) -> Target:
    """Read and check one target. Raises `UserError` with file, line and key."""
    top = Table(load(path), ())
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
        version=version(kernel, "version"),
        packages=read_packages(packages),
        toolchain=ToolVersions(
            **{tool.name: version(toolchain, tool.name) for tool in dataclasses.fields(ToolVersions)}
        ),
        provider=wanted_provider(kernel),
        sysroot=sysroot.strings("packages") if sysroot else (),
    )
    for table in filter(None, (kernel, packages, toolchain, sysroot)):
        table.done()
    return target


def wanted_provider(kernel: Table) -> str:
    """The provider that a target asks for, if it does."""
    provider = kernel.string("provider", default="")
    if provider and provider not in PROVIDERS:
        kernel.wrong("provider", f'there is no provider "{provider}"', suggestion(provider, PROVIDERS))
    return provider


def read_packages(table: Table) -> Packages:
    """The table ``[packages]``."""
    release = table.string("release")
    try:
        re.compile(release)
    except re.error as error:
        table.wrong("release", f"is no regular expression: {error}", "a + or . in it is written \\+ or \\.")
    headers = table.string("headers")
    image = table.strings("image")
    modules = [("modules", value) for value in table.strings("modules", default=())]
    for name, value in (("headers", headers), *(("image", value) for value in image), *modules):
        if value.count("{release}") != 1:
            table.wrong(name, f'"{value}" must hold {{release}} once')
    if not image:
        table.wrong("image", "must name a package")
    return Packages(
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


def version(table: Table, name: str) -> str:
    """A version number such as ``1.96``."""
    text = table.string(name)
    if not VERSION.fullmatch(text):
        table.wrong(name, f'"{text}" is no version number', "write digits and dots, such as 1.96")
    return text


def read_targets(directory: Path) -> list[Target]:
    """All targets of a directory, by distribution and kernel version, the oldest kernel first."""
    return sorted((read_target(path) for path in directory.glob("*.toml")), key=age)


def age(target: Target) -> tuple[str, tuple[int, ...]]:
    """What targets are sorted by."""
    return target.packages.distribution, tuple(int(part) for part in target.version.split("."))


def chosen_targets(words: str, targets: Sequence[Target], os_release: Path = OS_RELEASE) -> list[Target]:
    """The targets that ``TARGET=words`` names: names with commas between them, or ``all``. Raises `UserError`.

    All are those whose tools can be had here: the running distribution's suite's, and those with a sysroot.
    """
    if words == "all":
        own = of_this_system(targets, os_release)
        return [target for target in targets if target in own or (own and target.sysroot)] or list(targets)
    by_name = {target.name: target for target in targets}
    names = list(dict.fromkeys(words.split(",")))
    for name in names:
        if name not in by_name:
            raise UserError(f'there is no target "{name}"', where=f"TARGET={words}", fix=suggestion(name, by_name))
    return [by_name[name] for name in names]


def of_this_system(targets: Sequence[Target], os_release: Path = OS_RELEASE) -> list[Target]:
    """The targets for the running distribution's suite (os-release(5)), the oldest kernel first."""
    system = read_os_release(os_release)
    here = (system.get("ID", ""), system.get("VERSION_CODENAME", ""))
    fitting = (target for target in targets if (target.packages.distribution, target.packages.suite) == here)
    return sorted(fitting, key=age)


def is_of_this_system(target: Target, os_release: Path = OS_RELEASE) -> bool:
    """Whether a target is for the running distribution's suite."""
    return bool(of_this_system([target], os_release))


def default_target(targets: Sequence[Target], os_release: Path = OS_RELEASE) -> Target:
    """The newest kernel among the targets of the running distribution's suite (os-release(5)).

    Raises `UserError` if there is none.
    """
    if fitting := of_this_system(targets, os_release):
        return fitting[-1]
    system = read_os_release(os_release)
    here = (system.get("ID", ""), system.get("VERSION_CODENAME", ""))
    names = ", ".join(target.name for target in targets) or "none"
    what = f"no target is for this system ({' '.join(filter(None, here)) or 'no os-release'})"
    raise UserError(what, where="TARGET", fix=f"name one with TARGET= ({names}), or a prepared kernel tree with KDIR=")


def read_os_release(path: Path = OS_RELEASE) -> dict[str, str]:
    """The assignments in an os-release file; empty if it can't be read."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs}
