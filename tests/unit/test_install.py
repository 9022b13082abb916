# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from miniature import programs, write

from scons_kmod.errors import MachineError, StepError
from scons_kmod.install import install_modules, install_root
from scons_kmod.run_log import RunLog
from scons_kmod.settings import Settings

RELEASE = "6.12.117+deb12-amd64"


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


@pytest.fixture
def module(tmp_path: Path) -> Path:
    return write(tmp_path / "build/x.ko", "a module")


def test_modules_lie_where_depmod_looks_first(tmp_path: Path, module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(monkeypatch, tmp_path / "bin", depmod='echo "$@"')
    log = RunLog()
    made = install_modules(RELEASE, [module], tmp_path / "root", log)
    assert made == [tmp_path / "root/lib/modules" / RELEASE / "updates/x.ko"]
    assert made[0].read_text() == "a module"
    assert [(entry.step, entry.unit, entry.status) for entry in log.entries] == [("DEPMOD", RELEASE, 0)]


def test_depmod_is_told_the_root(tmp_path: Path, module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(monkeypatch, tmp_path / "bin", depmod=f'echo "$@" > {tmp_path}/said')
    monkeypatch.chdir(tmp_path)
    install_modules(RELEASE, [module], Path("root"), RunLog())
    assert (tmp_path / "said").read_text() == f"-b {tmp_path}/root {RELEASE}\n"


def test_depmod_finds_the_modules(tmp_path: Path, module: Path) -> None:
    made = install_modules(RELEASE, [module], tmp_path / "root", RunLog())
    assert (tmp_path / "root/lib/modules" / RELEASE / "modules.dep").exists()
    assert made[0].stat().st_mode & 0o777 == 0o644


def test_a_failure_of_depmod_is_shown(tmp_path: Path, module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(monkeypatch, tmp_path / "bin", depmod="echo depmod: ERROR; exit 1")
    with pytest.raises(StepError, match=r"depmod: ERROR"):
        install_modules(RELEASE, [module], tmp_path / "root", RunLog())


def test_a_directory_that_cannot_be_written(tmp_path: Path, module: Path) -> None:
    write(tmp_path / "file", "")
    with pytest.raises(MachineError) as caught:
        install_modules(RELEASE, [module], tmp_path / "file", RunLog())
    assert str(caught.value).endswith("Not a directory\n    name a directory that can be written: DESTDIR=")


def test_without_depmod_nothing_is_written(tmp_path: Path, module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("scons_kmod.install.SYSTEM_DIRECTORIES", "")
    with pytest.raises(MachineError, match=r"^depmod: not found\n    apt-get install kmod$"):
        install_modules(RELEASE, [module], tmp_path / "root", RunLog())
    assert not (tmp_path / "root").exists()
