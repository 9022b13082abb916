# SPDX-License-Identifier: MIT
"""apt: what the archives of a Debian suite have, with the lists of the system or with lists of our own."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.base.atomic import write_text
from scons_kmod.base.errors import MachineError, StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.target_file import Target, is_of_this_system, read_os_release

Words = list[tuple[list[int], int]]

# The system's configuration holds, less the hooks and the further indices that desktops add to `apt-get update`.
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
    """One package that apt can download; `depends` as in its control file."""

    name: str
    version: str
    depends: str


@dataclasses.dataclass(frozen=True)
class Apt:
    """apt with the package lists that `options` lead it to."""

    options: tuple[str, ...]
    log: RunLog

    def run(self, program: str, *words: str, unit: str, why: str = "", cwd: Path | None = None) -> str:
        """Output of ``apt-get`` or ``apt-cache``. Raises `MachineError` without apt, `StepError` if it fails."""
        argv = [program, *self.options, *words]
        try:
            done = self.log.run(argv, step="APT", unit=unit, why=why, cwd=cwd, env={"LC_ALL": "C"})
        except MachineError as error:
            fix = "a target's packages come from Debian's archive; elsewhere name a prepared kernel tree with KDIR="
            raise MachineError(error.what, where=error.where, fix=fix) from error
        return done.stdout.decode(errors="replace")

    def names(self, prefix: str) -> list[str]:
        """The packages whose names begin so, the oldest version in the name first."""
        return sorted(self.run("apt-cache", "pkgnames", prefix, unit=prefix).split(), key=version_key)

    def packages(self, names: Sequence[str]) -> list[Package]:
        """What can be downloaded under these names, in all versions, the oldest first."""
        try:
            text = self.run("apt-cache", "show", *names, unit=names[0])
        except StepError:  # it knows none of them
            return []
        found = []
        for paragraph in text.split("\n\n"):
            fields = dict(re.findall(r"^(Package|Version|Depends|Filename): (.*)$", paragraph, re.MULTILINE))
            # A package that is installed but has left the archive has no file name.
            if "Filename" in fields:
                found.append(Package(fields["Package"], fields["Version"], fields.get("Depends", "")))
        return sorted(found, key=lambda package: version_key(package.version))


def private_apt(target: Target, cache: Path, log: RunLog) -> Apt:
    """apt with lists of our own in the cache directory, and the system's keys: for the system's own sources, or for
    those of the target's suite if that is another. Raises `MachineError`.
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
        # As root, apt would fetch as a user who can't write here. What it fetches is checked all the same.
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


# What apt tells of each of its sources: where it is and how it is verified.
INDEX_FORMAT = "$(IDENTIFIER)\t$(RELEASE)\t$(COMPONENT)\t$(REPO_URI)\t$(SIGNED_BY)"


def suite_sources(target: Target, log: RunLog) -> str:
    """A sources.list(5) for the target's suite, from where the system takes its own. Raises `MachineError`."""
    packages = target.packages
    system = read_os_release()
    own = system.get("VERSION_CODENAME", "")
    lines = []
    if system.get("ID") == packages.distribution and own:
        told = Apt((), log).run("apt-get", "indextargets", "--format", INDEX_FORMAT, unit="sources", why=target.name)
        for line in told.splitlines():
            identifier, release, component, uri, key = line.split("\t")
            # bookworm, bookworm-updates, bookworm-security
            base, _, rest = release.partition("-")
            if (identifier, base, component) == ("Packages", own, "main") and not rest.startswith("backports"):
                signed = f"[signed-by={key}] " if key.startswith("/") else ""
                lines.append(f"deb {signed}{uri} {'-'.join(filter(None, (packages.suite, rest)))} main\n")
    if not lines:
        what = f"this machine takes no packages from {packages.distribution}'s archive"
        fix = f"name a kernel of this system, or build on {packages.distribution} {packages.suite} itself"
        raise MachineError(what, where=f"{target.name}: {packages.suite}", fix=fix)
    return "".join(dict.fromkeys(lines))


def dependencies(text: str) -> list[tuple[str, str | None]]:
    """The packages of a ``Depends`` field, alternatives included; the version where only that one will do."""
    found = []
    for word in re.split(r"[,|]", text):
        match = re.fullmatch(r"\s*([^\s(:]+)(?::\w+)?\s*(?:\((\S+)\s+([^)]+)\))?\s*", word)
        if match:
            found.append((match[1], match[3] if match[2] == "=" else None))
    return found


def version_key(text: str) -> tuple[int, Words, Words]:
    """Sorts versions, and names that hold versions, as dpkg does (deb-version(7)): epoch, upstream, revision."""
    epoch, _, rest = text.rpartition(":")
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return int(epoch or 0), words(upstream), words(revision)


def words(text: str) -> Words:
    """Text as dpkg compares it: words and numbers in turn, ``~`` before a word's end, letters before other signs."""

    def weight(character: str) -> int:
        return -1 if character == "~" else ord(character) + (0 if character.isalpha() else 256)

    parts = re.findall(r"(\D*)(\d*)", text)
    return [([*map(weight, word), 0], int(digits or 0)) for word, digits in parts]
