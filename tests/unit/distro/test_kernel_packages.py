# SPDX-License-Identifier: MIT
"""Kernel packages, with the real apt and dpkg-deb on an archive of tiny packages in a directory."""

from __future__ import annotations

import hashlib
import io
import itertools
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scons_kmod.base.errors import MachineError, UserError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.apt import dependencies, version_key
from scons_kmod.distro.kernel_packages import Unpacked, fetch, installed
from scons_kmod.distro.target_file import Target, read_target

TARGETS = Path(__file__).parents[3] / "targets"


class Archive:
    """An apt repository of our own, and a machine whose apt knows only that one and has no lists of it yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: dict[str, str] = {}
        for directory in ("pool", "system/lists/partial"):
            (path / directory).mkdir(parents=True)
        (path / "system/status").touch()
        (path / "sources.list").write_text(f"deb [trusted=yes] copy:{path}/ ./\n")
        (path / "apt.conf").write_text(
            f'Dir::Etc::sourcelist "{path}/sources.list";\nDir::Etc::sourceparts "/dev/null";\n'
            f'Dir::Etc::preferencesparts "/dev/null";\nDir::Etc::parts "/dev/null";\n'
            f'Acquire::Retries "0";\nDir::Cache "{path}/system/cache";\n'
            f'Dir::State "{path}/system";\nDir::State::status "{path}/system/status";\n'
        )
        self.write()

    def add(self, name: str, version: str, files: Mapping[str, str | bytes], depends: str = "") -> Path:
        """Put one package into the archive."""
        tree = self.path / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        for path, content in {"usr/share/doc/x": "", **files}.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_bytes(content.encode() if isinstance(content, str) else content)
        control = f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: x <x@example.org>\n"
        control += f"Depends: {depends}\n" if depends else ""
        (tree / "DEBIAN").mkdir()
        (tree / "DEBIAN/control").write_text(f"{control}Description: x\n")
        deb = self.path / f"pool/{name}_{version}.deb"
        subprocess.run(["dpkg-deb", "-Znone", "-b", tree, deb], check=True, stdout=subprocess.DEVNULL)
        digest = hashlib.sha256(deb.read_bytes()).hexdigest()
        self.entries[f"{name} {version}"] = (
            f"{control}Filename: ./pool/{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest}\nDescription: x\n"
        )
        self.write()
        return deb

    def add_kernel(self, release: str, version: str) -> None:
        """Put the headers and images of one kernel into the archive, as Debian names them."""
        base = release.removesuffix("-amd64")
        headers, common = f"linux-headers-{release}", f"linux-headers-{base}-common"
        makefile = {f"usr/src/{headers}/Makefile": f"include /usr/src/{common}/Makefile\n"}
        self.add(headers, version, makefile, f"{common} (= {version}), linux-kbuild-{base}, gcc-12, linux-base (>= 1~)")
        self.add(common, version, {f"usr/src/{common}/Makefile": f"all:\n\t@echo built for {release}\n"})
        self.add(f"linux-kbuild-{base}", version, {f"usr/lib/linux-kbuild-{base}/scripts/x": ""})
        boot = {f"boot/vmlinuz-{release}": f"kernel {release}", f"lib/modules/{release}/x.ko": "a module"}
        self.add(f"linux-image-{release}", version, boot)

    def add_sources(self, version: str, members: Mapping[str, str | tarfile.TarInfo] | None = None) -> Path:
        """Put a kernel's sources into the archive, as Debian packs them; a text is a file's, the rest is as given."""
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w:xz") as inner:
            for name, member in (members or {"rust/kernel/lib.rs": f"// {version}"}).items():
                entry = tarfile.TarInfo() if isinstance(member, str) else member
                entry.name = f"linux-source-6.12/{name}"
                data = member.encode() if isinstance(member, str) else b""
                entry.size = len(data)
                inner.addfile(entry, io.BytesIO(data))
        files = {"usr/src/linux-config.tar": "", "usr/src/linux-source-6.12.tar.xz": made.getvalue()}
        return self.add("linux-source-6.12", version, files)

    def remove(self, part: str) -> None:
        """Take the packages whose names hold `part` out of the archive."""
        for key in [key for key in self.entries if part in key]:
            del self.entries[key]
        self.write()

    def write(self) -> None:
        """Write the archive's lists."""
        text = "\n".join([*self.entries.values(), ""])
        (self.path / "Packages").write_text(text)
        line = f" {hashlib.sha256(text.encode()).hexdigest()} {len(text.encode())} Packages\n"
        (self.path / "Release").write_text(f"Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n{line}")


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    made = Archive(tmp_path / "archive")
    monkeypatch.setenv("APT_CONFIG", str(made.path / "apt.conf"))
    return made


@pytest.fixture
def target() -> Target:
    return read_target(TARGETS / "debian-6.12.toml")


@pytest.fixture
def sourced(tmp_path: Path) -> Target:
    """The target, if it named a package with the kernel's sources and one with more modules."""
    path = tmp_path / "debian-6.12.toml"
    lines = 'source = "linux-source-6.12"\nmodules = ["linux-modules-{release}"]\n\n[toolchain]'
    path.write_text((TARGETS / path.name).read_text().replace("[toolchain]", lines))
    return read_target(path)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def steps(log: RunLog) -> list[str]:
    return [entry.step for entry in log.entries]


def built_for(found: Unpacked) -> str:
    done = subprocess.run(["make", "-s", "-C", found.kernel_tree], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_newest_release_is_unpacked_with_its_companions(archive: Archive, target: Target, cache: Path) -> None:
    for patch in (9, 117, 20):
        archive.add_kernel(f"6.12.{patch}+deb12-amd64", f"6.12.{patch}-1")
    archive.add("linux-headers-6.12.200+deb12-rt-amd64", "6.12.200-1", {})
    archive.add("linux-headers-6.12-amd64", "6.12.200-1", {})
    found = fetch(target, cache, RunLog())
    assert found.release == "6.12.117+deb12-amd64"
    assert found.versions == {
        "linux-headers-6.12.117+deb12-amd64": "6.12.117-1",
        "linux-headers-6.12.117+deb12-common": "6.12.117-1",
        "linux-kbuild-6.12.117+deb12": "6.12.117-1",
    }
    assert (found.root / "usr/lib/linux-kbuild-6.12.117+deb12/scripts/x").exists()
    assert "built for 6.12.117+deb12-amd64" in built_for(found)


def test_a_companion_is_of_the_version_that_the_headers_ask_for(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    archive.add("linux-headers-6.12.9+deb12-common", "6.12.9-2", {})
    assert fetch(target, cache, RunLog()).versions["linux-headers-6.12.9+deb12-common"] == "6.12.9-1"


def test_a_second_fetch_starts_nothing(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    assert installed(target, cache) is None
    first = fetch(target, cache, RunLog())
    log = RunLog()
    assert fetch(target, cache, log) == installed(target, cache) == first
    assert log.entries == []


def test_the_systems_own_lists_are_used_where_they_do(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    subprocess.run(["apt-get", "update", "-q"], check=True, capture_output=True)
    log = RunLog()
    fetch(target, cache, log)
    assert "update" not in [entry.unit for entry in log.entries]
    assert not list((cache / "apt/state/lists").glob("*Packages*"))


def test_an_unpacked_tree_works_where_it_is_moved(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    fetch(target, cache, RunLog())
    moved = cache.rename(cache.with_name("moved"))
    found = installed(target, moved)
    assert found is not None
    assert "built for 6.12.9+deb12-amd64" in built_for(found)


def test_a_newer_kernel_is_taken_on_request_only(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    old = fetch(target, cache, RunLog())
    archive.add_kernel("6.12.10+deb12-amd64", "6.12.10-1")
    assert fetch(target, cache, RunLog()) == old
    new = fetch(target, cache, RunLog(), refresh=True)
    assert new.release == "6.12.10+deb12-amd64"
    assert installed(target, cache) == new
    assert old.kernel_tree.is_dir()


def test_a_refresh_that_finds_nothing_new_downloads_nothing(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    old = fetch(target, cache, RunLog())
    log = RunLog()
    assert fetch(target, cache, log, refresh=True) == old
    assert "UNPACK" not in steps(log)


def test_of_the_image_only_boot_is_unpacked(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    found = fetch(target, cache, RunLog(), "image")
    assert found.kernel.read_text() == "kernel 6.12.9+deb12-amd64"
    assert [path.name for path in found.root.iterdir()] == ["boot"]


def test_the_image_is_that_of_the_headers_in_use(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    fetch(target, cache, RunLog())
    archive.add_kernel("6.12.10+deb12-amd64", "6.12.10-1")
    assert fetch(target, cache, RunLog(), "image").release == "6.12.9+deb12-amd64"
    fetch(target, cache, RunLog(), refresh=True)
    assert installed(target, cache, "image") is None
    assert fetch(target, cache, RunLog(), "image").release == "6.12.10+deb12-amd64"


def test_an_unsigned_image_is_taken_where_there_is_no_other(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    archive.remove("linux-image")
    boot = {"boot/vmlinuz-6.12.9+deb12-amd64": "unsigned"}
    archive.add("linux-image-6.12.9+deb12-amd64-unsigned", "6.12.9-1", boot)
    assert fetch(target, cache, RunLog(), "image").kernel.read_text() == "unsigned"


def test_a_kernel_that_is_not_in_the_archive_is_told(archive: Archive, target: Target, cache: Path) -> None:
    for name in ("linux-headers-6.12.9+deb13-amd64", "linux-headers-6.12.10+deb13-amd64", "linux-headers-amd64"):
        archive.add(name, "1", {})
    with pytest.raises(UserError) as error:
        fetch(target, cache, RunLog())
    assert str(error.value).replace(f"{TARGETS}/", "") == (
        "debian-6.12.toml:12: [packages] release: no linux-headers-{release} with a release like "
        r"'6\.12\.\d+\+deb12-amd64' in apt's sources; Debian's suite bookworm should have it"
        "\n    the newest that are there: linux-headers-6.12.10+deb13-amd64, linux-headers-6.12.9+deb13-amd64\n"
        "    update the pattern in debian-6.12.toml, add bookworm to apt's sources, or name a kernel with KDIR="
    )


def test_an_image_that_has_left_the_archive_is_told(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    fetch(target, cache, RunLog())
    archive.remove("6.12.9")
    shutil.rmtree(archive.path / "pool")
    with pytest.raises(UserError) as error:
        fetch(target, cache, RunLog(), "image")
    assert str(error.value) == (
        "debian-6.12 image: linux-image-6.12.9+deb12-amd64 or linux-image-6.12.9+deb12-amd64-unsigned is not in apt's "
        "sources (any more)\n    UPDATE=1 takes the newest headers and the image that fits them, if the archive has "
        "moved on"
    )


def test_lists_that_are_out_of_date_are_fetched_anew(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    subprocess.run(["apt-get", "update", "-q"], check=True, capture_output=True)
    archive.remove("6.12.9")
    shutil.rmtree(archive.path / "pool")
    (archive.path / "pool").mkdir()
    archive.add_kernel("6.12.10+deb12-amd64", "6.12.10-1")
    assert fetch(target, cache, RunLog()).release == "6.12.10+deb12-amd64"


def test_a_package_that_does_not_match_the_lists_is_refused(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    deb = next(archive.path.glob("pool/linux-kbuild*"))
    data = bytearray(deb.read_bytes())
    data[-1] ^= 1
    deb.write_bytes(data)
    with pytest.raises(MachineError, match=r"packages can't be downloaded\n(.*\n)*.*Hash Sum mismatch"):
        fetch(target, cache, RunLog())
    assert installed(target, cache) is None


def test_an_archive_that_is_out_of_reach_is_told(archive: Archive, target: Target, cache: Path) -> None:
    (archive.path / "sources.list").write_text("deb [trusted=yes] http://127.0.0.1:9/ ./\n")
    with pytest.raises(MachineError) as error:
        fetch(target, cache, RunLog())
    assert str(error.value).startswith("debian-6.12: its packages can't be downloaded\n    Err:1 http://127.0.0.1:9")
    assert "KDIR=" in str(error.value)


def test_what_a_killed_fetch_left_is_not_taken(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    for path in ("debs/old.deb", "root/half"):
        left = cache / "packages/partial" / path
        left.parent.mkdir(parents=True)
        left.touch()
    found = fetch(target, cache, RunLog())
    assert not (found.root / "half").exists()
    assert not (cache / "packages/partial").exists()


def test_two_at_once_fetch_once(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    log = RunLog()
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: fetch(target, cache, log), range(2))
    assert first == second
    assert steps(log).count("UNPACK") == 3


def test_a_changed_pattern_is_not_served_by_the_old_kernel(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    fetch(target, cache, RunLog())
    other = archive.path / "debian-6.12.toml"
    other.write_text(target.path.read_text().replace("deb12", "deb13"))
    assert installed(read_target(other), cache) is None


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"release": 1}'])
def test_a_damaged_record_counts_as_absent(archive: Archive, target: Target, cache: Path, damage: str) -> None:
    archive.add_kernel("6.12.9+deb12-amd64", "6.12.9-1")
    found = fetch(target, cache, RunLog())
    (cache / "packages/debian-6.12/headers.json").write_text(damage)
    assert installed(target, cache) is None
    assert fetch(target, cache, RunLog()) == found


def test_a_cache_that_cannot_be_written_is_told(target: Target, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MachineError) as error:
        fetch(target, tmp_path / "file", RunLog())
    assert str(error.value) == (
        f"{tmp_path}/file/packages: Not a directory\n"
        "    make room or give the right to write there, or set SCONS_KMOD_CACHE=DIR"
    )


def test_a_machine_without_apt_is_told(target: Target, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(MachineError) as error:
        fetch(target, cache, RunLog())
    assert str(error.value) == (
        "APT linux-headers-: apt-cache can't be started: No such file or directory\n"
        "    a target's packages come from Debian's archive; elsewhere name a prepared kernel tree with KDIR="
    )


RELEASE = "6.12.9+deb12-amd64"


def files(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if not path.is_dir())


def test_of_the_sources_what_the_crates_are_made_of_is_unpacked(archive: Archive, sourced: Target, cache: Path) -> None:
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
    fetch(sourced, cache, RunLog())
    found = fetch(sourced, cache, RunLog(), "source")
    assert files(found.sources) == sorted(wanted)
    assert (found.sources / "rust/helpers/slab.c").read_text() == "text of rust/helpers/slab.c"


def test_sources_that_are_there_take_no_process(archive: Archive, sourced: Target, cache: Path) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    archive.add_sources("6.12.9-1")
    fetch(sourced, cache, RunLog())
    first = fetch(sourced, cache, RunLog(), "source")
    log = RunLog()
    assert fetch(sourced, cache, log, "source") == installed(sourced, cache, "source") == first
    assert log.entries == []


def test_programs_stay_programs_and_times_are_kept(archive: Archive, sourced: Target, cache: Path) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    script, text = tarfile.TarInfo(), tarfile.TarInfo()
    script.mode, script.mtime, text.mode = 0o775, 1_700_000_000, 0o664
    archive.add_sources("6.12.9-1", {"scripts/sh": script, "rust/x": text})
    fetch(sourced, cache, RunLog())
    found = fetch(sourced, cache, RunLog(), "source").sources
    assert [(found / name).stat().st_mode & 0o777 for name in ("scripts/sh", "rust/x")] == [0o755, 0o644]
    assert (found / "scripts/sh").stat().st_mtime == 1_700_000_000


def link(to: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    made = tarfile.TarInfo()
    made.type, made.linkname = kind, to
    return made


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
    fetch(sourced, cache, RunLog())
    found = fetch(sourced, cache, RunLog(), "source")
    assert files(found.root) == ["linux/scripts/dtc/dt.h", "linux/scripts/inside.h"]
    assert (found.sources / "scripts/inside.h").read_text() == "text"


def test_the_sources_are_of_just_the_version_of_the_headers(archive: Archive, sourced: Target, cache: Path) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    for version in ("6.12.9-1", "6.12.9-2", "6.12.10-1"):
        archive.add_sources(version)
    fetch(sourced, cache, RunLog())
    found = fetch(sourced, cache, RunLog(), "source")
    assert found.versions == {"linux-source-6.12": "6.12.9-1"}
    assert (found.sources / "rust/kernel/lib.rs").read_text() == "// 6.12.9-1"


def test_headers_of_another_place_have_sources_of_their_version(archive: Archive, sourced: Target, cache: Path) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    for version in ("6.12.9-1", "6.12.9-2"):
        archive.add_sources(version)
    fetch(sourced, cache, RunLog())
    fetch(sourced, cache, RunLog(), "source")
    headers = Unpacked(Path("/usr/src"), RELEASE, {f"linux-headers-{RELEASE}": "6.12.9-2"})
    assert installed(sourced, cache, "source", headers) is None
    found = fetch(sourced, cache, RunLog(), "source", headers=headers)
    assert (found.sources / "rust/kernel/lib.rs").read_text() == "// 6.12.9-2"


def test_headers_that_were_built_anew_have_sources_of_their_version(
    archive: Archive, sourced: Target, cache: Path
) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    archive.add_sources("6.12.9-1")
    fetch(sourced, cache, RunLog())
    fetch(sourced, cache, RunLog(), "source")
    archive.add_kernel(RELEASE, "6.12.9-2")
    archive.add_sources("6.12.9-2")
    assert fetch(sourced, cache, RunLog(), refresh=True).release == RELEASE
    assert fetch(sourced, cache, RunLog(), "source").versions == {"linux-source-6.12": "6.12.9-2"}


def test_sources_of_another_version_only_are_refused(archive: Archive, sourced: Target, cache: Path) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    archive.add_sources("6.12.10-1")
    fetch(sourced, cache, RunLog())
    with pytest.raises(UserError) as error:
        fetch(sourced, cache, RunLog(), "source")
    assert str(error.value).replace(str(sourced.path), sourced.path.name) == (
        "debian-6.12.toml:19: [packages] source: linux-source-6.12 6.12.9-1 is not in apt's sources (any more):"
        " the crates of this kernel need it\n"
        "    UPDATE=1 takes the newest headers and the sources that fit them, if the archive has moved on"
    )


@pytest.mark.parametrize("damage", [{"usr/src/x": "no archive"}, {"usr/src/linux-source-6.12.tar.xz": "no xz"}])
def test_a_package_without_the_sources_is_told(
    archive: Archive, sourced: Target, cache: Path, damage: dict[str, str]
) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    archive.add("linux-source-6.12", "6.12.9-1", damage)
    fetch(sourced, cache, RunLog())
    with pytest.raises(MachineError, match=r"linux-source-6\.12\S+ (has no kernel sources in it|can't be unpacked: )"):
        fetch(sourced, cache, RunLog(), "source")
    assert installed(sourced, cache, "source") is None


def test_modules_are_those_of_the_headers_in_use(archive: Archive, sourced: Target, cache: Path) -> None:
    for release, version in ((RELEASE, "6.12.9-1"), ("6.12.10+deb12-amd64", "6.12.10-1")):
        archive.add(f"linux-modules-{release}", version, {f"lib/modules/{release}/kernel/x.ko.xz": version})
    archive.add_kernel(RELEASE, "6.12.9-1")
    fetch(sourced, cache, RunLog())
    archive.add_kernel("6.12.10+deb12-amd64", "6.12.10-1")
    found = fetch(sourced, cache, RunLog(), "modules")
    assert [path.read_text() for path in found.modules.rglob("*.ko.xz")] == ["6.12.9-1"]
    log = RunLog()
    assert fetch(sourced, cache, log, "modules") == found
    assert log.entries == []


def test_without_a_package_for_modules_they_are_in_the_image(archive: Archive, target: Target, cache: Path) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    found = fetch(target, cache, RunLog(), "modules")
    assert [path.read_text() for path in found.modules.rglob("*.ko")] == ["a module"]
    image = fetch(target, cache, RunLog(), "image")
    assert image.kernel.read_text() == f"kernel {RELEASE}", "the one does not stand for the other"


def test_modules_that_have_left_the_archive_are_told(archive: Archive, sourced: Target, cache: Path) -> None:
    archive.add_kernel(RELEASE, "6.12.9-1")
    fetch(sourced, cache, RunLog())
    with pytest.raises(UserError) as error:
        fetch(sourced, cache, RunLog(), "modules")
    assert str(error.value) == (
        f"debian-6.12 modules: linux-modules-{RELEASE} is not in apt's sources (any more)\n"
        "    UPDATE=1 takes the newest headers and the modules that fit them, if the archive has moved on"
    )


def test_versions_are_sorted_as_dpkg_sorts_them() -> None:
    ordered = ["1.0~rc1-1", "1.0-1~deb12u1", "1.0-1", "1.0-1+b1", "1.0a-1", "1.0+x-1", "1.9-1", "1.10-1", "1:0.1-1"]
    for earlier, later in itertools.pairwise(ordered):
        assert subprocess.run(["dpkg", "--compare-versions", earlier, "lt", later], check=False).returncode == 0
    backwards = ordered[::-1]
    assert sorted(backwards, key=version_key) == ordered


def test_dependencies_are_read_with_alternatives_and_exact_versions() -> None:
    assert dependencies("a (= 1:2-3), b | c (>= 4), d:any, e") == [
        ("a", "1:2-3"),
        ("b", None),
        ("c", None),
        ("d", None),
        ("e", None),
    ]
