# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from miniature import of_debian, programs, write

from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.sysroot import (
    SYSROOT_PATH,
    THIS_MACHINE,
    System,
    bubblewrap_args,
    check_enter,
    existing_sysroot,
    open_system,
)
from scons_kmod.distro.target_file import Target, read_target

TARGETS = Path(__file__).resolve().parents[3] / "targets"
SOURCE = "deb http://example.org/debian/ {suite} main\n"
APT_GET = r"printf 'Packages\tbookworm\tmain\thttp://example.org/debian/\t$(SIGNED_BY)\n'"
# It makes its archive of the directory `system`, and keeps what it was asked.
MMDEBSTRAP = """\
PATH=/usr/bin:/bin
cd DIR
printf '%s\\n' "$@" >asked
while [ $# -gt 2 ]; do shift; done
cp "$2" sources
tar -cf "$1" -C system .
"""
# A shell's process group.
GROUP = "read -r _ _ _ _ group _ </proc/$$/stat"
# It ends, in the midst of it, the process that started it.
KILLED = """\
PATH=/usr/bin:/bin
while [ $# -gt 2 ]; do shift; done
cd "${1%/*}"
mkdir -p root/usr/bin
echo >root/usr/bin/half
kill -9 $PPID
"""
BWRAP = """\
PATH=/usr/bin:/bin
while [ "$1" != -- ]; do shift; done
shift
exec "$@"
"""


class Machine:
    """A machine of another suite than the target's, with programs that pretend, and a system that one of them packs."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        of_debian(monkeypatch)
        self.directory = directory
        self.cache = directory / "cache"
        self.target = read_target(TARGETS / "debian-7.2.toml")
        self.log = RunLog()
        self.programs = programs(
            monkeypatch,
            directory / "bin",
            mmdebstrap=MMDEBSTRAP.replace("DIR", str(directory)),
            apt__get=APT_GET,
            bwrap=BWRAP,
            tar='exec /bin/tar "$@"',
            true="",
        )
        for name in ("usr/bin/rustc", "usr/sbin/mkfs", "dev/null"):
            write(directory / "system" / name, "", 0o755)
        self.install("gcc-16 16.1.0-1")

    def install(self, packages: str) -> None:
        """Let the suite have these packages."""
        write(self.directory / "system/var/lib/dpkg/status", f"{packages}\n")

    def program(self, name: str, text: str) -> None:
        write(self.programs / name, f"#!/bin/sh\n{text}\n", 0o755)

    def open(self, target: Target | None = None, *, refresh: bool = False) -> System:
        self.log = RunLog()
        return open_system(target or self.target, self.cache, (), self.log, refresh=refresh)

    def root(self, target: Target | None = None, *, refresh: bool = False) -> Path:
        found = self.open(target, refresh=refresh).root
        assert found
        return found

    def refusal(self) -> str:
        with pytest.raises(MachineError) as error:
            self.open()
        return str(error.value).replace(str(self.directory), "DIR")

    @property
    def asked(self) -> list[str]:
        return (self.directory / "asked").read_text().splitlines()

    def left(self) -> list[str]:
        """What is there of sysroots."""
        return sorted(path.name for path in (self.cache / "sysroots").iterdir())


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def trixie(**changes: object) -> Target:
    return dataclasses.replace(read_target(TARGETS / "debian-6.12-trixie.toml"), **changes)


def steps(log: RunLog) -> list[str]:
    return [entry.step for entry in log.entries]


def test_a_sysroot_is_built_once_and_found_again_without_a_process(machine: Machine) -> None:
    first = machine.open()
    assert first.root
    assert (first.root / "usr/bin/rustc").exists()
    assert steps(machine.log) == ["APT", "SYSROOT", "UNPACK"]
    assert machine.open() == first
    assert machine.log.entries == []


def test_the_user_is_informed_before_a_sysroot_is_built(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.open()
    assert capsys.readouterr().out.startswith(f"  SYSROOT forky: about 2 GB in {machine.cache}/sysroots/forky-")
    machine.open()
    assert capsys.readouterr().out == ""


def test_devices_are_not_unpacked(machine: Machine) -> None:
    assert sorted(path.name for path in machine.root().iterdir()) == ["usr", "var"]


def test_the_targets_packages_come_from_its_suite(machine: Machine) -> None:
    machine.open()
    suite, archive, sources = machine.asked[-3:]
    assert suite == "forky"
    assert f"--include={','.join(machine.target.sysroot)}" in machine.asked
    assert Path(archive).is_relative_to(machine.cache)
    assert Path(sources).is_relative_to(machine.cache)
    assert (machine.directory / "sources").read_text() == SOURCE.format(suite="forky")


@pytest.mark.parametrize(("user", "mode"), [(0, "root"), (1000, "unshare")])
def test_no_root_is_needed(machine: Machine, monkeypatch: pytest.MonkeyPatch, user: int, mode: str) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    machine.open()
    assert f"--mode={mode}" in machine.asked


def test_lists_that_have_expired_are_taken_where_a_target_says_so(machine: Machine) -> None:
    expired = '--aptopt=Acquire::Check-Valid-Until "false"'
    machine.open()
    assert expired in machine.asked
    machine.open(trixie())
    assert expired not in machine.asked


@pytest.mark.parametrize("user", [0, 1000])
def test_a_failure_is_reported_as_mmdebstrap_prints_it_and_leaves_nothing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, user: int
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    machine.program(
        "mmdebstrap",
        "echo 'I: automatically chosen format'\n"
        "echo 'E: Unable to locate package gcc-16' >&2\n"
        "echo; echo 'I: cleaning package lists'\n"
        "echo 'W: hooked nothing'\n"
        "echo 'E: apt-get failed'\nexit 25",
    )
    assert machine.refusal() == (
        "debian-7.2: sysroot: it can't be built\n"
        "    E: Unable to locate package gcc-16\n"
        "    E: apt-get failed\n"
        "    check the network and apt's sources (apt-get update), and build again"
    )
    (lock,) = machine.left()
    assert lock.endswith(".lock")


def test_mmdebstrap_may_end_its_process_group(machine: Machine) -> None:
    machine.program("mmdebstrap", f"{GROUP}; echo E: $group; exit 1")
    assert f"    E: {os.getpgrp()}" not in machine.refusal().splitlines()


@pytest.mark.parametrize("name", ["mmdebstrap", "tar"])
def test_a_full_disk_is_reported_with_what_to_do(machine: Machine, name: str) -> None:
    machine.program(name, "echo 'E: root.tar: No space left on device'; exit 1")
    assert machine.refusal().splitlines()[1:] == [
        "    E: root.tar: No space left on device",
        "    make room in the cache directory and in TMPDIR, or set SCONS_KMOD_CACHE=DIR and TMPDIR=DIR",
    ]
    assert len(machine.left()) == 1


@pytest.mark.parametrize(("user", "reported"), [(1000, True), (0, False)])
def test_a_user_who_may_not_unshare_learns_how(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, user: int, reported: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    machine.program("mmdebstrap", "echo 'E: unable to unshare the user namespace'; exit 1")
    assert ("allow users to create namespaces: apt-get install uidmap" in machine.refusal()) == reported


@pytest.mark.parametrize(("name", "package"), [("mmdebstrap", "mmdebstrap"), ("bwrap", "bubblewrap")])
def test_a_program_that_is_missing_is_named_with_its_package(machine: Machine, name: str, package: str) -> None:
    (machine.programs / name).unlink()
    assert machine.refusal() == f"{name}: not found\n    apt-get install {package}"


def test_a_machine_without_the_archive_leaves_nothing(machine: Machine) -> None:
    machine.program("apt-get", "")
    assert machine.refusal().startswith("debian-7.2: forky: this machine takes no packages from debian's archive\n")
    assert len(machine.left()) == 1


def test_what_a_killed_run_left_is_cleared(machine: Machine) -> None:
    whole = (machine.programs / "mmdebstrap").read_text()
    machine.program("mmdebstrap", KILLED)
    killed = multiprocessing.get_context("fork").Process(target=machine.open)
    killed.start()
    killed.join()
    (partial,) = machine.cache.glob("sysroots/.*")
    assert killed.exitcode == -signal.SIGKILL
    assert (partial / "root/usr/bin/half").exists()
    (machine.programs / "mmdebstrap").write_text(whole)
    root = machine.root()
    assert (root / "usr/bin/rustc").exists()
    assert not (root / "usr/bin/half").exists()
    assert not partial.exists()


def record_of(machine: Machine) -> Path:
    """The record of the machine's target, which exists once the sysroot does."""
    (record,) = machine.cache.glob("sysroots/*.json")
    return record


def test_a_cache_that_is_moved_keeps_its_roots(machine: Machine) -> None:
    root = machine.root()
    old, machine.cache = machine.cache, machine.directory / "moved"
    old.rename(machine.cache)
    assert machine.root() == machine.cache / root.relative_to(old)
    assert machine.log.entries == []


def test_a_newer_sysroot_is_built_on_request_only(machine: Machine) -> None:
    old = machine.root()
    machine.install("gcc-16 16.2.0-1")
    assert machine.root() == old
    new = machine.root(refresh=True)
    assert new != old
    assert machine.root() == new
    assert (old / "usr/bin/rustc").exists(), "a build may be using it"


def test_a_refresh_that_finds_nothing_new_keeps_the_root(machine: Machine) -> None:
    old = machine.root()
    before = (old / "usr/bin/rustc").stat().st_ino
    assert machine.root(refresh=True) == old
    assert (old / "usr/bin/rustc").stat().st_ino == before
    assert not list(machine.cache.glob("sysroots/.*"))


def test_targets_with_the_same_tools_share_a_root(machine: Machine) -> None:
    root = machine.root(trixie())
    assert machine.root(trixie(name="other", sysroot=trixie().sysroot[::-1])) == root
    assert machine.log.entries == []
    machine.open(trixie(sysroot=("rustc", "gcc-14")))
    assert "--include=rustc,gcc-14" in machine.asked


def test_two_at_once_make_it_once(machine: Machine) -> None:
    log = RunLog()
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: open_system(machine.target, machine.cache, (), log), range(2))
    assert first == second
    assert steps(log).count("SYSROOT") == 1


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"root": 1}', '{"root": "elsewhere"}'])
def test_a_damaged_record_counts_as_absent(machine: Machine, damage: str) -> None:
    root = machine.root()
    record_of(machine).write_text(damage)
    assert existing_sysroot(machine.target, machine.cache) is None
    assert machine.root() == root


def test_a_sysroot_that_was_removed_is_built_again(machine: Machine) -> None:
    root = machine.root()
    shutil.rmtree(root)
    assert machine.root() == root
    assert (root / "usr/bin/rustc").exists()


def test_a_record_says_what_is_in_the_root(machine: Machine) -> None:
    root = machine.root()
    record = json.loads(record_of(machine).read_text())
    assert record == {
        "root": str(root.relative_to(machine.cache / "sysroots")),
        "packages": sorted(machine.target.sysroot),
    }


def test_a_cache_that_cannot_be_written_is_reported(machine: Machine) -> None:
    machine.cache.touch()
    assert machine.refusal() == (
        "DIR/cache/sysroots: Not a directory\n"
        "    free some space there, or make it writable, or set SCONS_KMOD_CACHE=DIR"
    )


def test_a_target_of_this_system_needs_no_sysroot(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    of_debian(monkeypatch, "forky")
    assert machine.open() == THIS_MACHINE
    assert not machine.cache.exists()


def test_a_target_without_a_sysroot_is_built_with_the_systems_own_tools(machine: Machine) -> None:
    assert machine.open(dataclasses.replace(machine.target, sysroot=())) == THIS_MACHINE
    assert not machine.cache.exists()


def test_programs_of_a_sysroot_are_those_in_it(machine: Machine) -> None:
    system = machine.open()
    root = str(system.root)
    assert system.programs("rustc") == ["/usr/bin/rustc"]
    assert system.programs("mkfs", [machine.programs]) == ["/usr/sbin/mkfs"]
    assert system.programs("bwrap", [machine.programs]) == [], "it is on PATH outside"
    assert system.programs("/usr/bin/rustc") == ["/usr/bin/rustc"]
    assert system.programs("/bin/sh") == []
    assert system.host_path("/usr/bin/rustc") == f"{root}/usr/bin/rustc"
    assert system.python == "/usr/bin/python3"


def test_a_link_that_leads_out_of_the_sysroot_is_a_program_in_it(machine: Machine) -> None:
    root = machine.root()
    (root / "usr/bin/cc").symlink_to("/etc/alternatives/only-there")
    assert System(root).programs("cc") == ["/usr/bin/cc"]


def test_without_a_sysroot_nothing_is_elsewhere() -> None:
    assert (THIS_MACHINE.host_path("/usr/bin/rustc"), THIS_MACHINE.python, THIS_MACHINE.enter_args) == (
        "/usr/bin/rustc",
        sys.executable,
        (),
    )


def binds(args: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The paths that bubblewrap binds, and where, in order."""
    options = (number for number, arg in enumerate(args) if arg in ("--ro-bind", "--dev-bind"))
    return ((args[number + 1], args[number + 2]) for number in options)


def test_tools_see_the_sysroots_directories_instead_of_the_machines(machine: Machine) -> None:
    args = machine.open().enter_args
    root = machine.root()
    assert args[0] == str(machine.programs / "bwrap")
    first, *rest = binds(args)
    assert first == ("/", "/"), "all else is where it is outside"
    assert {(f"{root}/usr", "/usr"), (f"{root}/etc", "/etc")} <= set(rest)
    assert args[-4:] == ("--setenv", "PATH", SYSROOT_PATH, "--")


def test_directories_that_the_sysroot_would_hide_are_visible(machine: Machine) -> None:
    root = machine.root()
    visible = [Path("/usr/src/linux"), Path("/home/me"), Path("/etc/keys"), Path("/usr/src/linux"), Path("/usrlocal")]
    found = list(binds(bubblewrap_args(root, visible)))
    assert found[-2:] == [("/usr/src/linux", "/usr/src/linux"), ("/etc/keys", "/etc/keys")]
    assert found.index((f"{root}/usr", "/usr")) < len(found) - 2, "or it would be hidden again"
    assert (root / "usr/src/linux").is_dir(), "there must be a place to put it"
    assert (root / "etc/keys").is_dir()
    assert not (root / "home").exists()


def test_a_sysroot_that_can_be_entered(machine: Machine) -> None:
    check_enter(machine.open(), machine.log)
    assert machine.log.entries[-1].status == 0


def test_a_sysroot_that_cannot_be_entered_is_reported(machine: Machine) -> None:
    said = "bwrap: No permissions to create new namespace, likely because the kernel does not allow it."
    machine.program("bwrap", f"echo noise; echo '{said}' >&2; exit 1")
    system = machine.open()
    with pytest.raises(MachineError) as error:
        check_enter(system, machine.log)
    assert str(error.value) == (
        f"bwrap: tools can't be run in {system.root}: {said}\n"
        "    allow users to create namespaces (sysctl kernel.unprivileged_userns_clone=1), or build as root"
    )


def test_here_nothing_has_to_be_entered() -> None:
    log = RunLog()
    check_enter(THIS_MACHINE, log)
    assert log.entries == []
