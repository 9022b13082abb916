# SPDX-License-Identifier: MIT
"""The steps for a module's own headers: with which flags either side reads them, and what waits for what."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from miniature import arg_after, module, target, write

from scons_kmod.base.errors import MachineError
from scons_kmod.bindings.bindgen import bindings_file
from scons_kmod.bindings.local_paths import local_bindings_object, local_bindings_rmeta
from scons_kmod.bindings.rust_sources import naming_sources
from scons_kmod.c.module_objects import c_object_step, c_object_steps, c_sources
from scons_kmod.crates.local import local_crate_step
from scons_kmod.crates.local_bindings import local_bindings_steps
from scons_kmod.crates.module_crate import module_crate_step
from scons_kmod.crates.support_outputs import support_rmeta
from scons_kmod.engine.digests import TOKENS
from scons_kmod.engine.step import Step
from scons_kmod.kernel.cmd_file import SavedCommand
from scons_kmod.link.rust_object import bundled_object_step
from scons_kmod.mainline.local_bindings import mainline_bindings_steps
from scons_kmod.mainline.mainline import BINDINGS, Mainline
from scons_kmod.mainline.module_steps import mainline_module_step
from scons_kmod.mainline.plan import CratePlan, Rule
from scons_kmod.manifest.crate import CrateSpec
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.sections.bindings import Bindings
from scons_kmod.manifest.sections.c import CCode, FileFlags
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.provider import Provider

BINDGEN = (
    *("bindgen", "helper.h", "--blocklist-type", "__kernel_s?size_t", "--no-layout-tests", "--ctypes-prefix", "ffi"),
    *("--with-derive-custom-struct", ".*=MaybeZeroable", "--with-derive-default", "-o", BINDINGS, "--"),
    *("-Wp,-MMD,rust/bindings/.b.d", "-I./include", '-DKBUILD_MODNAME="b"', "-D__KBUILD_MODNAME=b", "-DMODULE", "-O2"),
)


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """A module with two C sources, of which one has a flag of its own, and two headers."""
    plain = module(tmp_path / "elsewhere")
    directory = plain.directory
    a, b, own, more = (write(directory / name, "") for name in ("a.c", "sub/b.c", "own.h", "include/more.h"))
    code = CCode(
        sources=(a, b),
        include=(more.parent,),
        defines=("BARE", "NUMBER=3"),
        flags=("-DWIDE", "-UNARROW", "-Wall"),
        without_flags=("-O2",),
        files=(FileFlags(b, ("-fpack-struct",)),),
    )
    return dataclasses.replace(plain, c=code, bindings=Bindings(own_headers=(own, more), blocklist=("x",)))


def request_of(step: Step) -> dict[str, Any]:
    """What the program that runs bindgen is asked."""
    (text,) = (text for path, text in step.written_files if path.name == "request.json")
    request: dict[str, Any] = json.loads(text)
    return request


def mainline_crates(build_target: BuildTarget, provider: str) -> Mainline:
    """A kernel's own crates: their bindings, and the command for modules."""
    rules = (Rule(BINDINGS, (), (SavedCommand((BINDGEN,), (), ""),)),) if provider != "tree" else ()
    args = ("rustc", "--edition=2021", "-Zcrate-attr=no_std", "--crate-name", "probe", "--out-dir", "./", "probe.rs")
    objects = build_target.build / "objects"
    plan = CratePlan(
        objects / "source", objects, rules, SavedCommand((args,), (("OBJTREE", "/o"),), ""), target_file=False
    )
    return Mainline(dataclasses.replace(build_target, provider=Provider(provider)), plan)


def test_a_module_without_own_headers_has_no_local_bindings(build_target: BuildTarget, manifest: Manifest) -> None:
    plain = dataclasses.replace(manifest, bindings=Bindings(("linux/leds.h",)))
    assert (
        local_bindings_steps(build_target, plain)
        == mainline_bindings_steps(mainline_crates(build_target, "rebuilt"), plain)
        == []
    )
    assert local_bindings_object(build_target, plain) == local_bindings_rmeta(build_target, plain) == ()
    assert c_sources(build_target, plain) == plain.c.sources


def test_the_headers_are_read_as_the_modules_c_code_reads_them(build_target: BuildTarget, manifest: Manifest) -> None:
    step, *_ = local_bindings_steps(build_target, manifest)
    flags = request_of(step)["flags"]
    assert {"-DWIDE", "-UNARROW", "-D__KERNEL__", "-D__LINE__=0", f"-I{manifest.directory}/include"} <= {*flags}
    assert not {"-Wall", "-O2", "-DBARE", "-DNUMBER=3"} & {*flags}
    # As a header, so that bindgen makes constants of them; before all that could look at them.
    assert flags[:2] == ["-include", str(build_target.build / "modules/rust-echo/bindings/defines.h")]
    assert dict(step.written_files)[Path(flags[1])] == "#define BARE 1\n#define NUMBER 3\n"
    assert flags[1] in request_of(step)["headers"]
    assert request_of(step)["block"] == ["x"]
    assert (step.digest_kind, step.commands[0].cwd) == (TOKENS, build_target.tree.path)
    assert {*manifest.bindings.own_headers} <= {*step.tracked}
    assert step.inputs == (bindings_file(build_target),)


def test_what_the_headers_name_is_in_the_bindings_that_all_share(build_target: BuildTarget, manifest: Manifest) -> None:
    plain = dataclasses.replace(manifest, bindings=Bindings())
    with_headers, without = (naming_sources(build_target, [each]).all_files() for each in (manifest, plain))
    assert {*with_headers} - {*without} == {*manifest.bindings.own_headers}


def test_layouts_are_checked_with_each_set_of_flags_and_before_the_crate(
    build_target: BuildTarget, manifest: Manifest
) -> None:
    bindgen, layouts, crate = local_bindings_steps(build_target, manifest)
    alone, packed = (command.argv for command in layouts.commands)
    assert '-DFOR=""' in alone
    assert "-fpack-struct" not in alone
    assert {"-DBARE", "-DWIDE", '-DFOR=" with the flags of sub/b.c"', "-fpack-struct"} <= {*packed}
    assert layouts.inputs == bindgen.outputs[2:]
    assert {bindgen.outputs[0], *layouts.outputs, support_rmeta(build_target, "bindings")} <= {*crate.inputs}


def test_the_module_gets_the_local_bindings_and_is_linked_with_them(
    build_target: BuildTarget, manifest: Manifest
) -> None:
    bindgen, _, crate = local_bindings_steps(build_target, manifest)
    metadata, code = crate.outputs
    step = module_crate_step(build_target, manifest)
    assert f"--extern=rust_echo_bindings={metadata}" in step.commands[0].argv
    assert metadata in step.inputs
    callers = bindgen.outputs[1]
    compiled = [c_object_step(build_target, manifest, source).outputs[0] for source in (*manifest.c.sources, callers)]
    assert {code, *compiled} <= {*bundled_object_step(build_target, manifest, compiled).inputs}


def test_local_crates_get_the_local_bindings_and_libraries_do_not(
    build_target: BuildTarget, manifest: Manifest
) -> None:
    root = write(manifest.directory / "part.rs", "")
    own = CrateSpec("part", root, manifest.directory)
    for crate, expected in ((own, True), (dataclasses.replace(own, library=True), False)):
        step = local_crate_step(build_target, dataclasses.replace(manifest, crates=(crate,)), crate)
        assert (local_bindings_rmeta(build_target, manifest)[0] in step.inputs) == expected
        assert any("rust_echo_bindings=" in arg for arg in step.commands[0].argv) == expected


def test_the_source_that_calls_the_headers_functions_is_compiled_with_the_module(
    build_target: BuildTarget, manifest: Manifest
) -> None:
    bindgen, *_ = local_bindings_steps(build_target, manifest)
    *_, step = c_object_steps(build_target, manifest)
    assert step.inputs == (bindgen.outputs[1],)
    assert bindgen.outputs[1] not in step.tracked
    assert step.outputs[0] == build_target.build / "modules/rust-echo/c/build/bindings/callers.o"


@pytest.mark.parametrize("provider", ["rebuilt", "carried"])
def test_for_the_mainline_api_bindgen_gets_the_args_of_the_kernels_bindings(
    build_target: BuildTarget, manifest: Manifest, provider: str
) -> None:
    kernel = mainline_crates(build_target, provider)
    manifest = dataclasses.replace(manifest, api="mainline")
    bindgen, layouts, crate = mainline_bindings_steps(kernel, manifest)
    args = request_of(bindgen)["bindgen"]
    assert args[2:] == [
        *("--blocklist-type", "__kernel_s?size_t", "--ctypes-prefix", "ffi", "--with-derive-default"),
        "--no-rustfmt-bindings",
    ]
    flags = request_of(bindgen)["flags"]
    assert flags[2:4] == ["-I./include", "-DMODULE"]
    assert '-DKBUILD_MODNAME="rust_echo"' in flags
    assert bindgen.commands[0].cwd == kernel.plan.objtree
    assert bindgen.inputs == (kernel.plan.objtree / BINDINGS,)
    argv = crate.commands[0].argv
    assert {"--crate-name=rust_echo_bindings", "--extern=bindings", "--extern=ffi", "-Zcrate-attr=no_std"} <= {*argv}
    assert dict(crate.commands[0].env)["RUST_BINDINGS_FILE"] == str(bindgen.outputs[0])
    assert {bindgen.outputs[0], *layouts.outputs} <= {*crate.inputs}
    own = mainline_module_step(kernel, manifest)
    assert crate.outputs[0] in own.inputs
    assert f"--extern=rust_echo_bindings={crate.outputs[0]}" in own.commands[0].argv


def test_a_tree_that_has_its_crates_has_the_command_of_its_bindings_too(
    build_target: BuildTarget, manifest: Manifest
) -> None:
    kernel = mainline_crates(build_target, "tree")
    text = f"savedcmd_{BINDINGS} := {' '.join(BINDGEN)}\n".replace('"b"', "'\"b\"'").replace(".*=", r"'.*='")
    write(kernel.plan.objtree / "rust/bindings/.bindings_generated.rs.cmd", text.replace("s?size", r"s\?size"))
    bindgen, *_ = mainline_bindings_steps(kernel, manifest)
    assert request_of(bindgen)["bindgen"][2:4] == ["--blocklist-type", "__kernel_s?size_t"]


def test_a_tree_that_has_its_crates_alone_is_an_error(build_target: BuildTarget, manifest: Manifest) -> None:
    kernel = mainline_crates(build_target, "tree")
    with pytest.raises(MachineError) as caught:
        mainline_bindings_steps(kernel, manifest)
    assert str(caught.value) == (
        f"{kernel.plan.objtree}/rust/bindings/.bindings_generated.rs.cmd: this kernel tree has the kernel's crates, "
        "but not the command that wrote their bindings\n"
        "    name the directory in which the kernel was built: KDIR=/path"
    )


def test_quotes_in_a_sources_name_are_no_end_of_the_message(build_target: BuildTarget, manifest: Manifest) -> None:
    source = write(manifest.directory / 'c"d.c', "")
    code = CCode(sources=(source,), files=(FileFlags(source, ("-DX",)),))
    _, layouts, _ = local_bindings_steps(build_target, dataclasses.replace(manifest, c=code))
    assert r'-DFOR=" with the flags of c\"d.c"' in layouts.commands[1].argv
    assert arg_after(layouts.commands[1].argv, "-o").endswith("layout-1.o")
