# SPDX-License-Identifier: MIT
"""Chooses targets: those that ``TARGET=`` names, or those for the running distribution."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import suggestion
from scons_kmod.distro.target_file import Target, distribution_and_version

OS_RELEASE = Path("/etc/os-release")


def requested_targets(value: str, targets: Sequence[Target], os_release: Path = OS_RELEASE) -> list[Target]:
    """The targets that ``TARGET=VALUE`` names. Raises `UserError`.

    The value is a list of names with commas between them, or ``all``. ``all`` means the targets whose tools are
    available here: those for the running distribution's suite, and those with a sysroot.
    """
    if value == "all":
        native = targets_of_this_system(targets, os_release)
        return [target for target in targets if target in native or (native and target.sysroot)] or list(targets)
    by_name = {target.name: target for target in targets}
    names = list(dict.fromkeys(value.split(",")))
    for name in names:
        if name not in by_name:
            raise UserError(f'there is no target "{name}"', where=f"TARGET={value}", fix=suggestion(name, by_name))
    return [by_name[name] for name in names]


def targets_of_this_system(targets: Sequence[Target], os_release: Path = OS_RELEASE) -> list[Target]:
    """The targets for the running distribution's suite (os-release(5)), the oldest kernel first."""
    system = read_os_release(os_release)
    suite = (system.get("ID", ""), system.get("VERSION_CODENAME", ""))
    fitting = (target for target in targets if (target.packages.distribution, target.packages.suite) == suite)
    return sorted(fitting, key=distribution_and_version)


def is_of_this_system(target: Target, os_release: Path = OS_RELEASE) -> bool:
    """Whether a target is for the running distribution's suite."""
    return bool(targets_of_this_system([target], os_release))


def default_target(targets: Sequence[Target], os_release: Path = OS_RELEASE) -> Target:
    """The newest kernel among the targets of the running distribution's suite (os-release(5)).

    Raises `UserError` if there is none.
    """
    if fitting := targets_of_this_system(targets, os_release):
        return fitting[-1]
    system = read_os_release(os_release)
    suite = (system.get("ID", ""), system.get("VERSION_CODENAME", ""))
    names = ", ".join(target.name for target in targets) or "none"
    message = f"there is no target for this system ({' '.join(filter(None, suite)) or 'no os-release'})"
    raise UserError(
        message, where="TARGET", fix=f"name one with TARGET= ({names}), or a prepared kernel tree with KDIR="
    )


def read_os_release(path: Path = OS_RELEASE) -> dict[str, str]:
    """The variables that an os-release file sets; empty if it can't be read."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs}
