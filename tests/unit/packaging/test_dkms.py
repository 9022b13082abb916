# SPDX-License-Identifier: MIT
"""The source tree for DKMS: its dkms.conf, read by bash as DKMS does it, and the script that builds."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest
from miniature import module, programs, write
from package_table import info

from scons_kmod.base.errors import UserError
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.packaging.dkms import dkms_deb, write_dkms_tree

# Bodies of functions as dkms has them: 3.0 hides the kernel that it is for, 3.2 does not.
READ = {
    "3.0": 'autoinstall() { read_conf ""; }; read_conf() { local kernelver="$1"; safe_source; }',
    "3.2": 'autoinstall() { read_conf "$kernelver"; }; read_conf() { local kernelver; kernelver="$1"; safe_source; }',
}
SOURCED = 'safe_source() { ( . "$conf" >/dev/null; echo "[$AUTOINSTALL] [$BUILD_EXCLUSIVE_KERNEL]" ) }'
SCONS = """
echo "scons $*" >> "$LOG"
if [ -e "$FAILS" ]; then cat "$FAILS"; exit 2; fi
mkdir -p build/kdir-6.12/modules/rust-echo && echo ko > build/kdir-6.12/modules/rust-echo/rust-echo.ko
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return dataclasses.replace(module(tmp_path / "source"), package=info(tmp_path / "info", version='"1.2~rc1"'))


@dataclasses.dataclass
class Machine:
    """One with DKMS, the module in it, and a scons that only logs its arguments."""

    tree: Path
    directory: Path
    env: dict[str, str]

    def dkms(self, release: str, action: str, kernel: str = "6.12") -> tuple[str, str]:
        """What DKMS of a release has read from dkms.conf, and what was printed."""
        plain = "" if action == "autoinstall" else f'{action}() {{ read_conf "$kernelver"; }};'
        script = f"{SOURCED}; {READ[release]}; {plain}"
        settings = f"action={action} kernelver={kernel} dkms_tree={self.directory}/dkms conf={self.tree}/dkms.conf"
        text = f"{settings} kernel_source_dir=/lib/modules/{kernel}/build; {script} {action}"
        done = subprocess.run(["bash", "-c", text], env=self.env, capture_output=True, text=True, check=True)
        return done.stdout.strip(), done.stderr.strip()

    def scons_calls(self) -> list[str]:
        """The command lines of scons."""
        path = self.directory / "log"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def machine(manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    bin_ = programs(monkeypatch, tmp_path / "bin", scons=f'cd "$2"\n{SCONS}')
    env = {
        "PATH": f"{bin_}:/usr/bin:/bin",
        "SCONS_KMOD_CACHE": str(tmp_path / "cache"),
        "LOG": str(tmp_path / "log"),
        "FAILS": str(tmp_path / "fails"),
    }
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return Machine(write_dkms_tree(manifest, tmp_path / "dkms-trees"), tmp_path, env)


WORK = "cache/dkms/rust-echo-1.2~rc1/6.12"


def test_the_files_of_the_tree(machine: Machine) -> None:
    assert machine.tree.name == "rust-echo-1.2~rc1"
    names = {str(path.relative_to(machine.tree)) for path in machine.tree.rglob("*") if path.is_file()}
    assert names == {"SConstruct", "build-module", "dkms.conf", "module/module.toml", "module/rust_echo.rs"}
    assert not [path for path in machine.tree.rglob("*") if path.is_file() and "@" in path.read_text()]


def test_an_older_tree_is_replaced(machine: Machine, manifest: Manifest) -> None:
    write(machine.tree / "module/gone.rs", "")
    write_dkms_tree(manifest, machine.tree.parent)
    assert not (machine.tree / "module/gone.rs").exists()


@pytest.mark.parametrize("release", READ)
@pytest.mark.parametrize("action", ["autoinstall", "build"])
def test_dkms_gets_a_yes_if_the_module_can_be_built(machine: Machine, release: str, action: str) -> None:
    assert machine.dkms(release, action) == ("[yes] []", "")
    work = machine.directory / WORK
    assert machine.scons_calls() == [f"scons -C {work} -Q KDIR=/lib/modules/6.12/build MODULE=rust-echo"]


@pytest.mark.parametrize("release", READ)
@pytest.mark.parametrize("action", ["autoinstall", "build"])
def test_dkms_gets_a_no_and_the_user_the_reason_if_it_cannot(machine: Machine, release: str, action: str) -> None:
    (machine.directory / "fails").write_text("  RUSTC x\nmachine error: rustc: not found\n    apt-get install it\n")
    log = machine.directory / WORK / "build.log"
    line = f"rust-echo 1.2~rc1 is not built for Linux 6.12: rustc: not found ({log})"
    assert machine.dkms(release, action) == ("[] [^none$]", line)
    assert "apt-get install it" in log.read_text()


@pytest.mark.parametrize("action", ["status", "remove", "add", "mktarball"])
def test_nothing_is_built_for_other_purposes(machine: Machine, action: str) -> None:
    assert machine.dkms("3.2", action) == ("[yes] []", "")
    assert machine.scons_calls() == []


def test_nothing_is_built_again(machine: Machine) -> None:
    (machine.directory / "dkms/rust-echo/1.2~rc1/6.12").mkdir(parents=True)
    assert machine.dkms("3.0", "autoinstall") == ("[yes] []", "")
    assert machine.scons_calls() == []


def test_a_process_of_dkms_tries_and_reports_a_failure_once(machine: Machine) -> None:
    (machine.directory / "fails").write_text("user error: it can't\n")
    script = f"for _ in 1 2; do DKMS_PROCESS=$$ sh {machine.tree}/build-module 6.12 /tree || echo no; done"
    done = subprocess.run(["bash", "-c", script], env=machine.env, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr.count("is not built for")) == ("no\nno\n", 1)
    assert len(machine.scons_calls()) == 1


def test_a_removed_source_is_not_built(machine: Machine) -> None:
    write(machine.directory / WORK / "module/gone.rs", "")
    machine.dkms("3.2", "build")
    assert not (machine.directory / WORK / "module/gone.rs").exists()
    assert (machine.directory / WORK / "module/rust_echo.rs").exists()


def test_a_work_directory_that_cannot_be_written_is_named(machine: Machine) -> None:
    write(machine.directory / "cache", "a file where the directory would be")
    line = f"rust-echo 1.2~rc1 is not built for Linux 6.12: {machine.directory / WORK} can't be written"
    assert machine.dkms("3.0", "autoinstall") == ("[] [^none$]", line)
    assert machine.scons_calls() == []


def test_missing_scons_is_reported(machine: Machine) -> None:
    env = {**machine.env, "PATH": "/bin-without-scons"}
    sh = ["/bin/sh", machine.tree / "build-module", "6.12", "/tree"]
    (machine.directory / "plain").mkdir()
    for name in ("dirname", "mkdir", "cat", "cp", "sed", "rm"):
        (machine.directory / "plain" / name).symlink_to(f"/bin/{name}")
    env["PATH"] = str(machine.directory / "plain")
    done = subprocess.run(sh, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "rust-echo 1.2~rc1 is not built for Linux 6.12: scons-kmod is not installed\n"


def test_dkms_gets_the_module_and_the_work_directory_is_removed(machine: Machine, tmp_path: Path) -> None:
    destination = tmp_path / "dkms-build"
    destination.mkdir()
    subprocess.run(["sh", machine.tree / "build-module", "6.12", "/tree", destination], env=machine.env, check=True)
    assert (destination / "rust-echo.ko").read_text() == "ko\n"
    assert not (machine.directory / WORK).exists()


def test_the_debian_package_of_the_tree(manifest: Manifest) -> None:
    package = dkms_deb(manifest)
    assert (package.name, package.architecture, package.version) == ("rust-echo-dkms", "all", "1.2~rc1-1")
    assert package.depends == "dkms (>= 3.0.10), scons-kmod"
    assert "usr/src/rust-echo-1.2~rc1/dkms.conf" in package.files
    assert set(package.scripts) == {"postinst", "prerm", "postrm"}
    for script in package.scripts.values():
        subprocess.run(["sh", "-n", "-c", script], check=True)


def test_a_module_without_a_package_table(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no \[package\]\n    write a table \[package\]"):
        dkms_deb(module(tmp_path))
