# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from miniature import arg_after, target, write

from scons_kmod.c.helpers import helper_steps
from scons_kmod.c.module_objects import c_object_step, c_object_steps, c_objects, c_sources, is_single_source
from scons_kmod.c.source_flags import source_flags
from scons_kmod.engine.digests import COLUMNS, LINES, RAW
from scons_kmod.engine.step import Step
from scons_kmod.link.c_object import c_link_step
from scons_kmod.link.kbuild_link import kbuild_link_steps
from scons_kmod.link.modpost import modpost_step
from scons_kmod.link.rust_object import rust_link_step
from scons_kmod.link.symbol_versions_step import symbol_versions_step
from scons_kmod.manifest.manifest import MAINLINE, Manifest
from scons_kmod.manifest.sections.c import CCode, FileFlags
from scons_kmod.manifest.sections.depends import Depends
from scons_kmod.manifest.sections.exports import Exports
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import modpost_cmd_files, module_object, symvers_file
from scons_kmod.target.provider import CARRIED, REBUILT, Provider


@pytest.fixture(params=["6.1", "6.12"])
def build_target(tmp_path: Path, request: pytest.FixtureRequest) -> BuildTarget:
    return target(tmp_path, request.param)


def module(directory: Path, *sources: str) -> Manifest:
    paths = tuple(write(directory / name, "") for name in sources)
    return Manifest("my-echo", directory, None, None, c=CCode(paths))


def with_depfile(object_file: Path) -> tuple[Path, Path]:
    """What a compilation writes."""
    return object_file, object_file.with_name(f"{object_file.name}.d")


def checked(step: Step) -> list[str]:
    """How objtool is run in a step."""
    runs = [command.argv for command in step.commands if command.label == "OBJTOOL"]
    return ["--link" if "--link" in argv else "alone" for argv in runs]


def test_several_sources_are_compiled_and_linked(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m", "a.c", "sub/b.c")
    (first, second), link_step = c_object_steps(build_target, manifest), c_link_step(build_target, manifest)
    directory = build_target.build / "modules/my-echo"
    assert [step.outputs[0] for step in (first, second)] == [directory / "c/a.o", directory / "c/sub/b.o"]
    assert link_step.inputs == (first.outputs[0], second.outputs[0])
    assert link_step.outputs == (module_object(build_target, manifest),)
    # 6.1's Kbuild has objtool look at each object, 6.12's at what is linked of them.
    each = build_target.kbuild.objtool_each
    assert [checked(step) for step in (first, link_step)] == ([["alone"], []] if each else [[], ["--link"]])


def test_a_source_with_the_modules_name_is_the_module(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m", "my-echo.c")
    (only,) = c_object_steps(build_target, manifest)
    assert only.outputs == with_depfile(module_object(build_target, manifest))
    assert checked(only) == (["alone"] if build_target.kbuild.objtool_each else ["--link"])


def test_a_source_with_another_name_is_linked(build_target: BuildTarget, tmp_path: Path) -> None:
    (only,) = c_object_steps(build_target, module(tmp_path / "m", "other.c"))
    assert only.outputs == with_depfile(build_target.build / "modules/my-echo/c/other.o")


def test_code_knows_its_module_and_its_file_but_not_where_they_lie(build_target: BuildTarget, tmp_path: Path) -> None:
    step, *_ = c_object_steps(build_target, module(tmp_path / "m", "part-one.c", "b.c"))
    argv = step.commands[0].argv
    assert '-DKBUILD_BASENAME="part_one"' in argv
    assert '-DKBUILD_MODNAME="my_echo"' in argv
    assert f"-fmacro-prefix-map={tmp_path}/m/=modules/my-echo/" in argv
    assert step.digest_kind == LINES


def test_sanitizers_record_columns(build_target: BuildTarget, tmp_path: Path) -> None:
    kbuild = dataclasses.replace(build_target.kbuild, cc=(*build_target.kbuild.cc, "-fsanitize=bounds-strict"))
    sanitized = dataclasses.replace(build_target, kbuild=kbuild)
    manifest = module(tmp_path / "m", *(f"{name}.c" for name in "abcdef"), "g.S")
    kinds = {step.unit: step.digest_kind for step in c_object_steps(sanitized, manifest)}
    assert kinds.pop("my-echo/g.o") == RAW
    assert set(kinds.values()) == {COLUMNS}
    assert {step.digest_kind for step in helper_steps(sanitized) if step.name in ("CC", "PCH")} == {COLUMNS}


def test_kbuild_gets_the_same_objects(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m", "a.c", "b.c")
    (step,) = kbuild_link_steps(dataclasses.replace(build_target, extra_symbols=(Path("/x.symvers"),)), manifest)
    *copies, make, ko, symvers = (command.argv for command in step.commands)
    work, link = build_target.build / "modules/my-echo/kbuild", build_target.build / "modules/my-echo/link"
    *objects, versions, _ = step.inputs
    assert [argv[2:] for argv in copies] == [
        *((str(path), str(work / f"my-echo_{number}.o_shipped")) for number, path in enumerate(objects)),
        # modpost looks for CRCs in the .cmd file of any of the objects.
        (str(versions), str(work / ".my-echo_0.o.cmd")),
    ]
    assert versions == link / ".my-echo.o.cmd"
    assert dict(step.written_files)[work / "Kbuild"] == (
        "obj-m := my-echo.o\nmy-echo-y := my-echo_0.o my-echo_1.o\n"
        "$(obj)/my-echo_0.o: $(obj)/my-echo_0.o_shipped\n\tcp $< $@\n"
        "$(obj)/my-echo_1.o: $(obj)/my-echo_1.o_shipped\n\tcp $< $@\n"
    )
    assert arg_after(make, "-C") == str(build_target.tree.path)
    assert {f"M={work}", "KCFLAGS=-g0", "KBUILD_EXTRA_SYMBOLS=/x.symvers"} <= set(make)
    assert ko[2:] == (str(work / "my-echo.ko"), str(step.outputs[0]))
    assert symvers[2:] == (str(work / "Module.symvers"), str(link / "Module.symvers"))


def mixed_module(directory: Path, *sources: str, **more: object) -> Manifest:
    """A module of a crate and of C."""
    manifest = dataclasses.replace(module(directory, *sources), root=write(directory / "my_echo.rs", ""))
    return dataclasses.replace(manifest, **more)


def test_assembly_has_the_kernels_flags_for_it_and_its_own(build_target: BuildTarget, tmp_path: Path) -> None:
    code = CCode(
        (write(tmp_path / "m/a.c", ""), write(tmp_path / "m/fast.S", "")),
        defines=("BOTH",),
        flags=("-DIN_C",),
        asm_flags=("-DIN_ASM",),
    )
    c, asm = (
        step.commands[0].argv
        for step in c_object_steps(build_target, Manifest("m", tmp_path / "m", None, None, c=code))
    )
    assert ("-D__ASSEMBLY__" in c, "-D__ASSEMBLY__" in asm) == (False, True)
    assert ("-DBOTH" in c, "-DBOTH" in asm) == (True, True)
    assert ("-DIN_C" in c, "-DIN_C" in asm) == (True, False)
    assert ("-DIN_ASM" in c, "-DIN_ASM" in asm) == (False, True)
    assert "-g0" in asm, "the kernel's own flags turn debug information on"
    kinds = [
        step.digest_kind for step in c_object_steps(build_target, Manifest("m", tmp_path / "m", None, None, c=code))
    ]
    assert kinds == [LINES, RAW], "a comment may be a directive in assembly"


def test_flags_come_from_the_kernel_then_the_module_then_the_file(build_target: BuildTarget, tmp_path: Path) -> None:
    first, second = (write(tmp_path / f"m/{name}.c", "") for name in ("first", "second"))
    first_header, include = write(tmp_path / "m/first.h", ""), tmp_path / "m/include"
    code = CCode(
        (first, second),
        include=(include,),
        include_first=(first_header,),
        defines=('TEXT="a b"',),
        flags=("-O3", "-Wextra"),
        files=(FileFlags(first, ("-O1",)), FileFlags(first, ("-O0",))),
    )
    manifest = Manifest("m", tmp_path / "m", None, None, c=code)
    flags = source_flags(build_target, manifest, first)
    own = (f"-I{include}", "-include", str(first_header), '-DTEXT="a b"', "-O3", "-Wextra", "-O1", "-O0")
    kernels = build_target.kbuild.cc[1:]
    assert flags[: len(kernels) + len(own)] == (*kernels, *own)
    assert "-O0" not in source_flags(build_target, manifest, second)


def test_flags_are_left_out_as_kbuild_does_it(build_target: BuildTarget, tmp_path: Path) -> None:
    first, second = (write(tmp_path / f"m/{name}.c", "") for name in ("first", "second"))
    code = CCode(
        (first, second),
        flags=("-Wextra", "-DX"),
        without_flags=("-O2",),
        files=(FileFlags(first, ("-O2",), ("-Wextra", "-DX", "-Wall")),),
    )
    manifest = Manifest("m", tmp_path / "m", None, None, c=code)
    assert {"-O2", "-Wall"} <= set(build_target.kbuild.cc)
    first_flags, second_flags = (
        source_flags(build_target, manifest, first),
        source_flags(build_target, manifest, second),
    )
    assert (first_flags.count("-O2"), "-Wextra" in first_flags, "-DX" in first_flags, "-Wall" in first_flags) == (
        1,
        False,
        False,
        False,
    )
    assert ("-O2" in second_flags, "-Wextra" in second_flags, "-DX" in second_flags, "-Wall" in second_flags) == (
        False,
        True,
        True,
        True,
    )


def test_c_beside_a_crate_is_checked_with_it_by_objtool(build_target: BuildTarget, tmp_path: Path) -> None:
    steps = c_object_steps(build_target, mixed_module(tmp_path / "m", "my-echo.c"))
    assert [checked(step) for step in steps] == [[]]
    assert steps[0].outputs[0] == build_target.build / "modules/my-echo/c/my-echo.o", "it is not the whole module"


@pytest.mark.parametrize("provider", [REBUILT, CARRIED])
def test_c_beside_a_crate_that_brings_no_others_is_checked_as_kbuild_does(
    build_target: BuildTarget, tmp_path: Path, provider: str
) -> None:
    provided = dataclasses.replace(build_target, provider=Provider(provider))
    (step,) = c_object_steps(provided, mixed_module(tmp_path / "m", "a.c", api=MAINLINE))
    each = build_target.kbuild.objtool_each and provider == REBUILT
    assert checked(step) == (["alone"] if each else [])


def test_symbols_of_rust_are_exported_by_a_source_that_is_written(build_target: BuildTarget, tmp_path: Path) -> None:
    header = write(tmp_path / "m/api.h", "int f(void);")
    manifest = mixed_module(tmp_path / "m", "a.c", exports=Exports(("f",), (header,)))
    written = build_target.build / "modules/my-echo/exports.c"
    assert not is_single_source(dataclasses.replace(module(tmp_path / "m", "my-echo.c"), exports=manifest.exports))
    assert c_sources(build_target, manifest) == (tmp_path / "m/a.c", written)
    _, step = c_object_steps(build_target, manifest)
    assert step.outputs[0] == build_target.build / "modules/my-echo/c/build/exports.o"
    assert (step.tracked, [path for path, _ in step.written_files]) == ((), [written])
    assert "EXPORT_SYMBOL_GPL(f);" in dict(step.written_files)[written]
    assert c_objects(build_target, manifest)[1] == step.outputs[0]


def user_of(tmp_path: Path, named: str, **more: object) -> Manifest:
    """A module that depends on my-ring, which has headers for it and depends on deep itself."""
    deep = Manifest("deep", tmp_path / "deep", None, None, exports=Exports(include=(tmp_path / "deep",)))
    ring = Manifest("my-ring", tmp_path / "ring", None, None, exports=Exports(include=(tmp_path / "ring/api",)))
    return dataclasses.replace(module(tmp_path / "m", "a.c"), depends=Depends((named,)), needs=(deep, ring), **more)


@pytest.mark.parametrize("named", ["my-ring", "my_ring"])
def test_headers_of_modules_that_it_depends_on_are_found(build_target: BuildTarget, tmp_path: Path, named: str) -> None:
    manifest = user_of(tmp_path, named)
    step = c_object_step(build_target, manifest, tmp_path / "m/a.c")
    argv = step.commands[0].argv
    assert f"-I{tmp_path}/ring/api" in argv
    assert f"-I{tmp_path}/deep" not in argv, "the manifest does not name it"
    assert str(tmp_path / "ring/api") in step.include_directories
    assert f"-fmacro-prefix-map={tmp_path}/ring/=modules/my-echo/../my-ring/" in argv


def test_directories_of_the_module_come_after_those_of_the_kernel(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = dataclasses.replace(module(tmp_path / "m", "a.c"), c=CCode((tmp_path / "m/a.c",), (tmp_path / "m/inc",)))
    argv = c_object_step(build_target, manifest, tmp_path / "m/a.c").commands[0].argv
    directories = [arg for arg in argv if arg.startswith("-I")]
    assert directories[-1] == f"-I{tmp_path}/m/inc"
    assert len(directories) > 1


def test_modpost_is_given_the_symbols_of_all_that_a_module_needs(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = user_of(tmp_path, "my-ring")
    step = modpost_step(build_target, manifest)
    needed = (symvers_file(build_target, "deep"), symvers_file(build_target, "my-ring"))
    assert step.order_only == needed
    (view,) = step.views
    assert view.paths == (build_target.tree.symvers, *needed)
    assert symvers_file(build_target, "my-echo") in step.outputs
    assert set(modpost_cmd_files(build_target, manifest)) <= set(step.inputs), (
        "modpost reads CRCs, and sources for srcversion"
    )


def test_kbuild_is_given_them_too(build_target: BuildTarget, tmp_path: Path) -> None:
    (step,) = kbuild_link_steps(build_target, user_of(tmp_path, "my-ring"))
    needed = (symvers_file(build_target, "deep"), symvers_file(build_target, "my-ring"))
    assert set(needed) <= set(step.inputs)
    make = next(command.argv for command in step.commands if command.argv[0] == "make")
    assert f"KBUILD_EXTRA_SYMBOLS={needed[0]} {needed[1]}" in make


def test_a_modules_sources_are_looked_at_by_their_own_flags(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m", "a.c", "b.c")
    step = symbol_versions_step(build_target, manifest)
    asked = json.loads(step.written_files[0][1])
    assert [entry["source"] for entry in asked["objects"]] == [str(tmp_path / "m/a.c"), str(tmp_path / "m/b.c")]
    assert [entry["object"] for entry in asked["objects"]] == [str(path) for path in c_objects(build_target, manifest)]
    for entry, source in zip(asked["objects"], c_sources(build_target, manifest), strict=True):
        assert set(source_flags(build_target, manifest, source)) <= set(entry["cpp"])
        assert entry["cpp"][-3:] == ["-E", "-D__GENKSYMS__", str(source)]
    assert (asked["modversions"], asked["all"]) == (True, False)
    for compile_step in c_object_steps(build_target, manifest):
        assert set(compile_step.outputs) <= set(step.inputs), "it reads the object and the list of its headers"
    assert step.outputs == modpost_cmd_files(build_target, manifest)
    assert (step.digest_kind, step.compare_raw, step.compare_raw_if) == (LINES, False, step.outputs[1])
    assert step.include_directories[0] == str(tmp_path / "m"), "a header beside a source comes before all others"


def test_c_is_linked_after_what_the_linker_drops_of_the_crates(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = mixed_module(tmp_path / "m", "a.c")
    objects = c_objects(build_target, manifest)
    step = rust_link_step(
        build_target, manifest, [Path("/crate.o"), Path("/kernel.o")], Path("/lib.a"), "rust/module.lds", c=objects
    )
    check, reached, _, whole, *_ = (command.argv for command in step.commands)
    roots = step.outputs[0].parent / "roots.lds"
    assert check[-1].endswith("mixed.json")
    asked = json.loads(dict(step.written_files)[Path(check[-1])])
    assert (asked["crate"], asked["c"], asked["roots"]) == ("/crate.o", [*map(str, objects)], str(roots))
    assert reached[-3:] == ("/crate.o", "/kernel.o", str(roots)), "what C calls is kept"
    assert whole[-3:] == ("rust.o", *map(str, objects), "/lib.a")
    assert set(objects) <= set(step.inputs)


def test_a_crate_that_brings_no_others_is_linked_first(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = mixed_module(tmp_path / "m", "a.c", "b.c", api=MAINLINE)
    step = c_link_step(build_target, manifest, Path("/crate.o"))
    check, link, *_ = (command.argv for command in step.commands)
    assert link[-3:] == ("/crate.o", *map(str, c_objects(build_target, manifest)))
    assert json.loads(dict(step.written_files)[Path(check[-1])])["roots"] == "", "all of it is kept"
