# SPDX-License-Identifier: MIT
"""SCons's own features beside the plugin: what each says and does is true."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from embedding_project import EmbeddingProject

BUILT_HEADER = """\
env.Command("modules/one/answer.h", "answer.txt", 'echo "#define ANSWER $$(cat $SOURCE)" > $TARGET')
"""
# `sum-one` has a digest of the .ko, `dist` a copy.
OWN_TARGETS = f"""\
{BUILT_HEADER}env.Alias("sum-one", env.Command("out/one.sum", kos["one"], "md5sum $SOURCE > $TARGET"))
env.Alias("dist", env.Install("dist", kos["one"]))
"""


@pytest.fixture
def project(tmp_path: Path) -> EmbeddingProject:
    """A module `one` that includes a header, which a builder makes, and a module `two`."""
    project = EmbeddingProject(tmp_path / "project")
    project.c_module("one", '#include "answer.h"', "ANSWER")
    project.c_module("two")
    project.write("answer.txt", "42")
    project.sconstruct(OWN_TARGETS)
    return project


def edit(project: EmbeddingProject, old: str = "return ", new: str = "return 1 + ") -> None:
    source = project.path / "modules/one/one.c"
    project.write("modules/one/one.c", source.read_text().replace(old, new))


def ko(project: EmbeddingProject, name: str = "one") -> bytes:
    return (project.target / f"modules/{name}/{name}.ko").read_bytes()


def test_command_install_and_aliases_follow_the_module(project: EmbeddingProject) -> None:
    for _ in range(2):
        project.scons("sum-one", "dist")
        assert (project.path / "dist/one.ko").read_bytes() == ko(project)
        summed = subprocess.run(["md5sum"], input=ko(project), capture_output=True, check=True).stdout.split()[0]
        assert (project.path / "out/one.sum").read_bytes().startswith(summed)
        edit(project)
    assert not (project.target / "modules/two/two.ko").exists()
    project.scons("sum-one", "dist")
    before = (project.path / "out/one.sum").stat()
    assert project.lines("sum-one") == ["scons: `sum-one' is up to date."]
    assert (project.path / "out/one.sum").stat() == before
    assert project.ran() == []


def test_the_question_and_the_dry_run_tell_what_a_build_would_do(project: EmbeddingProject) -> None:
    assert project.scons("-q", "-Q", check=False).returncode == 1
    planned = project.lines("-n")
    assert planned[0].startswith("echo ")
    assert "  LD [M]  one.ko" in planned
    assert not list(project.path.glob("build/*/modules"))
    assert not (project.path / "modules/one/answer.h").exists()
    project.scons()
    assert project.scons("-q", "-Q").stdout == ""
    assert project.lines("-n") == ["scons: `all' is up to date."]
    before = (project.target / "last-run.json").read_text()
    project.write("answer.txt", "43")
    assert project.scons("-q", "-Q", check=False).returncode == 1
    assert project.scons("-q", "-Q", "two").returncode == 0
    planned = project.lines("-n", "one")
    assert planned[:2] == ['echo "#define ANSWER $(cat answer.txt)" > modules/one/answer.h', "  CC [M]  one/one.o"]
    assert "modules/one/answer.h may change" in project.scons("-Q", "why", "NEXT=1").stdout
    assert (project.path / "modules/one/answer.h").read_text() == "#define ANSWER 42\n"
    assert (project.target / "last-run.json").read_text() == before
    project.scons()
    edit(project)
    assert project.scons("-q", "-Q", check=False).returncode == 1
    edit(project, "return 1 + ", "return ")
    assert project.scons("-q", "-Q").returncode == 0


def test_the_tree_shows_built_sources_and_a_clean_removes_them(project: EmbeddingProject) -> None:
    project.scons("one")
    tree = project.lines("--tree=prune", "one")
    assert tree[1:4] == [
        "+-one",
        f"  +-build/{project.target.name}/modules/one/one.ko",
        "    +-modules/one/answer.h",
    ]
    project.scons("-c")
    assert not (project.path / "modules/one/answer.h").exists()
    assert not list(project.path.glob("build/*/modules"))
    project.scons("--random", "-j2", "sum-one")
    assert (project.path / "out/one.sum").exists()


def test_an_action_after_a_module_is_part_of_it(project: EmbeddingProject, tmp_path: Path) -> None:
    project.scons()
    plain = ko(project)
    stripped = OWN_TARGETS + 'env.AddPostAction(kos["one"], "echo more >> $TARGET")\n'
    project.sconstruct(stripped)
    project.scons("dist")
    assert project.ran() == [("LD [M]", "one.ko")]
    assert ko(project) == plain + b"more\n" == (project.path / "dist/one.ko").read_bytes()
    project.scons("dist")
    assert project.ran() == []
    edit(project)
    project.scons()
    assert ko(project).endswith(b"more\n")
    assert project.modules() == project.of_clean_build(tmp_path / "clean", ["modules/one/answer.h"])
    project.sconstruct(stripped.replace("more", "less"))
    project.scons()
    assert ko(project).endswith(b"less\n")
    edit(project, "return 1 + ", "return ")
    project.sconstruct(OWN_TARGETS)
    project.scons()
    assert ko(project) == plain


def test_an_action_that_fails_leaves_no_module(project: EmbeddingProject) -> None:
    project.sconstruct(OWN_TARGETS + 'env.AddPostAction(kos["one"], "false")\n')
    for _ in range(2):
        done = project.scons("one", check=False)
        assert done.returncode == 2
        assert "an action that the SConstruct has attached failed" in done.stderr
        assert not (project.target / "modules/one/one.ko").exists()


def test_depends_and_requires_count(project: EmbeddingProject) -> None:
    project.sconstruct(
        OWN_TARGETS
        + 'env.Depends(kos["two"], "stamp.txt")\n'
        + 'env.Requires(kos["two"], env.Command("first.txt", "stamp.txt", Copy("$TARGET", "$SOURCE")))\n'
        + 'env.Depends(kos["one"], kos["two"])\n'
    )
    project.write("stamp.txt", "1")
    project.scons("one")
    assert (project.path / "first.txt").read_text() == "1"
    assert project.modules().keys() == {"one.ko", "two.ko"}
    project.scons()
    assert project.ran() == []
    project.write("stamp.txt", "2")
    project.scons("two")
    assert project.ran() == [("LD [M]", "two.ko")]
    assert (project.path / "first.txt").read_text() == "2"


def test_sconscripts_variant_directories_and_clones(project: EmbeddingProject) -> None:
    project.write(
        "sub/SConscript",
        """\
Import("env")
kmod = env.Clone()
kos = {}
for target in kmod.KmodTargets():
    for manifest in kmod.KmodManifests("#modules"):
        kos[manifest.name] = kmod.KernelModule(target, manifest)
header = kmod.Command("answer.h", "#answer.txt", "echo \\"#define ANSWER $$(cat $SOURCE)\\" > $TARGET")
kmod.InstallAs("#modules/one/answer.h", header)
kmod.Command("two.sum", kos["two"], "md5sum $SOURCE > $TARGET")
kmod.KmodCommands()
""",
    )
    (project.path / "SConstruct").write_text(
        'env = Environment(tools=["kmod", "install"])\nSConscript("sub/SConscript", "env", variant_dir="out")\n'
    )
    project.scons()
    before = ko(project)
    assert (project.path / "out/answer.h").read_text() == "#define ANSWER 42\n"
    project.write("answer.txt", "43")
    project.scons("one")
    assert ko(project) != before
    assert project.is_up_to_date()
    project.scons("out/two.sum")
    assert (project.path / "out/two.sum").exists()


OWN_OPTIONS = """\
Help("\\nMODE=debug: one of ours\\n")
AddOption("--fast", action="store_true")
own = Variables()
own.Add("MODE", "what to build", "release")
own.Update(env)
print("mode", env["MODE"], ARGUMENTS.get("ANYTHING"), GetOption("fast"))
"""


def test_options_help_and_variables_of_the_project(project: EmbeddingProject) -> None:
    # With -h there are no modules.
    project.sconstruct(BUILT_HEADER, OWN_OPTIONS)
    assert project.lines("two", "MODE=debug", "ANYTHING=x", "--fast")[0] == "mode debug x True"
    text = project.scons("-Q", "-h").stdout
    assert "MODE=debug: one of ours" in text
    assert "usage: scons " in text
    project.sconstruct(OWN_TARGETS)
    done = project.scons("-Q", "two", "MODE=debug", check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("user error: MODE=debug: unknown variable\n    did you mean MODULE=?")
    project.sconstruct(OWN_TARGETS, 'env["KMOD_WORDS"] = "MODE"')
    project.scons("two", "MODE=debug", "ANYTHING=x")


def test_targets_that_do_not_exist(project: EmbeddingProject) -> None:
    done = project.scons("-Q", "sum-on", check=False)
    assert done.returncode == 2
    assert done.stderr == (
        'user error: sum-on: there is no module or command of this name\n    did you mean "sum-one"?\n'
    )
