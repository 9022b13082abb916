# SPDX-License-Identifier: MIT
"""The sandbox that a generator runs in, by bubblewrap.

The program sees this machine's /usr, Python, and those files of the module that the manifest names, all read-only. It
has no network, and one empty directory to write in. The paths are the same wherever the module is, so that no path of
this machine can get into what the program writes.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from pathlib import Path

# The paths in the sandbox of the module's directory, of a compiled program, and of the directory to write in.
MODULE, PROGRAM, WRITTEN = "/module", "/program", "/generated"
BWRAP_ARGV = (
    *("bwrap", "--die-with-parent", "--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts"),
    *("--hostname", "generator", "--cap-drop", "ALL", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"),
)
GENERATOR_ENV = (
    *(("PATH", "/usr/bin:/bin"), ("HOME", "/tmp"), ("LANG", "C.UTF-8"), ("SOURCE_DATE_EPOCH", "0")),
    *(("PYTHONHASHSEED", "0"), ("PYTHONDONTWRITEBYTECODE", "1")),
)
# Errors that the sandbox causes, and what the author of the generator can do.
SANDBOX_HINTS = (
    ("Read-only file system", "write only `outputs`, by relative paths, and temporary files in /tmp"),
    (
        "Network is unreachable|name resolution",
        "a generator has no network: put what it needs into the module, and name it in `inputs`",
    ),
    (
        "No such file",
        "of the module's files, a generator sees only its `inputs`; it can write only by relative paths",
    ),
)


def sandbox_argv(visible: Mapping[Path, str], work: Path, program: tuple[str, ...]) -> tuple[str, ...]:
    """The command line that runs `program` in the sandbox.

    `visible` has the files that the program can read, with their paths in the sandbox. `work` is the directory that it
    writes in.
    """
    binds = [arg for path, inside in visible.items() for arg in ("--ro-bind", str(path), inside)]
    work_args = ("--bind", str(work), WRITTEN, "--remount-ro", "/", "--chdir", WRITTEN, "--")
    return (*BWRAP_ARGV, *system_args(), *binds, *work_args, *program)


@functools.cache
def system_args() -> tuple[str, ...]:
    """bubblewrap's args that show what programs need of this machine, and the Python that runs scons."""
    args = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib64"):
        if Path("/", name).is_symlink():
            args += ["--symlink", f"usr/{name}", f"/{name}"]
        elif Path("/", name).exists():
            args += ["--ro-bind", f"/{name}", f"/{name}"]
    for path in ("/etc/ld.so.cache", "/etc/alternatives"):
        args += ["--ro-bind-try", path, path]
    for path in dict.fromkeys((sys.base_prefix, sys.prefix)):
        if not Path(path).is_relative_to("/usr"):
            args += ["--ro-bind", path, path]
    return tuple(args)
