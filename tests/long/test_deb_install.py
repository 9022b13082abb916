# SPDX-License-Identifier: MIT
"""The package of a module, installed by dpkg into a root directory of its own, loaded by modprobe in a VM, removed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from checkout import PROJECT, Checkout
from graph.test_deb import MODULE, make_deb, with_package
from scons_kmod.boot_image import uncompressed_kernel
from scons_kmod.cache import cache_directory
from scons_kmod.initramfs import GuestFile
from scons_kmod.packages import fetch
from scons_kmod.run_log import RunLog
from scons_kmod.target import default_target, read_targets
from scons_kmod.vm import ModuleTest
from scons_kmod.vm_plan import VmPlan
from scons_kmod.vm_pytest import run_tests

# By the alias that the manifest gives it.
SCRIPT = """
set -e
ln -s /usr/bin/kmod /tmp/modprobe
/tmp/modprobe minimal
grep -q '^rust_minimal ' /proc/modules
/tmp/modprobe -r minimal
! grep -q '^rust_minimal ' /proc/modules
"""
LIBRARIES = "usr/lib/x86_64-linux-gnu"
LOADER = "ld-linux-x86-64.so.2"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A Debian of its own, with nothing but what every Debian has, and kmod."""
    made = tmp_path / "root"
    places = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*.sources"))]
    sources = [str(path) for path in places if path.is_file() and path.stat().st_size]
    subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=essential", "--include=kmod", "bookworm", made, *sources],
        check=True,
        capture_output=True,
    )
    return made


def stand_in(directory: Path, name: str) -> Path:
    """A package in the place of the kernel's own, which is large; the kernel itself comes into the VM by itself."""
    text = f"Package: {name}\nVersion: 1\nArchitecture: amd64\nMaintainer: T <t@example.org>\nDescription: stand-in\n"
    (directory / "image/DEBIAN").mkdir(parents=True)
    (directory / "image/DEBIAN/control").write_text(text)
    made = directory / "image.deb"
    subprocess.run(["dpkg-deb", "--build", directory / "image", made], check=True, capture_output=True)
    return made


def dpkg(root: Path, *words: str | Path) -> None:
    argv = ["dpkg", f"--root={root}", "--force-not-root", *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def files(root: Path) -> set[str]:
    """All files but what dpkg itself knows and logs, and what depmod makes."""
    names = (str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() or path.is_symlink())
    return {name for name in names if not name.startswith(("var/", "lib/modules/", "usr/lib/modules/", "proc/"))}


def needed(root: Path, program: Path) -> Iterator[Path]:
    """The libraries that a program is linked with, and theirs."""
    todo, seen = [program], set()
    while todo:
        with todo.pop().open("rb") as file:
            section = ELFFile(file).get_section_by_name(".dynamic")
            names = [tag.needed for tag in section.iter_tags("DT_NEEDED")]
        for name in (name for name in names if name not in seen):
            seen.add(name)
            todo.append((root / LIBRARIES / name).resolve())
            yield root / LIBRARIES / name


def guest_files(root: Path, release: str) -> dict[str, GuestFile]:
    """kmod, the kernel's modules and what modprobe is to know, as they are in `root`."""
    kmod = root / "usr/bin/kmod"
    found = {"/usr/bin/kmod": GuestFile(kmod, 0o755), f"/lib64/{LOADER}": GuestFile(root / LIBRARIES / LOADER, 0o755)}
    found |= {f"/lib/x86_64-linux-gnu/{path.name}": GuestFile(path.resolve()) for path in needed(root, kmod)}
    for path in (*root.glob(f"usr/lib/modules/{release}/**/*"), *root.glob("usr/lib/modprobe.d/*.conf")):
        if path.is_file():
            found[f"/{path.relative_to(root / 'usr')}"] = GuestFile(path)
    return found


def test_dpkg_installs_it_modprobe_loads_it_and_nothing_is_left(checkout: Checkout, root: Path, tmp_path: Path) -> None:
    with_package(checkout)
    deb = make_deb(checkout)
    release = checkout.target_release()
    dpkg(root, "--install", stand_in(tmp_path, f"linux-image-{release}"))
    before = files(root)
    dpkg(root, "--install", deb)
    assert f"updates/{MODULE}.ko.xz:" in (root / f"usr/lib/modules/{release}/modules.dep").read_text()
    guest = guest_files(root, release)
    target = default_target(read_targets(PROJECT / "targets"))
    log = RunLog(target.name)
    image = fetch(target, cache_directory(), log, "image").kernel
    plan = VmPlan(target.name, "", release, uncompressed_kernel(image, cache_directory() / "kernels", log), ())
    script = tmp_path / "test.sh"
    script.write_text(SCRIPT)
    (installed,) = root.glob(f"usr/lib/modules/{release}/updates/*")
    (result,) = run_tests(plan, [ModuleTest("modprobe", (installed,), script=script, extra=guest)])
    assert result.passed, str(result)
    dpkg(root, "--purge", deb.name.partition("_")[0])
    assert files(root) == before
    assert not list(root.glob(f"usr/lib/modules/{release}/updates/*"))
