# SPDX-License-Identifier: MIT
"""The steps of ``[generate.NAME]``: a program of the module's own, compiled if need be, and its run in a sandbox.

bubblewrap shows the program the machine's /usr, Python, and of the module's files those that the manifest names, all to
be read only; there is no network, and one empty directory to write in. Paths are the same wherever the module lies, so
that none of the machine's can get into what is written.

It runs on the machine itself, also for a target whose tools are in a sysroot: so what is compiled is linked statically.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from scons_kmod.base.errors import MachineError, StepError
from scons_kmod.base.programs import find_program
from scons_kmod.base.run_log import RunLog
from scons_kmod.c import compiler
from scons_kmod.distro.sysroot import NAMESPACES_FIX
from scons_kmod.engine.digests import LINES
from scons_kmod.engine.step import Command, Step, remove_outputs
from scons_kmod.kernel.rustc import EDITION, RUSTC_COLOR
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.sections.generate import Generator
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import generated_dir, generated_files, module_dir

# What the sandbox calls the module's directory, a compiled program, and the directory to write in.
MODULE, PROGRAM, WRITTEN = "/module", "/program", "/generated"
SANDBOX = (
    *("bwrap", "--die-with-parent", "--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts"),
    *("--hostname", "generator", "--cap-drop", "ALL", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"),
)
ENVIRONMENT = (
    *(("PATH", "/usr/bin:/bin"), ("HOME", "/tmp"), ("LANG", "C.UTF-8"), ("SOURCE_DATE_EPOCH", "0")),
    *(("PYTHONHASHSEED", "0"), ("PYTHONDONTWRITEBYTECODE", "1")),
)
# What helps against an error that the sandbox is the reason of.
HINTS = (
    ("Read-only file system", "write `outputs`, by relative paths; besides these it can write in /tmp alone"),
    (
        "Network is unreachable|name resolution",
        "there is no network: put what it needs into the module, and name it in `inputs`",
    ),
    ("No such file", "of the module's files it sees its `inputs` alone, and it can write by relative paths alone"),
)


def generator_steps(target: BuildTarget, manifest: Manifest) -> list[Step]:
    """All that a module's generators need."""
    return [step for one in manifest.generators for step in steps_of(target, manifest, one)]


def steps_of(target: BuildTarget, manifest: Manifest, generator: Generator) -> list[Step]:
    """The run of a generator, and before it its compilation."""
    if generator.program.suffix == ".py":
        return [run_step(target, manifest, generator, None)]
    compiled = compile_step(target, manifest, generator)
    return [compiled, run_step(target, manifest, generator, compiled.outputs[0])]


def own_dir(target: BuildTarget, manifest: Manifest, generator: Generator) -> Path:
    """Where the files of a generator lie, but for those that it writes."""
    return module_dir(target, manifest) / "generators" / generator.name


def compile_step(target: BuildTarget, manifest: Manifest, generator: Generator) -> Step:
    """A generator in C or Rust to a program for the machine, by the target's compilers."""
    in_c = generator.program.suffix == ".c"
    tool = target.toolchain.cc if in_c else target.toolchain.rustc
    made = own_dir(target, manifest, generator) / "program"
    depfile = Path(f"{made}.d")
    words = c_words if in_c else rust_words
    argv = (tool.path, *words(manifest.directory, generator.program, made, depfile))
    return Step(
        name="CC" if in_c else "RUSTC",
        unit=f"{manifest.name}/{generator.name}",
        commands=(Command(argv, made.parent, tool.env, compiler.CC_COLOR if in_c else RUSTC_COLOR),),
        outputs=(made,),
        tracked=(generator.program,),
        depfiles=(depfile,),
        tools=(tool.digest,),
        digest_kind=LINES,
    )


def c_words(directory: Path, source: Path, made: Path, depfile: Path) -> tuple[str, ...]:
    """The C compiler's words for a program; libm is there for tables of numbers."""
    prefix = f"-fmacro-prefix-map={directory}/={MODULE}/"
    return ("-static", "-O2", prefix, f"-Wp,-MMD,{depfile}", "-o", str(made), str(source), "-lm")


def rust_words(directory: Path, source: Path, made: Path, depfile: Path) -> tuple[str, ...]:
    """rustc's words for a program with the standard library."""
    flags = (f"--edition={EDITION}", "--crate-name=generator", "-O", "-Ctarget-feature=+crt-static")
    # From 1.97 on, rustc passes on that glibc's resolver would not work in a program that is linked statically.
    quiet = ("-Aunknown_lints", "-Alinker_messages")
    prefix = f"--remap-path-prefix={directory}={MODULE}"
    return (*flags, *quiet, prefix, f"--emit=link={made},dep-info={depfile}", str(source))


def run_step(target: BuildTarget, manifest: Manifest, generator: Generator, compiled: Path | None) -> Step:
    """The run of a generator: of the program `compiled`, or of its source in Python."""
    work = own_dir(target, manifest, generator) / "work"
    shown = {path: inside(manifest, path) for path in generator.inputs}
    names = {str(path.relative_to(manifest.directory)): place for path, place in shown.items()}
    arguments = [names.get(os.path.normpath(word), word) for word in generator.arguments]
    first = [PROGRAM] if compiled else [sys.executable, inside(manifest, generator.program)]
    shown |= {compiled: PROGRAM} if compiled else {generator.program: first[-1]}
    binds = [word for path, place in shown.items() for word in ("--ro-bind", str(path), place)]
    last = ("--bind", str(work), WRITTEN, "--remount-ro", "/", "--chdir", WRITTEN, "--")
    return GeneratorStep(
        name="GEN",
        unit=f"{manifest.name}/{generator.name}",
        commands=(Command((*SANDBOX, *system_words(), *binds, *last, *first, *arguments), work, ENVIRONMENT),),
        outputs=tuple(generated_dir(target, manifest) / output for output in generator.outputs),
        inputs=(compiled,) if compiled else (),
        tracked=(*generator.inputs, *(() if compiled else (generator.program,))),
        tools=() if compiled else (sys.version,),
        hints=HINTS,
        generator=generator,
        work=work,
        directory=manifest.directory,
    )


def with_generated(target: BuildTarget, manifest: Manifest, step: Step) -> Step:
    """The rustc step of one of a module's crates, which may read what its generators write.

    The variable GENERATED is their directory: ``include!(concat!(env!("GENERATED"), "/table.rs"))``. No path of this
    machine gets into the crate by it. A library is of no module, and gets nothing.
    """
    if not manifest.generators or not step.outputs[0].is_relative_to(module_dir(target, manifest)):
        return step
    directory = generated_dir(target, manifest)
    prefix = f"--remap-path-prefix={directory}=modules/{manifest.name}/generated"

    def knowing(command: Command) -> Command:
        rustc, *words = command.argv
        if rustc != target.toolchain.rustc.path:
            return command
        env = (*command.env, ("GENERATED", str(directory)))
        return dataclasses.replace(command, argv=(rustc, prefix, *words), env=env)

    commands = tuple(map(knowing, step.commands))
    return dataclasses.replace(
        step, commands=commands, order_only=(*step.order_only, *generated_files(target, manifest))
    )


def inside(manifest: Manifest, path: Path) -> str:
    """A file of the module as it is called in the sandbox."""
    return f"{MODULE}/{path.relative_to(manifest.directory)}"


@functools.cache
def system_words() -> tuple[str, ...]:
    """bubblewrap's words that show what programs need of the machine, and the Python that runs us."""
    words = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib64"):
        if Path("/", name).is_symlink():
            words += ["--symlink", f"usr/{name}", f"/{name}"]
        elif Path("/", name).exists():
            words += ["--ro-bind", f"/{name}", f"/{name}"]
    for path in ("/etc/ld.so.cache", "/etc/alternatives"):
        words += ["--ro-bind-try", path, path]
    for path in dict.fromkeys((sys.base_prefix, sys.prefix)):
        if not Path(path).is_relative_to("/usr"):
            words += ["--ro-bind", path, path]
    return tuple(words)


@dataclasses.dataclass(frozen=True, kw_only=True)
class GeneratorStep(Step):
    """The run of a generator in the directory `work`, from where what it has written is moved to `outputs` if it is
    just that. `directory` is the module's.
    """

    generator: Generator
    work: Path
    directory: Path

    def execute(self, log: RunLog, why: str, color: bool, show: Callable[[str], None]) -> list[str]:
        """Run the program and take what it has written. Raises `StepError` and `MachineError`."""
        del color
        remove_outputs(self)
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True, exist_ok=True)
        try:
            printed = self.printed(log.inside(()), why)
            self.check_written(printed)
            for name, output in zip(self.generator.outputs, self.outputs, strict=True):
                output.parent.mkdir(parents=True, exist_ok=True)
                (self.work / name).replace(output)
        finally:
            shutil.rmtree(self.work, ignore_errors=True)
        if printed:
            show(printed)
        return sorted(map(str, self.tracked))

    def printed(self, log: RunLog, why: str) -> str:
        """Run the program; returns what it prints."""
        (command,) = self.commands
        argv = (find_program("bwrap"), *command.argv[1:])
        env = dict.fromkeys(os.environ) | dict(command.env)
        timeout = self.generator.timeout
        try:
            done = log.run(argv, step=self.name, unit=self.unit, why=why, cwd=self.work, env=env, timeout=timeout)
        except StepError as error:
            if error.output.startswith("bwrap: "):
                last = error.output.rstrip().splitlines()[-1]
                raise MachineError(f"generators can't be run: {last}", where="bwrap", fix=NAMESPACES_FIX) from error
            if error.status is None:
                what = f"it did not end within {timeout} s"
                raise self.failure(what, error.output, "make the program end, or raise `timeout`") from error
            raise self.hinted(self.failure(f"exit status {error.status}", error.output)) from error
        return self.outside(done.stdout.decode(errors="replace"))

    def check_written(self, printed: str) -> None:
        """Raise `StepError` unless the outputs have been written and nothing else."""
        wanted = set(self.generator.outputs)
        found = {str(path.relative_to(self.work)): path for path in self.work.rglob("*") if not is_directory(path)}
        extra = ", ".join(sorted(found.keys() - wanted))
        if missing := ", ".join(sorted(wanted - found.keys())):
            what = f"it has not written {missing}" + (f", but {extra}" if extra else "")
            raise self.failure(
                what, printed, "it must write its `outputs`, relative to the directory that it starts in"
            )
        if extra:
            raise self.failure(f"it has written {extra}", printed, "name it in `outputs`, or write it in /tmp")
        for name, path in found.items():
            if path.is_symlink() or not path.is_file():
                raise self.failure(f"{name} is no regular file", printed, "write a file")

    def failure(self, what: str, printed: str, fix: str | None = None) -> StepError:
        """The error for a program that has done wrong and that has printed this."""
        text = "\n".join(filter(None, (what, self.outside(printed).rstrip("\n"))))
        return StepError(text, where=self.generator.where, fix=fix, output=printed)

    def outside(self, text: str) -> str:
        """What the program has printed, with the module's files as they are called outside of the sandbox."""
        return text.replace(f"{MODULE}/", f"{self.directory}/")


def is_directory(path: Path) -> bool:
    """Whether it is a directory itself."""
    return path.is_dir() and not path.is_symlink()


def discard_others(target: BuildTarget, manifest: Manifest) -> None:
    """Remove what generators have written that are not as they were: nobody may find it any more."""
    if manifest.generators:
        known = {*generated_files(target, manifest)}
        for path in generated_dir(target, manifest).rglob("*"):
            if path not in known and not is_directory(path):
                path.unlink()
