# SPDX-License-Identifier: MIT
from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from debian_archive import RELEASE, Archive, run_make

from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.kernel_packages.download import fetch_packages, fetched_packages
from scons_kmod.distro.target_file import Target


def test_an_unpacked_tree_works_where_it_is_moved(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    fetch_packages(target, cache, RunLog())
    moved = cache.rename(cache.with_name("moved"))
    found = fetched_packages(target, moved)
    assert found is not None
    assert "built for 6.12.9+deb12-amd64" in run_make(found)


def test_of_the_image_only_boot_is_unpacked(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    found = fetch_packages(target, cache, RunLog(), "image")
    assert found.kernel.read_text() == "kernel 6.12.9+deb12-amd64"
    assert [path.name for path in found.root.iterdir()] == ["boot"]


def files(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if not path.is_dir())


def test_of_the_sources_what_the_crates_need_is_unpacked(archive: Archive, sourced: Target, cache: Path) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    wanted = (
        *(
            "rust/Makefile",
            "rust/kernel/lib.rs",
            "rust/helpers/slab.c",
            "scripts/Makefile.build",
            "drivers/base/base.h",
        ),
        *("drivers/net/phy/ax88796b_rust.rs", "samples/rust/Makefile"),
    )
    others = (
        "Makefile",
        "fs/ext4/inode.c",
        "drivers/base/core.c",
        "drivers/base/power/power.h",
        "Documentation/rust/x",
    )
    archive.add_sources("6.12.9-1", {name: f"text of {name}" for name in (*wanted, *others)})
    fetch_packages(sourced, cache, RunLog())
    found = fetch_packages(sourced, cache, RunLog(), "source")
    assert files(found.sources) == sorted(wanted)
    assert (found.sources / "rust/helpers/slab.c").read_text() == "text of rust/helpers/slab.c"


def test_programs_stay_programs_and_times_are_kept(archive: Archive, sourced: Target, cache: Path) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    script, text = tarfile.TarInfo(), tarfile.TarInfo()
    script.mode, script.mtime, text.mode = 0o775, 1_700_000_000, 0o664
    archive.add_sources("6.12.9-1", {"scripts/sh": script, "rust/x": text})
    fetch_packages(sourced, cache, RunLog())
    found = fetch_packages(sourced, cache, RunLog(), "source").sources
    assert [(found / name).stat().st_mode & 0o777 for name in ("scripts/sh", "rust/x")] == [0o755, 0o644]
    assert (found / "scripts/sh").stat().st_mtime == 1_700_000_000


def link(to: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    entry = tarfile.TarInfo()
    entry.type, entry.linkname = kind, to
    return entry


def test_links_that_lead_out_are_left_out(archive: Archive, sourced: Target, cache: Path) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    members: dict[str, str | tarfile.TarInfo] = {
        "scripts/dtc/dt.h": "text",
        "scripts/inside.h": link("dtc/dt.h"),
        "scripts/above.h": link("../rust/x.h"),
        "scripts/absolute": link("/etc/passwd"),
        "scripts/roundabout": link("dtc/../../../etc"),
        "scripts/hard": link("/etc/passwd", tarfile.LNKTYPE),
        "scripts/pipe": link("", tarfile.FIFOTYPE),
        "scripts/../../outside": "text",
    }
    archive.add_sources("6.12.9-1", members)
    fetch_packages(sourced, cache, RunLog())
    found = fetch_packages(sourced, cache, RunLog(), "source")
    assert files(found.root) == ["linux/scripts/dtc/dt.h", "linux/scripts/inside.h"]
    assert (found.sources / "scripts/inside.h").read_text() == "text"


@pytest.mark.parametrize("damage", [{"usr/src/x": "no archive"}, {"usr/src/linux-source-6.12.tar.xz": "no xz"}])
def test_a_package_without_the_sources_is_reported(
    archive: Archive, sourced: Target, cache: Path, damage: dict[str, str]
) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    archive.add("linux-source-6.12", "6.12.9-1", damage)
    fetch_packages(sourced, cache, RunLog())
    with pytest.raises(MachineError, match=r"linux-source-6\.12\S+ (has no kernel sources in it|can't be unpacked: )"):
        fetch_packages(sourced, cache, RunLog(), "source")
    assert fetched_packages(sourced, cache, "source") is None
