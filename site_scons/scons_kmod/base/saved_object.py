# SPDX-License-Identifier: MIT
"""Objects that a run saves for later runs, in a form that loads fast. A file that is damaged is the same as none."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import pickle
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

from scons_kmod.base.atomic import write_bytes

# The modules whose classes a saved object may have.
LIBRARY = "scons_kmod."
PATHS = ("pathlib", "pathlib._local")


def save_object(path: Path, key: str, value: object) -> None:
    """Write an object that `load_object` loads for the same `key`. Raises `OSError`."""
    body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    write_bytes(path, checksum(key, body) + body)


def load_object(path: Path, key: str) -> Any:
    """The object that was saved with the same key, or None. `key` is all that the object depends on.

    The file begins with a checksum of the key and the object, so a damaged object is never unpickled. Nor is one that
    somebody else has written to run code: it can have instances of this library's records alone.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return None
    length = hashlib.sha256().digest_size
    body = data[length:]
    if data[:length] != checksum(key, body):
        return None
    # What `pickle.loads` may raise for bytes that `save_object` has not written.
    with suppress(pickle.UnpicklingError, AttributeError, EOFError, ImportError, IndexError, TypeError, ValueError):
        return RecordUnpickler(io.BytesIO(body)).load()
    return None


class RecordUnpickler(pickle.Unpickler):
    """Loads paths, and records of this library: dataclasses and named tuples."""

    def find_class(self, module: str, name: str) -> Any:
        """The class that an object names. Raises `UnpicklingError` for anything but those that are allowed."""
        found = super().find_class(module, name) if module in PATHS or module.startswith(LIBRARY) else None
        is_record = isinstance(found, type) and (dataclasses.is_dataclass(found) or issubclass(found, tuple))
        if is_record or (isinstance(found, type) and issubclass(found, PurePath)):
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed here")


def checksum(key: str, body: bytes) -> bytes:
    """The first bytes of the file."""
    return hashlib.sha256(hashlib.sha256(key.encode(errors="surrogateescape")).digest() + body).digest()
