# SPDX-License-Identifier: MIT
"""The steps of generators, and programs that run in the sandbox."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from miniature import arg_after, module, programs, target, write

from scons_kmod.base.errors import MachineError, StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.crates.module_crate import module_crate_step
from scons_kmod.distro.sysroot import System
from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.digests import Digests
from scons_kmod.engine.run_step import run_step
from scons_kmod.engine.step import Step
from scons_kmod.generators.outputs import remove_stale_outputs, with_generated_sources
from scons_kmod.generators.steps import generator_steps
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.sections.generate import Generator
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import generated_dir


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


def module_with_generator(directory: Path, text: str, name: str = "make.py", **changes: object) -> Manifest:
    """A module with a generator of this text, which writes table.rs; its data is in data/a.csv."""
    data = write(directory / "data/a.csv", "1,2\n")
    program = write(directory / name, text)
    plain = Generator("table", program, ("table.rs",), (data,), where="module.toml:3: [generate] table")
    generator = dataclasses.replace(plain, **changes)  # type: ignore[arg-type]
    return dataclasses.replace(module(directory), generators=(generator,))


def run(build_target: BuildTarget, manifest: Manifest, log: RunLog | None = None) -> str:
    """Run the module's generator. Returns the text of its output. Its directory is left clean."""
    (step,) = generator_steps(build_target, manifest)
    directory = build_target.build / "modules" / manifest.name
    try:
        run_step(step, BuildState(build_target.build, Digests()), log or RunLog())
    finally:
        assert list(directory.glob("generators/*/*")) == []
    return step.outputs[0].read_text()


def failure(build_target: BuildTarget, manifest: Manifest) -> str:
    """The error of a generator that fails. It leaves nothing behind, not even the output of an earlier run."""
    write(generated_dir(build_target, manifest) / "table.rs", "of an earlier run")
    with pytest.raises(StepError) as caught:
        run(build_target, manifest)
    assert [path for path in generated_dir(build_target, manifest).rglob("*") if path.is_file()] == []
    return str(caught.value)


# The steps.


def test_a_generator_in_python_is_a_single_step(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = module_with_generator(tmp_path / "m", "", outputs=("table.rs", "sub/table.h"))
    (step,) = generator_steps(build_target, manifest)
    assert (step.name, step.unit) == ("GEN", "rust-echo/table")
    assert step.outputs == tuple(
        build_target.build / "modules/rust-echo/generated" / name for name in ("table.rs", "sub/table.h")
    )
    assert step.inputs == ()
    assert set(step.tracked) == {tmp_path / "m/make.py", tmp_path / "m/data/a.csv"}


def test_a_generator_in_c_is_compiled_first(build_target: BuildTarget, tmp_path: Path) -> None:
    compiled, ran = generator_steps(build_target, module_with_generator(tmp_path / "m", "", "make.c"))
    argv = compiled.commands[0].argv
    assert (compiled.name, compiled.unit, argv[0]) == ("CC", "rust-echo/table", build_target.toolchain.cc.path)
    assert {"-static", f"-fmacro-prefix-map={tmp_path}/m/=/module/"} <= set(argv)
    assert compiled.tracked == (tmp_path / "m/make.c",)
    assert f"-Wp,-MD,{compiled.depfiles[0]}" in argv
    assert (ran.inputs, ran.tracked) == (compiled.outputs, (tmp_path / "m/data/a.csv",))
    assert arg_after(ran.commands[0].argv, str(compiled.outputs[0])) == "/program"


def test_headers_of_the_system_count_unless_they_are_in_a_sysroot(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = module_with_generator(tmp_path / "m", "", "make.c")
    in_sysroot = dataclasses.replace(build_target, system=System(tmp_path / "sysroot"))
    compiled, *_ = generator_steps(in_sysroot, manifest)
    assert f"-Wp,-MMD,{compiled.depfiles[0]}" in compiled.commands[0].argv
    compiled, *_ = generator_steps(build_target, manifest)
    assert "/usr/include" in compiled.include_directories


def test_a_generator_in_rust_is_compiled_for_this_machine(build_target: BuildTarget, tmp_path: Path) -> None:
    compiled, ran = generator_steps(build_target, module_with_generator(tmp_path / "m", "", "make.rs"))
    command = compiled.commands[0]
    assert (compiled.name, command.argv[0], command.env) == (
        "RUSTC",
        "/opt/rust/bin/rustc",
        build_target.toolchain.rustc.env,
    )
    assert not set(build_target.rust_flags) & set(command.argv)
    assert "-Ctarget-feature=+crt-static" in command.argv, "it runs outside of the sysroot that it is compiled in"
    assert f"--remap-path-prefix={tmp_path}/m=/module" in command.argv
    assert ran.inputs == compiled.outputs


@pytest.mark.parametrize(
    ("changes", "same"),
    [({"timeout": 1}, True), ({"arguments": ("x",)}, False), ({"inputs": ()}, False)],
    ids=["timeout", "arguments", "inputs"],
)
def test_the_signature_has_what_decides_the_outputs(
    build_target: BuildTarget, tmp_path: Path, changes: dict[str, object], *, same: bool
) -> None:
    (plain,) = generator_steps(build_target, module_with_generator(tmp_path / "m", ""))
    (other,) = generator_steps(build_target, module_with_generator(tmp_path / "m", "", **changes))
    assert (plain.signature() == other.signature()) is same


def test_the_permissions_of_inputs_count(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = module_with_generator(tmp_path / "m", "")
    (generator,) = manifest.generators
    assert generator.inputs
    (plain,) = generator_steps(build_target, manifest)
    generator.inputs[0].chmod(0o755)
    (other,) = generator_steps(build_target, manifest)
    assert plain.signature() != other.signature()
    generator.inputs[0].chmod(0o644)
    (again,) = generator_steps(build_target, manifest)
    assert plain.signature() == again.signature()


def crate_step(build_target: BuildTarget, manifest: Manifest) -> Step:
    return with_generated_sources(build_target, manifest, module_crate_step(build_target, manifest))


def test_the_modules_crate_knows_the_directory_of_generated_sources(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = module_with_generator(tmp_path / "m", "")
    step = crate_step(build_target, manifest)
    directory = generated_dir(build_target, manifest)
    assert ("GENERATED", str(directory)) in step.commands[0].env
    assert f"--remap-path-prefix={directory}=modules/rust-echo/generated" in step.commands[0].argv
    assert step.order_only == (directory / "table.rs",)


def test_a_copied_crate_root_knows_it_too(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = module_with_generator(tmp_path / "m", "")
    write(manifest.crate_root, "#![feature(const_fn)]\n")
    links, rustc = crate_step(build_target, manifest).commands
    assert "GENERATED" not in dict(links.env)
    assert "GENERATED" in dict(rustc.env)


def test_steps_of_libraries_and_of_modules_without_generators_are_unchanged(
    build_target: BuildTarget, tmp_path: Path
) -> None:
    manifest = module_with_generator(tmp_path / "m", "")
    library = dataclasses.replace(
        module_crate_step(build_target, manifest), outputs=(build_target.build / "libraries/l.rmeta",)
    )
    assert with_generated_sources(build_target, manifest, library) is library
    plain = dataclasses.replace(manifest, generators=())
    step = module_crate_step(build_target, plain)
    assert with_generated_sources(build_target, plain, step) is step


def test_a_new_output_compiles_the_crate_again(build_target: BuildTarget, tmp_path: Path) -> None:
    before, after_edit = (
        crate_step(build_target, module_with_generator(tmp_path / "m", "", outputs=outputs)).signature()
        for outputs in (("table.rs",), ("table.rs", "table/mod.rs"))
    )
    assert before != after_edit, "rustc may find the new file instead of another one"


# The sandbox.


def test_a_program_reads_its_inputs_and_writes_its_outputs(build_target: BuildTarget, tmp_path: Path) -> None:
    text = """\
import sys
from pathlib import Path
import helper
Path("sub").mkdir()
Path("sub/table.h").write_text("header")
Path("table.rs").write_text(Path(sys.argv[1]).read_text() + sys.argv[2] + helper.WORD)
"""
    helper = write(tmp_path / "m/helper.py", "WORD = 'helped'\n")
    manifest = module_with_generator(tmp_path / "m", text)
    (plain,) = manifest.generators
    generator = dataclasses.replace(
        plain, outputs=("table.rs", "sub/table.h"), inputs=(*plain.inputs, helper), arguments=("data/a.csv", "data")
    )
    assert run(build_target, dataclasses.replace(manifest, generators=(generator,))) == "1,2\ndatahelped"
    assert (generated_dir(build_target, manifest) / "sub/table.h").read_text() == "header"


def test_nothing_of_this_machine_gets_into_the_outputs(
    build_target: BuildTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "1")
    text = """\
import os, socket, sys, time
from pathlib import Path
seen = [__file__, os.getcwd(), sys.argv[1], socket.gethostname(), time.tzname[0], *sorted(os.environ)]
Path("table.rs").write_text(" ".join(seen))
"""
    written = run(build_target, module_with_generator(tmp_path / "m", text, arguments=("data/a.csv",)))
    assert written == (
        "/module/make.py /generated /module/data/a.csv generator UTC "
        "HOME LANG PATH PWD PYTHONDONTWRITEBYTECODE PYTHONHASHSEED SOURCE_DATE_EPOCH"
    )


def test_a_program_may_write_in_tmp(build_target: BuildTarget, tmp_path: Path) -> None:
    text = "import pathlib, tempfile\nwith tempfile.TemporaryFile(): pathlib.Path('table.rs').write_text('x')\n"
    assert run(build_target, module_with_generator(tmp_path / "m", text)) == "x"


def test_a_path_may_have_any_character(build_target: BuildTarget, tmp_path: Path) -> None:
    text = "import sys\nopen('table.rs', 'w').write(open(sys.argv[1]).read())\n"
    manifest = module_with_generator(tmp_path / "a b:c'd", text, arguments=("data/a.csv",))
    assert run(dataclasses.replace(build_target, build=tmp_path / "e f:g"), manifest) == "1,2\n"


def test_it_runs_on_the_machine_and_not_in_the_targets_sysroot(build_target: BuildTarget, tmp_path: Path) -> None:
    text = "open('table.rs', 'w').write('x')\n"
    assert run(build_target, module_with_generator(tmp_path / "m", text), RunLog().inside(("false",))) == "x"


def test_the_programs_output_is_shown(build_target: BuildTarget, tmp_path: Path) -> None:
    (step,) = generator_steps(
        build_target, module_with_generator(tmp_path / "m", "open('table.rs', 'w')\nprint(__file__)\n")
    )
    message: list[str] = []
    run_step(step, BuildState(build_target.build, Digests()), RunLog(), show=message.append)
    assert message == [f"{tmp_path}/m/make.py\n"]


# Errors.

WHERE = "module.toml:3: [generate] table: "
MISSING_FIX = "write all `outputs`, by paths relative to the directory that the program starts in"
SEES = "of the module's files, a generator sees only its `inputs`; it can write only by relative paths"
READ_ONLY = "write only `outputs`, by relative paths, and temporary files in /tmp"
NO_NETWORK = "a generator has no network: put what it needs into the module, and name it in `inputs`"


def test_a_program_that_fails(build_target: BuildTarget, tmp_path: Path) -> None:
    text = "import sys\nopen('table.rs', 'w')\nprint('so it', flush=True)\nsys.exit('is')\n"
    assert failure(build_target, module_with_generator(tmp_path / "m", text)) == f"{WHERE}exit status 1\nso it\nis"


def test_an_error_of_the_program_names_the_file_outside(build_target: BuildTarget, tmp_path: Path) -> None:
    message = failure(build_target, module_with_generator(tmp_path / "m", "\nnowhere\n"))
    assert f'File "{tmp_path}/m/make.py", line 2' in message


def test_a_program_that_hangs_is_stopped_with_all_that_it_started(build_target: BuildTarget, tmp_path: Path) -> None:
    length = f"1000.{os.getpid()}"
    text = (
        "import subprocess\nopen('table.rs', 'w')\nprint('started', flush=True)\n"
        f"subprocess.run(['sleep', '{length}'], start_new_session=True)\n"
    )
    message = failure(build_target, module_with_generator(tmp_path / "m", text, timeout=1))
    fix = "make the program end, or raise `timeout`"
    assert message == f"{WHERE}it did not end within 1 s\nstarted\n    {fix}"
    # The kernel ends what is in the sandbox just after it.
    deadline = time.monotonic() + 10
    while any(length.encode() in command_line for command_line in command_lines()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def command_lines() -> Iterator[bytes]:
    """The command lines of all processes."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield path.read_bytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "print('done')",
            f"it did not write table.rs\ndone\n    {MISSING_FIX}",
        ),
        (
            "open('table.h', 'w')",
            f"it did not write table.rs, but table.h\n    {MISSING_FIX}",
        ),
        (
            "open('table.rs', 'w')\nos.mkdir('d')\nopen('d/more', 'w')",
            "it also wrote d/more\n    add it to `outputs`, or write it in /tmp",
        ),
        ("os.symlink('/usr/bin/env', 'table.rs')", "table.rs is not a regular file\n    write a regular file"),
        ("os.mkfifo('table.rs')", "table.rs is not a regular file\n    write a regular file"),
        (
            "os.mkdir('table.rs')",
            f"it did not write table.rs\n    {MISSING_FIX}",
        ),
        (
            "open('table.rs', 'w')\nos.symlink('/usr', 'link')",
            "it also wrote link\n    add it to `outputs`, or write it in /tmp",
        ),
    ],
)
def test_exactly_the_outputs_must_be_written(
    build_target: BuildTarget, tmp_path: Path, text: str, message: str
) -> None:
    assert failure(build_target, module_with_generator(tmp_path / "m", f"import os\n{text}\n")) == WHERE + message


@pytest.mark.parametrize("path", ["/x", "/usr/x", "/module/x", "/module/make.py", "/module/data/a.csv", "../x"])
def test_writing_outside_of_the_output_directory_fails(build_target: BuildTarget, tmp_path: Path, path: str) -> None:
    manifest = module_with_generator(tmp_path / "m", f"open('table.rs', 'w')\nopen({path!r}, 'a')\n")
    message = failure(build_target, manifest)
    assert message.startswith(f"{WHERE}exit status 1\n")
    assert message.endswith(f"\n    {READ_ONLY}")
    assert (tmp_path / "m/data/a.csv").read_text() == "1,2\n"


def test_writing_into_the_modules_directory_fails(build_target: BuildTarget, tmp_path: Path) -> None:
    message = failure(build_target, module_with_generator(tmp_path / "m", f"open({str(tmp_path / 'm/x')!r}, 'w')\n"))
    assert message.endswith(f"\n    {SEES}")
    assert not (tmp_path / "m/x").exists()


@pytest.mark.parametrize("path", ["/module/secret", "secret", "{directory}/secret", "/etc/passwd"])
def test_reading_a_file_that_is_no_input_fails(build_target: BuildTarget, tmp_path: Path, path: str) -> None:
    write(tmp_path / "m/secret", "")
    message = failure(
        build_target, module_with_generator(tmp_path / "m", f"open({path.format(directory=tmp_path / 'm')!r})\n")
    )
    assert message.endswith(f"\n    {SEES}")


@pytest.mark.parametrize(
    "text", ["socket.create_connection(('192.0.2.1', 80))", "socket.create_connection(('deb.debian.org', 80))"]
)
def test_there_is_no_network(build_target: BuildTarget, tmp_path: Path, text: str) -> None:
    message = failure(build_target, module_with_generator(tmp_path / "m", f"import socket\n{text}\n"))
    assert message.endswith(f"\n    {NO_NETWORK}")


def test_a_machine_without_user_namespaces(
    build_target: BuildTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = "bwrap: No permissions to create new namespace, likely because the kernel does not allow it."
    programs(monkeypatch, tmp_path / "bin", bwrap=f"echo '{message}' >&2; exit 1")
    with pytest.raises(MachineError) as caught:
        run(build_target, module_with_generator(tmp_path / "m", ""))
    assert str(caught.value) == (
        f"bwrap: generators can't be run: {message}\n"
        "    allow users to create namespaces (sysctl kernel.unprivileged_userns_clone=1), or build as root"
    )


def test_a_machine_without_bubblewrap(
    build_target: BuildTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(monkeypatch, tmp_path / "bin")
    with pytest.raises(MachineError, match="apt-get install bubblewrap"):
        run(build_target, module_with_generator(tmp_path / "m", ""))


# Outputs of an earlier manifest.


def test_files_that_no_generator_writes_any_more_are_removed(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = module_with_generator(tmp_path / "m", "")
    directory = generated_dir(build_target, manifest)
    for name in ("table.rs", "table.h", "sub/old.h"):
        write(directory / name, "")
    remove_stale_outputs(build_target, manifest)
    assert [path for path in directory.rglob("*") if path.is_file()] == [directory / "table.rs"]
