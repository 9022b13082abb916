# SPDX-License-Identifier: MIT
"""Variables of scons's own environment that a step has read, named like files: ``env:HOME``.

rustc lists the variables that `env!` and `option_env!` read in its depfile. A step depends on them as on files.
"""

from __future__ import annotations

import hashlib
import os

PREFIX = "env:"
# The variables that tools get. Another, such as CPATH, could change outputs unnoticed.
PASSED_ON = ("PATH", "HOME", "TMPDIR", "TERM", "LANG", "LC_ALL", "LC_MESSAGES")


def variables_left_out() -> dict[str, str | None]:
    """The changes of scons's own environment with which tools run: most variables are removed."""
    return {name: None for name in os.environ if name not in PASSED_ON}


def variable_digest(path: str) -> str:
    """The digest of the variable that `path` names. A variable that is not set has one, too."""
    value = os.environ.get(path.removeprefix(PREFIX))
    text = "" if value is None else f"={value}"
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]


def variable_stat(path: str) -> tuple[int, int, int, int]:
    """What stands for the status of a file: another for another value."""
    return (int(variable_digest(path)[:15], 16), 0, 0, 0)
