# SPDX-License-Identifier: MIT
"""Sysroots: directories with another Debian release, in which a target's tools run.

mmdebstrap makes a sysroot from the suite's signed packages. bubblewrap runs a tool with the sysroot's /usr and /etc
instead of the machine's. Everything else is where it is on the machine, so only paths of the tools are translated.

Below the cache directory:

    sysroots/SUITE-PACKAGES.json    which root is in use: a null build reads this one file
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
from scons_kmod.distro.target_choice import is_of_this_system
from scons_kmod.distro.target_file import Target
from scons_kmod.engine.digests import file_digest, text_digest

# The directories that a tool sees from the root instead of from the machine.
REPLACED = ("usr", "etc")
# What dpkg does not unpack: nobody reads it here.
EXCLUDED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
SYSROOT_PATH = "/usr/sbin:/usr/bin"
INTERPRETER = "/usr/bin/python3"
STATUS = "var/lib/dpkg/status"
# What to do if bubblewrap can't run anything.
NAMESPACES_FIX = "allow users to create namespaces (sysctl kernel.unprivileged_userns_clone=1), or build as root"


@dataclasses.dataclass(frozen=True)
class System:
    """Where a target's tools are: in the sysroot `root`, or on this machine if `root` is None.

    `enter_args` are the args before a command that run it there.
    """

    root: Path | None = None
    enter_args: tuple[str, ...] = ()

    def host_path(self, path: str) -> str:
        """The path on the machine of a file in the system."""
        return path if self.root is None else f"{self.root}{path}"

    @property
    def python(self) -> str:
        """The interpreter that runs the parts of this library that load the system's libraries."""
        return sys.executable if self.root is None else INTERPRETER

    def programs(self, name: str, more: Sequence[Path] = ()) -> list[str]:
        """The paths of all programs called `name`: first on PATH, in its order, then in the directories `more`.

        In a sysroot, only its own directories are searched.
        """
        if self.root is not None:
            if name.startswith("/"):
                return [name] if os.path.lexists(self.host_path(name)) else []
            paths = (f"{directory}/{name}" for directory in SYSROOT_PATH.split(":"))
            return [path for path in paths if os.path.lexists(self.host_path(path))]
        directories = [*os.environ.get("PATH", "").split(os.pathsep), *map(str, more)]
        found = (shutil.which(name, path=directory) for directory in directories if directory)
        # One path for each directory: /bin is /usr/bin on merged systems, and PATH may name a directory twice.
        distinct: dict[Path, str] = {}
        for path in filter(None, found):
            distinct.setdefault(Path(path).parent.resolve(), path)
        return list(distinct.values())


# The tools of this machine itself.
THIS_MACHINE = System()


def open_system(target: Target, cache: Path, visible: Sequence[Path], log: RunLog, *, refresh: bool = False) -> System:
    """The system with the target's tools. A sysroot that does not exist yet is made.

    `visible` are directories that the tools must see even if they are below /usr. `refresh` makes the sysroot again,
    from the newest packages. Raises `MachineError`.
    """
    system = None if refresh and needs_sysroot(target) else existing_system(target, cache, visible)
    if system:
        return system
    root = make_sysroot(target, cache, log, refresh)
    return System(root, bubblewrap_args(root, visible))


def needs_sysroot(target: Target) -> bool:
    """Whether a target's tools come from another suite than the running system's."""
    return bool(target.sysroot) and not is_of_this_system(target)


def existing_system(target: Target, cache: Path, visible: Sequence[Path] = ()) -> System | None:
    """The system with the target's tools; None if it is a sysroot that does not exist yet. Raises `MachineError`."""
    if not needs_sysroot(target):
        return THIS_MACHINE
    root = existing_sysroot(target, cache)
    return System(root, bubblewrap_args(root, visible)) if root else None


def record_file(target: Target, cache: Path) -> Path:
    """The file that names the root of a target. Targets with the same tools share it."""
    tools = text_digest(" ".join(sorted(target.sysroot)))[:8]
    return cache / "sysroots" / f"{target.packages.suite}-{tools}.json"


def existing_sysroot(target: Target, cache: Path) -> Path | None:
    """The root of a target, if it exists."""
    record = record_file(target, cache)
    try:
        root = record.parent / json.loads(record.read_text())["root"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return root if (root / STATUS).is_file() else None


def make_sysroot(target: Target, cache: Path, log: RunLog, refresh: bool) -> Path:
    """Make a target's root with mmdebstrap. Several processes may ask at once. Raises `MachineError`."""
    record = record_file(target, cache)
    try:
        with locked(record.with_suffix(".lock")):
            root = None if refresh else existing_sysroot(target, cache)
            return root or build_sysroot(target, cache, log)
    except OSError as error:
        fix = "free some space there, or make it writable, or set SCONS_KMOD_CACHE=DIR"
        raise MachineError(str(error.strerror), where=str(error.filename or cache), fix=fix) from error


def build_sysroot(target: Target, cache: Path, log: RunLog) -> Path:
    """Make the root in a temporary directory, and rename it when it is complete. Needs the lock."""
    record = record_file(target, cache)
    directory = record.with_suffix("")
    # Killed builds have left these. The lock says that nobody uses them.
    for left in directory.parent.glob(f".{directory.name}.*"):
        shutil.rmtree(left, ignore_errors=True)
    # With a unique name: processes that a killed build started may still be writing.
    partial = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    (partial / "root").mkdir()
    try:
        print(f"  SYSROOT {target.packages.suite}: about 2 GB in {directory}, two minutes", flush=True)
        run_mmdebstrap(target, partial, log)
        digest = file_digest(partial / "root" / STATUS)[:16]
        root = directory / digest
        root.parent.mkdir(exist_ok=True)
        if not root.exists():
            (partial / "root").rename(root)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    write_text(record, json.dumps({"root": f"{directory.name}/{digest}", "packages": sorted(target.sysroot)}) + "\n")
    return root


def run_mmdebstrap(target: Target, partial: Path, log: RunLog) -> None:
    """Let mmdebstrap write an archive with the packages installed, and unpack the archive as the user's own files.

    Raises `MachineError` with what mmdebstrap printed.
    """
    packages = target.packages
    mode = "root" if os.geteuid() == 0 else "unshare"
    sources = partial / "sources.list"
    write_text(sources, suite_sources(target, log))
    options = [f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDED]
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
        raise MachineError(failure_text(error), where=f"{target.name}: sysroot", fix=failure_fix(error)) from error


def failure_text(error: StepError) -> str:
    """What the tools printed about their failure, without progress and warnings."""
    lines = [line for line in error.output.splitlines() if line.strip() and not line.startswith(("I: ", "W: "))]
    return "it can't be built\n" + "\n".join(f"    {line}" for line in lines[-8:])


def failure_fix(error: StepError) -> str:
    """What the user can do about a failure of mmdebstrap."""
    text = error.output
    if "No space left" in text:
        return "make room in the cache directory and in TMPDIR, or set SCONS_KMOD_CACHE=DIR and TMPDIR=DIR"
    if os.geteuid() and any(word in text for word in ("unshare", "subuid", "newuidmap")):
        return (
            "allow users to create namespaces: apt-get install uidmap, a line for this user in /etc/subuid and "
            "/etc/subgid (see subuid(5)), sysctl kernel.unprivileged_userns_clone=1; or build as root once"
        )
    return "check the network and apt's sources (apt-get update), and build again"


def bubblewrap_args(root: Path, visible: Sequence[Path]) -> tuple[str, ...]:
    """The args before a command that run it in bubblewrap, with a root's directories instead of the machine's."""
    args = [find_program("bwrap"), "--die-with-parent", "--dev-bind", "/", "/"]
    for name in REPLACED:
        args += ["--ro-bind", str(root / name), f"/{name}"]
    # On systems where they are not links into /usr.
    for name in ("bin", "sbin", "lib", "lib64"):
        if not Path("/", name).is_symlink():
            args += ["--ro-bind", str(root / "usr" / name), f"/{name}"]
    for path in dict.fromkeys(visible):
        if path.parts[1:2] and path.parts[1] in REPLACED:
            Path(f"{root}{path}").mkdir(parents=True, exist_ok=True)
            args += ["--ro-bind", str(path), str(path)]
    return (*args, "--setenv", "PATH", SYSROOT_PATH, "--")


def check_enter(system: System, log: RunLog) -> None:
    """Raise `MachineError` if tools can't be run in the sysroot."""
    if system.root is None:
        return
    try:
        log.run([*system.enter_args, "true"], step="SYSROOT", unit="enter")
    except KmodError as error:
        last = error.message.rstrip().splitlines()[-1]
        raise MachineError(f"tools can't be run in {system.root}: {last}", where="bwrap", fix=NAMESPACES_FIX) from error
