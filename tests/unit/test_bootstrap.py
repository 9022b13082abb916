# SPDX-License-Identifier: MIT
"""./bootstrap, run by the real sh, venv, pip and apt's planner; installing itself is only recorded."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import time
import tomllib
import zipfile
from pathlib import Path

import pytest

from scons_kmod.distro.target_file import read_targets

PROJECT = Path(__file__).parents[2]
# What the script needs of a system, and no tool that it looks for.
SYSTEM = "sh sed grep tr cat id ls readlink dirname flock mkdir mv rm env dpkg dpkg-query dpkg-deb tar true"
RUST = ("rustc-web", "rust-web-src", "rustfmt-web")


class Machine:
    """A checkout, and a machine where some packages are installed, others are in apt's lists."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkout = path / "checkout"
        self.cache = path / "cache"
        self.programs = path / "bin"
        for directory in (self.checkout, self.programs, path / "dpkg", path / "apt/lists/partial", path / "wheels"):
            directory.mkdir(parents=True)
        for name in SYSTEM.split():
            (self.programs / name).symlink_to(str(shutil.which(name)))
        (self.programs / "python3").symlink_to("/usr/bin/python3")
        self.program("sudo", 'exec "$@"')
        # Planning and downloading are apt's own, on this machine's files; what would change a system is recorded.
        self.program(
            "apt-get",
            f'case " $* " in *" -s "* | *" download "*) exec {shutil.which("apt-get")} "$@" ;; esac\n'
            f'echo "$*" >>{path}/apt.log',
        )
        shutil.copy(PROJECT / "bootstrap", self.checkout)
        (path / "sources.list").write_text(f"deb [trusted=yes] copy:{path}/archive/ ./\n")
        (path / "apt.conf").write_text(
            f'Dir::Etc::sourcelist "{path}/sources.list";\nDir::Etc::sourceparts "/dev/null";\n'
            f'Dir::Etc::preferencesparts "/dev/null";\nDir::Etc::parts "/dev/null";\n'
            f'Dir::State "{path}/apt";\nDir::Cache "{path}/apt";\nDir::State::status "{path}/dpkg/status";\n'
        )
        self.pins(["one==1.0"], ["two==2.0"])
        for name, version in (("one", "1.0"), ("one", "1.1"), ("two", "2.0")):
            wheel(path / "wheels", name, version)
        self.installed = dict.fromkeys(needed(), "1") | dict.fromkeys(RUST, "1.96.0+dfsg1-1")
        self.archive: dict[str, str] = {}

    def program(self, name: str, text: str) -> None:
        """Put a program of our own on PATH, in place of the link to the system's."""
        path = self.programs / name
        path.unlink(missing_ok=True)
        # "x" refuses to write through a link, at whose other end is the system's own program.
        with path.open("x") as file:
            file.write(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def pins(self, plain: list[str], dev: list[str]) -> None:
        text = f'[build-system]\nrequires = ["setuptools==80.9.0"]\n[project]\ndependencies = {plain}\n'
        text += f'[project.optional-dependencies]\ndev = {dev}\n[tool.x]\nnot-ours = ["three==3.0"]\n'
        (self.checkout / "pyproject.toml").write_text(text.replace("'", '"'))

    def offer(self, name: str, version: str, fields: str = "") -> None:
        """Put a package with a file bin/NAME into apt's lists."""
        tree, pool = self.path / "tree", self.path / "archive"
        shutil.rmtree(tree, ignore_errors=True)
        for directory in (tree / "DEBIAN", tree / "bin", tree / "usr/bin", pool):
            directory.mkdir(parents=True, exist_ok=True)
        control = f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: x <x@example.org>\n{fields}"
        (tree / "DEBIAN/control").write_text(f"{control}Description: x\n")
        command = {"rustc-web": "usr/bin/rustc", "busybox-static": "bin/busybox"}.get(name, f"bin/{name}")
        (tree / command).write_text("")
        (tree / command).chmod(0o755)
        if name == "rust-web-src":
            (tree / "usr/src/rustc-1.96.0/library").mkdir(parents=True)
        deb = pool / f"{name}.deb"
        subprocess.run(["dpkg-deb", "-Znone", "-b", tree, deb], check=True, stdout=subprocess.DEVNULL)
        digest = hashlib.sha256(deb.read_bytes()).hexdigest()
        location = f"Filename: ./{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest}\n"
        self.archive[name] = f"{control}{location}Description: x\n"

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        status = "".join(
            f"Package: {name}\nStatus: install ok installed\nVersion: {version}\nArchitecture: amd64\n"
            "Maintainer: x <x@example.org>\nDescription: x\n\n"
            for name, version in self.installed.items()
        )
        (self.path / "dpkg/status").write_text(status)
        if self.archive:
            (self.path / "archive/Packages").write_text("\n".join([*self.archive.values(), ""]))
            (self.path / "archive/Release").write_text("Date: Thu, 01 Jan 2026 00:00:00 UTC\n")
            update = [str(shutil.which("apt-get")), "update", "-q", "-oAcquire::AllowInsecureRepositories=1"]
            subprocess.run(update, check=True, capture_output=True, env=self.environment())
        return subprocess.run(
            [self.checkout / "bootstrap", *command],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def environment(self) -> dict[str, str]:
        return {
            "PATH": str(self.programs),
            "HOME": str(self.path),
            "SCONS_KMOD_CACHE": str(self.cache),
            "APT_CONFIG": str(self.path / "apt.conf"),
            "DPKG_ADMINDIR": str(self.path / "dpkg"),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.path / "wheels"),
        }

    def apt_log(self) -> list[str]:
        log = self.path / "apt.log"
        return log.read_text().splitlines() if log.exists() else []

    def with_venv(self) -> Machine:
        """Make .venv count as whole, for tests that are not about it."""
        bin_directory = self.checkout / ".venv/bin"
        bin_directory.mkdir(parents=True)
        (bin_directory / "python3").symlink_to("/usr/bin/python3")
        python = Path("/usr/bin/python3").resolve()
        (self.checkout / ".venv/.bootstrap").write_text(f"one==1.0\ntwo==2.0\n{python}\n")
        return self


def needed() -> list[str]:
    table = re.search(r'needs="\\\n(.*?)"', (PROJECT / "bootstrap").read_text(), re.DOTALL)
    assert table
    return [line.split()[0] for line in table[1].splitlines()]


def wheel(directory: Path, name: str, version: str) -> None:
    with zipfile.ZipFile(directory / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        info = f"{name}-{version}.dist-info"
        archive.writestr(f"{name}.py", f"version = {version!r}\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_it_makes_the_venv_once_and_again_when_a_pin_changes(machine: Machine) -> None:
    show = "import one, two, sys, os; print(one.version, two.version, sys.prefix == os.environ['VIRTUAL_ENV'])"
    first = machine.run("python", "-c", show)
    assert (first.stdout, first.returncode) == ("1.0 2.0 True\n", 0), first.stderr
    python = machine.checkout / ".venv/bin/python"
    created = python.lstat().st_mtime_ns
    start = time.monotonic()
    assert machine.run("true").stderr == ""
    assert time.monotonic() - start < 1
    assert python.lstat().st_mtime_ns == created
    machine.pins(["one==1.1"], ["two==2.0"])
    assert machine.run("python", "-c", show).stdout == "1.1 2.0 True\n"


def test_an_unfinished_venv_is_replaced(machine: Machine) -> None:
    venv = machine.checkout / ".venv"
    venv.mkdir()
    (venv / ".bootstrap").write_text("unfinished\n")
    (venv / "leftover").touch()
    assert machine.run("python", "-c", "import one").returncode == 0
    assert not (venv / "leftover").exists()


def test_a_venv_that_bootstrap_did_not_make_is_not_emptied(machine: Machine) -> None:
    own = machine.checkout / ".venv/own-file"
    own.parent.mkdir()
    own.touch()
    assert machine.run("python", "-c", "import one").returncode == 0
    assert own.exists()


def test_the_commands_own_exit_status_is_returned(machine: Machine) -> None:
    assert machine.with_venv().run("sh", "-c", "exit 7").returncode == 7


def test_without_a_command_it_says_how_it_is_used(machine: Machine) -> None:
    done = machine.run()
    assert (done.returncode, done.stderr) == (2, "usage: ./bootstrap COMMAND...    (for example: ./bootstrap scons)\n")


def test_apt_is_left_alone_when_nothing_is_missing(machine: Machine) -> None:
    machine.with_venv().program("apt-get", f"echo called >>{machine.path}/apt.log")
    assert machine.run("true").returncode == 0
    assert machine.apt_log() == []


def test_only_what_is_missing_is_installed(machine: Machine) -> None:
    for name in ("strace", "bindgen"):
        del machine.installed[name]
        machine.offer(name, "1")
    done = machine.with_venv().run("true")
    command = "install -y -q --no-install-recommends --no-remove -o DPkg::Lock::Timeout=300 bindgen strace"
    assert machine.apt_log() == [command], done.stderr


def test_a_tool_that_is_there_without_its_package_is_not_missing(machine: Machine) -> None:
    del machine.installed["strace"]
    machine.program("strace", "")
    assert machine.with_venv().run("true").stderr == ""


def test_rust_is_asked_for_by_version(machine: Machine) -> None:
    for name in RUST:
        machine.installed[name] = "1.85.0+dfsg1-1"
        machine.offer(name, "1.96.0+dfsg1-1")
    done = machine.with_venv().run("true")
    assert [line.partition("Timeout=300 ")[2] for line in machine.apt_log()] == [
        "rustc-web=1.96.* rust-web-src=1.96.* rustfmt-web=1.96.*"
    ], done.stderr


def test_a_package_that_would_push_out_another_is_unpacked_in_the_cache(machine: Machine) -> None:
    for name, conflict in (("rustc-web", "rustc"), ("rust-web-src", "rust-src"), ("rustfmt-web", "rustfmt")):
        del machine.installed[name]
        depends = "Depends: libllvm22\n" if name == "rustc-web" else ""
        machine.offer(name, "1.96.0+dfsg1-1", f"Conflicts: {conflict}\n{depends}")
    machine.offer("libllvm22", "1")
    machine.installed["rustc"] = "1.63"
    del machine.installed["busybox-static"]
    machine.offer("busybox-static", "1", "Conflicts: busybox\n")
    machine.installed["busybox"] = "1"
    done = machine.with_venv().run("true")
    assert (machine.cache / "rust-web/usr/bin/rustc").exists(), done.stderr
    assert (machine.cache / "rust-web/usr/src/rustc-1.96.0/library").is_dir()
    assert (machine.cache / "rust-web/bin/libllvm22").exists()
    assert (machine.cache / "busybox-static/bin/busybox").exists()
    assert sorted(path.name for path in machine.cache.iterdir()) == ["busybox-static", "rust-web"]
    assert machine.apt_log() == []
    assert "apt would remove rustc to install these, so they are only unpacked" in done.stderr
    again = machine.run("true")
    assert again.stderr == ""


def test_all_that_cannot_be_installed_is_in_a_single_message_and_the_command_runs(machine: Machine) -> None:
    (machine.programs / "apt-get").unlink()
    del machine.installed["bindgen"]
    del machine.installed["strace"]
    done = machine.with_venv().run("sh", "-c", "echo ran")
    assert done.stdout == "ran\n"
    assert done.stderr == (
        "bootstrap: these are missing and could not be installed; steps that need them will fail:\n"
        "    bindgen         Rust declarations from the kernel's headers\n"
        "    strace          a test that a second build starts nothing\n"
        "bootstrap: on Debian 12, as root: apt-get install --no-install-recommends --no-remove bindgen strace\n"
    )


def test_without_root_and_sudo_nothing_is_tried(machine: Machine) -> None:
    machine.program("sudo", "exit 1")
    machine.program("id", "echo 1000")
    del machine.installed["strace"]
    machine.offer("strace", "1")
    done = machine.with_venv().run("true")
    assert machine.apt_log() == []
    assert "    strace          a test" in done.stderr


@pytest.mark.parametrize(("version", "sources"), [("1.96.1", False), ("1.95.0", True), ("1.96.1", True)])
def test_a_rustc_on_path_counts_only_with_its_version_and_sources(
    machine: Machine, version: str, sources: bool
) -> None:
    sysroot = machine.path / "toolchain"
    if sources:
        (sysroot / "lib/rustlib/src/rust/library/core").mkdir(parents=True)
    text = f'case $1 in --version) echo "rustc {version} (x)" ;; --print) echo {sysroot} ;; esac'
    machine.program("rustc", text)
    (machine.programs / "apt-get").unlink()
    del machine.installed["rustc-web"]
    errors = machine.with_venv().run("true").stderr
    assert ("rustc-web       rustc 1.96" in errors) == ((version, sources) != ("1.96.1", True))


def test_it_asks_for_the_rust_of_the_targets() -> None:
    match = re.search(r"^rust=(\S+)", (PROJECT / "bootstrap").read_text(), re.MULTILINE)
    assert match
    bookworm = (target for target in read_targets(PROJECT / "targets") if target.packages.suite == "bookworm")
    assert {target.toolchain.rustc for target in bookworm} == {match[1]}


def test_it_reads_the_pins_of_this_project_as_toml_has_them(machine: Machine) -> None:
    shutil.copy(PROJECT / "pyproject.toml", machine.checkout)
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    pins = project["dependencies"] + [pin for extra in project["optional-dependencies"].values() for pin in extra]
    text = (PROJECT / "bootstrap").read_text().partition("lacking=$(missing)")[0].replace("[ $# -gt 0 ] ||", "true ||")
    (machine.checkout / "bootstrap").write_text(f"{text}\npins\n")
    assert machine.run().stdout.split() == pins
