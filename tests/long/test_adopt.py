# SPDX-License-Identifier: MIT
"""Kbuild directories of many styles: `scons adopt`, then `scons`, make of each what `make M=` does."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from checkout import OwnProject, unpacked_headers
from ko_content import content

DIRECTORIES = Path(__file__).with_name("kbuild_directories")
# A distribution's headers are not enough for `make M=` to build Rust: test_self_built.py compares these.
RUST = ("rust_and_c", "rust_crate")
NAMES = sorted(path.name for path in DIRECTORIES.iterdir())
C = [name for name in NAMES if name not in RUST]
# BTF is debug information, and takes a program that headers don't bring.
NO_BTF = "CONFIG_DEBUG_INFO_BTF_MODULES="
REMARKS = {
    "blocks": [
        "Makefile:19: $(error neither): adopt does not read such a statement: write by hand what it is for",
        "Makefile:23: ifeq ($(DEBUG),1): $(DEBUG) is not set in this file: it is empty, as in make",
    ],
    "dual_use": ["Makefile:21: load: default: adopt skips this rule: scons test loads the module in a VM"],
    "importer": [
        "Kbuild:4: KBUILD_EXTRA_SYMBOLS := $(src)/../exporter/Module.symvers: it became [depends] modules: adopt "
        "../exporter too, and write both directories in MODULES="
    ],
    "per_file": [
        "Kbuild:8: CFLAGS_absent.o := -DABSENT: per_file has no object absent.o: write its name as in the "
        "list of objects"
    ],
    "two_steps": [
        "Makefile:16: ccflags-y += $(INCLUDES) $(OPTIMIZE) $(call cc-option,-Wno-unused-variable): "
        "adopt does not ask the compiler: -Wno-unused-variable is always passed",
        "Makefile:17: ccflags-y += -D$(shell echo UNUSED) $(WARNINGS): adopt does not evaluate $(shell ...): "
        "write its value by hand",
        "Makefile:17: ccflags-y += -D$(shell echo UNUSED) $(WARNINGS): $(WARNINGS) is not set in this file: "
        "it is empty, as in make",
    ],
    "wrapper": ["Makefile:12: check: all: adopt skips the commands of this rule"],
}


@pytest.fixture(scope="module")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> tuple[OwnProject, dict[str, list[str]]]:
    """A project with copies of the directories, each adopted, and the lines that were printed for it."""
    project = OwnProject(tmp_path_factory.mktemp("adopted"))
    shutil.copytree(DIRECTORIES, project.path / "modules")
    printed = {name: project.scons("-Q", "adopt", f"DIR=modules/{name}").stdout.splitlines() for name in NAMES}
    return project, printed


@pytest.fixture(scope="module")
def scons_modules(adopted: tuple[OwnProject, dict[str, list[str]]]) -> Path:
    """The directory with the modules that scons built."""
    project, _ = adopted
    project.scons("-k", f"MODULES={','.join(f'modules/{name}' for name in C)}")
    return project.target / "modules"


@pytest.fixture(scope="module")
def kbuild_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same directories, built by Kbuild."""
    path = tmp_path_factory.mktemp("kbuild")
    shutil.copytree(DIRECTORIES, path, dirs_exist_ok=True)
    tree = unpacked_headers().kernel_tree

    def build(name: str) -> None:
        wrapped = name == "wrapper"
        where = ("-C", path / name, f"KDIR={tree}") if wrapped else ("-C", tree, f"M={path / name}", "modules")
        done = subprocess.run(("make", *where, NO_BTF), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    build("exporter")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(build, (name for name in C if name != "exporter")))
    return path


@pytest.mark.parametrize("name", C)
def test_it_is_the_module_that_kbuild_makes(name: str, scons_modules: Path, kbuild_modules: Path) -> None:
    assert content(scons_modules / name / f"{name}.ko") == content(kbuild_modules / name / f"{name}.ko")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_carried_over_is_explained(name: str, adopted: tuple[OwnProject, dict[str, list[str]]]) -> None:
    first, *remarks, last = adopted[1][name]
    assert first == f"  WRITE   modules/{name}/module.toml"
    assert [line.strip() for line in remarks[1:]] == REMARKS.get(name, [])
    assert last == f"To build it: scons MODULES=modules/{name}"
