# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from miniature import RECORDED, kernel_tree, probes, programs, recorded_kbuild, write

from scons_kmod.base.errors import MachineError, StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.sysroot import System
from scons_kmod.kernel.kbuild import (
    Kbuild,
    leading_directives,
    makefiles,
    probe_kbuild,
    probe_mod_c,
    read_commands,
    srctree,
)
from scons_kmod.kernel.kernel_tree import KernelTree, open_tree


@pytest.mark.parametrize("version", ["6.1", "6.12"])
def test_no_file_of_the_probe_is_left_in_the_commands(tmp_path: Path, version: str) -> None:
    kbuild = recorded_kbuild(tmp_path, version)
    args = [*kbuild.cc, *kbuild.ld, *kbuild.objtool, *kbuild.modpost, *kbuild.ld_module]
    assert not [arg for arg in args if str(tmp_path) in arg or "kmod_probe" in arg or "part" in arg]
    assert not {"-o", "-c", ";", "|", "true", "sed"} & set(args)


def test_commands_of_6_1(tmp_path: Path) -> None:
    kbuild = recorded_kbuild(tmp_path, "6.1")
    assert kbuild.compiler == "gcc-12"
    assert kbuild.ld == ("ld", "-m", "elf_x86_64", "-z", "noexecstack", "--no-warn-rwx-segments", "-r")
    options = "--hacks=jump_label --hacks=noinstr --orc --retpoline --rethunk --sls --static-call --uaccess --module"
    assert kbuild.objtool == ("./tools/objtool/objtool", *options.split())
    assert kbuild.modpost == ("scripts/mod/modpost", "-m", "-e", "-i", "Module.symvers")
    options = "-r -m elf_x86_64 -z noexecstack --no-warn-rwx-segments --build-id=sha1 -T arch/x86/module.lds"
    assert kbuild.ld_module == ("ld", *options.split())
    assert kbuild.common is None


def test_commands_of_6_12(tmp_path: Path) -> None:
    kbuild = recorded_kbuild(tmp_path, "6.12")
    assert kbuild.compiler == "x86_64-linux-gnu-gcc-12"
    assert kbuild.ld[0] == "x86_64-linux-gnu-ld"
    assert kbuild.objtool[0] == "./tools/objtool/objtool"
    assert {"--ibt", "--prefix=16", "--module"} <= set(kbuild.objtool)
    assert "--link" not in kbuild.objtool
    assert kbuild.modpost == ("scripts/mod/modpost", "-M", "-m", "-i", "Module.symvers", "-e")
    assert kbuild.common == "/usr/src/linux-headers-6.12.117+deb12-common/scripts/module-common.c"


@pytest.mark.parametrize("version", ["6.1", "6.12"])
def test_the_compilers_flags_are_those_of_a_module(tmp_path: Path, version: str) -> None:
    cc = recorded_kbuild(tmp_path, version).cc
    assert {"-nostdinc", "-D__KERNEL__", "-DMODULE", "-g0", "-mcmodel=kernel"} <= set(cc)
    assert not [word for word in cc if "MODNAME" in word or "BASENAME" in word or word.startswith("-Wp,-MMD")]
    assert cc[cc.index("-include") + 1].endswith("/include/linux/compiler-version.h")


def test_the_head_of_generated_c_code(tmp_path: Path) -> None:
    heads = {version: recorded_kbuild(tmp_path / version, version).preamble for version in ("6.1", "6.12")}
    assert heads["6.1"].splitlines()[:2] == ["#include <linux/module.h>", "#define INCLUDE_VERMAGIC"]
    assert heads["6.1"].splitlines()[-1] == "#include <linux/compiler.h>", "nothing after the first line of code"
    assert heads["6.12"].startswith("#include <linux/module.h>\n#include <linux/export-internal.h>\n")
    assert {line.split()[0] for head in heads.values() for line in head.splitlines()} == {"#include", "#define"}


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("", ""),
        ("#include <a.h>\n\n#define B", "#include <a.h>\n#define B\n"),
        ("#include <a.h>\nint x;\n#include <b.h>\n", "#include <a.h>\n"),
        ("int x;\n#include <b.h>\n", ""),
    ],
)
def test_leading_directives(text: str, head: str) -> None:
    assert leading_directives(text) == head


def test_without_generated_c_code_there_is_no_answer(tmp_path: Path) -> None:
    tree = kernel_tree(tmp_path / "tree")
    (tree / "recorded/kmod_probe.mod.c").unlink()
    with pytest.raises(StepError, match=r"can't be understood: FileNotFoundError"):
        probe_kbuild(open_tree(tree), tmp_path / "config", "", RunLog())


@pytest.mark.parametrize("name", [".part.o.cmd", ".kmod_probe.o.cmd", ".kmod_probe.ko.cmd", ".Module.symvers.cmd"])
def test_commands_that_are_not_understood_are_an_error_not_a_guess(tmp_path: Path, name: str) -> None:
    tree = kernel_tree(tmp_path / "tree")
    recorded = tree / "recorded" / name
    recorded.write_text(recorded.read_text().replace("cmd_", "newform_"))
    with pytest.raises(StepError, match=r"^PROBE 6\.12\.117\+deb12-amd64: the commands that this kernel's Kbuild left"):
        probe_kbuild(open_tree(tree), tmp_path / "config", "", RunLog())


def test_without_modpost_there_is_no_answer(tmp_path: Path) -> None:
    recorded_kbuild(tmp_path, "6.12")
    write(tmp_path / ".Module.symvers.cmd", "savedcmd_x := touch x\n")
    with pytest.raises(ValueError, match="unpack"):
        read_commands(tmp_path)


class Asked:
    """A tree that was asked once."""

    def __init__(self, directory: Path, version: str = "6.12") -> None:
        self.directory = directory
        self.path = kernel_tree(directory / "tree", version)
        time.sleep(0.03)  # so that the files are older than the question
        self.log = RunLog()
        self.answer = self.ask()

    @property
    def tree(self) -> KernelTree:
        return open_tree(self.path)

    def ask(self, kcflags: str = "-g0") -> Kbuild:
        return probe_kbuild(self.tree, self.directory / "config", kcflags, self.log)


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


def test_the_trees_own_make_is_asked_once(asked: Asked) -> None:
    assert "-g0" in asked.answer.cc
    assert asked.ask() == asked.answer
    assert probes(asked.path) == ["KCFLAGS=-g0 CONFIG_DEBUG_INFO_BTF_MODULES="]
    assert [(entry.step, entry.unit) for entry in asked.log.entries] == [("PROBE", "6.12.117+deb12-amd64")]


def test_a_probe_that_was_removed_is_built_again(asked: Asked) -> None:
    probe_mod_c(asked.directory / "config").unlink()
    assert asked.ask() == asked.answer
    assert probe_mod_c(asked.directory / "config").exists()
    assert len(probes(asked.path)) == 2


def test_other_flags_ask_again(asked: Asked) -> None:
    assert "-O1" in asked.ask("-g0 -O1").cc
    assert len(probes(asked.path)) == 2


@pytest.mark.parametrize(
    "name", ["Makefile", "arch/x86/Makefile", "include/config/auto.conf", "scripts/Kbuild.include"]
)
def test_a_changed_makefile_or_configuration_asks_again(asked: Asked, name: str) -> None:
    path = asked.path / name
    path.write_text(path.read_text() + "# edited\n")
    asked.ask()
    assert len(probes(asked.path)) == 2


def test_a_new_makefile_asks_again(asked: Asked) -> None:
    write(asked.path / "scripts/Makefile.new", "")
    asked.ask()
    assert len(probes(asked.path)) == 2


def test_another_compiler_of_the_same_name_asks_again(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (asked.directory / name for name in ("first", "second"))
    for directory in (first, second):
        write(directory / asked.answer.compiler, "#!/bin/sh\n").chmod(0o755)
    time.sleep(0.03)
    path = os.environ["PATH"]
    for directory, count in ((first, 2), (first, 2), (second, 3), (second, 3)):
        monkeypatch.setenv("PATH", f"{directory}:{path}")
        assert asked.ask() == asked.answer
        assert len(probes(asked.path)) == count
    write(second / asked.answer.compiler, "#!/bin/sh\n# Another version.\n")
    asked.ask()
    assert len(probes(asked.path)) == 4


def test_the_environment_has_no_say(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KCFLAGS", "KCPPFLAGS", "KAFLAGS", "MAKEFLAGS", "CONFIG_DEBUG_INFO_BTF_MODULES"):
        monkeypatch.setenv(name, "-n" if name == "MAKEFLAGS" else "y")
    write(asked.path / "scripts/Makefile.new", "")
    assert asked.ask() == asked.answer


def test_the_makefiles_of_a_split_tree(tmp_path: Path) -> None:
    configured, common = kernel_tree(tmp_path / "amd64"), tmp_path / "common"
    for name in ("Makefile", "scripts/Makefile.build", "arch/x86/Makefile"):
        write(common / name, "")
    for include in (f"include {common}/Makefile\n", "include $(dir $(lastword $(MAKEFILE_LIST)))../common/Makefile\n"):
        write(configured / "Makefile", include)
        found = makefiles(open_tree(configured))
        assert {common / "Makefile", common / "scripts/Makefile.build", configured / "Makefile"} <= set(found)


@pytest.mark.parametrize(
    ("makefile", "root"),
    [
        ("include /usr/src/common/Makefile\n", "/usr/src/common"),
        (
            "# by hand\nKBUILD_OUTPUT ?= x\ninclude $(dir $(lastword $(MAKEFILE_LIST)))../common/Makefile\n",
            "DIR/common",
        ),
        ("include scripts/Makefile.debug\ninclude $(srctree)/scripts/Kbuild.include\n", "DIR/tree"),
        ("", "DIR/tree"),
    ],
)
def test_the_source_tree_is_where_the_makefile_leads(tmp_path: Path, makefile: str, root: str) -> None:
    write(kernel_tree(tmp_path / "tree") / "Makefile", makefile)
    assert str(srctree(open_tree(tmp_path / "tree"))).replace(str(tmp_path), "DIR") == root


def test_a_tree_whose_make_fails_shows_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = kernel_tree(tmp_path / "tree")
    write(tree / "Makefile", "modules:\n\t@echo objtool: no such thing; exit 3\n")
    programs(monkeypatch, tmp_path / "bin", make='exec /usr/bin/make "$@"', x86_64__linux__gnu__gcc__12="")
    with pytest.raises(StepError, match=r"(?s)^PROBE 6.*exit status 2\nmake -C .*objtool: no such thing"):
        probe_kbuild(open_tree(tree), tmp_path / "config", "", RunLog())
    assert not (tmp_path / "config/kbuild.json").exists()


def test_the_kernels_compiler_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = kernel_tree(tmp_path / "tree")
    write(tree / "Makefile", "modules:\n\t@exit 1\n")
    programs(monkeypatch, tmp_path / "bin", make='exec /usr/bin/make "$@"')
    with pytest.raises(MachineError) as caught:
        probe_kbuild(open_tree(tree), tmp_path / "config", "", RunLog())
    assert str(caught.value) == (
        "x86_64-linux-gnu-gcc-12: not found, but the kernel was compiled with it\n    apt-get install gcc-12"
    )


def test_make_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError, match=r"^make: not found\n    apt-get install make$"):
        probe_kbuild(open_tree(kernel_tree(tmp_path / "tree")), tmp_path / "config", "", RunLog())


def test_a_tree_is_asked_in_the_sysroot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = kernel_tree(tmp_path / "tree")
    root = tmp_path / "root"
    write(root / "usr/bin/make", "")
    enter = f'echo "$@" >>{tmp_path}/entered; PATH=/usr/bin:/bin exec "$@"'
    programs(monkeypatch, tmp_path / "bin", enter=enter)
    kbuild = probe_kbuild(open_tree(tree), tmp_path / "config", "-g0", RunLog(), System(root, ("enter",)))
    assert "-g0" in kbuild.cc
    tried, asked = (tmp_path / "entered").read_text().splitlines()
    assert tried == "true"
    assert asked.startswith(f"make -C {tree} ")


def test_a_sysroot_without_make_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(monkeypatch, tmp_path / "bin", enter="", make="")
    with pytest.raises(MachineError, match=r"^make: not found\n"):
        probe_kbuild(
            open_tree(kernel_tree(tmp_path / "tree")), tmp_path / "config", "", RunLog(), System(tmp_path, ("enter",))
        )


def test_the_recorded_kernels_are_those_of_the_targets() -> None:
    assert sorted(path.name for path in RECORDED.iterdir()) == ["kbuild-6.1", "kbuild-6.12"]
