# SPDX-License-Identifier: MIT
"""The guest's file system: busybox, the guest's own programs, modules and tests, packed for the kernel to unpack."""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from elftools.elf.elffile import ELFFile

from scons_kmod.base.cache import cache_directory
from scons_kmod.base.errors import MachineError, UserError
from scons_kmod.base.run_log import RunLog

GUEST_PROGRAMS = Path(__file__).with_name("guest")


@dataclasses.dataclass(frozen=True)
class GuestFile:
    """A file in the guest: its content, or the file on the host that has it, and its permission bits."""

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
    """What every guest has: busybox, init and the default test. Raises `MachineError` if there is no static busybox."""
    return {
        "/bin/busybox": GuestFile(static_busybox(), 0o755),
        "/init": GuestFile(GUEST_PROGRAMS / "init", 0o755),
        "/tests/load.sh": GuestFile(GUEST_PROGRAMS / "load.sh"),
    }


def static_busybox() -> Path:
    """A busybox that needs no libraries: on PATH, or where bootstrap unpacks it. Raises `MachineError` without one."""
    unpacked = cache_directory() / "busybox-static/bin"
    found = [Path(path) for path in (shutil.which("busybox"), shutil.which("busybox", path=str(unpacked))) if path]
    for path in found:
        if is_static(path):
            return path
    fix = "apt-get install busybox-static"
    if not found:
        raise MachineError("busybox is not installed; the VM tests need it", fix=fix)
    raise MachineError(
        "this busybox is linked dynamically; the VM tests need a static one", where=str(found[0]), fix=fix
    )


def is_static(program: Path) -> bool:
    """Whether a program runs without the dynamic loader (ELF: it has no PT_INTERP segment)."""
    with program.open("rb") as file:
        return not any(segment["p_type"] == "PT_INTERP" for segment in ELFFile(file).iter_segments())


def write_initramfs(path: Path, files: Mapping[str, GuestFile], log: RunLog, unit: str) -> None:
    """Write the archive `path` (cpio, newc) with `files`, by their absolute paths in the guest, and their directories.

    Equal input gives equal bytes. Raises `MachineError` without cpio, `UserError` for a path that is not plain.
    """
    if shutil.which("cpio") is None:
        raise MachineError("cpio is not installed; the VM tests need it", fix="apt-get install cpio")
    with tempfile.TemporaryDirectory(prefix="scons-kmod-initramfs-") as name:
        stage = Path(name)
        for guest_path, file in files.items():
            place = stage / relative_guest_path(guest_path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read())
            place.chmod(file.mode)
        names = sorted(found.relative_to(stage).as_posix() for found in stage.rglob("*"))
        for entry in names:
            if (stage / entry).is_dir():
                (stage / entry).chmod(0o755)
            os.utime(stage / entry, (0, 0))
        # --reproducible leaves out device and inode numbers; --force-local: a colon in a path names no host.
        argv = ["cpio", "--create", "--format=newc", "--reproducible", "--owner=+0:+0", "--quiet", "--null"]
        argv += ["--force-local", "--file", str(path.absolute())]
        log.run(argv, step="CPIO", unit=unit, cwd=stage, input="\0".join([*names, ""]).encode())


def relative_guest_path(path: str) -> PurePosixPath:
    """`path` without its leading slash. Raises `UserError` if it is not absolute or has `..` in it."""
    plain = PurePosixPath(path)
    if plain.root != "/" or ".." in plain.parts or plain == PurePosixPath("/"):
        raise UserError(f"{path!r} is no absolute path of a file in the guest")
    return plain.relative_to("/")
