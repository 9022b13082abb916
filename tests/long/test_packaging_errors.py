# SPDX-License-Identifier: MIT
"""Errors that prevent a package have messages, and leave no incomplete package."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from checkout import Checkout
from long.test_packages_built import MODULE, with_package


@pytest.fixture(scope="module")
def packaged(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which one module can be packed, built."""
    built = Checkout(tmp_path_factory.mktemp("packaged") / "checkout", [MODULE])
    with_package(built)
    built.scons()
    assert checkout.modules()[f"{MODULE}.ko"] == built.modules()[f"{MODULE}.ko"]
    return built


def complaint(packaged: Checkout, *args: str) -> str:
    done = packaged.scons("-Q", *args, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    return done.stderr.replace(str(packaged.path), "DIR")


@pytest.fixture
def without(packaged: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH on which are all programs of the system, until one is taken away."""
    for directory in filter(None, os.environ["PATH"].split(":")):
        for path in Path(directory).glob("*"):
            link = tmp_path / path.name
            if not link.is_symlink():
                link.symlink_to(path)
    monkeypatch.setenv("PATH", str(tmp_path))
    packaged.scons()  # another PATH may lead to other tools
    return tmp_path


@pytest.mark.parametrize(
    ("args", "program", "fix"),
    [
        (("deb",), "dpkg-deb", "apt-get install dpkg"),
        (("deb", "SOURCE=1"), "dpkg-source", "apt-get install dpkg-dev"),
        (("rpm",), "rpmbuild", "apt-get install rpm"),
        (("dkms",), "dpkg-deb", "apt-get install dpkg"),
    ],
)
def test_a_program_is_missing(packaged: Checkout, without: Path, args: tuple[str, ...], program: str, fix: str) -> None:
    (without / program).unlink()
    assert f"machine error: {program}: not found\n    {fix}\n" in complaint(packaged, *args)


@pytest.mark.parametrize(
    ("command", "directory"), [("deb", "build/{}/deb"), ("rpm", "build/{}/rpm"), ("dkms", "build/dkms")]
)
def test_packages_cannot_be_written(packaged: Checkout, command: str, directory: str) -> None:
    """A file where the directory should be: not even root can write there."""
    path = packaged.path / directory.format(packaged.target.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        path.rename(path.with_name("away"))
    path.write_text("")
    try:
        assert f"machine error: DIR/{path.relative_to(packaged.path)}: " in complaint(packaged, command)
    finally:
        path.unlink()


def test_what_is_staged_is_what_a_package_holds(packaged: Checkout, tmp_path: Path) -> None:
    packaged.scons("-Q", "stage", f"DESTDIR={tmp_path / 'root'}", "INSTALL_MOD_DIR=extra")
    release = packaged.target_release()
    found = {str(path.relative_to(tmp_path / "root")) for path in (tmp_path / "root").rglob("*") if path.is_file()}
    conf = f"rust-minimal-modules-{release}.conf"
    directories = ("usr/lib/modprobe.d", "usr/lib/modules-load.d")
    assert found == {
        f"lib/modules/{release}/extra/{MODULE}.ko.xz",
        *(f"{directory}/{conf}" for directory in directories),
    }


def test_what_cannot_be_staged(packaged: Checkout, tmp_path: Path) -> None:
    assert "user error: stage: a directory is missing\n    write DESTDIR=/path\n" in complaint(packaged, "stage")
    (tmp_path / "usr").write_text("")
    said = complaint(packaged, "stage", f"DESTDIR={tmp_path}")
    assert f"machine error: {tmp_path}/usr/lib/modprobe.d" in said
    assert "\n    name a directory that can be written: DESTDIR=\n" in said
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "usr"]


def test_support_crates_of_tools_that_are_no_packages(packaged: Checkout) -> None:
    said = complaint(packaged, "crates")
    assert "this file belongs to no package\n    build with the kernel's headers and rustc from Debian packages" in said


def test_a_module_for_other_kernels_is_left_out_or_an_error_if_it_is_named(packaged: Checkout) -> None:
    requires = '[requires]\nconfig = ["CONFIG_NOT_THERE"]\n[module]'
    with packaged.edited(f"modules/{MODULE}/module.toml", "[module]", requires):
        said = packaged.scons("-Q").stdout
        assert (
            f"  SKIP    {MODULE}: it needs CONFIG_NOT_THERE, which this kernel's configuration does not set\n" in said
        )
        message = f"user error: {MODULE} for {packaged.target.name}: it needs CONFIG_NOT_THERE, which this kernel's"
        assert message in complaint(packaged, MODULE)
        assert message in complaint(packaged, "deb", f"MODULE={MODULE}")
        assert packaged.scons("-Q", "deb").stdout.splitlines() == said.splitlines()[:1]
