# SPDX-License-Identifier: MIT
from __future__ import annotations

import importlib.metadata
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from miniature import kernel_tree, write
from tool_stand_ins import Machine

from scons_kmod.base import programs
from scons_kmod.distro.target_file import read_targets
from scons_kmod.doctor import finding
from scons_kmod.doctor import programs as program_checks
from scons_kmod.doctor.programs import BUILDING, DOWNLOADING, TESTING
from scons_kmod.doctor.report import doctor_report, size_text
from scons_kmod.target.open_target import ChosenKernel

EVERY = read_targets(Path(__file__).resolve().parents[3] / "targets")
TARGETS = [target for target in EVERY if target.packages.suite == "bookworm"]
PROGRAMS = [program.name for program in (*BUILDING, *DOWNLOADING, *TESTING)]


class Patient(Machine):
    """A machine with everything, and a cache directory of its own."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(directory, monkeypatch)
        self.cache = directory / "cache"
        monkeypatch.setenv("SCONS_KMOD_CACHE", str(self.cache))
        monkeypatch.setattr(programs, "SYSTEM_DIRECTORIES", "")
        monkeypatch.setattr(finding, "LINE", 1000)  # the paths of a test are of any length
        monkeypatch.setattr(program_checks, "KVM_DEVICE", directory / "kvm")
        self.whole()
        for name in PROGRAMS:
            self.script(f"bin/{name}", f"echo '{name} (Debian) 1.2.3-4'")
        self.script("bin/x86_64-linux-gnu-gcc-12", "case $1 in -dumpfullversion) echo 12.2.0 ;; *) echo as ;; esac")
        # Any static program does.
        (directory / "bin/busybox").symlink_to("/bin/busybox")

    def remove(self, name: str) -> None:
        (self.directory / "bin" / name).unlink()

    def says(self, *chosen: ChosenKernel) -> tuple[str, bool]:
        lines, whole = doctor_report(chosen or [self.tree()], self.directory / "build")
        return "\n".join(lines).replace(str(self.directory), "DIR"), whole

    def tree(self) -> ChosenKernel:
        path = self.directory / "tree"
        return ChosenKernel("kdir-6.12", TARGETS[-1], path if path.exists() else kernel_tree(path))


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Patient:
    return Patient(tmp_path, monkeypatch)


def files(directory: Path) -> Iterator[str]:
    return (str(path) for path in sorted(directory.rglob("*")))


def test_a_whole_machine(patient: Patient) -> None:
    text, whole = patient.says()
    assert whole, text
    assert text.endswith("\n\nNothing is missing.")
    for line in (
        "  kdir-6.12                Linux 6.12.117+deb12-amd64, compiled by x86_64-linux-gnu-gcc-12 (Debian 12.2.0-14)",
        "  rustc                    1.96.0  DIR/bin/rustc, library sources in DIR/bin/sysroot/lib/rustlib/src/rust/",
        "  bindgen                  0.60.1  DIR/bin/bindgen",
        "  x86_64-linux-gnu-gcc-12  12.2.0  DIR/bin/x86_64-linux-gnu-gcc-12",
        "  make                     1.2.3-4  DIR/bin/make",
        "  KVM                      there is no DIR/kvm, so QEMU emulates the processor",
        "  cache                    DIR/cache, does not exist yet",
        "  build                    DIR/build, does not exist yet",
    ):
        assert line in text


def test_nothing_is_written(patient: Patient) -> None:
    patient.tree()
    before = list(files(patient.directory))
    patient.says()
    patient.says(ChosenKernel("debian-6.12", TARGETS[-1], None))
    assert list(files(patient.directory)) == before


def test_all_that_is_missing_is_named_with_its_package(patient: Patient) -> None:
    for name in ("make", "cpio", "bindgen", "qemu-system-x86_64"):
        patient.remove(name)
    text, whole = patient.says()
    assert not whole
    lines = text.splitlines()
    for name, package in (("make", "make"), ("cpio", "cpio"), ("qemu-system-x86_64", "qemu-system-x86")):
        (number,) = (number for number, line in enumerate(lines) if line.startswith(f"! {name} "))
        assert "MISSING: " in lines[number]
        assert lines[number + 1].strip() == f"apt-get install {package}"
    assert "MISSING: not found" in next(line for line in lines if line.startswith("! bindgen"))
    assert lines[-1].startswith("Missing: bindgen, make, qemu-system-x86_64, cpio.")


def test_why_a_tool_was_refused(patient: Patient) -> None:
    patient.rustc("rustup", "1.95.0")
    patient.set_path("rustup", "bin")
    text, whole = patient.says()
    assert whole
    assert "refused: DIR/rustup/rustc: version 1.95.0, but the target needs 1.96" in text


def test_a_tool_that_does_not_fit_is_missing(patient: Patient) -> None:
    patient.bindgen("bin", "0.59.0")
    text, whole = patient.says()
    assert not whole
    assert "DIR/bin/bindgen: version 0.59.0, but the target needs 0.60" in text
    assert "the target needs 0.60; on Debian 12" in text


def test_headers_that_are_not_fetched_are_nothing_that_is_missing(patient: Patient) -> None:
    patient.script("bin/gcc-12", "case $1 in -dumpfullversion) echo 12.2.0 ;; *) echo as ;; esac")
    text, whole = patient.says(ChosenKernel("debian-6.12", TARGETS[-1], None))
    assert whole, text
    assert "not fetched yet; `scons` downloads it (linux-headers-{release})" in text
    assert "apt-get" in text


def test_tools_of_another_suite_take_a_sysroot_and_what_makes_it(patient: Patient) -> None:
    (other,) = (target for target in EVERY if target.name == "debian-7.2")
    chosen = ChosenKernel(other.name, other, None)
    text, whole = patient.says(chosen)
    assert not whole
    assert text.splitlines()[-1].startswith("Missing: mmdebstrap, bwrap.")
    assert "apt-get install bubblewrap" in text
    for name in ("mmdebstrap", "bwrap"):
        patient.script(f"bin/{name}", f"echo '{name} 1.2.3'")
    text, whole = patient.says(chosen)
    assert whole, text
    assert "not built yet; `scons` builds it from forky's rustc, rust-src, bindgen" in text


def test_without_apt_nothing_can_be_fetched(patient: Patient) -> None:
    patient.remove("apt-get")
    assert patient.says()[1], "a tree of one's own needs none"
    text, whole = patient.says(ChosenKernel("debian-6.12", TARGETS[-1], None))
    assert not whole
    assert "! apt-get" in text


def test_a_tree_that_is_not_prepared_does_not_end_the_report(patient: Patient) -> None:
    (patient.tree().tree / "Module.symvers").unlink()
    text, whole = patient.says()
    assert not whole
    assert "MISSING: this kernel tree is not prepared for modules: it lacks Module.symvers" in text
    assert "  bindgen" in text


def test_packages_are_listed_with_their_versions(patient: Patient) -> None:
    packages = patient.cache / "packages/debian-6.12"
    release = "6.12.117+deb12-amd64"
    kernel_tree(packages / release / "digest/usr/src" / f"linux-headers-{release}")
    versions = {f"linux-headers-{release}": "6.12.117-1"}
    record = {"release": release, "root": f"{release}/digest", "versions": versions}
    write(packages / "headers.json", json.dumps(record))
    text, _ = patient.says(ChosenKernel("debian-6.12", TARGETS[-1], None))
    assert f"linux-headers-{release} 6.12.117-1" in text


def test_the_same_tool_is_listed_once_for_all_targets(patient: Patient) -> None:
    text, _ = patient.says(*(ChosenKernel(target.name, target, None) for target in TARGETS))
    assert text.count("DIR/bin/rustc,") == 1


def test_python_packages_may_be_missing(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    text, whole = patient.says()
    assert not whole
    assert "! libclang" in text
    assert "! pytest" in text


def test_kvm_is_reported_as_the_vm_tests_found_it(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    (patient.directory / "kvm").touch()
    assert "DIR/kvm exists; `scons test` tries whether it works" in patient.says()[0]
    write(patient.directory / "boot_id", "this boot\n")
    monkeypatch.setattr(program_checks, "BOOT_ID", patient.directory / "boot_id")
    answer = '{"name": "tcg", "reason": "under KVM the VM never booted"}'
    write(patient.cache / "accelerator.json", f'{{"host-boot": "this boot", "answers": {{"x": {answer}}}}}')
    assert "KVM                      TCG: under KVM the VM never booted\n" in patient.says()[0]


def test_without_a_home_the_report_says_so(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = patient.tree()
    for name in ("SCONS_KMOD_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    text, whole = patient.says(chosen)
    assert not whole
    assert "! cache" in text
    assert "set SCONS_KMOD_CACHE=DIR" in text


def test_linked_files_count_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(os.urandom(3_000_000))
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    (tmp_path / "c").symlink_to("a")
    assert size_text(tmp_path) == "3 MB"
    assert size_text(tmp_path / "absent") == "does not exist yet"
