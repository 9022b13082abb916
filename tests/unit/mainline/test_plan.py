# SPDX-License-Identifier: MIT
"""Plans, asked of Kbuild in miniature by the real make."""

from __future__ import annotations

import dataclasses
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from miniature import kernel_tree, target, write

from scons_kmod.base.errors import StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.sysroot import THIS_MACHINE, System
from scons_kmod.kernel.cmd_file import SavedCommand, parse_commands
from scons_kmod.kernel.kernel_tree import open_tree
from scons_kmod.mainline.plan import (
    PROBE,
    RECORDER,
    CratePlan,
    Rule,
    build_order,
    crate_plan,
    prerequisites,
    recorder_args,
)
from scons_kmod.mainline.plan_trees import GOAL, Question, lay_out_objtree, lay_out_srctree

RECORDED = f"{THIS_MACHINE.python} -I {RECORDER}"
RELEASE = "6.12.117+deb12-amd64"

# What every command is run by: it leaves the command beside what it made.
KBUILD = """\
cmd = @mkdir -p $(dir $@); $(cmd_$(1)); printf '%s\\n' 'savedcmd_$@ := $(cmd_$(1))' >$(dir $@).$(notdir $@).cmd
"""

MAKEFILE = """\
srctree := $(or $(srcroot),COMMON)
export srctree
ifndef M
ifneq ($(sub_make_done)-$(need-compiler)-$(KCFLAGS)-$(RUSTFLAGS),1-1--)
$(error this is not how it is to be asked)
endif
endif
include $(srctree)/scripts/Kbuild.include
build := -rR -f $(srctree)/scripts/Makefile.build obj
objects := $(KBUILD_OUTPUT)
cmd_module = OBJTREE=$(objects) RUST_MODFILE=x $(RUSTC) -L $(objects)/rust/ $(KRUSTFLAGS) --crate-name x --emit=obj=$@ \
$(M)/$(@:.o=.rs) ; $(objtool) --link $@
ifdef M
PROBE.o: $(M)/PROBE.rs
	@mkdir -p $(M)
	@$(cmd_module); printf '%s\\n' 'savedcmd_$@ := $(cmd_module)' >$(M)/.$@.cmd
endif
"""

MAKEFILE_RUST = """\
host := $(shell $(RUSTC) --print host)
cmd_rustc = OBJTREE=$(abspath .) $(RUSTC) --target=$(host) $(flags) $(KRUSTFLAGS) \
--emit=dep-info=$@.d --emit=obj=$@ $< ; $(OBJCOPY) --keep $@
cmd_bindgen = $(BINDGEN) $< -o $@ -- -Wp,-MMD,$@.d ; sed -i s/a/b/ $@
cmd_cpp = $(CC) -E $< | sed 1d >$@

rust/core.o: private flags = --edition=2024
rust/core.o: private flags += -Cpanic=abort
rust/core.o: $(RUST_LIB_SRC)/core/src/lib.rs scripts/target.json
	+$(call cmd,rustc)

rust/bindings/bindings_generated.rs: $(srctree)/rust/bindings/bindings_helper.h
	$(call cmd,bindgen)

rust/kernel/asm.rs: CC = cpp
rust/kernel/asm.rs: $(srctree)/rust/kernel/asm.rs.S
	$(call cmd,cpp)

rust/unused.o: rust/core.o
	$(call cmd,rustc)

rust/kernel.o: flags = $(if $(CONFIG_RUST),--cfg=overridden)
rust/kernel.o: $(srctree)/rust/kernel/lib.rs rust/kernel/asm.rs rust/bindings/bindings_generated.rs | rust/core.o
	$(call cmd,rustc)
"""


class Kernel:
    """Headers in two directories, as Debian has them, and a package's sources."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.headers = kernel_tree(directory / "amd64")
        self.common, self.sources = directory / "common", directory / "linux"
        files: Mapping[Path, Mapping[str, str]] = {
            self.headers: {
                "Makefile": f"KBUILD_OUTPUT ?= {self.headers}\ninclude {self.common}/Makefile\n",
                ".config": "",
                "include/generated/rustc_cfg": "--cfg=CONFIG_SMP\n",
                "include/generated/autoconf.h": "",
                "scripts/target.json": "",
            },
            self.common: {
                "Makefile": MAKEFILE.replace("COMMON", str(self.common)).replace("PROBE", PROBE),
                "arch/x86/Makefile": "",
                "include/linux/fs.h": "of the headers",
                "include/uapi/linux/fs.h": "",
                "scripts/Kbuild.include": KBUILD,
                "scripts/Makefile.build": "include $(srctree)/scripts/Kbuild.include $(srctree)/$(obj)/Makefile\n",
                "scripts/Makefile.lib": "of the headers",
                "rust/Makefile": "$(error this is in the headers, too, and is not whole)\n",
            },
            self.sources: {
                "rust/Makefile": MAKEFILE_RUST,
                "rust/bindgen_parameters": "",
                "rust/bindings/bindings_helper.h": "",
                "rust/kernel/lib.rs": "",
                "rust/kernel/asm.rs.S": "",
                "scripts/Makefile.lib": "of the sources",
                "scripts/generate_rust_target.rs": "",
                "drivers/base/base.h": "",
                "arch/x86/kernel/some.rs": "",
                "include/linux/fs.h": "of the sources",
            },
            directory: {"library/core/src/lib.rs": ""},
        }
        for tree, texts in files.items():
            for name, text in texts.items():
                write(tree / name, text)
        tools = target(directory / "tools").toolchain
        # The rest of it must not be run.
        rustc = write(directory / "rustc", '#!/bin/sh\n[ "$*" = "--print host" ] && echo x86_64-linux\n', 0o755)
        self.toolchain = dataclasses.replace(
            tools, rustc=dataclasses.replace(tools.rustc, path=str(rustc)), library_sources=str(directory / "library")
        )
        self.log = RunLog()

    def question(self, **changes: object) -> Question:
        asked = {
            "tree": open_tree(self.headers),
            "sources": self.sources,
            "directory": self.directory / "kernel-rust",
            "toolchain": self.toolchain,
            "system": THIS_MACHINE,
        }
        return Question(**{**asked, **changes})  # type: ignore[arg-type]

    def plan(self, **changes: object) -> CratePlan:
        time.sleep(0.03)  # so that the files are older than the question
        return crate_plan(self.question(**changes), self.log)

    def runs(self) -> int:
        """How many processes were started since the last time."""
        number, self.log = len(self.log.entries), RunLog()
        return number


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path)


@pytest.fixture
def question(kernel: Kernel) -> Question:
    return kernel.question()


def test_the_recorders_args_are_not_in_a_command(question: Question) -> None:
    (command,) = parse_commands(f"X=1 {RECORDED} rustc -a b", recorder_args(question))
    assert command.programs == (("rustc", "-a", "b"),)


def test_the_recorder_runs_in_the_interpreter_of_the_sysroot(question: Question) -> None:
    inside = dataclasses.replace(question, system=System(Path("/root")))
    (command,) = parse_commands(f"/usr/bin/python3 -I {RECORDER} rustc x.rs", recorder_args(inside))
    assert command.programs == (("rustc", "x.rs"),)


def test_what_depends_on_what_is_read_from_makes_database() -> None:
    database = """\
  RUSTC L rust/core.o
# makefile private (from 'rust/Makefile', line 3)
rust/core.o: skip_flags = --edition=2021
rust/core.o: flags += -Cpanic=abort
rust/core.o: /library/core/src/lib.rs scripts/target.json FORCE
#  Phony target (prerequisite of .PHONY).
rust/ffi.o: skip_flags := x
rust/kernel.o: rust/core.o | rust/ffi.o
rust/%.o: %.rs
scripts/x: rust/core.o
\trust/y: z
"""
    assert list(prerequisites(database)) == [
        ("rust/core.o", ("/library/core/src/lib.rs", "scripts/target.json", "FORCE")),
        ("rust/kernel.o", ("rust/core.o", "|", "rust/ffi.o")),
    ]


def test_each_comes_once_and_after_what_it_needs() -> None:
    needs = {"a": ("d", "b", "c", "FORCE"), "b": ("d",), "c": ("b",), "d": ("source.rs",), "e": ("a",)}
    assert build_order("a", needs, dict.fromkeys("abcde", "")) == ["d", "b", "c", "a"]


def real(path: Path) -> str:
    return str(path.resolve())


def test_the_srctree_has_links_to_the_headers_and_to_the_package(kernel: Kernel, question: Question) -> None:
    lay_out_srctree(question)
    directory = question.srctree
    assert real(directory / "Makefile") == f"{kernel.common}/Makefile"
    assert real(directory / "arch") == f"{kernel.common}/arch"
    assert real(directory / "drivers") == f"{kernel.sources}/drivers"
    assert real(directory / "rust") == f"{kernel.sources}/rust", "all of it, not the headers' part"
    assert real(directory / "scripts/generate_rust_target.rs") == f"{kernel.sources}/scripts/generate_rust_target.rs"
    for name in ("scripts/Makefile.lib", "include/linux/fs.h"):
        assert (directory / name).read_text() == "of the headers"


def test_a_header_that_is_named_from_another_is_in_the_package(question: Question) -> None:
    lay_out_srctree(question)
    uapi = question.srctree / "include/uapi"
    assert not uapi.is_symlink()
    # As the compiler does: .. is taken by the file system.
    assert os.path.exists(f"{uapi}/../../drivers/base/base.h")  # noqa: PTH110
    assert (uapi / "linux/fs.h").exists()


def test_the_objtree_has_links_to_the_kernel_tree_and_directories_of_its_own(
    kernel: Kernel, question: Question
) -> None:
    (kernel.headers / "source").symlink_to(kernel.common)
    lay_out_objtree(question, question.objtree)
    directory = question.objtree
    for name in (".config", "Module.symvers", "arch", "scripts/mod", "include/config", "include/generated/rustc_cfg"):
        assert (directory / name).is_symlink()
        assert real(directory / name) == f"{kernel.headers}/{name}"
    for name in ("rust", "scripts", "include", "include/generated"):
        assert not (directory / name).is_symlink()
    assert list((directory / "rust").iterdir()) == []
    assert not (directory / "scripts/target.json").exists(), "it is made for the crates"
    assert not (directory / "source").exists()
    assert (directory / "Makefile").read_text().startswith(f"include {question.srctree}/Makefile\n{GOAL}:\n")


def test_overrides_are_seen_by_the_crates(kernel: Kernel) -> None:
    question = kernel.question(overrides=(("CONFIG_RUST", "y"), ("CONFIG_RUSTC_VERSION", "109600")))
    lay_out_objtree(question, question.objtree)
    cfg = question.objtree / "include/generated/rustc_cfg"
    assert cfg.read_text() == '--cfg=CONFIG_SMP\n--cfg=CONFIG_RUST\n--cfg=CONFIG_RUST="y"\n'
    assert (kernel.headers / "include/generated/rustc_cfg").read_text() == "--cfg=CONFIG_SMP\n"


def test_a_plan_has_what_the_kernel_crate_needs_in_an_order_that_works(kernel: Kernel) -> None:
    plan = kernel.plan()
    source, objects = kernel.directory / "kernel-rust/source", kernel.directory / "kernel-rust/objects"
    assert (plan.srctree, plan.objtree, plan.overrides) == (source, objects, ())
    env = (("OBJTREE", str(objects)),)
    emits = "--emit=dep-info={0}.d --emit=obj={0}"
    asm, bindings, core, last = plan.rules
    assert core == Rule(
        "rust/core.o",
        (),
        (
            SavedCommand(
                (
                    (
                        *("rustc", "--target=x86_64-linux", "--edition=2024", "-Cpanic=abort"),
                        *emits.format("rust/core.o").split(),
                        f"{kernel.directory}/library/core/src/lib.rs",
                    ),
                ),
                env,
                "",
            ),
            SavedCommand((("objcopy", "--keep", "rust/core.o"),), (), ""),
        ),
    )
    assert bindings.output == "rust/bindings/bindings_generated.rs"
    assert [part.programs[0][0] for part in bindings.commands] == ["bindgen", "sed"]
    assert (bindings.tool, core.tool, asm.tool) == ("bindgen", "rustc", "cpp")
    assert asm.commands == (
        SavedCommand((("cpp", "-E", f"{source}/rust/kernel/asm.rs.S"), ("sed", "1d")), (), asm.output),
    )
    assert last.output == "rust/kernel.o"
    assert last.needs == ("rust/kernel/asm.rs", "rust/bindings/bindings_generated.rs", "rust/core.o")
    assert plan.target_file


def test_a_plan_has_the_command_for_a_modules_crate(kernel: Kernel) -> None:
    module = kernel.plan(krustflags=("--cfg=mine",)).module_command
    objects = kernel.directory / "kernel-rust/objects"
    assert module.programs[0][:5] == ("rustc", "-L", f"{objects}/rust/", "--cfg=mine", "--crate-name")
    assert module.env == (("OBJTREE", str(objects)), ("RUST_MODFILE", "x"))


def test_no_path_of_the_second_objtree_is_in_the_plan(kernel: Kernel) -> None:
    plan = repr(kernel.plan())
    assert not re.search(r"kernel-rust/asked|recorder", plan)
    assert list((kernel.directory / "kernel-rust/objects/rust").iterdir()) == []


def test_a_target_that_rustc_knows_needs_no_file(kernel: Kernel) -> None:
    makefile = kernel.sources / "rust/Makefile"
    makefile.write_text(makefile.read_text().replace(" scripts/target.json", ""))
    assert not kernel.plan().target_file


def test_kbuild_is_asked_once(kernel: Kernel) -> None:
    plan = kernel.plan()
    assert kernel.runs() == 2
    assert kernel.plan() == plan
    assert kernel.runs() == 0


@pytest.mark.parametrize(
    "name",
    [
        *("amd64/include/config/auto.conf", "linux/rust/Makefile", "linux/rust/bindgen_parameters"),
        *("common/Makefile", "common/scripts/Makefile.build", "common/scripts/Makefile.lib"),
    ],
)
def test_a_changed_makefile_asks_again(kernel: Kernel, name: str) -> None:
    kernel.plan()
    kernel.runs()
    path = kernel.directory / name
    path.write_text(path.read_text() + "# edited\n")
    kernel.plan()
    assert kernel.runs() == 2


def test_other_flags_ask_again(kernel: Kernel) -> None:
    kernel.plan()
    assert "--cfg=mine" in repr(kernel.plan(krustflags=("--cfg=mine",)).rules)


@pytest.mark.parametrize("name", ["rustc", "bindgen"])
def test_another_tool_asks_again(kernel: Kernel, name: str) -> None:
    kernel.plan()
    kernel.runs()
    tool = dataclasses.replace(getattr(kernel.toolchain, name), digest="another")
    kernel.plan(toolchain=dataclasses.replace(kernel.toolchain, **{name: tool}))
    assert kernel.runs() == 2


def test_trees_that_were_removed_are_laid_out_again(kernel: Kernel) -> None:
    plan = kernel.plan()
    kernel.runs()
    (kernel.directory / "kernel-rust/objects/Makefile").unlink()
    assert kernel.plan() == plan
    assert kernel.runs() == 2


def test_overrides_reach_kbuild(kernel: Kernel) -> None:
    overrides = (("CONFIG_RUST", "y"),)
    assert "--cfg=overridden" not in kernel.plan().rules[-1].commands[0].programs[0]
    plan = kernel.plan(overrides=overrides)
    assert "--cfg=overridden" in plan.rules[-1].commands[0].programs[0]
    assert plan.overrides == overrides
    assert kernel.plan(overrides=overrides) == plan


def test_the_environment_has_no_say(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MAKEFLAGS": "-n", "KCFLAGS": "-O1", "KBUILD_OUTPUT": "/x"}.items():
        monkeypatch.setenv(name, value)
    assert len(kernel.plan().rules) == 4


def test_a_tree_with_its_own_sources_is_not_laid_out(kernel: Kernel) -> None:
    for path in kernel.sources.rglob("*"):
        if path.is_file() and path.name != "Makefile.lib":
            write(kernel.common / path.relative_to(kernel.sources), path.read_text())
    plan = kernel.plan(sources=kernel.common)
    assert plan.srctree == kernel.common
    assert not (kernel.directory / "kernel-rust/source").exists()
    assert f"{kernel.common}/rust/kernel/lib.rs" in plan.rules[-1].commands[0].programs[0]


def test_a_tree_with_crates_is_asked_only_for_the_command_for_modules(kernel: Kernel) -> None:
    plan = kernel.plan(has_crates=True, sources=kernel.common)
    assert (plan.objtree, plan.rules, plan.target_file) == (kernel.headers, (), False)
    assert plan.module_command.env[0] == ("OBJTREE", str(kernel.headers))
    assert not (kernel.headers / "rust").exists()
    assert kernel.runs() == 1
    assert kernel.plan(has_crates=True, sources=kernel.common) == plan
    assert kernel.runs() == 0


def test_kbuild_is_asked_in_the_sysroot(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    enter = write(
        kernel.directory / "enter", f'#!/bin/sh\necho "$1 $2" >>{kernel.directory}/entered\nexec "$@"\n', 0o755
    )
    monkeypatch.setattr(System, "python", THIS_MACHINE.python)
    kernel.plan(system=System(kernel.directory, (str(enter),)))
    assert (kernel.directory / "entered").read_text() == "make --no-print-directory\n" * 2


def test_a_make_that_fails_shows_what_it_said(kernel: Kernel) -> None:
    write(kernel.sources / "rust/Makefile", "$(error no such thing)\n")
    with pytest.raises(StepError, match=r"(?s)^PLAN 6\.12.*exit status 2\nmake .*no such thing"):
        kernel.plan()
    assert not (kernel.directory / "kernel-rust/plan.json").exists()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("linux/rust/Makefile", "; sed -i", "&& sed -i"),
        ("common/scripts/Kbuild.include", "'savedcmd_", "'newform_"),
        ("common/scripts/Kbuild.include", ".cmd\n", ".old\n"),
    ],
)
def test_commands_that_are_not_understood_are_an_error_not_a_guess(
    kernel: Kernel, name: str, old: str, new: str
) -> None:
    path = kernel.directory / name
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(StepError) as error:
        kernel.plan()
    assert str(error.value).startswith(
        f"PLAN {RELEASE}: the commands that this kernel's Kbuild left in {kernel.directory}/kernel-rust can't be"
    )
    assert str(error.value).endswith("\n    report the kernel's version; modules of the 2021 API can be built for it")


def test_outputs_of_another_plan_stay_and_links_follow_the_kernel_tree(question: Question) -> None:
    lay_out_objtree(question, question.objtree)
    rmeta = write(question.objtree / "rust/libcore.rmeta", "")
    (question.objtree / "arch").unlink()
    (question.objtree / "arch").symlink_to("/another/tree/arch")
    lay_out_objtree(question, question.objtree)
    assert rmeta.exists()
    assert (question.objtree / "arch").resolve() == (question.tree.path / "arch").resolve()
