# SPDX-License-Identifier: MIT
"""Keys to sign modules with."""

from __future__ import annotations

import subprocess
from pathlib import Path


def make_key(directory: Path, *options: str) -> tuple[Path, Path]:
    """A key and its certificate, as the kernel's documentation makes them (module-signing.rst)."""
    directory.mkdir(parents=True, exist_ok=True)
    key, certificate = directory / "key.pem", directory / "key.x509"
    argv = ["openssl", "req", "-new", "-utf8", "-sha256", "-x509", "-newkey", "rsa:2048", "-subj", "/CN=modules"]
    files = ["-outform", "DER", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*argv, *(options or ["-nodes"]), *files], check=True, capture_output=True)
    return key, certificate
