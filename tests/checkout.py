# SPDX-License-Identifier: MIT
"""A checkout of its own for a test, in which real builds run."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

from scons_kmod.base.directories import cache_directory
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.kernel_packages.download import fetch_packages
from scons_kmod.distro.kernel_packages.unpack import UnpackedPackages
from scons_kmod.distro.target_choice import default_target
from scons_kmod.distro.target_file import read_targets

PROJECT = Path(__file__).resolve().parents[1]
# The first modules are enough to see what runs again; the VM tests build them all.
MODULES = ("rust_fail", "rust_kvm", "rust_minimal", "rust_miscdev")
PARTS = ("SConstruct", "site_scons", "rust", "kernel", "targets")
SCONS = (sys.executable, "-m", "SCons")
# A project elsewhere is built by the plugin of this checkout.
PLUGIN = f"--site-dir={PROJECT / 'site_scons'}"


def unpacked_headers() -> UnpackedPackages:
    """The default target's headers, in the cache."""
    target = default_target(read_targets(PROJECT / "targets"))
    return fetch_packages(target, cache_directory(), RunLog(target.name))


def copy_of_tree(root: Path) -> Path:
    """A copy of the default target's headers, which may be edited: ROOT/usr/src/linux-headers-RELEASE."""
    unpacked = unpacked_headers()
    shutil.copytree(unpacked.root, root, symlinks=True)
    return root / unpacked.kernel_tree.relative_to(unpacked.root)


@contextmanager
def edited(path: Path, old: str, new: str) -> Iterator[None]:
    """A file with one piece of its text replaced, for as long as the body runs."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    try:
        yield
    finally:
        path.write_text(text)


class Checkout:
    """A copy of the project that is built by `scons` as a user would build it."""

    def __init__(self, path: Path, modules: Sequence[str] = MODULES, *, copy: bool = True) -> None:
        """A copy with these modules, made now unless it is there."""
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        for part in (*PARTS, *(f"modules/{name}" for name in modules)) if copy else ():
            source = PROJECT / part
            if source.is_dir():
                shutil.copytree(source, path / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, path / part)

    def scons(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run((*SCONS, *args), cwd=self.path, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def start(self, *args: str) -> subprocess.Popen[bytes]:
        """A build that the test may kill, with all the processes that it starts."""
        return subprocess.Popen(
            (*SCONS, *args),
            cwd=self.path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def target(self) -> Path:
        """The build directory of the one target that was built."""
        (found,) = [path.parent for path in (self.path / "build").glob("*/config")]
        return found

    def target_release(self) -> str:
        """The release of the kernel that was built for."""
        return str(tomllib.loads((self.target / "resolved.toml").read_text())["kernel"]["release"])

    def ran(self) -> list[tuple[str, str]]:
        """Step and unit of all that the last build ran, each once."""
        entries = json.loads((self.target / "last-run.json").read_text())
        return list(dict.fromkeys((entry["step"], entry["unit"]) for entry in entries))

    def modules(self) -> dict[str, str]:
        """The digest of each module's .ko."""
        found = sorted((self.target / "modules").glob("*/*.ko"))
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}

    def vm_tests(self, *args: str) -> dict[str, str]:
        """What `scons test` says of each test: its failure, or nothing."""
        self.scons("test", *args, check=False)
        report = ElementTree.parse(self.path / "build/test-results.xml")
        return {
            str(case.get("name")): "".join(failure.text or "" for failure in case.iter("failure"))
            for case in report.iter("testcase")
        }

    @contextmanager
    def edited(self, name: str, old: str, new: str) -> Iterator[None]:
        """A file with one piece of its text replaced, for as long as the body runs."""
        with edited(self.path / name, old, new):
            yield


class OwnProject(Checkout):
    """A user's own project: a SConstruct and modules in modules/, built by the plugin of this checkout."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, copy=False)
        shutil.copy2(PROJECT / "SConstruct", path)

    def scons(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return super().scons(PLUGIN, *args, check=check)

    def start(self, *args: str) -> subprocess.Popen[bytes]:
        return super().start(PLUGIN, *args)

    def module(self, name: str, files: Mapping[str, str | Path], manifest: str) -> None:
        """A module of these files: their text, or the path of one that is copied."""
        directory = self.path / "modules" / name
        directory.mkdir(parents=True)
        (directory / "module.toml").write_text(manifest)
        for name, content in files.items():
            if isinstance(content, Path):
                shutil.copy2(content, directory / name)
            else:
                (directory / name).write_text(content)
