# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from miniature import after, target, write

from scons_kmod.build_target import BuildTarget
from scons_kmod.c_code import CCode
from scons_kmod.c_module import c_link_step, c_object_steps
from scons_kmod.digests import LINES
from scons_kmod.kbuild_link import kbuild_steps
from scons_kmod.link import module_object
from scons_kmod.manifest import Manifest
from scons_kmod.step import Step


@pytest.fixture(params=["6.1", "6.12"])
def made(tmp_path: Path, request: pytest.FixtureRequest) -> BuildTarget:
    return target(tmp_path, request.param)


def module(directory: Path, *sources: str) -> Manifest:
    paths = tuple(write(directory / name, "") for name in sources)
    return Manifest("my-echo", directory, None, None, c=CCode(paths))


def checked(step: Step) -> list[str]:
    """How objtool is run in a step."""
    runs = [command.argv for command in step.commands if command.label == "OBJTOOL"]
    return ["--link" if "--link" in argv else "alone" for argv in runs]


def test_several_sources_are_compiled_and_linked(made: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m", "a.c", "sub/b.c")
    (one, two), linked = c_object_steps(made, manifest), c_link_step(made, manifest)
    directory = made.build / "modules/my-echo"
    assert [step.outputs[0] for step in (one, two)] == [directory / "c/a.o", directory / "c/sub/b.o"]
    assert linked.inputs == (*one.outputs, *two.outputs)
    assert linked.outputs == (module_object(made, manifest),)
    # 6.1's Kbuild has objtool look at each object, 6.12's at what is linked of them.
    each = made.kbuild.objtool_each
    assert [checked(step) for step in (one, linked)] == ([["alone"], []] if each else [[], ["--link"]])


def test_a_source_with_the_modules_name_is_the_module(made: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m", "my-echo.c")
    (only,) = c_object_steps(made, manifest)
    assert only.outputs == (module_object(made, manifest),)
    assert checked(only) == (["alone"] if made.kbuild.objtool_each else ["--link"])


def test_a_source_with_another_name_is_linked(made: BuildTarget, tmp_path: Path) -> None:
    (only,) = c_object_steps(made, module(tmp_path / "m", "other.c"))
    assert only.outputs == (made.build / "modules/my-echo/c/other.o",)


def test_code_knows_its_module_and_its_file_but_not_where_they_lie(made: BuildTarget, tmp_path: Path) -> None:
    step, *_ = c_object_steps(made, module(tmp_path / "m", "part-one.c", "b.c"))
    argv = step.commands[0].argv
    assert '-DKBUILD_BASENAME="part_one"' in argv
    assert '-DKBUILD_MODNAME="my_echo"' in argv
    assert f"-fmacro-prefix-map={tmp_path}/m/=modules/my-echo/" in argv
    assert (step.kind, step.beside) == (LINES, str(tmp_path / "m"))


def test_kbuild_gets_the_same_objects(made: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m", "a.c", "b.c")
    (step,) = kbuild_steps(dataclasses.replace(made, extra_symbols=(Path("/x.symvers"),)), manifest)
    *copies, make, ko, symvers = (command.argv for command in step.commands)
    work, link = made.build / "modules/my-echo/kbuild", made.build / "modules/my-echo/link"
    *objects, versions = step.inputs
    assert [argv[2:] for argv in copies] == [
        *((str(path), str(work / f"my-echo_{number}.o_shipped")) for number, path in enumerate(objects)),
        # modpost looks for CRCs in the .cmd file of any of the objects.
        (str(versions), str(work / ".my-echo_0.o.cmd")),
    ]
    assert versions == link / ".my-echo.o.cmd"
    assert dict(step.files)[work / "Kbuild"] == (
        "obj-m := my-echo.o\nmy-echo-y := my-echo_0.o my-echo_1.o\n"
        "$(obj)/my-echo_0.o: $(obj)/my-echo_0.o_shipped\n\tcp $< $@\n"
        "$(obj)/my-echo_1.o: $(obj)/my-echo_1.o_shipped\n\tcp $< $@\n"
    )
    assert after(make, "-C") == str(made.tree.path)
    assert {f"M={work}", "KCFLAGS=-g0", "KBUILD_EXTRA_SYMBOLS=/x.symvers"} <= set(make)
    assert ko[2:] == (str(work / "my-echo.ko"), str(step.outputs[0]))
    assert symvers[2:] == (str(work / "Module.symvers"), str(link / "Module.symvers"))
