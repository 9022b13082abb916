# SPDX-License-Identifier: MIT
"""A Debian in a directory, with the distribution's own tools in it, and no network unless it is asked for."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

AS_ROOT = () if os.geteuid() == 0 else ("sudo",)
ENVIRONMENT = ("PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive")


def sources() -> list[Path]:
    """The lists of Debian's packages that this machine has."""
    paths = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("debian*.sources"))]
    return [path for path in paths if path.is_file() and path.stat().st_size]


class DebianRoot:
    """Debian 12 at `path`."""

    def __init__(self, path: Path, packages: Sequence[str], variant: str = "apt") -> None:
        self.path = path
        include = f"--include={','.join(packages)}"
        argv = ("mmdebstrap", "--quiet", f"--variant={variant}", include, "bookworm", path, *sources())
        subprocess.run((*AS_ROOT, *argv), check=True, capture_output=True)
        for name in ("resolv.conf", "hosts"):
            (path / "etc" / name).write_bytes(Path("/etc", name).read_bytes())

    def run(
        self, *argv: str | Path, cwd: str = "/", network: bool = False, check: bool = True, env: Sequence[str] = ()
    ) -> str:
        """What a program prints in there, its complaints included."""
        alone = ("unshare", "--mount", "--pid", "--uts", "--fork", *(() if network else ("--net",)))
        enter = (*alone, f"--mount-proc={self.path}/proc", "chroot", self.path, "env", "-i", f"--chdir={cwd}")
        whole = (*AS_ROOT, *enter, *ENVIRONMENT, *env, *argv)
        done = subprocess.run(whole, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        said = done.stdout.decode(errors="replace")
        assert not check or done.returncode == 0, said
        return said if check else f"{said}exit {done.returncode}\n"

    def apt(self, *args: str) -> str:
        """Let apt work, with the network."""
        return self.run("apt-get", "-y", "-q", *args, network=True)

    def files(self) -> set[str]:
        """All files, but for what programs keep about what they did."""
        names = (str(path.relative_to(self.path)) for path in self.path.rglob("*") if not path.is_dir())
        return {name for name in names if not name.startswith(("proc/", "dev/", "tmp/", "var/log/", "var/lib/dpkg/"))}
