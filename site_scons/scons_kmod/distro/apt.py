# SPDX-License-Identifier: MIT
"""apt: which packages a Debian suite has, from the system's package lists or from private lists in the cache."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.base.atomic import write_text
from scons_kmod.base.errors import MachineError, StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.target_choice import is_of_this_system, read_os_release
from scons_kmod.distro.target_file import Target

# The sort key of an upstream version or a revision (`part_key`).
PartKey = list[tuple[list[int], int]]

# The system's configuration applies, without the hooks and the indices that desktops add to `apt-get update`.
APT_CONFIGURATION = """\
#clear APT::Update;
#clear Acquire::IndexTargets;
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::IndexTargets::deb::Packages {
    MetaKey "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages";
    flatMetaKey "Packages";
    ShortDescription "Packages";
    Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Packages";
};
"""


@dataclasses.dataclass(frozen=True)
class Package:
    """A package that apt can download. `depends` is the field Depends of its control file."""

    name: str
    version: str
    depends: str


@dataclasses.dataclass(frozen=True)
class Apt:
    """apt with the package lists that `options` name."""

    options: tuple[str, ...]
    log: RunLog

    def run(self, program: str, *args: str, unit: str, why: str = "", cwd: Path | None = None) -> str:
        """Output of ``apt-get`` or ``apt-cache``. Raises `MachineError` without apt, `StepError` if it fails."""
        argv = [program, *self.options, *args]
        try:
            done = self.log.run(argv, step="APT", unit=unit, why=why, cwd=cwd, env={"LC_ALL": "C"})
        except MachineError as error:
            fix = "a target's packages come from Debian's archive; elsewhere name a prepared kernel tree with KDIR="
            raise MachineError(error.message, where=error.where, fix=fix) from error
        return done.stdout.decode(errors="replace")

    def package_names(self, prefix: str) -> list[str]:
        """The names of packages that begin with `prefix`, the oldest version in the name first."""
        return sorted(self.run("apt-cache", "pkgnames", prefix, unit=prefix).split(), key=version_key)

    def available_packages(self, names: Sequence[str]) -> list[Package]:
        """The packages with these names that can be downloaded, in all versions, the oldest first."""
        try:
            text = self.run("apt-cache", "show", *names, unit=names[0])
        except StepError:  # apt knows none of them
            return []
        packages = []
        for paragraph in text.split("\n\n"):
            fields = dict(re.findall(r"^(Package|Version|Depends|Filename): (.*)$", paragraph, re.MULTILINE))
            # A package that is installed but no longer in the archive has no file name.
            if "Filename" in fields:
                packages.append(Package(fields["Package"], fields["Version"], fields.get("Depends", "")))
        return sorted(packages, key=lambda package: version_key(package.version))


def private_apt(target: Target, cache: Path, log: RunLog) -> Apt:
    """apt with private lists in the cache directory, and the system's keys. Raises `MachineError`.

    Its sources are the system's own, or those of the target's suite if that is another suite.
    """
    packages = target.packages
    home = cache / "apt" if is_of_this_system(target) else cache / f"apt-{packages.suite}"
    for directory in ("state/lists/partial", "cache/archives/partial"):
        (home / directory).mkdir(parents=True, exist_ok=True)
    write_text(home / "apt.conf", APT_CONFIGURATION)
    write_text(home / "status", "")
    settings = {
        "Dir::State": str(home / "state"),
        "Dir::State::status": str(home / "status"),
        "Dir::Cache": str(home / "cache"),
        # As root, apt would download as a user who can't write here. It checks signatures all the same.
        "APT::Sandbox::User": "root",
    }
    if not is_of_this_system(target):
        sources = home / "sources.list"
        write_text(sources, suite_sources(target, log))
        settings |= {"Dir::Etc::sourcelist": str(sources), "Dir::Etc::sourceparts": "/dev/null"}
    if not packages.check_valid_until:
        settings["Acquire::Check-Valid-Until"] = "false"
    options = [f"-o{name}={value}" for name, value in settings.items()]
    return Apt(("-c", str(home / "apt.conf"), *options), log)


# What apt prints of each index: what it is, where it is and how it is verified.
INDEX_FORMAT = "$(IDENTIFIER)\t$(RELEASE)\t$(COMPONENT)\t$(REPO_URI)\t$(SIGNED_BY)"


def suite_sources(target: Target, log: RunLog) -> str:
    """The text of a sources.list(5) for the target's suite, with the system's archives. Raises `MachineError`."""
    packages = target.packages
    system = read_os_release()
    codename = system.get("VERSION_CODENAME", "")
    lines = []
    if system.get("ID") == packages.distribution and codename:
        indices = Apt((), log).run("apt-get", "indextargets", "--format", INDEX_FORMAT, unit="sources", why=target.name)
        for line in indices.splitlines():
            identifier, release, component, uri, key = line.split("\t")
            # bookworm, bookworm-updates, bookworm-security
            base, _, rest = release.partition("-")
            if (identifier, base, component) == ("Packages", codename, "main") and not rest.startswith("backports"):
                signed = f"[signed-by={key}] " if key.startswith("/") else ""
                lines.append(f"deb {signed}{uri} {'-'.join(filter(None, (packages.suite, rest)))} main\n")
    if not lines:
        message = f"this machine takes no packages from {packages.distribution}'s archive"
        fix = f"name a kernel of this system, or build on {packages.distribution} {packages.suite} itself"
        raise MachineError(message, where=f"{target.name}: {packages.suite}", fix=fix)
    return "".join(dict.fromkeys(lines))


def parse_depends(text: str) -> list[tuple[str, str | None]]:
    """The packages in a ``Depends`` field, with all alternatives: the name, and the version if ``=`` requires one."""
    packages = []
    for alternative in re.split(r"[,|]", text):
        match = re.fullmatch(r"\s*([^\s(:]+)(?::\w+)?\s*(?:\((\S+)\s+([^)]+)\))?\s*", alternative)
        if match:
            packages.append((match[1], match[3] if match[2] == "=" else None))
    return packages


def version_key(text: str) -> tuple[int, PartKey, PartKey]:
    """The key that sorts versions, and names with versions in them, as dpkg does (deb-version(7)).

    It has the epoch, and the keys of the upstream version and of the revision.
    """
    epoch, _, rest = text.rpartition(":")
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return int(epoch or 0), part_key(upstream), part_key(revision)


def part_key(text: str) -> PartKey:
    """The sort key of an upstream version or a revision: strings of non-digits and of digits in turn.

    In a string of non-digits, ``~`` sorts before the end of the string, and letters before other characters.
    """

    def weight(character: str) -> int:
        return -1 if character == "~" else ord(character) + (0 if character.isalpha() else 256)

    parts = re.findall(r"(\D*)(\d*)", text)
    return [([*map(weight, string), 0], int(digits or 0)) for string, digits in parts]
