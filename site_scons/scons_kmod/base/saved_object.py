# SPDX-License-Identifier: MIT
"""Objects that a run saves for later runs, in a form that loads fast. A file that is damaged is the same as none."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from typing import Any

from scons_kmod.base.atomic import write_bytes


def save_object(path: Path, key: str, value: object) -> None:
    """Write an object that `load_object` loads for the same `key`. Raises `OSError`."""
    body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    write_bytes(path, checksum(key, body) + body)


def load_object(path: Path, key: str) -> Any:
    """The object that was saved with the same key, or None. `key` is all that the object depends on.

    The file begins with a checksum of the key and the object, so nothing else is ever unpickled.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return None
    length = hashlib.sha256().digest_size
    body = data[length:]
    return pickle.loads(body) if data[:length] == checksum(key, body) else None


def checksum(key: str, body: bytes) -> bytes:
    """The first bytes of the file."""
    return hashlib.sha256(hashlib.sha256(key.encode(errors="surrogateescape")).digest() + body).digest()
