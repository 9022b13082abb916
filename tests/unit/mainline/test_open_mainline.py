# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import pytest
from miniature import target, write

from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.kernel_packages.unpack import UnpackedPackages
from scons_kmod.distro.sysroot import System
from scons_kmod.distro.target_file import Target, read_target
from scons_kmod.kernel.cmd_file import SavedCommand
from scons_kmod.kernel.kernel_tree import open_tree
from scons_kmod.mainline.open_mainline import check_symbol_names, config_overrides, kernel_sources, open_mainline
from scons_kmod.mainline.plan import CratePlan
from scons_kmod.mainline.plan_trees import Question
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.provider import Provider

TARGETS = Path(__file__).resolve().parents[3] / "targets"
RELEASE = "6.12.117+deb13-amd64"
# It names a function of the crate `kernel` as it would be named by a rustc of its own.
RUSTC = """\
#!/bin/sh
while [ "$1" != -o ]; do shift; done
echo "	.globl _RNvCsDISAMBIGUATOR_6kernel5probe" >"$2"
"""
DISAMBIGUATOR = "0x1\t_RNvMs_NtCsDISAMBIGUATOR_6kernel5errorNtB4_5Error8to_errno\tvmlinux\tEXPORT_SYMBOL_GPL\t\n"


class Kernel:
    """A target for a kernel that was built with Rust, and a rustc."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        build_target = target(directory)
        self.tree = build_target.tree.path
        write(self.tree / "include/generated/utsrelease.h", f'#define UTS_RELEASE "{RELEASE}"\n')
        self.configure('CONFIG_RUST=y\nCONFIG_RUSTC_VERSION_TEXT="rustc 1.85.0 (x)"\n')
        self.exports(DISAMBIGUATOR)
        path = str(write(directory / "rustc", RUSTC.replace("DISAMBIGUATOR", "123"), 0o755))
        self.toolchain = dataclasses.replace(
            build_target.toolchain, rustc=dataclasses.replace(build_target.toolchain.rustc, path=path)
        )
        self.build_target = build_target
        # The probe of Kbuild has made it.
        (build_target.build / "config").mkdir(parents=True)
        self.log = RunLog()

    def configure(self, text: str) -> None:
        config = self.tree / "include/config/auto.conf"
        config.write_text(config.read_text() + text)

    def exports(self, text: str) -> None:
        """Let the kernel export these symbols, besides those of C."""
        write(
            self.tree / "Module.symvers",
            f"0x2\t_printk\tvmlinux\tEXPORT_SYMBOL\t\n{text}".replace("DISAMBIGUATOR", "123"),
        )
        time.sleep(0.03)  # so that it is older than the question

    def target(self, **changes: object) -> BuildTarget:
        return dataclasses.replace(self.build_target, tree=open_tree(self.tree), toolchain=self.toolchain, **changes)

    def preflight(self, **changes: object) -> list[str]:
        """Check, and tell which steps ran."""
        self.log = RunLog()
        check_symbol_names(self.target(**changes), self.log)
        return [entry.step for entry in self.log.entries]


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path)


@pytest.fixture
def description() -> Target:
    return read_target(TARGETS / "debian-6.12-trixie.toml")


def test_a_rustc_whose_symbols_the_kernel_has_is_right(kernel: Kernel) -> None:
    assert kernel.preflight() == ["PREFLIGHT"]
    assert kernel.preflight() == [], "the answer is kept"


def test_a_rustc_whose_symbols_the_kernel_lacks_is_refused(kernel: Kernel) -> None:
    kernel.exports(
        DISAMBIGUATOR.replace("DISAMBIGUATOR", "456") + DISAMBIGUATOR.replace("DISAMBIGUATOR_6kernel", "123_4core")
    )
    with pytest.raises(MachineError) as error:
        kernel.preflight()
    assert str(error.value) == (
        f"debian-6.12: {kernel.directory}/rustc: this kernel was built by rustc 1.85.0 (x); modules by rustc 1.96.0"
        " would not find its symbols\n"
        "    use the rustc that built the kernel: the package rustc of its release, or a [sysroot] with it"
    )
    with pytest.raises(MachineError):
        kernel.preflight()


def test_another_kernel_or_another_rustc_is_checked_again(kernel: Kernel) -> None:
    kernel.preflight()
    kernel.exports(DISAMBIGUATOR + DISAMBIGUATOR.replace("error", "types"))
    assert kernel.preflight() == ["PREFLIGHT"]
    rustc = dataclasses.replace(kernel.toolchain.rustc, digest="another", path=str(kernel.directory / "other"))
    write(kernel.directory / "other", RUSTC.replace("DISAMBIGUATOR", "789"), 0o755)
    kernel.toolchain = dataclasses.replace(kernel.toolchain, rustc=rustc)
    with pytest.raises(MachineError):
        kernel.preflight()


def test_a_kernel_that_exports_nothing_of_rust_has_nothing_to_miss(kernel: Kernel) -> None:
    kernel.exports("")
    assert kernel.preflight() == ["PREFLIGHT"]


def test_a_kernel_without_rust_is_not_checked(kernel: Kernel) -> None:
    kernel.configure("CONFIG_RUST=n\n")
    kernel.exports(DISAMBIGUATOR.replace("DISAMBIGUATOR", "456"))
    assert kernel.preflight() == []


def test_rustc_is_asked_in_the_sysroot(kernel: Kernel) -> None:
    enter = write(kernel.directory / "enter", f'#!/bin/sh\necho "$1" >{kernel.directory}/entered\nexec "$@"\n', 0o755)
    kernel.preflight(system=System(kernel.directory, (str(enter),)))
    assert (kernel.directory / "entered").read_text() == f"{kernel.directory}/rustc\n"


@pytest.mark.parametrize("name", ["tree", "rebuilt"])
def test_a_kernel_with_rust_is_as_it_is_configured(kernel: Kernel, name: str) -> None:
    assert config_overrides(kernel.target(provider=Provider(name)), kernel.tree) == ()


def test_a_kernel_without_rust_is_taken_as_it_would_be_with_it(kernel: Kernel) -> None:
    assert config_overrides(kernel.target(provider=Provider("carried")), kernel.tree) == (
        ("CONFIG_RUST", "y"),
        ("CONFIG_RUST_IS_AVAILABLE", "y"),
        ("CONFIG_RUST_OVERFLOW_CHECKS", "y"),
        ("CONFIG_RUSTC_VERSION", "109600"),
    )


def test_crates_of_what_the_kernel_has_are_there(kernel: Kernel, tmp_path: Path) -> None:
    names = ("SMP", "NOWHERE")
    lines = "".join(f"#[cfg(CONFIG_RUST_{name}_ABSTRACTIONS)]\n" for name in names)
    write(tmp_path / "rust/kernel/lib.rs", lines)
    assert kernel.target().tree.enabled("CONFIG_SMP")
    found = dict(config_overrides(kernel.target(provider=Provider("carried")), tmp_path))
    assert found["CONFIG_RUST_SMP_ABSTRACTIONS"] == "y"
    assert "CONFIG_RUST_NOWHERE_ABSTRACTIONS" not in found


@pytest.mark.parametrize(
    ("version", "number"), [("1.96.1", "109601"), ("1.85.0", "108500"), ("1.100.0-nightly", "110000")]
)
def test_rustcs_version_is_as_kconfig_writes_it(kernel: Kernel, version: str, number: str) -> None:
    rustc = dataclasses.replace(kernel.toolchain.rustc, version=version)
    kernel.toolchain = dataclasses.replace(kernel.toolchain, rustc=rustc)
    found = dict(config_overrides(kernel.target(provider=Provider("carried")), kernel.tree))
    assert found["CONFIG_RUSTC_VERSION"] == number


def recorded_sources(kernel: Kernel, version: str) -> Path:
    """Sources of this version in the cache, as a fetch leaves them."""
    packages = kernel.build_target.cache / "packages/debian-6.12-trixie" / RELEASE
    (packages / "digest/linux").mkdir(parents=True)
    record = {"release": RELEASE, "root": "digest", "versions": {"linux-source-6.12": version}}
    write(packages / "source.json", json.dumps(record))
    return packages / "digest/linux"


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, UnpackedPackages]]:
    """What was to be fetched, and for which headers: as if it were then in /fetched."""
    asked: list[tuple[str, UnpackedPackages]] = []

    def fetch(_: Target, __: Path, ___: RunLog, what: str, *, headers: UnpackedPackages) -> UnpackedPackages:
        asked.append((what, headers))
        return UnpackedPackages(Path("/fetched"), RELEASE, {})

    monkeypatch.setattr("scons_kmod.mainline.open_mainline.fetch_packages", fetch)
    return asked


@pytest.fixture
def packaged(kernel: Kernel) -> Kernel:
    """The kernel, from a package of Debian's."""
    write(kernel.tree / "include/generated/package.h", '#define LINUX_PACKAGE_ID " Debian 6.12.117-1"\n')
    return kernel


def test_sources_in_the_tree_itself_are_taken(
    kernel: Kernel, description: Target, fetched: list[tuple[str, UnpackedPackages]]
) -> None:
    recorded_sources(kernel, "6.12.117-1")
    write(kernel.tree / "rust/kernel/lib.rs", "")
    assert kernel_sources(kernel.target(), description, RunLog()) == kernel.tree
    assert fetched == []


def test_sources_that_were_fetched_are_taken(
    packaged: Kernel, description: Target, fetched: list[tuple[str, UnpackedPackages]]
) -> None:
    there = recorded_sources(packaged, "6.12.117-1")
    assert kernel_sources(packaged.target(), description, RunLog()) == there
    assert fetched == []


def test_sources_are_fetched_of_the_version_that_the_tree_says_it_is_of(
    packaged: Kernel, description: Target, fetched: list[tuple[str, UnpackedPackages]]
) -> None:
    recorded_sources(packaged, "6.12.117-2")
    assert kernel_sources(packaged.target(), description, RunLog()) == Path("/fetched/linux")
    ((what, headers),) = fetched
    assert what == "source"
    assert headers.versions == {f"linux-headers-{RELEASE}": "6.12.117-1"}
    assert headers.release == RELEASE


class Asked:
    """What a plan was asked with."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.questions: list[Question] = []
        monkeypatch.setattr("scons_kmod.mainline.open_mainline.crate_plan", self.plan)

    def plan(self, question: Question, _: RunLog) -> CratePlan:
        self.questions.append(question)
        return CratePlan(question.srctree, question.objtree, (), SavedCommand((), (), ""), False)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(monkeypatch)


def test_a_tree_with_crates_needs_no_sources(
    kernel: Kernel, description: Target, asked: Asked, fetched: list[tuple[str, UnpackedPackages]]
) -> None:
    known = open_mainline(kernel.target(provider=Provider("tree")), description, RunLog())
    (question,) = asked.questions
    assert (question.has_crates, question.overrides, fetched) == (True, (), [])
    assert known.plan.objtree == kernel.tree


@pytest.mark.usefixtures("fetched")
def test_crates_are_asked_for_with_the_users_flags(kernel: Kernel, description: Target, asked: Asked) -> None:
    build_target = kernel.target(provider=Provider("carried"), krustflags=("--cfg=mine",))
    assert open_mainline(build_target, description, RunLog()).target is build_target
    (question,) = asked.questions
    assert (question.sources, question.krustflags) == (Path("/fetched/linux"), ("--cfg=mine",))
    assert question.overrides == config_overrides(build_target, question.sources)
    assert question.objtree == build_target.build / "kernel-rust/objects"


def test_a_rustc_that_did_not_build_the_kernel_is_an_error_before_anything_is_fetched(
    kernel: Kernel, description: Target, asked: Asked, fetched: list[tuple[str, UnpackedPackages]]
) -> None:
    kernel.exports(DISAMBIGUATOR.replace("DISAMBIGUATOR", "456"))
    with pytest.raises(MachineError):
        open_mainline(kernel.target(provider=Provider("rebuilt")), description, RunLog())
    assert (fetched, asked.questions) == ([], [])
