# SPDX-License-Identifier: MIT
"""A kernel that somebody built from source with Rust in it: the crates are in its build directory."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkout import PROJECT, OwnProject
from ko_content import Content, content
from scons_kmod.base.directories import cache_directory
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.apt import private_apt
from scons_kmod.distro.sysroot import open_system
from scons_kmod.distro.target_file import read_target

TARGET = read_target(PROJECT / "targets/debian-7.2.toml")
# What it takes to build a kernel, besides what modules take.
TOOLS = ("flex", "bison", "bc", "libelf-dev", "libssl-dev", "perl", "xz-utils")
# Upon tinyconfig: Rust, modules, and what the VM of the tests needs.
CONFIG = """
64BIT MODULES MODULE_UNLOAD RUST PRINTK TTY SERIAL_8250 SERIAL_8250_CONSOLE BLK_DEV_INITRD BINFMT_ELF BINFMT_SCRIPT
PROC_FS PROC_SYSCTL SYSFS DEVTMPFS DEBUG_FS HYPERVISOR_GUEST PVH FUTEX MULTIUSER POSIX_TIMERS ACPI PCI
"""
MODULES = (
    "mainline_lock",
    "mainline_minimal",
    "mainline_misc",
    "mainline_own_bindings",
    "mainline_params",
    "mainline_workqueue",
)
ADOPTED = ("rust_crate", "rust_and_c")


def run_in_sysroot(directory: Path, *argv: str | Path) -> None:
    """Run a program with the tools that the kernel is built with."""
    tools = dataclasses.replace(TARGET, sysroot=(*TARGET.sysroot, *TOOLS))
    log = RunLog()
    system = open_system(tools, cache_directory(), (), log)
    log.inside(system.enter_args).run(argv, step="KERNEL", unit=str(argv[-1]), cwd=directory, env={"C": None})


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The build directory of such a kernel."""
    work = tmp_path_factory.mktemp("kernel")
    log = RunLog()
    apt = private_apt(TARGET, cache_directory(), log)
    apt.run("apt-get", "update", "-q", unit="update")
    apt.run("apt-get", "download", "-q", TARGET.packages.source, unit=TARGET.packages.source, cwd=work)
    (deb,) = work.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", deb, work / "package"], check=True)
    (archive,) = work.glob("package/usr/src/*.tar.xz")
    (work / "linux").mkdir()
    # The sources of most drivers are not read by this configuration; but their Kconfig files are.
    subprocess.run(["tar", "-xf", archive, "-C", work / "linux", "--strip-components=1"], check=True)
    archive.unlink()
    build = work / "build"
    build.mkdir()
    (build / "fragment").write_text("".join(f"CONFIG_{name}=y\n" for name in CONFIG.split()))
    run = functools.partial(run_in_sysroot, build)

    run("make", "-s", "-C", work / "linux", f"O={build}", "tinyconfig")
    merge = work / "linux/scripts/kconfig/merge_config.sh"
    run(merge, "-O", build, "-m", build / ".config", build / "fragment")
    run("make", "-s", "olddefconfig")
    run("make", "-s", f"-j{os.cpu_count()}", "CC=gcc-16", "bzImage", "modules")
    yield build
    shutil.rmtree(work)


def test_modules_are_built_with_the_crates_of_the_tree(kernel: Path, tmp_path: Path) -> None:
    project = OwnProject(tmp_path)
    for name in MODULES:
        shutil.copytree(PROJECT / "modules" / name, tmp_path / "modules" / name)
    assert "of the mainline API: tree" in project.scons("doctor", f"KDIR={kernel}").stdout
    project.scons(f"KDIR={kernel}")
    # It has its own crates, none of them is made again.
    assert not {unit for step, unit in project.ran() if step == "RUSTC"} & {"core", "syn", "uapi", "pin_init"}
    results = project.vm_tests(f"KDIR={kernel}")
    assert len(results) == len(MODULES)
    assert not any(results.values()), results
    project.scons(f"KDIR={kernel}")
    assert project.ran() == []


def test_the_crates_of_a_tree_are_not_taken_for_another_rustc(kernel: Path, tmp_path: Path) -> None:
    symvers = kernel / "Module.symvers"
    text = symvers.read_text()
    project = OwnProject(tmp_path)
    shutil.copytree(PROJECT / "modules/mainline_minimal", tmp_path / "modules/mainline_minimal")
    try:
        # As another rustc would have named them.
        symvers.write_text(text.replace("_6kernel", "x_6kernel"))
        done = project.scons(f"KDIR={kernel}", check=False)
    finally:
        symvers.write_text(text)
    assert done.returncode == 2
    assert "modules by rustc 1.97.1 would not find its symbols" in done.stderr
    assert not list(tmp_path.glob("build/*/modules/*/*.ko"))


def named(module: Content) -> list[tuple[str, str, str, bool]]:
    """The symbols of a module, whatever its crate is called: Kbuild names it for its file, and we for the module."""
    return sorted(
        (re.sub(r"(?<=C)s\w+?_10(rust_and_c|crate_root)", "", name), kind, binding, imported)
        for name, kind, binding, imported, _ in module.symbols
        if kind != "STT_FILE"
    )


def test_crates_that_were_adopted_are_those_of_kbuild(kernel: Path, tmp_path: Path) -> None:
    """Rust, and Rust with C, in Kbuild directories: here `make M=` has all that it needs to build them."""
    project = OwnProject(tmp_path / "scons")
    for name in ADOPTED:
        for directory in (tmp_path / name, project.path / "modules" / name):
            shutil.copytree(PROJECT / "tests/long/kbuild_directories" / name, directory)
        run_in_sysroot(kernel, "make", "-s", "CC=gcc-16", f"M={tmp_path / name}", "modules")
        project.scons("adopt", f"DIR=modules/{name}")
    project.scons(f"KDIR={kernel}")
    by_scons = {name: content(project.target / f"modules/{name}/{name}.ko") for name in ADOPTED}
    by_kbuild = {name: content(tmp_path / name / f"{name}.ko") for name in ADOPTED}
    assert by_scons["rust_crate"] == by_kbuild["rust_crate"]
    assert by_scons["rust_and_c"].modinfo == by_kbuild["rust_and_c"].modinfo
    assert named(by_scons["rust_and_c"]) == named(by_kbuild["rust_and_c"])
