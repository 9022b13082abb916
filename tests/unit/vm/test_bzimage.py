# SPDX-License-Identifier: MIT
from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.vm.bzimage import uncompressed_kernel

KERNEL = b"\x7fELF" + bytes(range(256)) * 40


def zstd(data: bytes) -> bytes:
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def bz_image(packed: bytes, *, size: int = len(KERNEL), version: int = 0x20F, sectors: int = 3) -> bytes:
    """A bzImage with a boot sector, three setup sectors, a stub of 100 bytes and then the payload."""
    stub = b"\x90" * 100
    body = packed + struct.pack("<I", size)
    head = bytearray(4 * 512)
    head[0x1F1] = sectors
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", head, 0x206, version)
    struct.pack_into("<II", head, 0x248, len(stub), len(body))
    return bytes(head) + stub + body + b"\x00" * 64


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        bz2.compress,
        lambda data: lzma.compress(data, lzma.FORMAT_XZ, check=lzma.CHECK_CRC32),
        lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
        zstd,
    ],
    ids=["gzip", "bzip2", "xz", "lzma", "zstd"],
)
def test_the_kernel_in_a_bzimage_is_unpacked(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    image = tmp_path / "vmlinuz"
    image.write_bytes(bz_image(pack(KERNEL)))
    kernel = uncompressed_kernel(image, tmp_path / "cache", RunLog())
    assert kernel.read_bytes() == KERNEL


def test_a_kernel_is_unpacked_once_and_again_when_the_image_changes(tmp_path: Path) -> None:
    image = tmp_path / "vmlinuz"
    log = RunLog()
    image.write_bytes(bz_image(zstd(KERNEL)))
    first = uncompressed_kernel(image, tmp_path, log)
    assert uncompressed_kernel(image, tmp_path, log) == first
    assert [entry.step for entry in log.entries] == ["UNPACK"]
    image.write_bytes(bz_image(zstd(KERNEL[::-1][-4:] + KERNEL), size=0) + b"x")
    with pytest.raises(MachineError):
        uncompressed_kernel(image, tmp_path, log)
    assert first.read_bytes() == KERNEL


def test_an_uncompressed_kernel_is_taken_as_it_is(tmp_path: Path) -> None:
    image = tmp_path / "vmlinux"
    image.write_bytes(KERNEL)
    assert uncompressed_kernel(image, tmp_path / "cache", RunLog()) == image


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no kernel", "this is not an x86 kernel image (bzImage)"),
        (bz_image(gzip.compress(KERNEL), version=0x207), "boot protocol 2.07 is too old"),
        (bz_image(gzip.compress(KERNEL))[:-200], "the kernel image is cut off"),
        (bz_image(b"\x02\x21\x4c\x18 and more"), "the kernel is packed with lz4, which the VM tests can't unpack"),
        (bz_image(b"what is this"), "the kernel is packed in an unknown way (it begins with 776861742069)"),
        (bz_image(gzip.compress(KERNEL), size=7), "unpacked to 10244 bytes, not to an ELF file of 7 bytes"),
    ],
    ids=["no image", "old", "cut off", "lz4", "unknown", "wrong size"],
)
def test_an_image_that_cannot_be_unpacked_is_named_with_the_reason(tmp_path: Path, data: bytes, message: str) -> None:
    image = tmp_path / "vmlinuz"
    image.write_bytes(data)
    with pytest.raises(MachineError) as caught:
        uncompressed_kernel(image, tmp_path / "cache", RunLog())
    assert str(caught.value) == f"{image}: {message}"
    assert not list((tmp_path / "cache").glob("vmlinux-*[!k]"))


def test_damaged_data_is_an_error_of_the_machine(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(KERNEL))
    packed[12:20] = b"\xff" * 8
    image = tmp_path / "vmlinuz"
    image.write_bytes(bz_image(bytes(packed)))
    with pytest.raises(MachineError, match="can't be unpacked"):
        uncompressed_kernel(image, tmp_path / "cache", RunLog())


def test_a_missing_zstd_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = tmp_path / "vmlinuz"
    image.write_bytes(bz_image(zstd(KERNEL)))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError) as caught:
        uncompressed_kernel(image, tmp_path, RunLog())
    assert caught.value.fix == "apt-get install zstd"
