# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
import platform
import time
from pathlib import Path

import pytest
from miniature import kernel_tree, write
from tool_stand_ins import Machine

from scons_kmod.base.errors import UserError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.target_choice import default_target, requested_targets
from scons_kmod.distro.target_file import read_targets
from scons_kmod.engine.digests import Digests
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.open_target import ChosenKernel, chosen_kernels, open_target
from scons_kmod.target.settings import Settings, read_settings

TARGETS = Path(__file__).resolve().parents[3] / "targets"
ABSENT = Path("/absent")


def names(chosen: list[ChosenKernel]) -> list[tuple[str, Path | None]]:
    return [(kernel.name, kernel.tree) for kernel in chosen]


@pytest.fixture
def default(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the newest target, on a system that they are all for."""
    newest = read_targets(TARGETS)[-1]
    monkeypatch.setattr("scons_kmod.target.open_target.default_target", lambda _: newest)
    return newest.name


def test_the_newest_kernel_of_the_distribution_by_default(default: str) -> None:
    assert names(chosen_kernels(Settings(), TARGETS, ABSENT)) == [(default, None)]


@pytest.mark.usefixtures("default")
def test_the_running_kernel_if_its_headers_are_there(tmp_path: Path) -> None:
    build = tmp_path / platform.release() / "build"
    kernel_tree(build, "6.1")
    assert names(chosen_kernels(Settings(), TARGETS, tmp_path)) == [("kdir-6.1.0-56-amd64", build)]


def test_headers_that_were_removed_leave_a_dead_link(tmp_path: Path, default: str) -> None:
    build = tmp_path / platform.release() / "build"
    build.parent.mkdir()
    build.symlink_to("/absent")
    assert names(chosen_kernels(Settings(), TARGETS, tmp_path)) == [(default, None)]


@pytest.mark.usefixtures("default")
def test_a_tree_is_named_by_its_release(tmp_path: Path) -> None:
    tree = kernel_tree(tmp_path)
    settings = read_settings({"KDIR": str(tree)})
    assert names(chosen_kernels(settings, TARGETS, ABSENT)) == [("kdir-6.12.117+deb12-amd64", tree)]


def test_a_tree_has_the_toolchain_of_the_target_for_its_version(tmp_path: Path, default: str) -> None:
    (older,) = chosen_kernels(read_settings({"KDIR": str(kernel_tree(tmp_path / "old", "6.1"))}), TARGETS, ABSENT)
    assert older.description.name == "debian-6.1"
    newest = kernel_tree(tmp_path / "new")
    (newest / "include/generated/utsrelease.h").write_text('#define UTS_RELEASE "6.121.0"\n')
    (other,) = chosen_kernels(read_settings({"KDIR": str(newest)}), TARGETS, ABSENT)
    assert (other.name, other.description.name) == ("kdir-6.121.0", default)


def test_targets_are_named_by_file(tmp_path: Path) -> None:
    kernel_tree(tmp_path / platform.release() / "build")
    chosen = chosen_kernels(read_settings({"TARGET": "debian-6.1"}), TARGETS, tmp_path)
    assert names(chosen) == [("debian-6.1", None)]
    everything = chosen_kernels(read_settings({"TARGET": "all"}), TARGETS, tmp_path)
    assert [chosen.name for chosen in everything] == [
        target.name for target in requested_targets("all", read_targets(TARGETS))
    ]


def test_a_target_that_is_not_there() -> None:
    with pytest.raises(UserError) as caught:
        chosen_kernels(read_settings({"TARGET": "debian-6.2"}), TARGETS, ABSENT)
    assert str(caught.value) == 'TARGET=debian-6.2: there is no target "debian-6.2"\n    did you mean "debian-6.12"?'


@pytest.mark.usefixtures("default")
def test_two_kernels_that_are_to_be_compared(tmp_path: Path) -> None:
    tree = kernel_tree(tmp_path)
    settings = read_settings({"OLD": "debian-6.1", "NEW": str(tree)})
    found = names(chosen_kernels(settings, TARGETS, ABSENT))
    assert found == [("debian-6.1", None), ("kdir-6.12.117+deb12-amd64", tree)]


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("debian-6.1", "OLD= and NEW=: both are the same kernel"),
        ("debian-6.2", "NEW=debian-6.2: there is no such target or directory\n    name a target (debian-6.1, "),
        ("/", "KDIR=/: this is not a kernel tree"),
    ],
)
def test_two_kernels_that_cannot_be_compared(new: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        chosen_kernels(read_settings({"OLD": "debian-6.1", "NEW": new}), TARGETS, ABSENT)
    assert str(caught.value).startswith(message)


@pytest.mark.usefixtures("default")
def test_a_tree_that_is_none() -> None:
    with pytest.raises(UserError, match=r"^KDIR=/absent: there is no such directory\n"):
        chosen_kernels(read_settings({"KDIR": "/absent"}), TARGETS, ABSENT)


def test_a_target_is_opened_with_all_that_a_build_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path, monkeypatch).whole()
    machine.script("bin/make", 'PATH=/usr/bin:/bin exec /usr/bin/make "$@"')
    monkeypatch.setenv("SCONS_KMOD_CACHE", str(tmp_path / "cache"))
    tree = kernel_tree(tmp_path / "tree", "6.1")
    chosen = ChosenKernel("kdir-x", default_target(read_targets(TARGETS), debian(tmp_path)), tree)
    time.sleep(0.03)  # so that the tree is older than the question
    settings = read_settings({"KDIR": str(tree), "KCFLAGS": "-O1", "KRUSTFLAGS": "--cfg=x"})
    logs: dict[str, RunLog] = {}
    digests = Digests()

    def opened() -> BuildTarget:
        logs.clear()
        return open_target(
            chosen,
            settings,
            tmp_path / "build",
            Path("/sources"),
            lambda name: logs.setdefault(name, RunLog()),
            digests,
        )

    target = opened()
    assert (target.build, target.cache, target.sources) == (
        tmp_path / "build/kdir-x",
        tmp_path / "cache",
        Path("/sources"),
    )
    assert {"-g0", "-O1"} <= set(target.kbuild.cc)
    assert target.krustflags == ("--cfg=x",)
    assert target.cfg_file.read_text() == target.cfg_text()
    before = target.cfg_file.stat().st_mtime_ns
    again = opened()
    assert all(getattr(again, field.name) == getattr(target, field.name) for field in dataclasses.fields(target))
    assert target.digests is digests
    assert logs["kdir-x"].entries == [], "a second time takes no process"
    assert target.cfg_file.stat().st_mtime_ns == before


def test_other_cfgs_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path, monkeypatch).whole()
    machine.script("bin/make", 'PATH=/usr/bin:/bin exec /usr/bin/make "$@"')
    monkeypatch.setenv("SCONS_KMOD_CACHE", str(tmp_path / "cache"))
    tree = kernel_tree(tmp_path / "tree", "6.1")
    chosen = ChosenKernel("kdir-x", default_target(read_targets(TARGETS), debian(tmp_path)), tree)
    arguments = (chosen, Settings(), tmp_path / "build", Path("/sources"), lambda _: RunLog())
    open_target(*arguments)
    config = tree / "include/config/auto.conf"
    config.write_text(config.read_text() + "CONFIG_NEW=y\n")
    target = open_target(*arguments)
    assert "--cfg=CONFIG_NEW\n" in target.cfg_file.read_text()


def debian(directory: Path) -> Path:
    """An os-release file of Debian 12."""
    return write(directory / "os-release", 'ID=debian\nVERSION_CODENAME="bookworm"\n')
