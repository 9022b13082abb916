# SPDX-License-Identifier: MIT
"""A compiler's own state from one run of a step to the next, such as the directory of ``rustc -Cincremental``.

With it the compiler must write what it would write without it. It can do so only if the state is whole and its own. So
a step trusts the state only as its last successful run has left it; otherwise it starts from none.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from scons_kmod.base.atomic import write_text
from scons_kmod.engine.digests import file_digest, text_digest


def seal_file(directory: Path) -> Path:
    """The file that says what a successful run has left in the directory. While a step runs there is none."""
    return directory.with_name(f"{directory.name}.json")


def open_state(directory: Path, signature: str) -> None:
    """Remove the state unless a run of a step with this signature has left it so. Raises `OSError`."""
    seal = seal_file(directory)
    try:
        trusted = json.loads(seal.read_text()) == [signature, state_digest(directory)]
    except (OSError, ValueError):
        trusted = False
    if not trusted and directory.exists():
        shutil.rmtree(directory)
    directory.mkdir(parents=True, exist_ok=True)
    seal.unlink(missing_ok=True)


def seal_state(directory: Path, signature: str) -> None:
    """Write down what a successful run of a step with this signature has left. Raises `OSError`."""
    write_text(seal_file(directory), json.dumps([signature, state_digest(directory)]))


def state_digest(directory: Path) -> str:
    """A digest of the names and the content of all files of the state. Raises `OSError`."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return text_digest("\n".join(f"{path.relative_to(directory)} {file_digest(path)}" for path in files))
