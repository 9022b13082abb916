# SPDX-License-Identifier: MIT
"""Signatures, made by a stock kernel's sign-file and checked by openssl."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkout import unpacked_headers
from scons_kmod.base.errors import StepError, UserError
from scons_kmod.base.run_log import RunLog
from scons_kmod.install.signing import choose_signing, split_signed
from scons_kmod.kernel.kernel_tree import KernelTree, open_tree
from scons_kmod.target.settings import Settings
from signing_key import make_key
from unit.miniature import kernel_tree, write

# A key and its certificate.
Pair = tuple[Path, Path]


@pytest.fixture(scope="session")
def tree() -> KernelTree:
    """The default target's headers."""
    return open_tree(unpacked_headers().kernel_tree)


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return make_key(tmp_path_factory.mktemp("key"))


@pytest.fixture
def module(tmp_path: Path) -> Path:
    return write(tmp_path / "x.ko", "a module")


def settings(key: Pair, pin_file: Path | None = None) -> Settings:
    return Settings(sign_key=str(key[0]), sign_cert=key[1], sign_pin_file=pin_file)


def sign(settings: Settings, tree: KernelTree, module: Path) -> RunLog:
    signing = choose_signing(settings, tree)
    assert signing is not None
    log = RunLog()
    signing.sign(module, log)
    return log


def test_modules_are_not_signed_without_a_key(tree: KernelTree) -> None:
    assert choose_signing(Settings(), tree) is None


def test_a_signed_module_is_the_module_and_a_signature(tree: KernelTree, key: Pair, module: Path) -> None:
    log = sign(settings(key), tree, module)
    content, signature = split_signed(module)
    assert content == b"a module"
    assert len(signature) > 256
    assert [entry.step for entry in log.entries] == ["SIGN", "VERIFY"]


def test_a_signature_of_another_key_is_found_out(tree: KernelTree, key: Pair, module: Path, tmp_path: Path) -> None:
    sign(settings(key), tree, module)
    other = choose_signing(settings(make_key(tmp_path / "other")), tree)
    assert other is not None
    with pytest.raises(StepError, match="VERIFY"):
        other.verify(module, RunLog())


def test_a_module_that_was_changed_later_is_found_out(tree: KernelTree, key: Pair, module: Path) -> None:
    sign(settings(key), tree, module)
    module.write_bytes(module.read_bytes().replace(b"a module", b"b module"))
    signing = choose_signing(settings(key), tree)
    assert signing is not None
    with pytest.raises(StepError, match="VERIFY"):
        signing.verify(module, RunLog())
    module.write_bytes(b"not signed at all")
    with pytest.raises(StepError, match="the module is not signed"):
        signing.verify(module, RunLog())


@pytest.fixture
def locked_key(tmp_path: Path) -> Pair:
    return make_key(tmp_path / "locked", "-passout", "pass:open sesame")


def test_a_passphrase_comes_from_a_file_or_the_environment(
    tree: KernelTree, locked_key: Pair, module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = write(tmp_path / "pin", "open sesame\n")
    sign(settings(locked_key, pin), tree, module)
    monkeypatch.setenv("KBUILD_SIGN_PIN", "open sesame")
    sign(settings(locked_key), tree, module)
    assert "sesame" not in repr(choose_signing(settings(locked_key), tree))


@pytest.mark.parametrize("word", ["wrong", None])
def test_a_wrong_passphrase_or_none_signs_nothing(
    tree: KernelTree, locked_key: Pair, module: Path, monkeypatch: pytest.MonkeyPatch, word: str | None
) -> None:
    monkeypatch.delenv("KBUILD_SIGN_PIN", raising=False)
    if word:
        monkeypatch.setenv("KBUILD_SIGN_PIN", word)
    with pytest.raises(StepError, match=r"SIGN x\.ko: exit status"):
        sign(settings(locked_key), tree, module)
    assert module.read_bytes() == b"a module"


def complaint(settings: Settings, tree: KernelTree, root: Path = Path("/")) -> str:
    with pytest.raises(UserError) as caught:
        choose_signing(settings, tree, root)
    return str(caught.value)


def test_what_is_wrong_is_said(tree: KernelTree, key: Pair, tmp_path: Path) -> None:
    private, certificate = key
    said = complaint(Settings(sign_key=str(private)), tree)
    assert said == f"SIGN_KEY={private}: the key's certificate is missing\n    write SIGN_CERT=/path, X.509"
    said = complaint(Settings(sign_key="/no/key", sign_cert=certificate), tree)
    assert said.startswith("SIGN_KEY=/no/key: the key /no/key does not exist\n")
    said = complaint(Settings(sign_key=str(private), sign_cert=Path("/no/cert")), tree)
    assert "the certificate /no/cert does not exist" in said
    said = complaint(settings(key, tmp_path / "none"), tree)
    assert said == f"SIGN_PIN_FILE={tmp_path}/none: its first line can't be read\n    name a file with the PIN in it"


def test_a_pin_in_a_uri_would_be_in_the_log(tree: KernelTree, key: Pair) -> None:
    said = complaint(Settings(sign_key="pkcs11:object=k;pin-value=123", sign_cert=key[1]), tree)
    assert said == "SIGN_KEY=pkcs11:...: the URI must not have a PIN\n    set KBUILD_SIGN_PIN instead"
    signing = choose_signing(Settings(sign_key="pkcs11:object=k", sign_cert=key[1]), tree)
    assert signing is not None
    assert signing.key == "pkcs11:object=k"


def test_a_kernel_that_checks_no_signatures(tmp_path: Path, key: Pair) -> None:
    said = complaint(settings(key), open_tree(kernel_tree(tmp_path / "tree")))
    assert said.endswith("this kernel checks no signatures (CONFIG_MODULE_SIG is not set)\n    leave it out")


def test_dkms_has_its_own_key(tree: KernelTree, tmp_path: Path, module: Path) -> None:
    wanted = Settings(sign_key="dkms")
    said = complaint(wanted, tree, tmp_path)
    assert said.startswith(f"SIGN_KEY=dkms: DKMS has no key here: {tmp_path}/var/lib/dkms/mok.key does not exist\n")
    private, certificate = make_key(tmp_path / "var/lib/dkms")
    private.rename(private.with_name("mok.key"))
    certificate.rename(certificate.with_name("mok.pub"))
    signing = choose_signing(wanted, tree, tmp_path)
    assert signing is not None
    signing.sign(module, RunLog())
    write(tmp_path / "etc/dkms/framework.conf", '# mok_signing_key=/no\nmok_signing_key="/keys/my.key"\n')
    assert f"{tmp_path}/keys/my.key does not exist" in complaint(wanted, tree, tmp_path)
