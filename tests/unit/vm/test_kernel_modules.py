# SPDX-License-Identifier: MIT
from __future__ import annotations

import gzip
import lzma
import subprocess
from pathlib import Path

import pytest
from miniature import ko, write

from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.vm.kernel_modules import modinfo_depends, needed_ko_files


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """A directory with the kernel's modules: leds needs trigger and core, trigger needs core."""
    directory = tmp_path / "lib/modules/6.12/kernel"
    ko(directory / "drivers/leds/leds.ko", depends="trigger,core")
    ko(directory / "drivers/leds/trigger.ko", depends="core")
    ko(directory / "lib/core.ko")
    return directory


def needed(tmp_path: Path, kernel: Path, depends: str, log: RunLog | None = None) -> list[Path]:
    return needed_ko_files(ko(tmp_path / "x.ko", depends), kernel, tmp_path / "uncompressed", log or RunLog())


def compressed(path: Path, ending: str, data: bytes) -> None:
    """Replace an uncompressed module by a compressed one."""
    path.unlink()
    archive = path.with_name(path.name + ending)
    if ending == ".zst":
        subprocess.run(["zstd", "-q", "-o", archive], input=data, check=True)
    else:
        archive.write_bytes({".xz": lzma.compress, ".gz": gzip.compress}[ending](data))


def test_a_module_says_what_it_needs(tmp_path: Path) -> None:
    assert modinfo_depends(ko(tmp_path / "x.ko", "led_class,usbcore")) == ("led_class", "usbcore")
    assert modinfo_depends(ko(tmp_path / "x.ko")) == ()


def test_modules_have_the_names_that_the_kernel_gives_them(tmp_path: Path) -> None:
    assert modinfo_depends(ko(tmp_path / "x.ko", "led-class")) == ("led_class",), "modpost writes the name of the file"


def test_an_object_without_modinfo_needs_nothing(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", "x")
    subprocess.run(["objcopy", "-I", "binary", "-O", "elf64-x86-64", raw, tmp_path / "x.o"], check=True)
    assert modinfo_depends(tmp_path / "x.o") == ()


def test_each_module_comes_once_and_after_the_modules_that_it_needs(tmp_path: Path, kernel: Path) -> None:
    names = [path.name for path in needed(tmp_path, kernel, "leds,core")]
    assert names == ["core.ko", "trigger.ko", "leds.ko"]


def test_an_uncompressed_module_is_not_copied(tmp_path: Path, kernel: Path) -> None:
    log = RunLog()
    assert needed(tmp_path, kernel, "core", log) == [kernel / "lib/core.ko"]
    assert log.entries == []
    assert not (tmp_path / "uncompressed").exists()


@pytest.mark.parametrize("ending", [".xz", ".gz", ".zst"])
def test_compressed_modules_are_unpacked(tmp_path: Path, kernel: Path, ending: str) -> None:
    data = {path.name: path.read_bytes() for path in kernel.rglob("*.ko")}
    for path in list(kernel.rglob("*.ko")):
        compressed(path, ending, data[path.name])
    log = RunLog()
    ko_files = needed(tmp_path, kernel, "leds", log)
    assert [path.name for path in ko_files] == ["core.ko", "trigger.ko", "leds.ko"]
    assert len(log.entries) == (3 if ending == ".zst" else 0), "each once"
    assert [path.parent for path in ko_files] == [tmp_path / "uncompressed"] * 3
    assert {path.name: path.read_bytes() for path in ko_files} == data


def test_an_uncompressed_module_of_another_kernel_is_replaced(tmp_path: Path, kernel: Path) -> None:
    write(tmp_path / "uncompressed/core.ko", "of yesterday")
    core = kernel / "lib/core.ko"
    data = core.read_bytes()
    compressed(core, ".zst", data)
    assert [path.read_bytes() for path in needed(tmp_path, kernel, "core")] == [data]


@pytest.mark.parametrize("file", ["snd-pcm.ko", "snd_pcm.ko"])
@pytest.mark.parametrize("name", ["snd-pcm", "snd_pcm"])
def test_file_names_may_have_dashes(tmp_path: Path, kernel: Path, file: str, name: str) -> None:
    module = ko(kernel / f"sound/{file}")
    ko(kernel / "sound/snd-pcm-oss.ko")
    assert needed(tmp_path, kernel, name) == [module]


def test_modules_of_the_build_come_before_the_kernels(tmp_path: Path, kernel: Path) -> None:
    core = ko(tmp_path / "my-core.ko", depends="core")
    leds = ko(tmp_path / "leds.ko", depends="my-core")
    module = ko(tmp_path / "x.ko", depends="leds,my-core")
    ko_files = needed_ko_files(module, kernel, tmp_path / "uncompressed", RunLog(), {"my_core": core, "leds": leds})
    assert ko_files == [kernel / "lib/core.ko", core, leds], "also where the kernel has one of that name"


def test_a_missing_module_is_named(tmp_path: Path, kernel: Path) -> None:
    ko(kernel / "drivers/leds/leds.ko", depends="gone")
    with pytest.raises(MachineError) as error:
        needed(tmp_path, kernel, "leds")
    assert str(error.value) == f"{kernel}: the kernel's module gone does not exist\n    install the kernel's modules"
