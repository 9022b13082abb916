# SPDX-License-Identifier: MIT
"""For each kind of edit: what runs, which modules are linked again, and that all are what a clean build makes.

The tests of this file go one after the other, on one kernel tree and one checkout whose edits add up; so a clean build
after the last of them is the reference for all; with --after-each-row there is one after each build.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkout import PROJECT
from edit_table import Table
from oracle_edits import before_the_end
from scons_kmod.engine.archive import read_archive
from scons_kmod.engine.file_version import FileVersion
from scons_kmod.engine.trace import Traces
from scons_kmod.manifest.manifest import BUNDLED
from scons_kmod.manifest.project import find_project
from scons_kmod.manifest.sections.exports import Exports

# Those to the kernel's own crates have a table of their own: test_rebuilt_crates.py
PROJECTS = find_project([PROJECT / "modules"])
ALL = tuple(module.name for module in PROJECTS.modules if module.api == BUNDLED)
LIBRARIES = tuple(PROJECTS.libraries)
C_MODULES = ("c_one", "c_two")
# Those that export something, be it in C.
EXPORTING = {
    *C_MODULES,
    *(module.name for module in PROJECTS.modules if module.api == BUNDLED and module.exports != Exports()),
}
# What may run for a header's declarations, and what for its text.
GATE = {"DIGEST"}
C_CODE = {"CC", "CC [M]", "SYMVER", "CPP", "PCH", "AR", "LD", "OBJTOOL"}


@pytest.fixture(scope="module")
def table(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    directory = tmp_path_factory.mktemp("table")
    after_each = pytestconfig.getoption("--after-each-row")
    yield Table(directory, (*ALL, *LIBRARIES), C_MODULES, after_each=after_each)
    shutil.rmtree(directory)


def test_a_tree_at_a_path_has_a_build_folder_of_its_own(table: Table) -> None:
    assert table.checkout.target.name == "kdir-" + table.tree.name.removeprefix("linux-headers-")


def test_nothing_and_a_touch_of_everything_run_nothing(table: Table) -> None:
    assert table.build() == (set(), set())
    headers = (table.common / "include/linux").glob("*.h")
    sources = (path for name in ("rust", "kernel", "modules") for path in table.source(name).rglob("*.*"))
    for path in (*headers, *sources):
        os.utime(path)
    assert table.build() == (set(), set())


def test_a_comment_in_a_header_runs_nothing(table: Table) -> None:
    fs = table.header("linux/fs.h")
    table.edit(fs, lambda text: text.replace("struct file_operations {", "struct file_operations { /* here */", 1))
    assert table.build() == (set(), set())


def test_lines_that_shift_in_a_header_run_only_c_code_that_may_see_them(table: Table) -> None:
    table.edit(table.header("linux/fs.h"), lambda text: f"/* A comment that\n * moves every line. */\n\n{text}")
    ran, linked = table.build()
    assert ran <= {"CC [M]", "SYMVER", "OBJTOOL"}
    assert not linked


def test_a_declaration_that_nobody_reaches_ends_at_the_fingerprint(table: Table) -> None:
    more = "#define NOBODY 7\nint nobody(struct file *file);\nstruct nobody { int a; };\n"
    table.edit(table.header("linux/fs.h"), lambda text: before_the_end(text, more))
    ran, linked = table.build()
    assert GATE <= ran <= GATE | C_CODE
    assert not linked


def test_a_macro_of_what_modpost_writes_relinks_only_modules_that_it_writes_it_for(table: Table) -> None:
    table.edit(table.header("linux/export-internal.h"), lambda text: text.replace(".balign 4", ".balign 8"))
    assert table.build()[1] == EXPORTING


def test_a_field_that_nobody_reaches_ends_at_the_fingerprint(table: Table) -> None:
    table.edit(
        table.header("linux/fs.h"),
        lambda text: text.replace("struct file_system_type {\n", "struct file_system_type {\n\tint nobody;\n"),
    )
    ran, linked = table.build()
    assert GATE <= ran <= GATE | C_CODE
    assert not linked


def test_a_constant_relinks_only_modules_that_reach_it(table: Table) -> None:
    header = table.header("linux/miscdevice.h")
    text = table.edit(header, lambda text: re.sub(r"(MISC_DYNAMIC_MINOR\s+)255", r"\g<1>254", text))
    before = table.checkout.modules()
    ran, linked = table.build()
    assert {"DIGEST", "BINDGEN", "RUSTC", "LD [M]"} <= ran
    assert linked
    assert linked <= table.matching("misc")
    table.check_with_a_clean_build()
    # Undone, everything comes back without any compiler.
    header.write_text(text)
    table.checkout.scons(f"KDIR={table.tree}")
    assert table.checkout.ran() == []
    assert table.checkout.modules() == before


def test_a_field_relinks_only_modules_that_reach_it(table: Table) -> None:
    header = table.header("linux/miscdevice.h")
    table.edit(header, lambda text: text.replace("struct miscdevice  {\n", "struct miscdevice  {\n\tlong more;\n"))
    ran, linked = table.build()
    assert "BINDGEN" in ran
    assert linked
    assert linked <= table.matching("misc")


def test_a_comment_in_a_wrapper_that_keeps_the_lines_runs_nothing(table: Table) -> None:
    table.edit(table.source("kernel/rbtree.rs"), lambda text: text.replace("\n\n", "\n// Not a word of code.\n", 1))
    assert table.build() == (set(), set())


def test_a_comment_in_a_wrapper_that_shifts_lines_relinks_only_what_changes(table: Table) -> None:
    table.edit(table.source("kernel/linked_list.rs"), lambda text: text.replace("\nuse ", "\n// Not a word.\nuse ", 1))
    ran, linked = table.build()
    assert ran <= {"RUSTC", "LD", "OBJTOOL", "MODPOST", "CC [M]", "LD [M]"}
    assert linked <= table.matching("linked_list")


def test_the_body_of_a_private_function_relinks_only_modules_that_use_its_wrapper(table: Table) -> None:
    source = table.source("kernel/chrdev.rs")
    table.edit(
        source,
        lambda text: text.replace(
            "fn drop(&mut self) {\n", "fn drop(&mut self) {\n        core::hint::black_box(1_u8);\n", 1
        ),
    )
    ran, linked = table.build()
    assert "BINDGEN" not in ran
    assert linked
    assert linked <= table.matching("chrdev")


def test_a_new_function_of_a_wrapper_relinks_nothing(table: Table) -> None:
    code = "\n/// Nobody calls this.\npub fn nobody_calls_this(x: u32) -> u32 {\n    x.rotate_left(3)\n}\n"
    table.edit(table.source("kernel/error.rs"), lambda text: text + code)
    ran, linked = table.build()
    assert ran <= {"RUSTC", "LD", "OBJTOOL"}
    assert not linked


def test_the_body_of_a_helper_relinks_only_modules_that_reach_it(table: Table) -> None:
    helper = table.source("rust/helpers/rbtree.c")
    table.edit(
        helper,
        lambda text: text.replace("\n\trb_link_node(", '\n\tbarrier();\n\tasm volatile("nop");\n\trb_link_node(', 1),
    )
    ran, linked = table.build()
    assert ran == {"CC", "AR", "LD", "OBJTOOL", "MODPOST", "LD [M]"}
    assert linked == table.matching("RBTree")
    # ld does not even start for the others.
    assert {unit for step, unit in table.checkout.ran() if step == "LD"} == {f"{name}.o" for name in linked}


def test_a_new_helper_links_only_modules_that_take_its_file(table: Table) -> None:
    table.edit(table.source("rust/helpers/uio.c"), lambda text: text + "\nint rust_helper_nobody(void) { return 2; }\n")
    ran, linked = table.build()
    assert ran == {"CC", "AR", "LD", "OBJTOOL", "MODPOST", "LD [M]"}
    assert linked == {name for name in ALL if "uio.o" in members_of_helpers(table, name)}
    assert {unit for step, unit in table.checkout.ran() if step == "LD"} == {f"{name}.o" for name in linked}
    table.source("rust/helpers/nobody.c").write_text(
        '#include "helpers.h"\nint rust_helper_nobody_2(void) { return 2; }\n'
    )
    assert table.build() == ({"CC", "AR"}, set())


def test_a_link_knows_of_each_helper_that_ld_takes(table: Table) -> None:
    traces = Traces(table.checkout.target / "traces.jsonl")
    archive = table.checkout.target / "helpers/libhelpers.a"
    index = read_archive(FileVersion.now(str(archive)))
    names = {(archive.parent / name).read_bytes(): name for name in members(archive)}
    for module in ALL:
        trace = traces.latest(str(table.checkout.target / f"modules/{module}/link/{module}.o"))
        views = trace.views if trace else ()
        known = {names[index.members[offset]] for view in views for _, offset in index.entries(view.names)}
        assert known == members_of_helpers(table, module)


def members(archive: Path) -> list[str]:
    return subprocess.run(("ar", "t", archive), check=True, text=True, capture_output=True).stdout.split()


def members_of_helpers(table: Table, module: str) -> set[str]:
    """The members of the archive of C helpers that ld itself says it takes for a module."""
    directory = table.checkout.target / "modules" / module
    archive = table.checkout.target / "helpers/libhelpers.a"
    if not (directory / "link/rust.o").exists():
        return set()
    objects = [directory / "link/rust.o", *sorted(directory.glob("c/*.o")), archive]
    argv = ("ld", "-r", "--trace", "--trace", "-o", directory / "link/traced.o", *objects)
    done = subprocess.run(argv, check=True, text=True, capture_output=True)
    return set(re.findall(rf"^\({re.escape(str(archive))}\)(\S+)$", done.stdout, re.MULTILINE))


def test_a_configuration_symbol_that_nobody_names_relinks_nothing(table: Table) -> None:
    table.edit(table.tree / "include/config/auto.conf", lambda text: f"{text}CONFIG_NOBODY=y\n")
    assert not table.build()[1]


def test_a_configuration_symbol_relinks_the_module_whose_code_names_it(table: Table) -> None:
    code = '\n#[cfg(CONFIG_SOMEBODY)]\n#[used(compiler)]\n#[link_section = ".init.data"]\nstatic SOMEBODY: u32 = 7;\n'
    source = table.source("modules/rust_kvm/rust_kvm.rs")
    table.edit(source, lambda text: text.replace("#![no_std]", "#![no_std]\n#![feature(used_with_arg)]") + code)
    table.build()
    table.edit(table.tree / "include/config/auto.conf", lambda text: f"{text}CONFIG_SOMEBODY=y\n")
    assert table.build()[1] == {"rust_kvm"}


def test_a_source_and_a_manifest_rebuild_their_module_alone(table: Table) -> None:
    table.edit(table.source("modules/rust_list/rust_list.rs"), lambda text: text.replace('\\n"', ' \\n"', 1))
    assert table.build()[1] == {"rust_list"}
    table.edit(table.source("modules/c_one/own.h"), lambda text: text.replace("1", "2"))
    assert table.build()[1] == {"c_one"}
    manifest = table.source("modules/c_two/module.toml")
    shutil.copy(table.source("modules/c_two/c_two.c"), table.source("modules/c_two/renamed.c"))
    table.edit(manifest, lambda text: text.replace("c_two.c", "renamed.c"))
    assert {unit.split("/")[0].split(".")[0] for _, unit in built(table)} == {"c_two"}


def built(table: Table) -> list[tuple[str, str]]:
    table.build()
    return table.checkout.ran()


def test_the_crc_of_a_symbol_relinks_its_importers(table: Table) -> None:
    symvers = table.tree / "Module.symvers"
    table.edit(symvers, lambda text: re.sub(r"(?m)^0x\w+(\tmisc_register\t)", r"0x12345678\g<1>", text))
    ran, linked = table.build()
    assert ran == {"MODPOST", "CC [M]", "LD [M]"}
    assert linked == {
        name for name in ALL if b"misc_register" in (table.checkout.target / f"modules/{name}/{name}.ko").read_bytes()
    }
    table.edit(symvers, lambda text: re.sub(r"(?m)^0x\w+(\tusb_register_driver\t)", r"0x12345678\g<1>", text))
    assert table.build() == (set(), set())


def test_another_bindgen_runs_bindgen(table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path(shutil.which("bindgen") or "/usr/bin/bindgen")
    (tmp_path / "bindgen").write_bytes(real.read_bytes() + b"another build")
    (tmp_path / "bindgen").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    ran, linked = table.build()
    assert "BINDGEN" in ran
    assert not linked


def test_a_header_that_shadows_another_is_found(table: Table) -> None:
    shadow = table.common / "arch/x86/include/linux/miscdevice.h"
    shadow.parent.mkdir()
    text = table.header("linux/miscdevice.h").read_text()
    shadow.write_text(re.sub(r"(MISC_DYNAMIC_MINOR\s+)255", r"\g<1>253", text))
    before = table.checkout.modules()
    assert table.build()[1]
    table.check_with_a_clean_build()
    shadow.unlink()
    table.checkout.scons(f"KDIR={table.tree}")
    assert table.checkout.modules() == before
