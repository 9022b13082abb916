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
from miniature import arg_after, programs, target, write
from miniature import module as a_module

from scons_kmod.base.errors import MachineError, StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.crates.module_crate import module_crate_step
from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.digests import Digests
from scons_kmod.engine.run_step import run_step
from scons_kmod.engine.step import Step
from scons_kmod.generators.steps import discard_others, generator_steps, with_generated
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.sections.generate import Generator
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import generated_dir


@pytest.fixture
def made(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


def module(directory: Path, text: str, name: str = "make.py", **changes: object) -> Manifest:
    """A module with a generator of this text, which writes table.rs; its data is in data/a.csv."""
    data = write(directory / "data/a.csv", "1,2\n")
    program = write(directory / name, text)
    plain = Generator("table", program, ("table.rs",), (data,), where="module.toml:3: [generate] table")
    one = dataclasses.replace(plain, **changes)  # type: ignore[arg-type]
    return dataclasses.replace(a_module(directory), generators=(one,))


def run(made: BuildTarget, manifest: Manifest, log: RunLog | None = None) -> str:
    """Run the module's generator; returns what it has written. Its directory is left clean."""
    (step,) = generator_steps(made, manifest)
    directory = made.build / "modules" / manifest.name
    try:
        run_step(step, BuildState(made.build, Digests()), log or RunLog())
    finally:
        assert list(directory.glob("generators/*/*")) == []
    return step.outputs[0].read_text()


def failure(made: BuildTarget, manifest: Manifest) -> str:
    """The error that a generator ends in, which leaves nothing behind, not even what was written before."""
    write(generated_dir(made, manifest) / "table.rs", "of an earlier run")
    with pytest.raises(StepError) as caught:
        run(made, manifest)
    assert [path for path in generated_dir(made, manifest).rglob("*") if path.is_file()] == []
    return str(caught.value)


# What runs.


def test_a_program_in_python_is_one_step(made: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m", "", outputs=("table.rs", "sub/table.h"))
    (step,) = generator_steps(made, manifest)
    assert (step.name, step.unit) == ("GEN", "rust-echo/table")
    assert step.outputs == tuple(
        made.build / "modules/rust-echo/generated" / name for name in ("table.rs", "sub/table.h")
    )
    assert step.inputs == ()
    assert set(step.tracked) == {tmp_path / "m/make.py", tmp_path / "m/data/a.csv"}


def test_a_program_in_c_is_compiled_before(made: BuildTarget, tmp_path: Path) -> None:
    compiled, ran = generator_steps(made, module(tmp_path / "m", "", "make.c"))
    argv = compiled.commands[0].argv
    assert (compiled.name, compiled.unit, argv[0]) == ("CC", "rust-echo/table", made.toolchain.cc.path)
    assert {"-static", f"-fmacro-prefix-map={tmp_path}/m/=/module/"} <= set(argv)
    assert compiled.tracked == (tmp_path / "m/make.c",)
    assert f"-Wp,-MMD,{compiled.depfiles[0]}" in argv
    assert (ran.inputs, ran.tracked) == (compiled.outputs, (tmp_path / "m/data/a.csv",))
    assert arg_after(ran.commands[0].argv, str(compiled.outputs[0])) == "/program"


def test_a_program_in_rust_is_for_the_machine(made: BuildTarget, tmp_path: Path) -> None:
    compiled, ran = generator_steps(made, module(tmp_path / "m", "", "make.rs"))
    command = compiled.commands[0]
    assert (compiled.name, command.argv[0], command.env) == ("RUSTC", "/opt/rust/bin/rustc", made.toolchain.rustc.env)
    assert not set(made.rust_flags) & set(command.argv)
    assert "-Ctarget-feature=+crt-static" in command.argv, "it runs outside of the sysroot that it is compiled in"
    assert f"--remap-path-prefix={tmp_path}/m=/module" in command.argv
    assert ran.inputs == compiled.outputs


@pytest.mark.parametrize(
    ("changes", "same"),
    [({"timeout": 1}, True), ({"arguments": ("x",)}, False), ({"inputs": ()}, False)],
    ids=["timeout", "arguments", "inputs"],
)
def test_what_decides_what_is_written(
    made: BuildTarget, tmp_path: Path, changes: dict[str, object], *, same: bool
) -> None:
    (plain,) = generator_steps(made, module(tmp_path / "m", ""))
    (other,) = generator_steps(made, module(tmp_path / "m", "", **changes))
    assert (plain.signature() == other.signature()) is same


def crate_step(made: BuildTarget, manifest: Manifest) -> Step:
    return with_generated(made, manifest, module_crate_step(made, manifest))


def test_the_modules_crate_knows_where_the_sources_are(made: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m", "")
    step = crate_step(made, manifest)
    directory = generated_dir(made, manifest)
    assert ("GENERATED", str(directory)) in step.commands[0].env
    assert f"--remap-path-prefix={directory}=modules/rust-echo/generated" in step.commands[0].argv
    assert step.order_only == (directory / "table.rs",)


def test_a_copy_of_the_root_knows_it_too(made: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m", "")
    write(manifest.crate_root, "#![feature(const_fn)]\n")
    links, rustc = crate_step(made, manifest).commands
    assert "GENERATED" not in dict(links.env)
    assert "GENERATED" in dict(rustc.env)


def test_other_crates_get_nothing(made: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m", "")
    library = dataclasses.replace(module_crate_step(made, manifest), outputs=(made.build / "libraries/l.rmeta",))
    assert with_generated(made, manifest, library) is library
    plain = dataclasses.replace(manifest, generators=())
    step = module_crate_step(made, plain)
    assert with_generated(made, plain, step) is step


def test_another_output_compiles_the_crate_again(made: BuildTarget, tmp_path: Path) -> None:
    one, two = (
        crate_step(made, module(tmp_path / "m", "", outputs=outputs)).signature()
        for outputs in (("table.rs",), ("table.rs", "table/mod.rs"))
    )
    assert one != two, "the new file may be found in another's place"


# What a program sees and gets.


def test_a_program_reads_its_inputs_and_writes_its_outputs(made: BuildTarget, tmp_path: Path) -> None:
    text = """\
import sys
from pathlib import Path
import helper
Path("sub").mkdir()
Path("sub/table.h").write_text("header")
Path("table.rs").write_text(Path(sys.argv[1]).read_text() + sys.argv[2] + helper.WORD)
"""
    helper = write(tmp_path / "m/helper.py", "WORD = 'helped'\n")
    manifest = module(tmp_path / "m", text)
    (one,) = manifest.generators
    one = dataclasses.replace(
        one, outputs=("table.rs", "sub/table.h"), inputs=(*one.inputs, helper), arguments=("data/a.csv", "data")
    )
    assert run(made, dataclasses.replace(manifest, generators=(one,))) == "1,2\ndatahelped"
    assert (generated_dir(made, manifest) / "sub/table.h").read_text() == "header"


def test_nothing_of_the_machine_gets_into_what_is_written(
    made: BuildTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "1")
    text = """\
import os, socket, sys, time
from pathlib import Path
seen = [__file__, os.getcwd(), sys.argv[1], socket.gethostname(), time.tzname[0], *sorted(os.environ)]
Path("table.rs").write_text(" ".join(seen))
"""
    written = run(made, module(tmp_path / "m", text, arguments=("data/a.csv",)))
    assert written == (
        "/module/make.py /generated /module/data/a.csv generator UTC "
        "HOME LANG PATH PWD PYTHONDONTWRITEBYTECODE PYTHONHASHSEED SOURCE_DATE_EPOCH"
    )


def test_a_program_may_write_in_tmp(made: BuildTarget, tmp_path: Path) -> None:
    text = "import pathlib, tempfile\nwith tempfile.TemporaryFile(): pathlib.Path('table.rs').write_text('x')\n"
    assert run(made, module(tmp_path / "m", text)) == "x"


def test_a_path_may_have_any_character(made: BuildTarget, tmp_path: Path) -> None:
    text = "import sys\nopen('table.rs', 'w').write(open(sys.argv[1]).read())\n"
    manifest = module(tmp_path / "a b:c'd", text, arguments=("data/a.csv",))
    assert run(dataclasses.replace(made, build=tmp_path / "e f:g"), manifest) == "1,2\n"


def test_it_runs_on_the_machine_and_not_in_the_targets_sysroot(made: BuildTarget, tmp_path: Path) -> None:
    text = "open('table.rs', 'w').write('x')\n"
    assert run(made, module(tmp_path / "m", text), RunLog().inside(("false",))) == "x"


def test_what_a_program_prints_is_shown(made: BuildTarget, tmp_path: Path) -> None:
    (step,) = generator_steps(made, module(tmp_path / "m", "open('table.rs', 'w')\nprint(__file__)\n"))
    said: list[str] = []
    run_step(step, BuildState(made.build, Digests()), RunLog(), show=said.append)
    assert said == [f"{tmp_path}/m/make.py\n"]


# What goes wrong.

WHERE = "module.toml:3: [generate] table: "
SEES = "of the module's files it sees its `inputs` alone, and it can write by relative paths alone"
READ_ONLY = "write `outputs`, by relative paths; besides these it can write in /tmp alone"
NO_NETWORK = "there is no network: put what it needs into the module, and name it in `inputs`"


def test_a_program_that_fails(made: BuildTarget, tmp_path: Path) -> None:
    text = "import sys\nopen('table.rs', 'w')\nprint('so it', flush=True)\nsys.exit('is')\n"
    assert failure(made, module(tmp_path / "m", text)) == f"{WHERE}exit status 1\nso it\nis"


def test_an_error_of_the_program_names_the_file_outside(made: BuildTarget, tmp_path: Path) -> None:
    said = failure(made, module(tmp_path / "m", "\nnowhere\n"))
    assert f'File "{tmp_path}/m/make.py", line 2' in said


def test_a_program_that_hangs_is_stopped_with_all_that_it_started(made: BuildTarget, tmp_path: Path) -> None:
    length = f"1000.{os.getpid()}"
    text = (
        "import subprocess\nopen('table.rs', 'w')\nprint('started', flush=True)\n"
        f"subprocess.run(['sleep', '{length}'], start_new_session=True)\n"
    )
    said = failure(made, module(tmp_path / "m", text, timeout=1))
    assert said == f"{WHERE}it did not end within 1 s\nstarted\n    make the program end, or raise `timeout`"
    # The kernel ends what is in the sandbox just after it.
    deadline = time.monotonic() + 10
    while any(length.encode() in words for words in command_lines()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def command_lines() -> Iterator[bytes]:
    """Those of all processes."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield path.read_bytes()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "print('done')",
            "it has not written table.rs\ndone\n"
            "    it must write its `outputs`, relative to the directory that it starts in",
        ),
        (
            "open('table.h', 'w')",
            "it has not written table.rs, but table.h\n"
            "    it must write its `outputs`, relative to the directory that it starts in",
        ),
        (
            "open('table.rs', 'w')\nos.mkdir('d')\nopen('d/more', 'w')",
            "it has written d/more\n    name it in `outputs`, or write it in /tmp",
        ),
        ("os.symlink('/usr/bin/env', 'table.rs')", "table.rs is no regular file\n    write a file"),
        ("os.mkfifo('table.rs')", "table.rs is no regular file\n    write a file"),
        (
            "os.mkdir('table.rs')",
            "it has not written table.rs\n    it must write its `outputs`, relative to the directory that it starts in",
        ),
        (
            "open('table.rs', 'w')\nos.symlink('/usr', 'link')",
            "it has written link\n    name it in `outputs`, or write it in /tmp",
        ),
    ],
)
def test_just_the_outputs_must_be_written(made: BuildTarget, tmp_path: Path, text: str, said: str) -> None:
    assert failure(made, module(tmp_path / "m", f"import os\n{text}\n")) == WHERE + said


@pytest.mark.parametrize("place", ["/x", "/usr/x", "/module/x", "/module/make.py", "/module/data/a.csv", "../x"])
def test_writing_elsewhere(made: BuildTarget, tmp_path: Path, place: str) -> None:
    manifest = module(tmp_path / "m", f"open('table.rs', 'w')\nopen({place!r}, 'a')\n")
    said = failure(made, manifest)
    assert said.startswith(f"{WHERE}exit status 1\n")
    assert said.endswith(f"\n    {READ_ONLY}")
    assert (tmp_path / "m/data/a.csv").read_text() == "1,2\n"


def test_writing_where_the_module_lies(made: BuildTarget, tmp_path: Path) -> None:
    said = failure(made, module(tmp_path / "m", f"open({str(tmp_path / 'm/x')!r}, 'w')\n"))
    assert said.endswith(f"\n    {SEES}")
    assert not (tmp_path / "m/x").exists()


@pytest.mark.parametrize("place", ["/module/secret", "secret", "{directory}/secret", "/etc/passwd"])
def test_reading_what_is_not_declared(made: BuildTarget, tmp_path: Path, place: str) -> None:
    write(tmp_path / "m/secret", "")
    said = failure(made, module(tmp_path / "m", f"open({place.format(directory=tmp_path / 'm')!r})\n"))
    assert said.endswith(f"\n    {SEES}")


@pytest.mark.parametrize(
    "text", ["socket.create_connection(('192.0.2.1', 80))", "socket.create_connection(('deb.debian.org', 80))"]
)
def test_there_is_no_network(made: BuildTarget, tmp_path: Path, text: str) -> None:
    said = failure(made, module(tmp_path / "m", f"import socket\n{text}\n"))
    assert said.endswith(f"\n    {NO_NETWORK}")


def test_a_machine_that_allows_no_sandbox(made: BuildTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "bwrap: No permissions to create new namespace, likely because the kernel does not allow it."
    programs(monkeypatch, tmp_path / "bin", bwrap=f"echo '{said}' >&2; exit 1")
    with pytest.raises(MachineError) as caught:
        run(made, module(tmp_path / "m", ""))
    assert str(caught.value) == (
        f"bwrap: generators can't be run: {said}\n"
        "    allow users to create namespaces (sysctl kernel.unprivileged_userns_clone=1), or build as root"
    )


def test_a_machine_without_bubblewrap(made: BuildTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(monkeypatch, tmp_path / "bin")
    with pytest.raises(MachineError, match="apt-get install bubblewrap"):
        run(made, module(tmp_path / "m", ""))


# What an earlier manifest has left.


def test_what_no_generator_writes_any_more_can_not_be_found(made: BuildTarget, tmp_path: Path) -> None:
    manifest = module(tmp_path / "m", "")
    directory = generated_dir(made, manifest)
    for name in ("table.rs", "table.h", "sub/old.h"):
        write(directory / name, "")
    discard_others(made, manifest)
    assert [path for path in directory.rglob("*") if path.is_file()] == [directory / "table.rs"]
