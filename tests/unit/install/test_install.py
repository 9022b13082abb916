# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from miniature import module, programs, target, write

from scons_kmod.base.errors import MachineError, StepError, UserError
from scons_kmod.base.run_log import RunLog
from scons_kmod.install.install import install_modules, install_root, uninstall_modules
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.sections.install import ModprobeConf
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_ko
from scons_kmod.target.settings import Settings

DEPMOD = 'mkdir -p "$2/lib/modules/$3" && echo "$@" > "$2/lib/modules/$3/modules.dep"'


@pytest.mark.parametrize(
    ("settings", "root"),
    [
        (Settings(), "/"),
        (Settings(destdir=Path("/tmp/root")), "/tmp/root"),
        (Settings(mod_path=Path("/stage")), "/stage"),
        (Settings(destdir=Path("/tmp/root"), mod_path=Path("/stage")), "/tmp/root/stage"),
        (Settings(destdir=Path("root"), mod_path=Path("stage")), "root/stage"),
    ],
)
def test_where_modules_go(settings: Settings, root: str) -> None:
    assert install_root(settings) == Path(root)


class Machine:
    """A built module, a root directory, and a depmod that writes its arguments into modules.dep."""

    def __init__(self, directory: Path) -> None:
        self.target = target(directory)
        self.manifest = dataclasses.replace(module(directory / "echo"), modprobe=ModprobeConf(True, "n=1"))
        self.root = directory / "root"
        self.settings = Settings(destdir=self.root)
        self.log = RunLog()
        write(module_ko(self.target, self.manifest), "a module")

    @property
    def modules(self) -> Path:
        return self.root / "lib/modules" / self.target.tree.release

    def install(self, to: BuildTarget | None = None, **settings: str) -> list[Path]:
        changed = dataclasses.replace(self.settings, **settings)
        return install_modules(to or self.target, [self.manifest], changed, self.log)

    def uninstall(self, release: str | None = None, manifests: list[Manifest] | None = None) -> list[Path]:
        removed, _ = uninstall_modules(release or self.target.tree.release, manifests, self.settings, self.log)
        return removed

    def files(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("PATH", f"{programs(monkeypatch, tmp_path / 'bin', depmod=DEPMOD)}:/usr/bin:/bin")
    return Machine(tmp_path)


def test_modules_are_installed_where_depmod_looks_first_with_files_for_modprobe(machine: Machine) -> None:
    paths = machine.install()
    assert paths == [
        machine.modules / "updates/rust-echo.ko",
        machine.root / "etc/modprobe.d/rust-echo.conf",
        machine.root / "etc/modules-load.d/rust-echo.conf",
    ]
    assert paths[0].read_text() == "a module"
    assert (machine.modules / "modules.dep").read_text() == f"-b {machine.root} {machine.target.tree.release}\n"
    assert [(entry.step, entry.status) for entry in machine.log.entries] == [("DEPMOD", 0)]
    assert not list(machine.target.build.glob("install-*"))


def test_another_directory_and_a_relative_root(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(machine.root.parent)
    machine.settings = Settings(destdir=Path("root"))
    machine.install(mod_dir="extra/vendor")
    assert (machine.modules / "extra/vendor/rust-echo.ko").exists()
    assert str(machine.root) in (machine.modules / "modules.dep").read_text()


def test_uninstall_removes_what_was_installed(machine: Machine) -> None:
    theirs = write(machine.modules / "updates/other.ko", "theirs")
    machine.install()
    assert len(machine.uninstall()) == 3
    dep = f"lib/modules/{machine.target.tree.release}/modules.dep"
    assert machine.files() == {dep, str(theirs.relative_to(machine.root))}
    assert [entry.step for entry in machine.log.entries] == ["DEPMOD", "DEPMOD"]
    assert machine.uninstall() == []


def test_uninstall_of_another_module_removes_nothing(machine: Machine, tmp_path: Path) -> None:
    machine.install()
    assert machine.uninstall(manifests=[module(tmp_path / "more", "more")]) == []
    assert len(machine.uninstall(manifests=[machine.manifest])) == 3


def test_files_for_modprobe_stay_while_another_kernel_has_the_module(machine: Machine) -> None:
    machine.install()
    other = dataclasses.replace(machine.target, tree=dataclasses.replace(machine.target.tree, release="6.13"))
    machine.install(other)
    assert machine.uninstall() == [machine.modules / "updates/rust-echo.ko"]
    assert "etc/modprobe.d/rust-echo.conf" in machine.files()
    assert len(machine.uninstall("6.13")) == 3


def test_compressed_modules_replace_uncompressed_ones(machine: Machine) -> None:
    machine.install()
    with (machine.target.tree.path / "include/config/auto.conf").open("a") as file:
        file.write("CONFIG_MODULE_COMPRESS_XZ=y\n")
    compressing = dataclasses.replace(machine.target, tree=dataclasses.replace(machine.target.tree))
    machine.install(compressing)
    assert [path.name for path in (machine.modules / "updates").iterdir()] == ["rust-echo.ko.xz"]


def test_a_failure_of_depmod_is_shown(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    programs(monkeypatch, tmp_path / "other", depmod="echo depmod: ERROR; exit 1")
    with pytest.raises(StepError, match=r"depmod: ERROR"):
        machine.install()


def test_a_directory_that_cannot_be_written(machine: Machine) -> None:
    write(machine.root, "")
    with pytest.raises(MachineError) as caught:
        machine.install()
    assert str(caught.value).endswith("Not a directory\n    name a directory that can be written: DESTDIR=")


def test_without_depmod_nothing_is_written(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("scons_kmod.base.programs.SYSTEM_DIRECTORIES", "")
    with pytest.raises(MachineError, match=r"^depmod: not found\n    apt-get install kmod$"):
        machine.install()
    assert not machine.root.exists()


def test_a_damaged_record_of_another_kernel_is_named(machine: Machine) -> None:
    machine.install()
    write(machine.root / "lib/modules/6.13/scons-kmod.json", json.dumps({"files": []}))
    with pytest.raises(UserError, match=r"6\.13/scons-kmod\.json: this record of installed files can't be read"):
        machine.uninstall()
