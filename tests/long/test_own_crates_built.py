# SPDX-License-Identifier: MIT
"""Modules of several crates: what an edit of one makes run, and what is said of crates that can't be built.

The edits add up, as in test_table.py: a clean build after the last of them is the reference for all; with
--after-each-row there is one after each.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkout import Checkout, OwnProject

MODULES = ("rust_crates", "rust_shared_a", "rust_shared_b")
ROOT = """\
#![no_std]
use kernel::prelude::*;
module! { type: M, name: b"m", author: b"x", description: b"x", license: b"GPL v2", }
struct M;
impl KernelModule for M {
    fn init() -> Result<Self> {
        pr_info!("{} {}\\n", a::f(), b::f());
        Ok(M)
    }
}
"""
MANIFEST = (
    '[module]\nname = "m"\nroot = "m.rs"\nedition = "2021"\n[crates.a]\npath = "a.rs"\n[crates.b]\npath = "b.rs"\n'
)
CRATE = "#![no_std]\npub fn f() -> u32 { 1 }\n"
SYMBOL = '#![no_std]\n#[no_mangle]\npub extern "C" fn kmod_twice() -> u32 { 1 }\npub fn f() -> u32 { kmod_twice() }\n'


class Crates(Checkout):
    """The modules, and where they are built from nothing."""

    def __init__(self, directory: Path, *, after_each: bool) -> None:
        super().__init__(directory / "kept", (*MODULES, "shared_crate"))
        self.after_each = after_each
        self.clean = directory / "clean"
        self.scons()

    def after(self, name: str, old: str, new: str) -> tuple[set[str], set[str]]:
        """What rustc compiles after an edit, and which modules change. These are linked again, and no others."""
        path = self.path / "modules" / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        before = self.modules()
        self.scons()
        now, ran = self.modules(), self.ran()
        changed = {name.removesuffix(".ko") for name in now if now[name] != before[name]}
        assert {unit.removesuffix(".ko") for step, unit in ran if step == "LD [M]"} == changed
        assert {unit.removesuffix(".o") for step, unit in ran if step == "LD"} == changed
        if self.after_each:
            self.check_with_a_clean_build()
        return {unit for step, unit in ran if step == "RUSTC"}, changed

    def check_with_a_clean_build(self) -> None:
        shutil.rmtree(self.clean, ignore_errors=True)
        shutil.copytree(self.path, self.clean, ignore=shutil.ignore_patterns("build"))
        reference = Checkout(self.clean, (), copy=False)
        reference.scons()
        assert reference.modules() == self.modules()


@pytest.fixture(scope="module")
def crates(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crates]:
    directory = tmp_path_factory.mktemp("crates")
    yield Crates(directory, after_each=pytestconfig.getoption("--after-each-row"))
    shutil.rmtree(directory)


def test_a_library_is_compiled_once_for_both_modules(crates: Crates) -> None:
    ran = [unit for step, unit in crates.ran() if step == "RUSTC"]
    assert ran.count("libraries/shared_crate.o") == 1
    assert {"rust_crates/libspelling.rlib", "rust_crates/spelling.o"} <= set(ran), "it is needed both ways"
    crates.scons()
    assert crates.ran() == []


def test_no_path_of_the_machine_is_in_a_module(crates: Crates) -> None:
    for path in (crates.target / "modules").glob("*/*.ko"):
        assert str(crates.path.parent).encode() not in path.read_bytes()


def test_a_private_function_compiles_its_crate_and_those_that_use_it(crates: Crates) -> None:
    compiled, changed = crates.after("rust_crates/checksum/lib.rs", "    place\n", "    place + 1\n")
    assert compiled == {"rust_crates/checksum.o", "rust_crates.o"}
    assert changed == {"rust_crates"}


def test_what_comes_out_the_same_is_not_linked(crates: Crates) -> None:
    unused = "fn spare(bits: Bits) -> Bits {\n    bits\n}\n\nimpl Bits {"
    compiled, changed = crates.after("rust_crates/vendor/tiny_bits/src/lib.rs", "impl Bits {", unused)
    assert compiled == {"rust_crates/tiny_bits.o", "rust_crates/checksum.o", "rust_crates.o"}
    assert not changed


def test_an_inline_function_reaches_the_crate_that_calls_it(crates: Crates) -> None:
    object_file = crates.target / "modules/rust_crates/crate/rust_crates.o"
    before = object_file.read_bytes()
    compiled, changed = crates.after("rust_crates/checksum/lib.rs", "bytes[place]", "bytes[place] ^ 1")
    assert compiled == {"rust_crates/checksum.o", "rust_crates.o"}
    assert changed == {"rust_crates"}
    assert object_file.read_bytes() != before


def test_a_changed_feature_compiles_its_crate(crates: Crates) -> None:
    compiled, changed = crates.after("rust_crates/module.toml", '["weighted"]', "[]")
    assert compiled == {"rust_crates/checksum.o", "rust_crates.o"}
    assert changed == {"rust_crates"}


def test_a_proc_macro_that_gives_the_same_links_nothing(crates: Crates) -> None:
    edit = ("fn is_enum(", "fn _spare() {}\n\nfn is_enum(")
    compiled, changed = crates.after("rust_crates/names/lib.rs", *edit)
    assert compiled == {"rust_crates/libnames.so", "rust_crates/tally.o", "rust_crates.o"}
    assert not changed


def test_a_proc_macro_that_gives_something_else_changes_the_module(crates: Crates) -> None:
    _, changed = crates.after("rust_crates/names/lib.rs", "=> {:?},", "=> stringify!({:?}),")
    assert changed == {"rust_crates"}


def test_a_crate_that_is_needed_both_ways_is_compiled_both_ways(crates: Crates) -> None:
    compiled, changed = crates.after("rust_crates/spelling/lib.rs", "= '-'", "= '_'")
    assert {"rust_crates/libspelling.rlib", "rust_crates/libnames.so", "rust_crates/spelling.o"} <= compiled
    assert changed == {"rust_crates"}


def test_a_library_reaches_all_modules_that_are_linked_with_it(crates: Crates) -> None:
    compiled, changed = crates.after("shared_crate/lib.rs", "(b, a + b)", "(b, a + b + 1)")
    assert compiled == {"libraries/shared_crate.o", "rust_shared_a.o", "rust_shared_b.o"}
    assert changed == {"rust_shared_a", "rust_shared_b"}


def test_an_inline_function_of_a_library_changes_the_modules_that_call_it(crates: Crates) -> None:
    compiled, changed = crates.after("shared_crate/lib.rs", "size_of::<[T; 2]>", "size_of::<[T; 3]>")
    assert compiled == {"libraries/shared_crate.o", "rust_shared_a.o", "rust_shared_b.o"}
    assert changed == {"rust_shared_b"}


def test_an_edition_of_the_modules_own_crate(crates: Crates) -> None:
    compiled, _ = crates.after("rust_crates/module.toml", '= "2021"\ncfg', '= "2024"\ncfg')
    assert compiled == {"rust_crates.o"}


def test_all_is_as_a_clean_build_makes_it(crates: Crates) -> None:
    crates.check_with_a_clean_build()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> OwnProject:
    project = OwnProject(tmp_path_factory.mktemp("project"))
    project.module("m", {"m.rs": ROOT, "a.rs": CRATE, "b.rs": CRATE}, MANIFEST)
    project.scons()
    return project


def complaint(project: OwnProject, *, crate: str = CRATE, manifest: str = MANIFEST) -> str:
    """What is said with this text of the crate `b`, or this manifest."""
    directory = project.path / "modules/m"
    (directory / "b.rs").write_text(crate)
    (directory / "module.toml").write_text(manifest)
    done: subprocess.CompletedProcess[str] = project.scons("-Q", check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    return done.stderr.replace(f"{project.path}/", "")


@pytest.mark.parametrize(
    "crate",
    [
        "pub fn f() -> u32 { 1 }\n",
        "#![no_std]\nextern crate std;\npub fn f() -> u32 { 1 }\n",
        "#![no_std]\nuse std::fmt;\npub fn f() -> u32 { 1 }\n",
    ],
)
def test_a_crate_that_needs_std(project: OwnProject, crate: str) -> None:
    said = complaint(project, crate=crate)
    assert "\nstep error: RUSTC m/b.o: exit status 1\n" in said
    assert "\n    a kernel has no std: write #![no_std] in the crate and use core and alloc" in said


def test_a_vendored_crate_that_needs_std_by_default(project: OwnProject) -> None:
    vendored = project.path / "modules/m/vendor/v"
    (vendored / "src").mkdir(parents=True)
    (vendored / "src/lib.rs").write_text('#![cfg_attr(not(feature = "std"), no_std)]\npub fn f() -> u32 { 1 }\n')
    (vendored / "Cargo.toml").write_text('[package]\nname = "v"\n[features]\ndefault = ["std"]\nstd = []\n')
    text = f'{MANIFEST}[crates.v]\npath = "vendor/v"\n'
    said = complaint(project, manifest=text)
    assert "\nstep error: RUSTC m/v.o: " in said
    assert "turn it off: default-features = false\n" in said
    (project.path / "modules/m/module.toml").write_text(f"{text}default-features = false\n")
    project.scons()
    assert ("RUSTC", "m/v.o") in project.ran()


def test_two_crates_that_define_the_same_symbol(project: OwnProject) -> None:
    (project.path / "modules/m/a.rs").write_text(SYMBOL)
    said = complaint(project, crate=SYMBOL)
    (project.path / "modules/m/a.rs").write_text(CRATE)
    assert "step error: LD m.o: " in said
    assert "\n    b and a both define kmod_twice: rename it in one of them, or leave out #[no_mangle]\n" in said


def test_a_crate_and_c_that_define_the_same_symbol(project: OwnProject) -> None:
    text = "unsigned int kmod_twice(void);\nunsigned int kmod_twice(void) { return 2; }\n"
    (project.path / "modules/m/c.c").write_text(text)
    said = complaint(project, crate=SYMBOL, manifest=f'{MANIFEST}[c]\nsources = ["c.c"]\n')
    assert "step error: LD m.o: " in said
    assert " both define kmod_twice: rename it in one of them" in said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            'crates = ["a"]\n[crates.c]\npath = "b.rs"\ncrates = ["c"]\n',
            "[crates] c: these crates need each other: c -> c",
        ),
        ('crates = ["tiny"]\n', "[crates] b: it needs the crate 'tiny', which does not exist"),
        ('[crates.c]\npath = "vendor/none"\n', "[crates.c] path: vendor/none does not exist"),
        ('[crates.core]\npath = "b.rs"\n', "'core' is a crate of the kernel or of the compiler"),
        ('[crates.m]\npath = "b.rs"\n', "[crates] m: 'm' is the module's own crate"),
        (
            '[crates.v]\npath = "vendor/v"\nfeatures = ["more"]\n',
            "[crates.v] features: the crate has no feature 'more'",
        ),
    ],
)
def test_a_manifest_that_can_not_be_built(project: OwnProject, more: str, said: str) -> None:
    assert said in complaint(project, manifest=MANIFEST + more)


def test_the_error_is_gone_with_its_cause(project: OwnProject) -> None:
    (project.path / "modules/m/b.rs").write_text(CRATE)
    (project.path / "modules/m/module.toml").write_text(MANIFEST)
    project.scons()
    (ko,) = project.modules()
    assert ko == "m.ko"
