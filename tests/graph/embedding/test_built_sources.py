# SPDX-License-Identifier: MIT
"""Sources of modules that other builders of the SConstruct make: they come first, and their changes reach the .ko."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedding_project import EmbeddingProject

HEADER, DATA = "modules/one/answer.h", "answer.txt"
# Each target's text has the content of its source.
BUILT_HEADER = f'env.Command("{HEADER}", "{DATA}", "echo \\"#define ANSWER $$(cat $SOURCE)\\" > $TARGET")'
BUILT_SOURCE = """\
env.Command("modules/one/table.c", "table.txt",
            "echo \\"int table(void); int table(void) { return $$(cat $SOURCE); }\\" > $TARGET")
"""
TABLE = "int table(void);"
PROGRAM = """\
#include <stdio.h>
int main(void) { return puts("#define ANSWER 5") < 0; }
"""


@pytest.fixture
def project(tmp_path: Path) -> EmbeddingProject:
    """A module `one` that includes a header, which a builder is to make, and a module `two`."""
    project = EmbeddingProject(tmp_path / "project")
    project.c_module("one", '#include "answer.h"', "ANSWER")
    project.c_module("two")
    project.write(DATA, "42")
    return project


@pytest.mark.parametrize("arguments", [(), ("one", "-j1"), ("own-alias",)])
def test_a_header_is_built_before_the_module(project: EmbeddingProject, arguments: tuple[str, ...]) -> None:
    project.sconstruct(f'{BUILT_HEADER}\nenv.Alias("own-alias", kos["one"])')
    project.scons(*arguments)
    first = project.modules()["one.ko"]
    project.write(DATA, "43")
    project.scons(*arguments)
    assert ("CC [M]", "one/one.o") in project.ran()
    assert project.modules()["one.ko"] != first
    project.scons(*arguments)
    assert project.ran() == []


def test_a_build_equals_a_clean_one_after_each_change(project: EmbeddingProject, tmp_path: Path) -> None:
    project.sconstruct(BUILT_HEADER)
    for number, text in enumerate(("1", "2 /* two */", "1")):
        project.write(DATA, text)
        project.scons()
        assert project.modules() == project.of_clean_build(tmp_path / f"clean{number}", [HEADER])
        assert project.is_up_to_date()


def test_a_change_that_no_compiler_notices_runs_no_step(project: EmbeddingProject) -> None:
    project.sconstruct(BUILT_HEADER)
    project.scons()
    project.write(DATA, "42 /* the same */")
    assert any("echo" in line for line in project.lines())
    assert project.ran() == []


def test_only_what_is_asked_for_is_built(project: EmbeddingProject) -> None:
    project.c_module("three", TABLE, "table()", ["table.c"])
    table = BUILT_SOURCE.replace("modules/one", "modules/three")
    project.sconstruct(BUILT_HEADER + "\n" + table)
    project.write("table.txt", "7")
    project.scons("two")
    project.scons("one")
    assert (project.path / HEADER).exists()
    assert not (project.path / "modules/three/table.c").exists()
    assert project.modules().keys() == {"one.ko", "two.ko"}
    project.scons()
    assert project.modules().keys() == {"one.ko", "two.ko", "three.ko"}
    assert project.is_up_to_date()


def test_a_source_that_is_not_there_yet_is_no_error(project: EmbeddingProject, tmp_path: Path) -> None:
    project.c_module("three", TABLE, "table()", ["table.c"])
    built = BUILT_SOURCE.replace("modules/one", "modules/three")
    project.sconstruct(BUILT_HEADER + "\n" + built)
    project.write("table.txt", "7")
    project.scons()
    before = project.modules()
    project.write("table.txt", "8")
    project.scons("three")
    assert {unit for step, unit in project.ran() if step == "CC [M]"} == {"three/table.o"}
    assert project.modules()["three.ko"] != before["three.ko"]
    assert project.modules() == project.of_clean_build(tmp_path / "clean", [HEADER, "modules/three/table.c"])


def test_a_source_that_nobody_makes_is_an_error(project: EmbeddingProject) -> None:
    project.c_module("three", TABLE, "table()", ["table.c"])
    project.sconstruct(BUILT_HEADER)
    done = project.scons("-Q", "two", check=False)
    assert done.returncode == 2
    assert "modules/three/module.toml:5: [c.sources] element 2: table.c does not exist\n" in done.stderr
    assert not (project.path / HEADER).exists()


def test_patterns_match_built_sources(project: EmbeddingProject) -> None:
    project.c_module("three", TABLE, "table()", ["gen/*.c"])
    project.sconstruct(BUILT_HEADER + "\n" + BUILT_SOURCE.replace("modules/one", "modules/three/gen"))
    project.write("table.txt", "7")
    project.scons()
    assert ("CC [M]", "three/table.o") in project.ran()
    assert project.is_up_to_date()


def test_a_builder_before_the_modules_and_a_program_that_writes(project: EmbeddingProject) -> None:
    project.sconstruct(
        first="""\
host = Environment(tools=["default"])
tool = host.Program("tools/answer", "tools/answer.c")
env.Command("modules/one/answer.h", tool, "$SOURCE > $TARGET")
"""
    )
    project.write("tools/answer.c", PROGRAM)
    project.scons("one")
    assert (project.path / HEADER).read_text() == "#define ANSWER 5\n"
    before = project.modules()
    project.scons("one")
    assert project.ran() == []
    project.write("tools/answer.c", PROGRAM.replace("5", "65"))
    project.scons("one")
    assert ("CC [M]", "one/one.o") in project.ran()
    assert project.modules()["one.ko"] != before["one.ko"]


def test_a_file_elsewhere_is_named_once_and_then_known(project: EmbeddingProject) -> None:
    elsewhere = 'header = env.Command("gen/far.h", "answer.txt", "echo \\"#define FAR $$(cat $SOURCE)\\" > $TARGET")'
    project.c_module("far", '#include "../../gen/far.h"', "FAR")
    loop = "env.KernelModule(target, manifest)"
    project.sconstruct(BUILT_HEADER, elsewhere)
    path = project.path / "SConstruct"
    plain = path.read_text()
    assert project.scons("far", check=False).returncode == 2
    path.write_text(plain.replace(loop, "env.KernelModule(target, manifest, depends=header)"))
    project.scons("far")
    before = project.modules()
    path.write_text(plain)
    project.write(DATA, "43")
    project.scons("far")
    assert project.modules()["far.ko"] != before["far.ko"]
    (project.path / "gen/far.h").unlink()
    project.scons("far")
    assert (project.path / "gen/far.h").exists()


def test_a_header_that_is_built_from_another_module(project: EmbeddingProject) -> None:
    project.sconstruct(
        f'env.Command("{HEADER}", kos["two"], "echo \\"#define ANSWER $$(stat -c %s $SOURCE)\\" > $TARGET")'
    )
    project.scons("one")
    text, before = (project.path / HEADER).read_text(), project.modules()
    project.scons("one")
    assert project.ran() == []
    source = project.path / "modules/two/two.c"
    source.write_text(source.read_text() + 'MODULE_INFO(more, "' + 500 * "x" + '");\n')
    project.scons()
    assert (project.path / HEADER).read_text() != text
    assert project.modules()["one.ko"] != before["one.ko"]
    assert project.is_up_to_date()


def test_what_is_built_from_a_module_is_no_source_of_it(project: EmbeddingProject) -> None:
    project.sconstruct(BUILT_HEADER + '\nenv.Command("modules/one/one.sum", kos["one"], "md5sum $SOURCE > $TARGET")')
    project.scons("one")
    assert not (project.path / "modules/one/one.sum").exists()
    project.scons("modules/one/one.sum")
    assert (project.path / "modules/one/one.sum").exists()


def test_a_builder_that_fails(project: EmbeddingProject) -> None:
    project.sconstruct('env.Command("modules/one/answer.h", "answer.txt", "false")')
    done = project.scons("-Q", check=False)
    assert done.returncode == 2
    assert "scons: *** [modules/one/answer.h] Error 1" in done.stderr
    assert not list(project.path.glob("build/*/modules/*/*.ko"))
    done = project.scons("-Q", "-k", check=False)
    assert done.returncode == 2
    assert project.modules().keys() == {"two.ko"}
    project.sconstruct(BUILT_HEADER)
    project.scons()
    assert project.modules().keys() == {"one.ko", "two.ko"}


def test_a_header_that_many_sources_begin_with_is_not_precompiled_as_it_was(tmp_path: Path) -> None:
    """What sources begin with is found out when they are planned: after the header is built."""
    project = EmbeddingProject(tmp_path / "project")
    sources = [f"s{number}.c" for number in range(7)]
    project.c_module("many", sources=sources)
    manifest = project.path / "modules/many/module.toml"
    manifest.write_text(manifest.read_text() + 'include = ["include"]\n')
    for number, name in enumerate(sources):
        function = f"int f{number}(void);\nint f{number}(void) {{ return A; }}\n"
        project.write(f"modules/many/{name}", f"#include <linux/kernel.h>\n#include <shared.h>\n{function}")
    project.sconstruct('env.Command("modules/many/include/shared.h", "shared.txt", Copy("$TARGET", "$SOURCE"))')
    guarded, unguarded = "#pragma once\n#define A 1\n", "#undef A\n#define A 2\n"
    for number, text in enumerate((guarded, unguarded)):
        project.write("shared.txt", text)
        project.scons()
        assert project.modules() == project.of_clean_build(tmp_path / str(number), ["modules/many/include/shared.h"])
