# SPDX-License-Identifier: MIT
"""A kernel's packages are downloaded by the real apt, from an archive of tiny packages in a directory."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from debian_archive import RELEASE, Archive, run_make

from scons_kmod.base.errors import MachineError, UserError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.kernel_packages.download import fetch_packages, fetched_packages
from scons_kmod.distro.kernel_packages.unpack import UnpackedPackages
from scons_kmod.distro.target_file import Target, read_target

TARGETS = Path(__file__).parents[4] / "targets"


def steps(log: RunLog) -> list[str]:
    return [entry.step for entry in log.entries]


def test_the_newest_release_is_unpacked_with_its_companions(archive: Archive, target: Target, cache: Path) -> None:
    for patch in (9, 117, 20):
        archive.add_kernel(f"6.12.{patch}+deb12-amd64", f"6.12.{patch}-1")
    archive.add("linux-headers-6.12.200+deb12-rt-amd64", "6.12.200-1", {})
    archive.add("linux-headers-6.12-amd64", "6.12.200-1", {})
    found = fetch_packages(target, cache, RunLog())
    assert found.release == "6.12.117+deb12-amd64"
    assert found.versions == {
        "linux-headers-6.12.117+deb12-amd64": "6.12.117-1",
        "linux-headers-6.12.117+deb12-common": "6.12.117-1",
        "linux-kbuild-6.12.117+deb12": "6.12.117-1",
    }
    assert (found.root / "usr/lib/linux-kbuild-6.12.117+deb12/scripts/x").exists()
    assert "built for 6.12.117+deb12-amd64" in run_make(found)


def test_a_companion_is_of_the_version_that_the_headers_ask_for(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    archive.add("linux-headers-6.12.9+deb12-common", "6.12.9-2", {})
    assert fetch_packages(target, cache, RunLog()).versions["linux-headers-6.12.9+deb12-common"] == "6.12.9-1"


def test_a_second_fetch_starts_nothing(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    assert fetched_packages(target, cache) is None
    first = fetch_packages(target, cache, RunLog())
    log = RunLog()
    assert fetch_packages(target, cache, log) == fetched_packages(target, cache) == first
    assert log.entries == []


def test_the_systems_own_lists_are_used_where_they_do(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    subprocess.run(["apt-get", "update", "-q"], check=True, capture_output=True)
    log = RunLog()
    fetch_packages(target, cache, log)
    assert "update" not in [entry.unit for entry in log.entries]
    assert not list((cache / "apt/state/lists").glob("*Packages*"))


def test_a_newer_kernel_is_taken_on_request_only(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    old = fetch_packages(target, cache, RunLog())
    archive.add_kernel("6.12.10+deb12-amd64", "6.12.10-1")
    assert fetch_packages(target, cache, RunLog()) == old
    new = fetch_packages(target, cache, RunLog(), refresh=True)
    assert new.release == "6.12.10+deb12-amd64"
    assert fetched_packages(target, cache) == new
    assert old.kernel_tree.is_dir()


def test_a_refresh_that_finds_nothing_new_downloads_nothing(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    old = fetch_packages(target, cache, RunLog())
    log = RunLog()
    assert fetch_packages(target, cache, log, refresh=True) == old
    assert "UNPACK" not in steps(log)


def test_the_image_is_that_of_the_headers_in_use(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    fetch_packages(target, cache, RunLog())
    archive.add_kernel("6.12.10+deb12-amd64", "6.12.10-1")
    assert fetch_packages(target, cache, RunLog(), "image").release == "6.12.9+deb12-amd64"
    fetch_packages(target, cache, RunLog(), refresh=True)
    assert fetched_packages(target, cache, "image") is None
    assert fetch_packages(target, cache, RunLog(), "image").release == "6.12.10+deb12-amd64"


def test_an_unsigned_image_is_taken_where_there_is_no_other(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    archive.remove("linux-image")
    boot = {"boot/vmlinuz-6.12.9+deb12-amd64": "unsigned"}
    archive.add("linux-image-6.12.9+deb12-amd64-unsigned", "6.12.9-1", boot)
    assert fetch_packages(target, cache, RunLog(), "image").kernel.read_text() == "unsigned"


def test_a_kernel_that_is_not_in_the_archive_is_reported(archive: Archive, target: Target, cache: Path) -> None:
    for name in ("linux-headers-6.12.9+deb13-amd64", "linux-headers-6.12.10+deb13-amd64", "linux-headers-amd64"):
        archive.add(name, "1", {})
    with pytest.raises(UserError) as error:
        fetch_packages(target, cache, RunLog())
    assert str(error.value).replace(f"{TARGETS}/", "") == (
        "debian-6.12.toml:12: [packages] release: no linux-headers-{release} with a release like "
        r"'6\.12\.\d+\+deb12-amd64' in apt's sources; Debian's suite bookworm should have it"
        "\n    the newest that are there: linux-headers-6.12.10+deb13-amd64, linux-headers-6.12.9+deb13-amd64\n"
        "    update the pattern in debian-6.12.toml, add bookworm to apt's sources, or name a kernel with KDIR="
    )


def test_an_image_that_has_left_the_archive_is_reported(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    fetch_packages(target, cache, RunLog())
    archive.remove("6.12.9")
    shutil.rmtree(archive.path / "pool")
    with pytest.raises(UserError) as error:
        fetch_packages(target, cache, RunLog(), "image")
    assert str(error.value) == (
        "debian-6.12 image: linux-image-6.12.9+deb12-amd64 or linux-image-6.12.9+deb12-amd64-unsigned is not in apt's "
        "sources (any more)\n    run scons UPDATE=1: it takes the newest headers and the image that fits them"
    )


def test_lists_that_are_out_of_date_are_updated(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    subprocess.run(["apt-get", "update", "-q"], check=True, capture_output=True)
    archive.remove("6.12.9")
    shutil.rmtree(archive.path / "pool")
    (archive.path / "pool").mkdir()
    archive.add_kernel("6.12.10+deb12-amd64", "6.12.10-1")
    assert fetch_packages(target, cache, RunLog()).release == "6.12.10+deb12-amd64"


def test_a_package_that_does_not_match_the_lists_is_refused(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    deb = next(archive.path.glob("pool/linux-kbuild*"))
    data = bytearray(deb.read_bytes())
    data[-1] ^= 1
    deb.write_bytes(data)
    with pytest.raises(MachineError, match=r"packages can't be downloaded\n(.*\n)*.*Hash Sum mismatch"):
        fetch_packages(target, cache, RunLog())
    assert fetched_packages(target, cache) is None


def test_an_archive_that_is_out_of_reach_is_reported(archive: Archive, target: Target, cache: Path) -> None:
    (archive.path / "sources.list").write_text("deb [trusted=yes] http://127.0.0.1:9/ ./\n")
    with pytest.raises(MachineError) as error:
        fetch_packages(target, cache, RunLog())
    assert str(error.value).startswith("debian-6.12: its packages can't be downloaded\n    Err:1 http://127.0.0.1:9")
    assert "KDIR=" in str(error.value)


def test_what_a_killed_fetch_left_is_not_taken(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    for path in ("debs/old.deb", "root/half"):
        left = cache / "packages/partial" / path
        left.parent.mkdir(parents=True)
        left.touch()
    found = fetch_packages(target, cache, RunLog())
    assert not (found.root / "half").exists()
    assert not (cache / "packages/partial").exists()


def test_two_at_once_fetch_once(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    log = RunLog()
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: fetch_packages(target, cache, log), range(2))
    assert first == second
    assert steps(log).count("UNPACK") == 3


def test_a_changed_pattern_is_not_served_by_the_old_kernel(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    fetch_packages(target, cache, RunLog())
    other = archive.path / "debian-6.12.toml"
    other.write_text(target.path.read_text().replace("deb12", "deb13"))
    assert fetched_packages(read_target(other), cache) is None


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"release": 1}'])
def test_a_damaged_record_counts_as_absent(archive: Archive, target: Target, cache: Path, damage: str) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    found = fetch_packages(target, cache, RunLog())
    (cache / "packages/debian-6.12/headers.json").write_text(damage)
    assert fetched_packages(target, cache) is None
    assert fetch_packages(target, cache, RunLog()) == found


def test_a_cache_that_cannot_be_written_is_reported(target: Target, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MachineError) as error:
        fetch_packages(target, tmp_path / "file", RunLog())
    assert str(error.value) == (
        f"{tmp_path}/file/packages: Not a directory\n"
        "    free some space there, or make it writable, or set SCONS_KMOD_CACHE=DIR"
    )


def test_a_machine_without_apt_is_reported(target: Target, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(MachineError) as error:
        fetch_packages(target, cache, RunLog())
    assert str(error.value) == (
        "APT linux-headers-: apt-cache can't be started: No such file or directory\n"
        "    a target's packages come from Debian's archive; elsewhere name a prepared kernel tree with KDIR="
    )


def test_sources_that_are_there_take_no_process(archive: Archive, sourced: Target, cache: Path) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    archive.add_sources("6.12.9-1")
    fetch_packages(sourced, cache, RunLog())
    first = fetch_packages(sourced, cache, RunLog(), "source")
    log = RunLog()
    assert fetch_packages(sourced, cache, log, "source") == fetched_packages(sourced, cache, "source") == first
    assert log.entries == []


def test_the_sources_are_of_just_the_version_of_the_headers(archive: Archive, sourced: Target, cache: Path) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    for version in ("6.12.9-1", "6.12.9-2", "6.12.10-1"):
        archive.add_sources(version)
    fetch_packages(sourced, cache, RunLog())
    found = fetch_packages(sourced, cache, RunLog(), "source")
    assert found.versions == {"linux-source-6.12": "6.12.9-1"}
    assert (found.sources / "rust/kernel/lib.rs").read_text() == "// 6.12.9-1"


def test_headers_of_another_directory_have_sources_of_their_version(
    archive: Archive, sourced: Target, cache: Path
) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    for version in ("6.12.9-1", "6.12.9-2"):
        archive.add_sources(version)
    fetch_packages(sourced, cache, RunLog())
    fetch_packages(sourced, cache, RunLog(), "source")
    headers = UnpackedPackages(Path("/usr/src"), RELEASE, {f"linux-headers-{RELEASE}": "6.12.9-2"})
    assert fetched_packages(sourced, cache, "source", headers) is None
    found = fetch_packages(sourced, cache, RunLog(), "source", headers=headers)
    assert (found.sources / "rust/kernel/lib.rs").read_text() == "// 6.12.9-2"


def test_headers_that_were_built_again_have_sources_of_their_version(
    archive: Archive, sourced: Target, cache: Path
) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    archive.add_sources("6.12.9-1")
    fetch_packages(sourced, cache, RunLog())
    fetch_packages(sourced, cache, RunLog(), "source")
    archive.add_kernel(RELEASE, "6.12.9-2")
    archive.add_sources("6.12.9-2")
    assert fetch_packages(sourced, cache, RunLog(), refresh=True).release == RELEASE
    assert fetch_packages(sourced, cache, RunLog(), "source").versions == {"linux-source-6.12": "6.12.9-2"}


def test_sources_of_another_version_only_are_refused(archive: Archive, sourced: Target, cache: Path) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    archive.add_sources("6.12.10-1")
    fetch_packages(sourced, cache, RunLog())
    with pytest.raises(UserError) as error:
        fetch_packages(sourced, cache, RunLog(), "source")
    assert str(error.value).replace(str(sourced.path), sourced.path.name) == (
        "debian-6.12.toml:19: [packages] source: linux-source-6.12 6.12.9-1 is not in apt's sources (any more):"
        " the crates of this kernel need it\n"
        "    run scons UPDATE=1: it takes the newest headers and the sources that fit them"
    )


def test_modules_are_those_of_the_headers_in_use(archive: Archive, sourced: Target, cache: Path) -> None:
    for release, version in ((RELEASE, "6.12.9-1"), ("6.12.10+deb12-amd64", "6.12.10-1")):
        archive.add(f"linux-modules-{release}", version, {f"lib/modules/{release}/kernel/x.ko.xz": version})
    archive.add_kernel(RELEASE, "6.12.9-1")
    fetch_packages(sourced, cache, RunLog())
    archive.add_kernel("6.12.10+deb12-amd64", "6.12.10-1")
    found = fetch_packages(sourced, cache, RunLog(), "modules")
    assert [path.read_text() for path in found.modules.rglob("*.ko.xz")] == ["6.12.9-1"]
    log = RunLog()
    assert fetch_packages(sourced, cache, log, "modules") == found
    assert log.entries == []


def test_without_a_package_for_modules_they_are_in_the_image(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    found = fetch_packages(target, cache, RunLog(), "modules")
    assert [path.read_text() for path in found.modules.rglob("*.ko")] == ["a module"]
    image = fetch_packages(target, cache, RunLog(), "image")
    assert image.kernel.read_text() == f"kernel {RELEASE}", "the one does not stand for the other"


def test_modules_that_have_left_the_archive_are_reported(archive: Archive, sourced: Target, cache: Path) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    fetch_packages(sourced, cache, RunLog())
    with pytest.raises(UserError) as error:
        fetch_packages(sourced, cache, RunLog(), "modules")
    assert str(error.value) == (
        f"debian-6.12 modules: linux-modules-{RELEASE} is not in apt's sources (any more)\n"
        "    run scons UPDATE=1: it takes the newest headers and the modules that fit them"
    )
