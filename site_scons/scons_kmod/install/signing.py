# SPDX-License-Identifier: MIT
"""Sign modules with the kernel tree's own sign-file, and verify each signature with openssl."""

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

# A signed module ends with the signature, a description of it (include/linux/module_signature.h, 6.12), and this text
# (scripts/sign-file.c).
SIGNATURE_MAGIC = b"~Module signature appended~\n"
SIGNATURE_DESCRIPTION = struct.Struct(">5B3xI")
# SIGN_KEY=dkms: the key with which DKMS signs on this machine.
DKMS_KEY_NAME = "dkms"
# DKMS's defaults (dkms 3.0, /usr/sbin/dkms), and the shell scripts that change them. Only plain settings are read.
DKMS_KEYS = {"mok_signing_key": "/var/lib/dkms/mok.key", "mok_certificate": "/var/lib/dkms/mok.pub"}
DKMS_SETTINGS = ("etc/dkms/framework.conf", "etc/dkms/framework.conf.d/*.conf")
PIN_VARIABLE = "KBUILD_SIGN_PIN"


@dataclasses.dataclass(frozen=True)
class Signing:
    """How modules are signed.

    `program` is sign-file, `digest` the kind of digest that the kernel is configured for, `key` a path or a PKCS#11
    URI, `certificate` the key's X.509 certificate. `passphrase` is the key's, if it has one.
    """

    program: Path
    digest: str
    key: str
    certificate: Path
    passphrase: str | None = dataclasses.field(default=None, repr=False)
    system: System = THIS_MACHINE

    def sign(self, module: Path, log: RunLog) -> None:
        """Append a signature to the file `module`, and verify it. Raises `StepError` and `MachineError`."""
        argv = (self.program, self.digest, self.key, self.certificate, module)
        log.inside(self.system.enter_args).run(argv, step="SIGN", unit=module.name, env={PIN_VARIABLE: self.passphrase})
        self.verify(module, log)

    def verify(self, module: Path, log: RunLog) -> None:
        """Verify the signature of the file `module` with openssl. Raises `StepError` and `MachineError`."""
        content, signature = split_signed(module)
        openssl = find_program("openssl")
        with tempfile.TemporaryDirectory(prefix=f"{module.name}.", dir=module.parent) as directory:
            signed, detached = Path(directory) / "content", Path(directory) / "signature"
            signed.write_bytes(content)
            detached.write_bytes(signature)
            files = ("-in", detached, "-content", signed, "-certfile", self.certificate, "-out", os.devnull)
            options = ("-verify", "-binary", "-inform", "DER", "-nointern", "-noverify")
            log.run((openssl, "cms", *options, *files), step="VERIFY", unit=module.name)


def split_signed(module: Path) -> tuple[bytes, bytes]:
    """A signed module's content and its signature (PKCS#7 in DER). Raises `StepError` if it is not signed."""
    data = module.read_bytes()
    end = len(data) - len(SIGNATURE_MAGIC) - SIGNATURE_DESCRIPTION.size
    if not data.endswith(SIGNATURE_MAGIC) or end < 0:
        raise StepError("the module is not signed", where=f"VERIFY {module.name}")
    *_, size = SIGNATURE_DESCRIPTION.unpack_from(data, end)
    return data[: end - size], data[end - size : end]


def choose_signing(
    settings: Settings, tree: KernelTree, root: Path = Path("/"), system: System = THIS_MACHINE
) -> Signing | None:
    """How to sign modules, as the command line says; None if they are not to be signed.

    DKMS's files are looked for below `root`. `system` is where the tree's programs run. Raises `UserError` and
    `MachineError`.
    """
    if settings.sign_key is None:
        return None
    where = f"SIGN_KEY={settings.sign_key}"
    if not tree.enabled("CONFIG_MODULE_SIG"):
        raise UserError(
            "this kernel checks no signatures (CONFIG_MODULE_SIG is not set)", where=where, fix="leave it out"
        )
    sign_file = tree.path / "scripts/sign-file"
    if not sign_file.exists():
        raise MachineError("this kernel tree lacks scripts/sign-file", where=str(tree.path), fix="build it there")
    key, certificate = settings.sign_key, settings.sign_cert
    if key == DKMS_KEY_NAME:
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
            raise UserError(
                "the URI must not have a PIN", where="SIGN_KEY=pkcs11:...", fix=f"set {PIN_VARIABLE} instead"
            )
    elif not os.access(key, os.R_OK):
        problem = "can't be read" if Path(key).exists() else "does not exist"
        raise UserError(f"the key {key} {problem}", where=where, fix="name a private key in PEM, or a pkcs11: URI")
    if not os.access(certificate, os.R_OK):
        problem = "can't be read" if certificate.exists() else "does not exist"
        raise UserError(f"the certificate {certificate} {problem}", where=where, fix="write SIGN_CERT=/path, X.509")


def passphrase(settings: Settings) -> str | None:
    """The key's passphrase or the token's PIN, from SIGN_PIN_FILE= or, as Kbuild does it, from the environment.

    Raises `UserError` if no first line can be read from the file.
    """
    if settings.sign_pin_file is None:
        return os.environ.get(PIN_VARIABLE)
    try:
        return settings.sign_pin_file.read_text().splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError) as error:
        where = f"SIGN_PIN_FILE={settings.sign_pin_file}"
        raise UserError("its first line can't be read", where=where, fix="name a file with the PIN in it") from error


def dkms_key(root: Path) -> tuple[str, Path]:
    """The key with which DKMS signs on this machine, and its certificate. Raises `UserError` if there is none."""
    paths = dict(DKMS_KEYS)
    for path in (path for pattern in DKMS_SETTINGS for path in sorted(root.glob(pattern))):
        for name, value in re.findall(r"^\s*(\w+)=[\"']?([^\"'\n]*)", path.read_text(), re.MULTILINE):
            if name in paths and value:
                paths[name] = value.strip()
    key, certificate = (root / value.lstrip("/") for value in paths.values())
    if not key.exists():
        fix = "`dkms generate_mok` makes one; or name another key"
        raise UserError(f"DKMS has no key here: {key} does not exist", where=f"SIGN_KEY={DKMS_KEY_NAME}", fix=fix)
    return str(key), certificate
