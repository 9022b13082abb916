# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from miniature import write

from scons_kmod.base.run_log import RunLog
from scons_kmod.c.compiler import assembler_depfile_args
from scons_kmod.engine.asked_files import AskedFiles
from scons_kmod.engine.audit import Audit, NamedDirectories, real_path
from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.cut_offs import CUT_OFFS
from scons_kmod.engine.digests import Digests
from scons_kmod.engine.header_search import include_directories
from scons_kmod.engine.run_step import run_step
from scons_kmod.engine.step import Command, Step
from scons_kmod.engine.strace import LISTED, MISSING, OPENED, Access
from scons_kmod.engine.up_to_date import out_of_date_reasons
from scons_kmod.engine.views import SYMBOLS, View


class Project:
    """A C source that includes a header of the second of two directories, and one that it looks for in vain."""

    def __init__(self, path: Path) -> None:
        self.path = path
        write(path / "src/a.c", '#include "b.h"\nint x = B;\n')
        write(path / "second/b.h", "#define B 1\n")
        (path / "first").mkdir()

    def step(self, *more_args: str) -> Step:
        source, output = self.path / "src/a.c", self.path / "build/a.o"
        args = ("-nostdinc", f"-I{self.path}/first", f"-I{self.path}/second", *more_args)
        argv = ("gcc", *args, f"-Wp,-MMD,{output}.d", "-c", "-o", str(output), str(source))
        return Step(
            name="CC",
            unit="a.o",
            commands=(Command(argv, self.path),),
            outputs=(output,),
            tracked=(source,),
            depfiles=(Path(f"{output}.d"),),
            include_directories=include_directories(args, str(self.path)),
        )

    def state(self) -> BuildState:
        return BuildState(self.path / "build", Digests())

    def audit(self, step: Step, system: tuple[Path, ...] = ()) -> Audit:
        """The audit of one run of a step."""
        audit, state = Audit(NamedDirectories({}, system)), self.state()
        with audit.watching(step, state, RunLog()) as log:
            run_step(step, state, log)
        return audit

    def unknown(self, step: Step) -> set[tuple[str, str]]:
        """What a run of a step reads, below the project's directory, and its trace does not know."""
        prefix = f"{real_path(str(self.path))}/"
        found = self.audit(step).unknown
        return {(read.kind, read.path.removeprefix(prefix)) for read in found if read.path.startswith(prefix)}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_all_reads_of_a_compiler_are_in_the_trace(project: Project) -> None:
    assert project.unknown(project.step()) == set()


def test_a_step_without_its_depfile(project: Project) -> None:
    found = project.unknown(dataclasses.replace(project.step(), depfiles=()))
    assert (OPENED, "second/b.h") in found


def test_a_step_without_its_include_directories(project: Project) -> None:
    found = project.unknown(dataclasses.replace(project.step(), include_directories=()))
    assert found == {(MISSING, f"{name}/b.h{suffix}") for name in ("first", "src") for suffix in ("", ".gch")}


def test_a_step_of_which_it_is_not_known_what_its_files_ask_for(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = AskedFiles((), (), includes_by_macro=False, asks_by_macro=False)
    write(project.path / "src/a.c", '#include "b.h"\n#if __has_include("c.h")\n#endif\n')
    assert project.unknown(project.step()) == set()
    monkeypatch.setattr("scons_kmod.engine.header_search.asked_files", lambda *_: nothing)
    found = {path for _, path in project.unknown(project.step())}
    assert found == {"src/b.h", "src/b.h.gch", "src/c.h", "first/c.h", "second/c.h"}


def test_a_file_that_only_the_assembler_opens(project: Project) -> None:
    write(project.path / "src/data", "text")
    write(project.path / "src/a.c", f'asm(".incbin \\"{project.path}/src/data\\"");\n')
    assert (OPENED, "src/data") in project.unknown(project.step())
    depfile = project.path / "build/a.o.as.d"
    step = project.step(*assembler_depfile_args(depfile))
    assert project.unknown(dataclasses.replace(step, assembler_depfiles=(depfile,))) == set()


@pytest.mark.parametrize(
    "name", ["first/b.h", "src/b.h", "second/b.h.gch", "src/a.c.gch", "first/b.h.gch", "src/b.h.gch"]
)
def test_a_file_that_is_looked_for_in_vain_makes_the_step_out_of_date_when_it_is_created(
    project: Project, name: str
) -> None:
    audit, step, state = Audit(NamedDirectories({}, ())), project.step(), project.state()
    with audit.watching(step, state, RunLog()) as log:
        run_step(step, state, log)
    assert not [read for read in audit.unknown if read.path == str(project.path / name)]
    write(project.path / name, "#define B 2\n")
    assert [*out_of_date_reasons(step, project.state())]


def test_files_that_a_step_creates_are_its_own(project: Project) -> None:
    script = "cat new; echo text >new && cat new && mkdir d && echo text >d/e && cat d/e && ls d && cp d/e out"
    output = project.path / "out"
    step = Step("SH", "out", (Command(("sh", "-c", f"({script}) 2>&1"), project.path),), (output,))
    assert project.unknown(step) == set()


def test_a_file_that_is_read_and_then_written(project: Project) -> None:
    write(project.path / "state", "old")
    step = Step(
        "SH", "out", (Command(("sh", "-c", "cat state >out; echo new >state"), project.path),), (project.path / "out",)
    )
    assert project.unknown(step) == {(OPENED, "state")}


def test_a_directory_that_is_listed(project: Project) -> None:
    step = Step("LS", "out", (Command(("sh", "-c", "ls first >out"), project.path),), (project.path / "out",))
    assert project.unknown(step) == {(LISTED, "first")}


def test_files_of_the_system_do_not_count(project: Project) -> None:
    assert [
        read.path for read in project.audit(project.step()).unknown if read.path.startswith(("/usr/lib", "/lib"))
    ] == []
    found = project.audit(dataclasses.replace(project.step(), depfiles=()), (project.path,))
    assert not [read for read in found.unknown if read.path.startswith(str(project.path))]


def test_a_file_of_which_the_step_sees_a_part_is_not_known_as_a_whole(project: Project) -> None:
    whole, part = (
        write(project.path / "Module.symvers", "0x1\tf\tvmlinux\tEXPORT_SYMBOL\t\n"),
        project.path / "0.symvers",
    )
    object_file = project.path / "build/a.o"
    run_step(project.step(), project.state(), RunLog())
    view = View(SYMBOLS, (whole,), (object_file,), (part,))
    commands = tuple(Command(("sh", "-c", f"cat {path} >out"), project.path) for path in (part, whole))
    step = Step("CAT", "out", commands, (project.path / "out",), views=(view,))
    assert project.unknown(step) == {(OPENED, "Module.symvers")}


def test_links_do_not_hide_a_file(project: Project) -> None:
    (project.path / "link").symlink_to("second")
    step = project.step()
    args = tuple(arg.replace("/second", "/link") for arg in step.commands[0].argv)
    step = dataclasses.replace(step, commands=(Command(args, project.path),))
    step = dataclasses.replace(step, include_directories=include_directories(args, str(project.path)))
    assert project.unknown(step) == set()


def test_files_are_named_by_the_innermost_directory(tmp_path: Path) -> None:
    directories = NamedDirectories({tmp_path: "@TOP@", tmp_path / "build": "@BUILD@"}, [tmp_path / "venv"])
    assert directories.named(f"{tmp_path}/modules/a.c") == "@TOP@/modules/a.c"
    assert directories.named(f"{tmp_path}/build/x/a.o") == "@BUILD@/x/a.o"
    assert directories.named(f"{tmp_path}/venv/lib/x.py") == ""
    assert directories.named("/usr/lib/x") == ""
    assert directories.named("/usr/include/stdio.h") == "/usr/include/stdio.h"


def test_a_rule_covers_reads_of_a_kind_and_of_a_step_alone() -> None:
    (rule,) = [rule for rule in CUT_OFFS if "@PATH@" in rule.paths and rule.steps == ".*"]
    assert rule.covers("CC a.o", MISSING, "@PATH@/as")
    assert not rule.covers("CC a.o", OPENED, "@PATH@/as")
    assert not rule.covers("CC a.o", MISSING, "@TOP@/as")


def test_the_summary(tmp_path: Path) -> None:
    audit, project = Audit(NamedDirectories({}, ())), Project(tmp_path)
    step, state = project.step(), project.state()
    run_step(step, state, RunLog())
    audit.check(step, state, [Access(OPENED, "/x/y.h")])
    audit.check(step, state, [], ran=False)
    assert audit.summary() == [
        "audit: CC a.o: /x/y.h opened",
        "audit: not audited, taken from the cache: CC a.o",
        "audit: 1 steps, 1 unknown reads",
    ]
