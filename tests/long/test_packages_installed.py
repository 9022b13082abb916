# SPDX-License-Identifier: MIT
"""Packages of a module, installed by dpkg or rpm into a root directory, loaded by modprobe in a VM, and removed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from checkout import PROJECT, Checkout
from debian_root import DebianRoot
from long.test_packages_built import MODULE, make, with_package
from scons_kmod.base.directories import cache_directory
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.kernel_packages.download import fetch_packages
from scons_kmod.distro.target_choice import default_target
from scons_kmod.distro.target_file import read_targets
from scons_kmod.vm.bzimage import uncompressed_kernel
from scons_kmod.vm.initramfs import GuestFile
from scons_kmod.vm.packed_tests import ModuleTest
from scons_kmod.vm.plan import VmPlan
from scons_kmod.vm.pytest_plugin import run_tests
from scons_kmod.vm.runner import ModuleResult

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


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Debian of its own, with nothing but what every Debian has, and kmod."""
    root = tmp_path_factory.mktemp("debian") / "root"
    return DebianRoot(root, ["kmod"], "essential").path


@pytest.fixture
def root(debian: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    run("cp", "-a", debian, tmp_path / "root")
    return tmp_path / "root"


class Dpkg:
    """dpkg, for packages in a root directory."""

    kind = "deb"

    def __init__(self, root: Path) -> None:
        self.root = root

    def stand_in(self, release: str, directory: Path) -> Path:
        """A package in the place of the kernel's own, which is large; the kernel comes into the VM by itself."""
        lines = {"Package": f"linux-image-{release}", "Version": "1", "Architecture": "amd64"}
        lines |= {"Maintainer": "T <t@example.org>", "Description": "stand-in"}
        (directory / "image/DEBIAN").mkdir(parents=True)
        text = "".join(f"{name}: {value}\n" for name, value in lines.items())
        (directory / "image/DEBIAN/control").write_text(text)
        return Path(run("dpkg-deb", "--build", directory / "image", directory / "image.deb").split("'")[-2])

    def install(self, package: Path) -> None:
        run("dpkg", f"--root={self.root}", "--force-not-root", "--install", package)

    def remove(self, package: Path) -> None:
        run("dpkg", f"--root={self.root}", "--force-not-root", "--purge", package.name.partition("_")[0])


class Rpm(Dpkg):
    """rpm, for packages in a root directory that has no other packages of rpm's."""

    kind = "rpm"

    def stand_in(self, release: str, directory: Path) -> Path:
        provided = (f"kernel-uname-r = {release}", "kmod", "/bin/sh")
        heads = {
            "Name": "image",
            "Version": "1",
            "Release": "1",
            "Summary": "s",
            "License": "MIT",
            "BuildArch": "noarch",
        }
        lines = [*(f"{name}: {value}" for name, value in heads.items()), *(f"Provides: {name}" for name in provided)]
        spec = directory / "image.spec"
        spec.write_text("\n".join([*lines, "%description", "stand-in", "%files", ""]))
        run("rpmbuild", "-bb", "--quiet", "--define", f"_topdir {directory}", spec)
        (package,) = directory.glob("RPMS/noarch/*.rpm")
        return package

    def install(self, package: Path) -> None:
        run("rpm", "--root", self.root, "--nosignature", "--install", package)

    def remove(self, package: Path) -> None:
        run("rpm", "--root", self.root, "--erase", run("rpm", "-qp", "--nosignature", "--qf", "%{NAME}", package))


def run(*argv: str | Path) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


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
    modules = root / f"usr/lib/modules/{release}"
    for path in (*modules.glob("modules.*"), *modules.glob("updates/**/*"), *root.glob("usr/lib/modprobe.d/*.conf")):
        if path.is_file():
            found[f"/{path.relative_to(root / 'usr')}"] = GuestFile(path)
    return found | {f"/{path.relative_to(root)}": GuestFile(path) for path in root.glob("etc/modprobe.d/*.conf")}


@pytest.mark.parametrize("manager", [Dpkg, Rpm])
def test_it_is_installed_loaded_by_modprobe_and_removed_without_a_trace(
    checkout: Checkout, root: Path, tmp_path: Path, manager: type[Dpkg]
) -> None:
    with_package(checkout)
    tool = manager(root)
    package = make(checkout, tool.kind)
    release = checkout.target_release()
    tool.install(tool.stand_in(release, tmp_path))
    before = files(root)
    tool.install(package)
    assert f"updates/{MODULE}.ko.xz:" in (root / f"usr/lib/modules/{release}/modules.dep").read_text()
    (installed,) = root.glob(f"usr/lib/modules/{release}/updates/*")
    result = load(installed, guest_files(root, release), release, tmp_path / "test.sh")
    assert result.passed, str(result)
    tool.remove(package)
    assert files(root) == before
    assert not list(root.glob(f"usr/lib/modules/{release}/updates/*"))


def load(module: Path, guest: dict[str, GuestFile], release: str, script: Path) -> ModuleResult:
    """Boot the default target's kernel and let modprobe load and unload the module."""
    target = default_target(read_targets(PROJECT / "targets"))
    log = RunLog(target.name)
    image = fetch_packages(target, cache_directory(), log, "image").kernel
    plan = VmPlan(target.name, "", release, uncompressed_kernel(image, cache_directory() / "kernels", log), ())
    script.write_text(SCRIPT)
    (result,) = run_tests(plan, [ModuleTest("modprobe", (module,), script=script, extra=guest)])
    return result
