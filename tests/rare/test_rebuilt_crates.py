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


FUNCTION = "extern int misc_register(struct miscdevice *misc);"


def rebuild_bindings(project: OwnProject, tree: Path) -> set[tuple[str, str]]:
    """Let bindgen write the bindings again, and all that reads them be compiled, as in a clean build. What ran."""
    shutil.rmtree(project.target / "kept")
    for path in plan_of(project).objtree.glob("rust/*/*_generated.rs"):
        path.unlink()
    project.scons(f"KDIR={tree}")
    return set(project.ran())


@pytest.mark.parametrize(
    "added",
    [
        "#define KMOD_NEW_CONSTANT 77",
        "enum kmod_new { KMOD_NEW_ENUMERATOR = 77 };",
        "enum { KMOD_NEW_LOOSE = 77 };",
        "typedef int kmod_new_t;\nextern kmod_new_t kmod_new_function(struct miscdevice *misc, struct file *file);",
    ],
)
def test_a_declaration_that_no_rust_code_reaches_runs_digest_alone(
    edited: OwnProject, edited_kernel: Path, added: str
) -> None:
    path = srctree(open_tree(edited_kernel)) / "include/linux/miscdevice.h"
    kos = edited.modules()
    with changed(path, path.read_text().replace(FUNCTION, f"{added}\n{FUNCTION}", 1)):
        edited.scons(f"KDIR={edited_kernel}")
        assert set(edited.ran()) == {("DIGEST", "bindings_generated")}
        assert ("RUSTC", "kernel") in rebuild_bindings(edited, edited_kernel)
        assert edited.modules() == kos, "old bindings give the modules of new ones"
    edited.scons(f"KDIR={edited_kernel}")


def test_a_name_that_is_new_in_a_module(edited: OwnProject, edited_kernel: Path) -> None:
    header = srctree(open_tree(edited_kernel)) / "include/linux/miscdevice.h"
    source = edited.path / "modules/rust_minimal/rust_minimal.rs"
    module = {("RUSTC", "rust_minimal.o"), ("OBJTOOL", "rust_minimal.o")}
    bindings = {("BINDGEN", "bindings_generated"), ("RUSTC", "bindings"), ("RUSTC", "kernel")}
    # The tests before have edited headers that bindgen then had no need to read again.
    rebuild_bindings(edited, edited_kernel)
    with changed(source, f"{source.read_text()}\nconst _: u32 = kernel::bindings::WATCHDOG_MINOR;\n"):
        edited.scons(f"KDIR={edited_kernel}")
        ran = set(edited.ran())
        assert ("DIGEST", "bindings_generated") in ran
        assert {step for step in ran if step[0] in ("BINDGEN", "RUSTC")} == {("RUSTC", "rust_minimal.o")}
        # Now it counts what this name means.
        with changed(header, header.read_text().replace("WATCHDOG_MINOR\t\t130", "WATCHDOG_MINOR\t\t131", 1)):
            edited.scons(f"KDIR={edited_kernel}")
            assert bindings | module <= set(edited.ran())
        edited.scons(f"KDIR={edited_kernel}")
        with changed(header, header.read_text().replace(FUNCTION, f"#define KMOD_NEW 7\n{FUNCTION}", 1)):
            edited.scons(f"KDIR={edited_kernel}")
            assert set(edited.ran()) == {("DIGEST", "bindings_generated")}
            # The bindings lack this name until somebody uses it.
            with changed(source, f"{source.read_text()}\nconst _: u32 = kernel::bindings::KMOD_NEW;\n"):
                edited.scons(f"KDIR={edited_kernel}")
                assert bindings | module <= set(edited.ran())
    edited.scons(f"KDIR={edited_kernel}")


def test_code_of_the_bindings_that_can_panic_comes_before_all_declarations(edited: OwnProject) -> None:
    # A panic message has a column of the bindings' single line. Declarations that nobody reaches shift what is after
    # them. So that code has no arithmetic that overflows, no index, and no macro that panics.
    bindings = (plan_of(edited).objtree / "rust/bindings/bindings_generated.rs").read_text()
    first = re.search(r"\bpub const \w+ :", bindings)
    assert first
    assert "__BindgenBitfieldUnit <" in bindings[: first.start()]
    shifted = re.sub(r'b?"(?:\\.|[^"\\])*"', '""', bindings[first.start() :])
    for code in (r"\w (\+|/|%|<<|>>) [\w(]", r"\) \[", r"\w \[(?![\w: ]+;)", r"\. (unwrap|expect) \("):
        assert not re.search(code, shifted)
    assert set(re.findall(r"\b(\w+) ! [({\[]", shifted)) <= {"addr_of", "addr_of_mut"}


def test_another_checkout_imports_the_crates(edited: OwnProject, edited_kernel: Path, tmp_path: Path) -> None:
    other = OwnProject(tmp_path / "other")
    write_samples(other)
    other.scons(f"KDIR={edited_kernel}")
    steps = {step for step in other.ran() if step[0] in ("RUSTC", "BINDGEN", "DIGEST", "CPP", "TARGET")}
    assert steps <= {*((("RUSTC", f"{name}.o")) for name in MODULES), ("CPP", "module headers")}
    assert other.modules() == edited.modules()


def test_an_edited_helper_reaches_the_bindings(edited: OwnProject, edited_kernel: Path) -> None:
    first = "__rust_helper void rust_helper_mutex_lock("
    edit = (first, f"__rust_helper void rust_helper_kmod_lock(struct mutex *lock)\n{{\n}}\n\n{first}")
    ran = after(edited, edited_kernel, "rust/helpers/mutex.c", edit)
    assert {("BINDGEN", "bindings_helpers_generated"), ("RUSTC", "bindings"), ("RUSTC", "kernel")} <= ran
    assert ("BINDGEN", "uapi_generated") not in ran
