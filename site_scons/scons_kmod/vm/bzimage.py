# SPDX-License-Identifier: MIT
"""Unpack the ELF kernel in a bzImage. QEMU boots an ELF kernel by PVH, and so the guest need not unpack it slowly.

The layout of the header is described in Documentation/arch/x86/boot.rst in the kernel tree.
"""

from __future__ import annotations

import bz2
import hashlib
import lzma
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from scons_kmod.base.atomic import locked, write_bytes
from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog

ELF_MAGIC = b"\x7fELF"

SETUP_SECTORS = 0x1F1
HEADER_MAGIC = 0x202
PROTOCOL_VERSION = 0x206
PAYLOAD_OFFSET = 0x248
HEADER_END = 0x250

# Since this boot protocol (2.08, kernel 2.6.26) the header says where the payload is.
PAYLOAD_PROTOCOL = 0x208

# What Python's own library can unpack, by magic number. These ignore the length that follows the packed data.
PYTHON_DECOMPRESSORS: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": lambda packed: zlib.decompressobj(wbits=31).decompress(packed),
    b"BZh": lambda packed: bz2.BZ2Decompressor().decompress(packed),
    b"\xfd7zXZ\x00": lambda packed: lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(packed),
    b"\x5d\x00\x00": lambda packed: lzma.LZMADecompressor(lzma.FORMAT_ALONE).decompress(packed),
}
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
UNSUPPORTED_COMPRESSIONS = {b"\x02\x21\x4c\x18": "lz4", b"\x89LZO": "lzo"}


def uncompressed_kernel(image: Path, cache: Path, log: RunLog) -> Path:
    """The ELF kernel of `image`, which is a bzImage or already an ELF file. A bzImage is unpacked once, into `cache`.

    The name in the cache has a digest of the image, so a file there is never out of date. Raises `MachineError` if the
    image can't be read or unpacked.
    """
    try:
        data = image.read_bytes()
    except OSError as error:
        raise MachineError(f"the kernel image can't be read: {error.strerror}", where=str(image)) from error
    if data.startswith(ELF_MAGIC):
        return image
    kernel = cache / f"vmlinux-{hashlib.sha256(data).hexdigest()[:32]}"
    with locked(kernel.with_suffix(".lock")):
        if not kernel.exists():
            write_bytes(kernel, unpack_payload(payload(data, image), image, log))
    return kernel


def payload(data: bytes, image: Path) -> bytes:
    """The packed kernel in the bzImage `data`. Its last four bytes are its unpacked length.

    Raises `MachineError` if there is no packed kernel; the error names `image`.
    """
    where = str(image)
    if len(data) < HEADER_END or data[HEADER_MAGIC : HEADER_MAGIC + 4] != b"HdrS":
        raise MachineError("this is not an x86 kernel image (bzImage)", where=where)
    (version,) = struct.unpack_from("<H", data, PROTOCOL_VERSION)
    if version < PAYLOAD_PROTOCOL:
        raise MachineError(f"boot protocol {version >> 8}.{version & 0xFF:02} is too old", where=where)
    offset, length = struct.unpack_from("<II", data, PAYLOAD_OFFSET)
    # For the sake of very old boot loaders, 0 means four sectors.
    start = ((data[SETUP_SECTORS] or 4) + 1) * 512 + offset
    packed = data[start : start + length]
    if len(packed) < length or length <= 4:
        raise MachineError("the kernel image is cut off", where=where)
    return packed


def unpack_payload(packed: bytes, image: Path, log: RunLog) -> bytes:
    """Unpack the payload of `image`. Raises `MachineError` if that is not possible, and `StepError` if zstd fails."""
    where = str(image)
    body, (size,) = packed[:-4], struct.unpack("<I", packed[-4:])
    for magic, name in UNSUPPORTED_COMPRESSIONS.items():
        if packed.startswith(magic):
            raise MachineError(f"the kernel is packed with {name}, which the VM tests can't unpack", where=where)
    zstd = packed.startswith(ZSTD_MAGIC)
    kernel = unpack_zstd(body, image, log) if zstd else unpack_in_python(packed, where)
    if len(kernel) != size or not kernel.startswith(ELF_MAGIC):
        raise MachineError(f"unpacked to {len(kernel)} bytes, not to an ELF file of {size} bytes", where=where)
    return kernel


def unpack_in_python(packed: bytes, where: str) -> bytes:
    """Unpack with Python's own library. Raises `MachineError` for damaged data and an unknown format."""
    for magic, decompress in PYTHON_DECOMPRESSORS.items():
        if packed.startswith(magic):
            try:
                return decompress(packed)
            except (zlib.error, lzma.LZMAError, OSError, EOFError) as error:
                raise MachineError(f"the kernel can't be unpacked: {error}", where=where) from error
    raise MachineError(f"the kernel is packed in an unknown way (it begins with {packed[:6].hex()})", where=where)


def unpack_zstd(body: bytes, image: Path, log: RunLog) -> bytes:
    """Unpack with the `zstd` tool. Python has none before 3.14, and one run a kernel justifies no binary wheel."""
    if shutil.which("zstd") is None:
        raise MachineError("zstd is not installed; the kernel is packed with it", fix="apt-get install zstd")
    argv = ["zstd", "--decompress", "--quiet", "--stdout"]
    return log.run(argv, step="UNPACK", unit=image.name, input=body).stdout
