# SPDX-License-Identifier: MIT
"""Signatures of modules: made by the kernel tree's own sign-file, and checked by another program."""

from __future__ import annotations

import dataclasses
import os
import re
import struct
import tempfile
from pathlib import Path

from scons_kmod.base.errors import MachineError, StepError, UserError
from scons_kmod.base.programs import find_program
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.sysroot import THIS_MACHINE, System
from scons_kmod.kernel.kernel_tree import KernelTree
from scons_kmod.target.settings import Settings

# What stands at the end of a signed module: the signature, its description (include/linux/module_signature.h, 6.12),
# and this text (scripts/sign-file.c).
MAGIC = b"~Module signature appended~\n"
DESCRIPTION = struct.Struct(">5B3xI")
# The name by which DKMS's own key is meant.
DKMS = "dkms"
# DKMS's defaults (dkms 3.0, /usr/sbin/dkms) and where they are changed: a shell script, read for plain settings only.
DKMS_KEYS = {"mok_signing_key": "/var/lib/dkms/mok.key", "mok_certificate": "/var/lib/dkms/mok.pub"}
DKMS_SETTINGS = ("etc/dkms/framework.conf", "etc/dkms/framework.conf.d/*.conf")
PIN = "KBUILD_SIGN_PIN"


@dataclasses.dataclass(frozen=True)
class Signing:
    """Who signs: sign-file, the digest that the kernel is configured for, the key (a path or a PKCS#11 URI), its
    certificate (X.509), and the key's passphrase, if it has one.
    """

    program: Path
    digest: str
    key: str
    certificate: Path
    passphrase: str | None = dataclasses.field(default=None, repr=False)
    system: System = THIS_MACHINE

    def sign(self, module: Path, log: RunLog) -> None:
        """Append a signature to the file `module`. Raises `StepError`."""
        argv = (self.program, self.digest, self.key, self.certificate, module)
        log.inside(self.system.enter_args).run(argv, step="SIGN", unit=module.name, env={PIN: self.passphrase})
        self.verify(module, log)

    def verify(self, module: Path, log: RunLog) -> None:
        """Check the signature against the certificate, by openssl. Raises `StepError` and `MachineError`."""
        content, signature = parts(module)
        openssl = find_program("openssl")
        with tempfile.TemporaryDirectory(prefix=f"{module.name}.", dir=module.parent) as directory:
            signed, detached = Path(directory) / "content", Path(directory) / "signature"
            signed.write_bytes(content)
            detached.write_bytes(signature)
            files = ("-in", detached, "-content", signed, "-certfile", self.certificate, "-out", os.devnull)
            options = ("-verify", "-binary", "-inform", "DER", "-nointern", "-noverify")
            log.run((openssl, "cms", *options, *files), step="VERIFY", unit=module.name)


def parts(module: Path) -> tuple[bytes, bytes]:
    """A signed module's content and its signature (PKCS#7 in DER). Raises `StepError` if it is not signed."""
    data = module.read_bytes()
    end = len(data) - len(MAGIC) - DESCRIPTION.size
    if not data.endswith(MAGIC) or end < 0:
        raise StepError("it is not signed", where=f"VERIFY {module.name}")
    *_, size = DESCRIPTION.unpack_from(data, end)
    return data[: end - size], data[end - size : end]


def choose_signing(
    settings: Settings, tree: KernelTree, root: Path = Path("/"), system: System = THIS_MACHINE
) -> Signing | None:
    """What the command line says of signing; None if modules are not to be signed. Raises `UserError`, `MachineError`.

    `root` is where DKMS's files are looked for, `system` where the tree's programs run.
    """
    if settings.sign_key is None:
        return None
    where = f"SIGN_KEY={settings.sign_key}"
    if not tree.enabled("CONFIG_MODULE_SIG"):
        raise UserError("this kernel looks at no signatures (CONFIG_MODULE_SIG)", where=where, fix="leave it out")
    sign_file = tree.path / "scripts/sign-file"
    if not sign_file.exists():
        raise MachineError("this kernel tree lacks scripts/sign-file", where=str(tree.path), fix="build it there")
    key, certificate = settings.sign_key, settings.sign_cert
    if key == DKMS:
        key, certificate = dkms_key(root)
    if certificate is None:
        raise UserError("the key's certificate is missing", where=where, fix="write SIGN_CERT=/path, X.509")
    check_key(key, certificate, where)
    digest = tree.config.get("CONFIG_MODULE_SIG_HASH", "sha256")
    return Signing(sign_file, digest, key, certificate, passphrase(settings), system)


def check_key(key: str, certificate: Path, where: str) -> None:
    """Raise `UserError` for a key or a certificate that can't be used."""
    if key.startswith("pkcs11:"):
        if re.search(r"[;?&]pin-(value|source)=", key):
            raise UserError("a PIN has no place in the URI", where="SIGN_KEY=pkcs11:...", fix=f"set {PIN} instead")
    elif not os.access(key, os.R_OK):
        what = "can't be read" if Path(key).exists() else "is not there"
        raise UserError(f"the key {key} {what}", where=where, fix="name a private key in PEM, or a pkcs11: URI")
    if not os.access(certificate, os.R_OK):
        what = "can't be read" if certificate.exists() else "is not there"
        raise UserError(f"the certificate {certificate} {what}", where=where, fix="write SIGN_CERT=/path, X.509")


def passphrase(settings: Settings) -> str | None:
    """The key's passphrase or the token's PIN: from a file, or from the environment as Kbuild takes it."""
    if settings.sign_pin_file is None:
        return os.environ.get(PIN)
    try:
        return settings.sign_pin_file.read_text().splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError) as error:
        where = f"SIGN_PIN_FILE={settings.sign_pin_file}"
        raise UserError("there is no line of text to be read", where=where, fix="name a file with it") from error


def dkms_key(root: Path) -> tuple[str, Path]:
    """The key that DKMS signs with on this machine, and its certificate. Raises `UserError`."""
    found = dict(DKMS_KEYS)
    for path in (path for pattern in DKMS_SETTINGS for path in sorted(root.glob(pattern))):
        for name, value in re.findall(r"^\s*(\w+)=[\"']?([^\"'\n]*)", path.read_text(), re.MULTILINE):
            if name in found and value:
                found[name] = value.strip()
    key, certificate = (root / value.lstrip("/") for value in found.values())
    if not key.exists():
        fix = "`dkms generate_mok` makes one; or name another key"
        raise UserError(f"DKMS has no key here: {key} is not there", where=f"SIGN_KEY={DKMS}", fix=fix)
    return str(key), certificate
