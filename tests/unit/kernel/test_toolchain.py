# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from miniature import recorded_kbuild, write
from tool_stand_ins import NEED, Machine

from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.sysroot import THIS_MACHINE
from scons_kmod.kernel.tool_finder import BUILD_TOOLS, COMPILER_PROGRAMS, ToolFinder
from scons_kmod.kernel.toolchain import Toolchain, choose_bindgen, choose_compiler, choose_rustc


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def rustc_complaint(machine: Machine) -> str:
    with pytest.raises(MachineError) as caught:
        choose_rustc(machine.finder, "1.96")
    return str(caught.value).replace(str(machine.directory), "DIR")


RUSTC_FIX = "    the target needs 1.96; on Debian 12: apt-get install rustc-web rust-web-src"


def test_the_tools_that_fit_are_found(machine: Machine) -> None:
    found = machine.whole().find()
    bin_ = machine.directory / "bin"
    assert (found.rustc.path, found.rustc.version) == (str(bin_ / "rustc"), "1.96.0")
    assert found.library_sources == str(bin_ / "sysroot/lib/rustlib/src/rust/library")
    assert (found.bindgen.path, found.bindgen.version) == (str(bin_ / "bindgen"), "0.60.1")
    assert (found.cc.path, found.cc.version) == (str(bin_ / "gcc-12"), "12.2.0")
    assert found.refused == ()


def test_bindgen_is_led_to_the_libclang_of_the_python_package(machine: Machine) -> None:
    assert machine.whole().find().bindgen.env == (("LIBCLANG_PATH", machine.finder.find_libclang(NEED.libclang)),)


def test_the_answer_is_kept_and_takes_no_process(machine: Machine) -> None:
    found = machine.whole().find()
    machine.log = RunLog()
    assert machine.find() == found
    assert machine.log.entries == []


@pytest.mark.parametrize("name", ["rustc", "bindgen", "gcc-12", "gcc-12-cc1"])
def test_another_program_changes_the_digest(machine: Machine, name: str) -> None:
    before = machine.whole().find()
    path = machine.directory / "bin" / name
    path.write_text(path.read_text() + "# updated\n")
    after = machine.find()
    fields = [
        field.name
        for field in dataclasses.fields(Toolchain)
        if getattr(before, field.name) != getattr(after, field.name)
    ]
    assert fields == [{"r": "rustc", "b": "bindgen", "g": "cc"}[name[0]]]


@pytest.mark.parametrize("name", ["ld", "ar", "nm", "objcopy", "readelf"])
def test_the_binutils_count_as_the_compiler(machine: Machine, name: str) -> None:
    kbuild = recorded_kbuild(machine.directory / "probe", "6.1")
    path = machine.directory / "bin" / (kbuild.linker if name == "ld" else kbuild.binutil(name))
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    before = machine.whole().find()
    path.write_text("#!/bin/sh\n# updated\n")
    assert machine.find().cc.digest != before.cc.digest


@pytest.mark.parametrize("suffix", ["", ".real-x86"])
@pytest.mark.parametrize("name", BUILD_TOOLS)
def test_the_kernels_own_build_tools_count_as_the_compiler(machine: Machine, name: str, suffix: str) -> None:
    """In Debian's packages they are scripts, and the programs beside them do the work."""
    path = write(machine.directory / "tree" / f"{name}{suffix}", "")
    before = machine.whole().find()
    path.write_text("updated")
    assert machine.find().cc.digest != before.cc.digest


def test_compiler_libraries_count_as_the_program_and_the_c_library_does_not() -> None:
    program, *libraries = ToolFinder(THIS_MACHINE, RunLog(), Path()).program_files("/usr/bin/ld")
    assert program == "/usr/bin/ld"
    assert [name for name in libraries if "libbfd" in name]
    assert not [name for name in libraries if "libc.so" in name]


def test_another_program_earlier_on_path_is_noticed(machine: Machine) -> None:
    machine.whole().find()
    machine.rustc("first")
    machine.set_path("first", "bin")
    assert machine.find().rustc.path == str(machine.directory / "first/rustc")


@pytest.mark.parametrize("name", COMPILER_PROGRAMS)
def test_a_program_that_gcc_looks_for_is_noticed_earlier_on_path(machine: Machine, name: str) -> None:
    machine.whole().find()
    machine.set_path("first", "bin")
    machine.find()
    write(machine.directory / "first" / name, "#!/bin/sh\n", 0o755)
    machine.log = RunLog()
    machine.find()
    assert machine.log.entries, "the tools are chosen once more"


def test_a_rustc_without_library_sources_is_passed_over(machine: Machine) -> None:
    machine.whole()
    rustup = machine.rustc("rustup", sources=False)
    machine.set_path("rustup", "bin")
    found = machine.find()
    assert found.rustc.path == str(machine.directory / "bin/rustc")
    library = machine.directory / "rustup/sysroot/lib/rustlib/src/rust/library"
    assert found.refused == (f"{rustup}: rustc 1.96.0 lacks its library sources ({library} does not exist)",)


def test_the_proxy_on_path_stands_for_the_compiler_in_its_sysroot(machine: Machine) -> None:
    proxy = machine.rustc("bin")
    compiler = machine.script("bin/sysroot/bin/rustc", "")
    found, _ = choose_rustc(dataclasses.replace(machine.finder, cache=machine.directory), "1.96")
    assert (found.tool.path, found.files) == (proxy, (compiler,))


def test_a_rustc_in_the_cache_directory_is_found_last(machine: Machine) -> None:
    machine.rustc("bin", "1.95.0")
    cached = machine.rustc("cache/rust-web/usr/bin")
    libraries = machine.directory / "cache/rust-web/usr/lib/x86_64-linux-gnu"
    libraries.mkdir(parents=True)
    assert machine.finder.rustcs()[-1] == cached
    found, refused = choose_rustc(machine.finder, "1.96")
    assert found.tool.path == cached
    assert found.tool.env == (("LD_LIBRARY_PATH", str(libraries)),)
    assert refused == [f"{machine.directory}/bin/rustc: version 1.95.0, but the target needs 1.96"]


def test_none_of_those_that_are_here_fits(machine: Machine) -> None:
    machine.rustc("a", "1.95.0")
    machine.rustc("b", "1.960.0")
    machine.rustc("c", sources=False)
    machine.script("d/rustc", "exit 1")
    machine.script("e/rustc", "echo nothing")
    machine.set_path("a", "b", "c", "d", "e")
    assert rustc_complaint(machine) == (
        "rustc: none of those installed can be used\n"
        "    DIR/a/rustc: version 1.95.0, but the target needs 1.96\n"
        "    DIR/b/rustc: version 1.960.0, but the target needs 1.96\n"
        "    DIR/c/rustc: rustc 1.96.0 lacks its library sources"
        " (DIR/c/sysroot/lib/rustlib/src/rust/library does not exist)\n"
        "    DIR/d/rustc: exit status 1\n"
        "    DIR/e/rustc: it does not print its version\n"
        f"{RUSTC_FIX}"
    )


def test_a_tool_that_is_missing(machine: Machine) -> None:
    assert rustc_complaint(machine) == f"rustc: not found\n{RUSTC_FIX}"
    with pytest.raises(MachineError, match=r"^bindgen: not found\n    the target needs 0\.60; on Debian 12"):
        choose_bindgen(machine.finder, NEED)
    with pytest.raises(MachineError, match=r"^x86_64-linux-gnu-gcc-12: not found\n    apt-get install gcc-12$"):
        choose_compiler(machine.finder, "x86_64-linux-gnu-gcc-12", machine.directory)


def test_a_bindgen_that_is_too_old(machine: Machine) -> None:
    machine.bindgen("bin", "0.59.2")
    with pytest.raises(MachineError, match=r"bin/bindgen: version 0\.59\.2, but the target needs 0\.60\n"):
        choose_bindgen(machine.finder, NEED)


def test_an_error_is_not_kept(machine: Machine) -> None:
    with pytest.raises(MachineError):
        machine.find()
    machine.whole().find()


def test_a_directory_counts_once_on_path(machine: Machine) -> None:
    program = machine.script("bin/tool", "")
    (machine.directory / "link").symlink_to("bin")
    machine.set_path("bin", "link", "bin", "", "absent")
    assert THIS_MACHINE.programs("tool", [machine.directory / "bin"]) == [program]
