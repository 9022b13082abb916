# SPDX-License-Identifier: MIT
"""scons install and scons uninstall, below a root directory of their own."""

from __future__ import annotations

import lzma
from pathlib import Path

from checkout import MODULES, Checkout
from scons_kmod.install.signing import split_signed
from signing_key import make_key


def everything(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def installed(root: Path) -> dict[str, bytes]:
    """The modules, as they are when they are no longer compressed."""
    return {path.name: lzma.decompress(path.read_bytes()) for path in root.rglob("updates/*.ko.xz")}


def test_modules_are_installed_and_taken_away(checkout: Checkout, tmp_path: Path) -> None:
    checkout.scons()
    root = tmp_path / "root"
    checkout.scons("install", f"DESTDIR={root}")
    assert installed(root) == {
        f"{name}.ko.xz": (checkout.target / f"modules/{name}/{name}.ko").read_bytes() for name in MODULES
    }
    (dep,) = root.rglob("modules.dep")
    assert "updates/rust_minimal.ko.xz:" in dep.read_text()
    steps = [step for step, _ in checkout.ran()]
    assert set(steps) == {"XZ", "DEPMOD"}
    checkout.scons("uninstall", f"DESTDIR={root}", "MODULE=rust_kvm")
    assert len(installed(root)) == len(MODULES) - 1
    said = checkout.scons("uninstall", f"DESTDIR={root}").stdout
    assert said.count("  REMOVE  ") == len(MODULES) - 1
    left = {path.rpartition("/")[2] for path in everything(root)}
    assert left
    assert all(name.startswith("modules.") for name in left), "these are depmod's"


def test_installed_modules_are_signed_and_built_ones_are_not(checkout: Checkout, tmp_path: Path) -> None:
    checkout.scons()
    key, certificate = make_key(tmp_path / "key")
    args = (f"DESTDIR={tmp_path}/root", "MODULE=rust_minimal", f"SIGN_KEY={key}", f"SIGN_CERT={certificate}")
    checkout.scons("install", *args)
    built = checkout.target / "modules/rust_minimal/rust_minimal.ko"
    (signed,) = installed(tmp_path / "root").values()
    module = tmp_path / "signed.ko"
    module.write_bytes(signed)
    assert split_signed(module)[0] == built.read_bytes()
    secret = key.read_bytes()
    assert not [path for path in checkout.path.rglob("*") if path.is_file() and secret in path.read_bytes()]
    checkout.scons("install", *args[:2], f"SIGN_KEY={key}", check=False)
    done = checkout.scons("install", *args[:2], f"SIGN_KEY={key}", check=False)
    assert done.returncode == 2
    assert "the key's certificate is missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_in_the_way_is_not_replaced(other_checkout: Checkout, tmp_path: Path) -> None:
    root = tmp_path / "root"
    manifest = other_checkout.path / "modules/rust_minimal/module.toml"
    manifest.write_text(f"{manifest.read_text()}\n[install]\nload-at-boot = true\n")
    other_checkout.scons("install", "MODULE=rust_minimal", f"DESTDIR={root}")
    conf = root / "etc/modules-load.d/rust_minimal.conf"
    assert conf.read_text() == "rust_minimal\n"
    other_checkout.scons("uninstall", f"DESTDIR={root}")
    assert not conf.exists()
    conf.parent.mkdir(parents=True)
    conf.write_text("# theirs\n")
    done = other_checkout.scons("install", "MODULE=rust_minimal", f"DESTDIR={root}", check=False)
    assert done.returncode == 2
    assert (
        f"user error: {conf}: scons did not write this file, or it has changed since\n    move it away" in done.stderr
    )
    assert conf.read_text() == "# theirs\n"
    assert not installed(root)
