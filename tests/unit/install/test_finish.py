# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
import gzip
import lzma
import subprocess
from pathlib import Path

import pytest
from miniature import kernel_tree, target, write

from scons_kmod.base.errors import StepError, UserError
from scons_kmod.base.run_log import RunLog
from scons_kmod.install.finish import COMPRESSIONS, Finish, choose_finish, compression_of, strip_argv
from scons_kmod.kernel.kernel_tree import KernelTree, open_tree
from scons_kmod.target.settings import Settings

NOTHING = Finish(None, None, None)
METHODS = ("GZIP", "XZ", "ZSTD")


def configured(directory: Path, *symbols: str) -> KernelTree:
    tree = kernel_tree(directory)
    with (tree / "include/config/auto.conf").open("a") as file:
        file.writelines(f"CONFIG_MODULE_COMPRESS{symbol}=y\n" for symbol in symbols)
    return open_tree(tree)


def compression(directory: Path, *symbols: str) -> str:
    method = compression_of(configured(directory, *symbols))
    return method.ending if method else ""


@pytest.mark.parametrize(("method", "ending"), [("GZIP", ".gz"), ("XZ", ".xz"), ("ZSTD", ".zst")])
def test_modules_are_compressed_as_the_kernels_own(tmp_path: Path, method: str, ending: str) -> None:
    assert compression(tmp_path / "old", f"_{method}") == ending
    assert compression(tmp_path / "new", "", f"_{method}", "_ALL") == ending
    assert compression(tmp_path / "not-all", "", f"_{method}") == ""


def test_a_kernel_that_compresses_no_modules(tmp_path: Path) -> None:
    assert compression(tmp_path / "none") == ""
    assert compression(tmp_path / "said", "_NONE") == ""


@pytest.mark.parametrize("method", METHODS)
def test_compression_keeps_the_content_and_is_reproducible(tmp_path: Path, method: str) -> None:
    module = write(tmp_path / "build/x.ko", "a module" * 1000)
    finish = dataclasses.replace(NOTHING, compression=COMPRESSIONS[f"CONFIG_MODULE_COMPRESS_{method}"])
    first, second = (finish.apply(module, tmp_path / name, RunLog()) for name in ("first", "second"))
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()
    data = first.read_bytes()
    expanded = {
        ".gz": lambda: gzip.decompress(data),
        ".xz": lambda: lzma.decompress(data),
        ".zst": lambda: subprocess.run(["zstd", "-dcq"], input=data, check=True, capture_output=True).stdout,
    }
    assert expanded[first.suffix]() == module.read_bytes()
    assert not first.with_suffix("").exists(), "only the compressed file is left"


def test_the_built_module_is_not_changed(tmp_path: Path) -> None:
    module = write(tmp_path / "build/x.ko", "a module")
    copy = NOTHING.apply(module, tmp_path / "work", RunLog())
    assert copy == tmp_path / "work/x.ko"
    assert copy.read_text() == module.read_text() == "a module"


def test_strip_comes_with_the_trees_linker(tmp_path: Path) -> None:
    kbuild = target(tmp_path).kbuild
    commands = [strip_argv(Settings(mod_strip=value), kbuild) for value in ("", "1", "--strip-unneeded -v")]
    strip = "x86_64-linux-gnu-strip"
    assert commands == [None, (strip, "--strip-debug"), (strip, "--strip-unneeded", "-v")]


def test_debug_information_is_stripped_from_what_is_installed(tmp_path: Path) -> None:
    source = write(tmp_path / "x.c", "int x(void) { return 1; }\n")
    module = tmp_path / "x.ko"
    subprocess.run(["gcc", "-g", "-c", "-o", str(module), str(source)], check=True)
    stripped = Finish(("strip", "--strip-debug"), None, None).apply(module, tmp_path / "work", RunLog())
    assert b".debug_info" in module.read_bytes()
    assert b".debug_info" not in stripped.read_bytes()


def test_a_value_that_is_no_option_of_strip_is_refused(tmp_path: Path) -> None:
    build_target = target(tmp_path)
    with pytest.raises(UserError, match=r"^INSTALL_MOD_STRIP=yes: 1 or options of strip are expected"):
        choose_finish(Settings(mod_strip="yes"), build_target.tree, build_target.kbuild)


def test_a_tool_that_fails_is_shown(tmp_path: Path) -> None:
    module = write(tmp_path / "x.ko", "no ELF file")
    with pytest.raises(StepError, match=r"^STRIP x\.ko: exit status 1\nstrip --strip-debug "):
        Finish(("strip", "--strip-debug"), None, None).apply(module, tmp_path / "work", RunLog())
