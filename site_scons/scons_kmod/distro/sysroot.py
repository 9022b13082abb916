# SPDX-License-Identifier: MIT
"""A target's tools from another release of the distribution: a root directory in the cache, in which they are run.

mmdebstrap makes it of the suite's signed packages; bubblewrap runs a tool with the root's /usr and /etc in the place of
the machine's own. All else is where it is outside, so that no path has to be translated but those of the tools.

    sysroots/SUITE-PACKAGES.json    which root was taken: a null build reads this one file
    sysroots/SUITE-PACKAGES/DIGEST/ a root, never changed afterwards
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.base.atomic import locked, write_text
from scons_kmod.base.errors import KmodError, MachineError, StepError
from scons_kmod.base.programs import find_program
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.apt import suite_sources
from scons_kmod.distro.target_file import Target, is_of_this_system
from scons_kmod.engine.digests import digest_of, text_digest

# The directories of the machine in whose place those of the root are.
HIDDEN = ("usr", "etc")
# What dpkg leaves out: nobody reads it here.
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
SEARCHED = "/usr/sbin:/usr/bin"
INTERPRETER = "/usr/bin/python3"
STATUS = "var/lib/dpkg/status"
# What helps where bubblewrap can't run anything.
NAMESPACES = "let users have namespaces of their own (sysctl kernel.unprivileged_userns_clone=1), or build as root"


@dataclasses.dataclass(frozen=True)
class System:
    """Where a target's tools are: in the sysroot `root`, or if that is None on this machine.

    `enter` are the words before a command that runs it there.
    """

    root: Path | None = None
    enter: tuple[str, ...] = ()

    def outside(self, path: str) -> str:
        """A file of the system as it is called on the machine."""
        return path if self.root is None else f"{self.root}{path}"

    @property
    def python(self) -> str:
        """The interpreter for those parts of this library that load the system's libraries."""
        return sys.executable if self.root is None else INTERPRETER

    def programs(self, name: str, more: Sequence[Path] = ()) -> list[str]:
        """The programs called `name`: those on PATH in its order, then those in the directories `more`.

        In a sysroot, those that are in it.
        """
        if self.root is not None:
            if name.startswith("/"):
                return [name] if os.path.lexists(self.outside(name)) else []
            places = (f"{directory}/{name}" for directory in SEARCHED.split(":"))
            return [place for place in places if os.path.lexists(self.outside(place))]
        directories = [*os.environ.get("PATH", "").split(os.pathsep), *map(str, more)]
        found = (shutil.which(name, path=directory) for directory in directories if directory)
        # One path for each place: /bin is /usr/bin on merged systems, and PATH may name a directory twice.
        distinct: dict[Path, str] = {}
        for path in filter(None, found):
            distinct.setdefault(Path(path).parent.resolve(), path)
        return list(distinct.values())


# This machine itself.
HERE = System()


def open_system(target: Target, cache: Path, shown: Sequence[Path], log: RunLog, *, refresh: bool = False) -> System:
    """The system with the target's tools, made if it is a sysroot that is not there yet.

    `shown` are directories that the tools must see even if they lie below /usr. Raises `MachineError`.
    """
    there = None if refresh and needs_sysroot(target) else known_system(target, cache, shown)
    if there:
        return there
    root = make_sysroot(target, cache, log, refresh)
    return System(root, enter_words(root, shown))


def needs_sysroot(target: Target) -> bool:
    """Whether a target's tools are those of another suite than the running system's."""
    return bool(target.sysroot) and not is_of_this_system(target)


def known_system(target: Target, cache: Path, shown: Sequence[Path] = ()) -> System | None:
    """The system with the target's tools; None if it is a sysroot that is not made yet. Raises `MachineError`."""
    if not needs_sysroot(target):
        return HERE
    root = made_sysroot(target, cache)
    return System(root, enter_words(root, shown)) if root else None


def record_file(target: Target, cache: Path) -> Path:
    """The file that says which root is a target's; targets with the same tools share it."""
    tools = text_digest(" ".join(sorted(target.sysroot)))[:8]
    return cache / "sysroots" / f"{target.packages.suite}-{tools}.json"


def made_sysroot(target: Target, cache: Path) -> Path | None:
    """The root that was made for a target, if it is there."""
    record = record_file(target, cache)
    try:
        root = record.parent / json.loads(record.read_text())["root"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return root if (root / STATUS).is_file() else None


def make_sysroot(target: Target, cache: Path, log: RunLog, refresh: bool) -> Path:
    """Make a target's root by mmdebstrap. Any number may ask at once. Raises `MachineError`."""
    record = record_file(target, cache)
    try:
        with locked(record.with_suffix(".lock")):
            there = None if refresh else made_sysroot(target, cache)
            return there or build_sysroot(target, cache, log)
    except OSError as error:
        fix = "make room or give the right to write there, or set SCONS_KMOD_CACHE=DIR"
        raise MachineError(str(error.strerror), where=str(error.filename or cache), fix=fix) from error


def build_sysroot(target: Target, cache: Path, log: RunLog) -> Path:
    """Make the root beside its place, and rename it into it when it is whole."""
    record = record_file(target, cache)
    place = record.with_suffix("")
    # Whoever was killed here has left them; the lock says that nobody is using them.
    for left in place.parent.glob(f".{place.name}.*"):
        shutil.rmtree(left, ignore_errors=True)
    # Of a name that no other has: what a killed build had started may still be writing.
    partial = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    (partial / "root").mkdir()
    try:
        print(f"  SYSROOT {target.packages.suite}: about 2 GB in {place}, two minutes", flush=True)
        fill(target, partial, log)
        digest = digest_of(partial / "root" / STATUS)[:16]
        root = place / digest
        root.parent.mkdir(exist_ok=True)
        if not root.exists():
            (partial / "root").rename(root)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    write_text(record, json.dumps({"root": f"{place.name}/{digest}", "packages": sorted(target.sysroot)}) + "\n")
    return root


def fill(target: Target, partial: Path, log: RunLog) -> None:
    """Let mmdebstrap install the packages, and unpack what it made as files of our own.

    Raises `MachineError` with mmdebstrap's own words.
    """
    packages = target.packages
    mode = "root" if os.geteuid() == 0 else "unshare"
    sources = partial / "sources.list"
    write_text(sources, suite_sources(target, log))
    options = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
    if not packages.check_valid_until:
        options.append('--aptopt=Acquire::Check-Valid-Until "false"')
    archive = partial / "root.tar"
    argv = [
        *(find_program("mmdebstrap"), f"--mode={mode}", "--variant=essential", "--format=tar"),
        *(f"--include={','.join(target.sysroot)}", *options, packages.suite, str(archive), str(sources)),
    ]
    unpack = ["tar", "-xf", str(archive), "-C", str(partial / "root"), "--no-same-owner", "--exclude=./dev"]
    try:
        log.run(argv, step="SYSROOT", unit=packages.suite, why=target.name, own_group=True)
        log.run(unpack, step="UNPACK", unit=packages.suite, why=target.name)
    except StepError as error:
        raise MachineError(problem_text(error), where=f"{target.name}: sysroot", fix=problem_fix(error)) from error


def problem_text(error: StepError) -> str:
    """What went wrong in the tools' own words, without the progress that they tell."""
    lines = [line for line in error.output.splitlines() if line.strip() and not line.startswith(("I: ", "W: "))]
    return "it can't be made\n" + "\n".join(f"    {line}" for line in lines[-8:])


def problem_fix(error: StepError) -> str:
    """What may help against a failure of mmdebstrap."""
    text = error.output
    if "No space left" in text:
        return "make room in the cache directory and in TMPDIR, or set SCONS_KMOD_CACHE=DIR and TMPDIR=DIR"
    if os.geteuid() and any(word in text for word in ("unshare", "subuid", "newuidmap")):
        return (
            "let users have namespaces of their own: apt-get install uidmap, a line for this user in /etc/subuid and "
            "/etc/subgid (see subuid(5)), sysctl kernel.unprivileged_userns_clone=1; or build as root once"
        )
    return "check the network and apt's sources (apt-get update), and build again"


def enter_words(root: Path, shown: Sequence[Path]) -> tuple[str, ...]:
    """bubblewrap's words that put a root's directories in the place of the machine's."""
    words = [find_program("bwrap"), "--die-with-parent", "--dev-bind", "/", "/"]
    for name in HIDDEN:
        words += ["--ro-bind", str(root / name), f"/{name}"]
    # On systems from before the merger of / and /usr.
    for name in ("bin", "sbin", "lib", "lib64"):
        if not Path("/", name).is_symlink():
            words += ["--ro-bind", str(root / "usr" / name), f"/{name}"]
    for path in dict.fromkeys(shown):
        if path.parts[1:2] and path.parts[1] in HIDDEN:
            Path(f"{root}{path}").mkdir(parents=True, exist_ok=True)
            words += ["--ro-bind", str(path), str(path)]
    return (*words, "--setenv", "PATH", SEARCHED, "--")


def check_enter(system: System, log: RunLog) -> None:
    """Try whether tools can be run in the sysroot. Raises `MachineError`."""
    if system.root is None:
        return
    try:
        log.run([*system.enter, "true"], step="SYSROOT", unit="enter")
    except KmodError as error:
        last = error.what.rstrip().splitlines()[-1]
        raise MachineError(f"tools can't be run in {system.root}: {last}", where="bwrap", fix=NAMESPACES) from error
