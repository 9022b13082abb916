# SPDX-License-Identifier: MIT
"""The crates of a kernel that has them in it, rebuilt: their symbols, and what an edit makes run."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from checkout import PROJECT, OwnProject
from long.test_samples import MANIFEST, sources_of
from scons_kmod.base.directories import cache_directory
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.kernel_packages.download import fetched_packages
from scons_kmod.distro.sysroot import open_system
from scons_kmod.distro.target_file import read_target
from scons_kmod.kernel.kbuild import srctree
from scons_kmod.kernel.kernel_tree import open_tree
from scons_kmod.kernel.rustc import RUSTC_ENVIRONMENT
from scons_kmod.mainline.mainline import emitted_paths
from scons_kmod.mainline.plan import CratePlan, plan_from_json

TARGET = read_target(PROJECT / "targets/debian-7.2.toml")
MODULES = ("rust_minimal", "rust_misc_device")


def write_samples(project: OwnProject) -> None:
    samples = sources_of(TARGET.name) / "samples/rust"
    for name in MODULES:
        project.module(name, {f"{name}.rs": samples / f"{name}.rs"}, MANIFEST.format(name=name))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> OwnProject:
    """Two samples on Debian's 7.2."""
    project = OwnProject(tmp_path_factory.mktemp("rebuilt"))
    write_samples(project)
    project.scons(f"TARGET={TARGET.name}")
    return project


def plan_of(project: OwnProject) -> CratePlan:
    return plan_from_json(json.loads((project.target / "kernel-rust/plan.json").read_text())["answer"])


def code_of(plan: CratePlan, name: str, object_file: Path) -> set[str]:
    """The symbols that a crate would have in the kernel: it is compiled with its code, and the kernel's flags."""
    (rule,) = (rule for rule in plan.rules if rule.output == f"rust/{name}.o")
    part = rule.commands[0]
    emitted = dict(emitted_paths(part.programs[0]))
    args = [arg for arg in part.programs[0][1:] if not arg.startswith("--emit=") and "dep_depinfo" not in arg]
    assert emitted["obj"] == rule.output
    system = open_system(TARGET, cache_directory(), (), RunLog())
    env = dict((*RUSTC_ENVIRONMENT, *part.env))
    RunLog().inside(system.enter_args).run(
        ["rustc", *args, f"--emit=obj={object_file},metadata={object_file}.rmeta"],
        step="RUSTC",
        unit=name,
        cwd=plan.objtree,
        env=env,
    )
    with object_file.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        return {
            symbol.name
            for symbol in table.iter_symbols()
            if symbol["st_info"]["bind"] == "STB_GLOBAL" and symbol["st_shndx"] != "SHN_UNDEF"
        }


def test_every_rust_export_of_the_kernel_is_a_symbol_of_the_crates(project: OwnProject, tmp_path: Path) -> None:
    plan = plan_of(project)
    lines = (plan.objtree / "Module.symvers").read_text().splitlines()
    exported = {line.split("\t")[1] for line in lines}
    wanted = {name for name in exported if name.startswith(("_R", "rust_helper_"))}
    defined = {
        symbol for name in ("core", "bindings", "kernel") for symbol in code_of(plan, name, tmp_path / f"{name}.o")
    }
    helpers = (plan.objtree / "rust/bindings/bindings_helpers_generated.rs").read_text()
    defined |= set(re.findall(r'link_name\s*=\s*"(rust_helper_\w+)"', helpers))
    assert wanted - defined == set()
    print(f"{len(wanted)} of {len(wanted)} Rust exports are matched")
    assert len(wanted) > 1000


@pytest.fixture(scope="module")
def edited_kernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the headers with the kernel's Rust sources in it, as a source tree has them."""
    sources = sources_of(TARGET.name)
    there = fetched_packages(TARGET, cache_directory())
    assert there
    root = tmp_path_factory.mktemp("kernel") / "root"
    shutil.copytree(there.root, root, symlinks=True)
    tree = root / there.kernel_tree.relative_to(there.root)
    shutil.copytree(sources, srctree(open_tree(tree)), symlinks=True, dirs_exist_ok=True)
    return tree


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory, edited_kernel: Path) -> OwnProject:
    """The same samples, built for that tree."""
    project = OwnProject(tmp_path_factory.mktemp("edited"))
    write_samples(project)
    project.scons(f"KDIR={edited_kernel}")
    return project


@contextmanager
def changed(path: Path, text: str) -> Iterator[None]:
    before = path.read_text()
    path.write_text(text)
    yield
    path.write_text(before)


def after(project: OwnProject, tree: Path, name: str, edit: tuple[str, str]) -> set[tuple[str, str]]:
    """What runs after an edit of a kernel's file; and no .ko changes, nor is any linked."""
    path = srctree(open_tree(tree)) / name
    kos = project.modules()
    times = {path: path.stat().st_mtime_ns for path in project.target.glob("modules/*/*.ko")}
    text = path.read_text()
    assert edit[0] in text
    with changed(path, text.replace(*edit, 1)):
        project.scons(f"KDIR={tree}")
        ran = set(project.ran())
        assert project.modules() == kos
        assert {path: path.stat().st_mtime_ns for path in times} == times
    project.scons(f"KDIR={tree}")
    return ran


def test_a_comment_in_a_header_runs_nothing(edited: OwnProject, edited_kernel: Path) -> None:
    edit = ("#define _LINUX_FS_H", "#define _LINUX_FS_H /* a comment\n of two lines */")
    assert after(edited, edited_kernel, "include/linux/fs.h", edit) == set()


def test_a_comment_in_a_wrapper_links_no_module(edited: OwnProject, edited_kernel: Path) -> None:
    edit = ("GPL-2.0\n", "GPL-2.0\n// A comment.\n")
    ran = after(edited, edited_kernel, "rust/kernel/rbtree.rs", edit)
    compiled = {(step, f"{name}.o") for name in MODULES for step in ("RUSTC", "OBJTOOL")}
    assert ran <= {("RUSTC", "kernel"), *compiled}
    assert ("RUSTC", "kernel") in ran


def test_a_comment_in_a_wrapper_that_shifts_no_line_runs_nothing(edited: OwnProject, edited_kernel: Path) -> None:
    edit = ("GPL-2.0\n", "GPL-2.0, and a comment\n")
    assert after(edited, edited_kernel, "rust/kernel/rbtree.rs", edit) == set()


def test_a_constant_that_nobody_uses_links_no_module(edited: OwnProject, edited_kernel: Path) -> None:
    edit = ("#define _LINUX_LIST_H", "#define _LINUX_LIST_H\n#define KMOD_NEW_CONSTANT 77")
    ran = after(edited, edited_kernel, "include/linux/list.h", edit)
    assert ("BINDGEN", "bindings_generated") in ran
    assert not {step for step, _ in ran} & {"LD [M]", "MODPOST"}


def test_an_edited_helper_reaches_the_bindings(edited: OwnProject, edited_kernel: Path) -> None:
    first = "__rust_helper void rust_helper_mutex_lock("
    edit = (first, f"__rust_helper void rust_helper_kmod_lock(struct mutex *lock)\n{{\n}}\n\n{first}")
    ran = after(edited, edited_kernel, "rust/helpers/mutex.c", edit)
    assert {("BINDGEN", "bindings_helpers_generated"), ("RUSTC", "bindings"), ("RUSTC", "kernel")} <= ran
    assert ("BINDGEN", "uapi_generated") not in ran
