# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
import itertools
import os
import subprocess
from pathlib import Path

import pytest
from miniature import of_debian, programs

from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.apt import parse_depends, private_apt, suite_sources, version_key
from scons_kmod.distro.target_file import Target, read_target

TARGETS = Path(__file__).resolve().parents[3] / "targets"
MAIN = "Packages\tbookworm\tmain\thttp://example.org/debian/\t$(SIGNED_BY)"


@pytest.fixture
def target() -> Target:
    """A target of another suite than the machine's."""
    return read_target(TARGETS / "debian-6.12-trixie.toml")


def sources(target: Target, monkeypatch: pytest.MonkeyPatch, directory: Path, *lines: str) -> list[str]:
    """What is made of these lines of apt's."""
    (directory / "told").write_text("".join(f"{line}\n" for line in lines))
    programs(monkeypatch, directory / "bin", apt__get=f'[ "$1" = indextargets ] && exec /bin/cat {directory}/told')
    return suite_sources(target, RunLog()).splitlines()


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of another suite; returns the file that is all of its apt's configuration."""
    of_debian(monkeypatch)
    conf = tmp_path / "apt.conf"
    conf.write_text(
        'Dir::Etc::main "/dev/null";\nDir::Etc::parts "/dev/null";\n'
        'APT::Update::Post-Invoke { "touch /nowhere"; };\nAcquire::Proxy "kept";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(conf))
    return conf


def test_a_suite_is_looked_for_where_the_systems_own_is(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    updates = MAIN.replace("bookworm", "bookworm-updates")
    security = "Packages\tbookworm-security\tmain\thttp://example.org/security/\t$(SIGNED_BY)"
    assert sources(target, monkeypatch, tmp_path, MAIN, updates, security) == [
        "deb http://example.org/debian/ trixie main",
        "deb http://example.org/debian/ trixie-updates main",
        "deb http://example.org/security/ trixie-security main",
    ]


@pytest.mark.parametrize(
    "other",
    [
        MAIN,
        MAIN.replace("main", "contrib"),
        MAIN.replace("Packages", "Translations"),
        MAIN.replace("bookworm", "bullseye"),
        MAIN.replace("bookworm", "bookworm-backports"),
        MAIN.replace("bookworm", "bookworm-backports-sloppy"),
    ],
)
def test_what_is_not_of_the_suite_itself_is_left_out(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    assert sources(target, monkeypatch, tmp_path, MAIN, other) == ["deb http://example.org/debian/ trixie main"]


def test_the_keys_are_those_of_the_systems_own_sources(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = MAIN.replace("$(SIGNED_BY)", "/usr/share/keyrings/some.gpg")
    assert sources(target, monkeypatch, tmp_path, keyring) == [
        "deb [signed-by=/usr/share/keyrings/some.gpg] http://example.org/debian/ trixie main"
    ]


NO_ARCHIVE = (
    "debian-6.12-trixie: trixie: this machine takes no packages from debian's archive\n"
    "    name a kernel of this system, or build on debian trixie itself"
)


def test_a_machine_whose_sources_are_others_is_reported(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MachineError) as error:
        sources(target, monkeypatch, tmp_path, MAIN.replace("bookworm", "nodistro"))
    assert str(error.value) == NO_ARCHIVE


def test_a_machine_of_another_distribution_is_not_asked(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "scons_kmod.distro.apt.read_os_release", lambda: {"ID": "other", "VERSION_CODENAME": "bookworm"}
    )
    log = RunLog()
    with pytest.raises(MachineError) as error:
        suite_sources(target, log)
    assert (str(error.value), log.entries) == (NO_ARCHIVE, [])


def settings(target: Target, cache: Path) -> dict[str, str]:
    """What apt itself makes of the options of a target's own apt."""
    dump = private_apt(target, cache, RunLog()).run("apt-config", "dump", unit="dump")
    pairs = (line.rstrip(";").split(" ", 1) for line in dump.splitlines())
    return {name: value.strip('"') for name, value in pairs}


def test_lists_of_our_own_are_of_the_systems_own_sources(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_debian(monkeypatch, target.packages.suite)
    found = settings(target, tmp_path / "cache")
    assert (found["Dir::Etc::sourcelist"], found["Dir::Etc::sourceparts"]) == ("sources.list", "sources.list.d")
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["apt"]


def test_all_that_apt_writes_is_in_the_cache(target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of_debian(monkeypatch, target.packages.suite)
    found = settings(target, tmp_path)
    for name in ("Dir::State", "Dir::State::status", "Dir::Cache"):
        assert Path(found[name]).is_relative_to(tmp_path / "apt")
    assert Path(found["Dir::State::status"]).read_text() == "", "what is installed here does not count"
    for name in ("state/lists/partial", "cache/archives/partial"):
        assert (tmp_path / "apt" / name).is_dir()


def test_hooks_of_the_system_are_not_run(target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of_debian(monkeypatch, target.packages.suite)
    found = settings(target, tmp_path / "cache")
    assert not [name for name in found if name.startswith("APT::Update::Post-Invoke")]
    assert found["Acquire::Proxy"] == "kept"


def test_another_suite_has_lists_and_sources_of_its_own(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = os.environ["PATH"]
    programs(monkeypatch, tmp_path / "bin", apt__get=f"echo '{MAIN}'")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{path}")
    found = settings(target, tmp_path / "cache")
    own = tmp_path / "cache/apt-trixie/sources.list"
    assert own.read_text() == "deb http://example.org/debian/ trixie main\n"
    assert (found["Dir::Etc::sourcelist"], found["Dir::Etc::sourceparts"]) == (str(own), "/dev/null")
    assert Path(found["Dir::State"]).is_relative_to(own.parent)


@pytest.mark.parametrize(("checked", "said"), [(True, None), (False, "false")])
def test_lists_that_have_expired_are_taken_where_a_target_says_so(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checked: bool, said: str | None
) -> None:
    of_debian(monkeypatch, target.packages.suite)
    packages = dataclasses.replace(target.packages, check_valid_until=checked)
    found = settings(dataclasses.replace(target, packages=packages), tmp_path)
    assert found.get("Acquire::Check-Valid-Until") == said


def test_versions_are_sorted_as_dpkg_sorts_them() -> None:
    ordered = ["1.0~rc1-1", "1.0-1~deb12u1", "1.0-1", "1.0-1+b1", "1.0a-1", "1.0+x-1", "1.9-1", "1.10-1", "1:0.1-1"]
    for earlier, later in itertools.pairwise(ordered):
        assert subprocess.run(["dpkg", "--compare-versions", earlier, "lt", later], check=False).returncode == 0
    backwards = ordered[::-1]
    assert sorted(backwards, key=version_key) == ordered


def test_dependencies_are_read_with_alternatives_and_exact_versions() -> None:
    assert parse_depends("a (= 1:2-3), b | c (>= 4), d:any, e") == [
        ("a", "1:2-3"),
        ("b", None),
        ("c", None),
        ("d", None),
        ("e", None),
    ]
