# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

from scons_kmod.base.errors import UserError
from scons_kmod.distro.target_choice import default_target, requested_targets
from scons_kmod.distro.target_file import Target, read_targets

TARGETS = Path(__file__).parents[3] / "targets"


def os_release(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "os-release"
    path.write_text(text)
    return path


def bookworm(tmp_path: Path) -> Path:
    return os_release(tmp_path, "ID=debian\nVERSION_CODENAME=bookworm\n")


def names(value: str, system: Path, targets: Sequence[Target]) -> list[str]:
    return [target.name for target in requested_targets(value, targets, system)]


@pytest.mark.parametrize(
    ("suite", "name"), [("bookworm", "debian-6.12"), ("trixie", "debian-6.12-trixie"), ("forky", "debian-7.2")]
)
def test_the_newest_kernel_of_the_running_suite_is_the_default(tmp_path: Path, suite: str, name: str) -> None:
    system = os_release(tmp_path, f'ID=debian\nVERSION_CODENAME="{suite}"\n')
    assert default_target(read_targets(TARGETS), system).name == name


@pytest.mark.parametrize(
    ("text", "system"),
    [("ID=fedora\n", "fedora"), ("ID=debian\nVERSION_CODENAME=sid\n", "debian sid"), ("", "no os-release")],
)
def test_a_system_without_a_target_gets_a_list_of_targets(tmp_path: Path, text: str, system: str) -> None:
    with pytest.raises(UserError) as error:
        default_target(read_targets(TARGETS), os_release(tmp_path, text))
    assert str(error.value) == (
        f"TARGET: there is no target for this system ({system})\n"
        "    name one with TARGET= (debian-6.1, debian-6.12, debian-6.12-trixie, debian-7.2),"
        " or a prepared kernel tree with KDIR="
    )


def test_targets_are_chosen_by_name() -> None:
    targets = read_targets(TARGETS)
    assert [target.name for target in requested_targets("debian-6.12,debian-6.1,debian-6.12", targets)] == [
        "debian-6.12",
        "debian-6.1",
    ]


def test_all_are_those_of_the_running_suite_if_there_are_some(tmp_path: Path) -> None:
    targets = read_targets(TARGETS)
    assert names("all", bookworm(tmp_path), targets[:2]) == ["debian-6.1", "debian-6.12"]
    assert requested_targets("all", targets, os_release(tmp_path, "ID=fedora\n")) == targets


def test_all_are_also_those_whose_tools_are_in_a_sysroot(tmp_path: Path) -> None:
    targets = read_targets(TARGETS)
    system = bookworm(tmp_path)
    assert names("all", system, targets) == ["debian-6.1", "debian-6.12", "debian-6.12-trixie", "debian-7.2"]
    without = [dataclasses.replace(target, sysroot=()) for target in targets]
    assert names("all", system, without) == ["debian-6.1", "debian-6.12"]


def test_a_target_that_does_not_exist_is_reported_with_the_nearest() -> None:
    with pytest.raises(UserError) as error:
        requested_targets("debian6.12", read_targets(TARGETS))
    assert str(error.value) == 'TARGET=debian6.12: there is no target "debian6.12"\n    did you mean "debian-6.12"?'
