# SPDX-License-Identifier: MIT
"""The initramfs that is the guest's root: busybox, the programs in guest/, modules and tests, in a cpio archive."""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from scons_kmod.base.directories import cache_directory
from scons_kmod.base.errors import MachineError, UserError
from scons_kmod.base.run_log import RunLog

GUEST_DIRECTORY = Path(__file__).with_name("guest")


@dataclasses.dataclass(frozen=True)
class GuestFile:
    """A file in the guest: its permission bits, and its content or the file on the host that has the content."""

    source: bytes | Path
    mode: int = 0o644

    def read(self) -> bytes:
        """The content. Raises `UserError` if the file on the host can't be read."""
        if isinstance(self.source, bytes):
            return self.source
        try:
            return self.source.read_bytes()
        except OSError as error:
            raise UserError(f"can't be read: {error.strerror}", where=str(self.source)) from error


def base_files() -> dict[str, GuestFile]:
    """The files of every guest: busybox, init and the default test. Raises `MachineError` if no busybox is static."""
    return {
        "/bin/busybox": GuestFile(static_busybox(), 0o755),
        "/init": GuestFile(GUEST_DIRECTORY / "init", 0o755),
        "/tests/load.sh": GuestFile(GUEST_DIRECTORY / "load.sh"),
    }


def static_busybox() -> Path:
    """A busybox that needs no libraries, from PATH or from where bootstrap unpacks one. Raises `MachineError`."""
    unpacked = cache_directory() / "busybox-static/bin"
    candidates = [Path(path) for path in (shutil.which("busybox"), shutil.which("busybox", path=str(unpacked))) if path]
    for path in candidates:
        if is_static(path):
            return path
    fix = "apt-get install busybox-static"
    if not candidates:
        raise MachineError("busybox is not installed; the VM tests need it", fix=fix)
    raise MachineError(
        "this busybox is linked dynamically; the VM tests need a static one", where=str(candidates[0]), fix=fix
    )


def is_static(program: Path) -> bool:
    """Whether a program runs without the dynamic loader: its ELF file has no PT_INTERP segment."""
    from elftools.elf.elffile import ELFFile  # here, so that the doctor can say that the package is missing

    with program.open("rb") as file:
        return not any(segment["p_type"] == "PT_INTERP" for segment in ELFFile(file).iter_segments())


def write_initramfs(path: Path, files: Mapping[str, GuestFile], log: RunLog, unit: str) -> None:
    """Write the archive `path` (cpio, newc) with `files`, by their absolute paths in the guest, and their directories.

    Equal files give equal bytes. Raises `MachineError` if cpio is not installed, and `UserError` for a path that is
    not absolute or has ``..`` in it, or a file that can't be read.
    """
    if shutil.which("cpio") is None:
        raise MachineError("cpio is not installed; the VM tests need it", fix="apt-get install cpio")
    with tempfile.TemporaryDirectory(prefix="scons-kmod-initramfs-") as directory:
        root = Path(directory)
        for guest_path, file in files.items():
            path_in_root = root / relative_guest_path(guest_path)
            path_in_root.parent.mkdir(parents=True, exist_ok=True)
            path_in_root.write_bytes(file.read())
            path_in_root.chmod(file.mode)
        names = sorted(entry.relative_to(root).as_posix() for entry in root.rglob("*"))
        for entry in (root / name for name in names):
            if entry.is_dir():
                entry.chmod(0o755)
            os.utime(entry, (0, 0))
        # --reproducible leaves out device and inode numbers. With --force-local, a colon in a path names no host.
        argv = ["cpio", "--create", "--format=newc", "--reproducible", "--owner=+0:+0", "--quiet", "--null"]
        argv += ["--force-local", "--file", str(path.absolute())]
        log.run(argv, step="CPIO", unit=unit, cwd=root, input="\0".join([*names, ""]).encode())


def relative_guest_path(path: str) -> PurePosixPath:
    """`path` without its leading slash. Raises `UserError` if it is not absolute or has `..` in it."""
    guest_path = PurePosixPath(path)
    if guest_path.root != "/" or ".." in guest_path.parts or guest_path == PurePosixPath("/"):
        raise UserError(f"{path!r} is not an absolute path of a file in the guest")
    return guest_path.relative_to("/")
