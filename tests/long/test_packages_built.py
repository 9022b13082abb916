# SPDX-License-Identifier: MIT
"""scons deb and scons rpm: what is in the packages, and that they are the same wherever they are made."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from checkout import Checkout
from scons_kmod.base.directories import cache_directory

MODULE = "rust_minimal"
PACKAGE = """
[package]
version = "1.2~rc1"
date = 2026-02-03
maintainer = "Tests of scons-kmod <tests@example.org>"
summary = "module that does very little"
description = "It says hello.\\n\\nAnd it says goodbye."
license = "GPL-2.0-only"
homepage = "https://example.org/minimal"

[install]
load-at-boot = true
aliases = ["minimal"]
"""


def with_package(checkout: Checkout) -> None:
    manifest = checkout.path / f"modules/{MODULE}/module.toml"
    manifest.write_text(f'[module]\nname = "{MODULE}"\n{PACKAGE}')


def make(checkout: Checkout, kind: str) -> Path:
    """The path of the package that a command makes."""
    said = checkout.scons("-Q", kind).stdout
    (name,) = re.findall(rf"(?m)^  {kind.upper()}     (\S+\.{kind})$", said)
    assert (checkout.path / name).with_suffix(".spdx.json").is_file()
    return checkout.path / name


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    checkout = Checkout(tmp_path_factory.mktemp("deb") / "checkout", [MODULE])
    with_package(checkout)
    return checkout


@pytest.fixture(scope="module")
def deb(built: Checkout) -> Path:
    return make(built, "deb")


@pytest.fixture(scope="module")
def rpm(built: Checkout) -> Path:
    return make(built, "rpm")


def dpkg_deb(*args: str | Path) -> str:
    return subprocess.run(["dpkg-deb", *args], check=True, capture_output=True, text=True).stdout


def test_what_the_package_says(built: Checkout, deb: Path) -> None:
    release = built.target_release()
    assert deb.name == f"rust-minimal-modules-{release}_1.2~rc1-1_amd64.deb"
    said = dpkg_deb("-f", deb)
    assert re.sub(r"Installed-Size: \d+\n", "", said) == (
        f"Package: rust-minimal-modules-{release}\n"
        "Version: 1.2~rc1-1\n"
        "Architecture: amd64\n"
        "Maintainer: Tests of scons-kmod <tests@example.org>\n"
        f"Depends: kmod, linux-image-{release} | linux-image-{release}-unsigned\n"
        "Section: kernel\n"
        "Priority: optional\n"
        "Homepage: https://example.org/minimal\n"
        "Description: module that does very little\n"
        " It says hello.\n"
        " .\n"
        " And it says goodbye.\n"
        " .\n"
        f" This is the kernel module rust_minimal for Linux {release}.\n"
    )


def test_what_is_in_the_package(built: Checkout, deb: Path, tmp_path: Path) -> None:
    release = built.target_release()
    listed = [line.split() for line in dpkg_deb("-c", deb).splitlines()]
    assert {(fields[0], fields[1]) for fields in listed} == {("drwxr-xr-x", "root/root"), ("-rw-r--r--", "root/root")}
    dpkg_deb("-R", deb, tmp_path)
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    name = f"rust-minimal-modules-{release}"
    assert files == {
        *(f"DEBIAN/{file}" for file in ("control", "md5sums", "postinst", "postrm")),
        f"lib/modules/{release}/updates/rust_minimal.ko.xz",
        f"usr/lib/modprobe.d/{name}.conf",
        f"usr/lib/modules-load.d/{name}.conf",
        *(f"usr/share/doc/{name}/{file}" for file in ("changelog.Debian.gz", "copyright")),
    }
    subprocess.run(["md5sum", "-c", "--quiet", "DEBIAN/md5sums"], cwd=tmp_path, check=True)


def test_packages_are_reproducible_in_another_directory_and_environment(
    deb: Path, rpm: Path, other_checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [digests(path) for path in (deb, rpm)]
    with_package(other_checkout)
    monkeypatch.setenv("SCONS_KMOD_CACHE", str(cache_directory()))
    for name, value in {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "HOME": str(other_checkout.path), "USER": "x"}.items():
        monkeypatch.setenv(name, value)
    old = os.umask(0o077)
    try:
        again = [make(other_checkout, kind) for kind in ("deb", "rpm")]
    finally:
        os.umask(old)
    assert [digests(path) for path in again] == before


def digests(package: Path) -> list[str]:
    """Of a package, and of the document beside it."""
    files = (package, package.with_suffix(".spdx.json"))
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]


def test_the_document_names_all_sources_and_tools_of_the_module(built: Checkout, deb: Path) -> None:
    path = deb.with_suffix(".spdx.json")
    document = parse_file(str(path))
    assert validate_full_spdx_document(document) == []
    said = json.loads(path.read_text())
    sources = {file["fileName"]: file for file in said["files"]}
    wanted = {"./modules/rust_minimal/rust_minimal.rs", "./kernel/lib.rs", "./rust/helpers/slab.c", "./rust/module.lds"}
    assert wanted <= sources.keys()
    assert not [name for name in sources if ".." in name or "build/" in name]
    own = (built.path / "modules/rust_minimal/rust_minimal.rs").read_bytes()
    (sha256,) = (
        checksum["checksumValue"]
        for checksum in sources["./modules/rust_minimal/rust_minimal.rs"]["checksums"]
        if checksum["algorithm"] == "SHA256"
    )
    assert sha256 == hashlib.sha256(own).hexdigest()
    versions = {package["name"]: package["versionInfo"] for package in said["packages"]}
    assert versions["linux-headers"] == built.target_release()
    assert {"core", "alloc", "compiler_builtins", "rustc", "bindgen", "cc"} < versions.keys()
    assert versions["core"] == versions["rustc"]
    assert str(built.path) not in path.read_text()


def test_a_package_of_sources_has_a_document_too(built: Checkout) -> None:
    built.scons("-Q", "dkms")
    (path,) = built.path.glob("build/dkms/*.spdx.json")
    assert validate_full_spdx_document(parse_file(str(path))) == []
    said = json.loads(path.read_text())
    assert [file["fileName"] for file in said["files"]] == [
        f"./modules/{MODULE}/{name}" for name in ("module.toml", "rust_minimal.rs", "test.sh")
    ]
    assert [package["name"] for package in said["packages"]] == ["rust-minimal-dkms"]


def rpm_says(form: str, package: Path) -> str:
    argv = ["rpm", "-qp", "--nosignature", "--qf", form, package]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def test_what_the_rpm_says_and_holds(built: Checkout, rpm: Path) -> None:
    release = built.target_release()
    name = f"rust-minimal-modules-{release}"
    assert rpm.name == f"{name}-1.2~rc1-1.x86_64.rpm"
    said = rpm_says("%{SUMMARY}|%{LICENSE}|%{URL}|%{PACKAGER}|%{BUILDHOST}|%{BUILDTIME}|%{DESCRIPTION}", rpm)
    assert said == (
        "module that does very little|GPL-2.0-only|https://example.org/minimal"
        "|Tests of scons-kmod <tests@example.org>|localhost|1770076800|It says hello.\n\nAnd it says goodbye.\n\n"
        f"This is the kernel module rust_minimal for Linux {release}."
    )
    needs = rpm_says("[%{REQUIRES} %{REQUIREFLAGS:depflags} %{REQUIREVERSION}\n]", rpm)
    assert f"kernel-uname-r = {release}\n" in needs
    held = rpm_says("[%{FILENAMES} %{FILEMODES:octal} %{FILEUSERNAME} %{FILEMTIMES}\n]", rpm)
    assert held.splitlines() == [
        f"/{path} 100644 root 1770076800"
        for path in (
            f"lib/modules/{release}/updates/rust_minimal.ko.xz",
            f"usr/lib/modprobe.d/{name}.conf",
            f"usr/lib/modules-load.d/{name}.conf",
        )
    ]


def test_the_time_can_be_given(built: Checkout, deb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = deb.read_bytes()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    assert "2027-01-15" in dpkg_deb("-c", make(built, "deb"))
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert make(built, "deb").read_bytes() == before
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    done = built.scons("deb", check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "user error: SOURCE_DATE_EPOCH=yesterday: seconds since 1970 are expected" in done.stderr


def test_a_license_that_nobody_knows(built: Checkout) -> None:
    with built.edited(f"modules/{MODULE}/module.toml", "GPL-2.0-only", "Mine-1.0"):
        done = built.scons("deb", check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "module.toml: [package] license: Unknown license key(s): Mine-1.0" in done.stderr


def test_a_module_that_says_nothing_of_packages(other_checkout: Checkout) -> None:
    done = other_checkout.scons("deb", f"MODULE={MODULE}", check=False)
    assert done.returncode == 2
    assert "module.toml: the manifest of rust_minimal has no [package]\n    write a table [package]" in done.stderr
    assert "no module has a [package]" in other_checkout.scons("deb", check=False).stderr
