# SPDX-License-Identifier: MIT
"""Asks a tree's own Kbuild which commands it runs for a module.

A small module is built by Kbuild in a probe directory. The commands are read from the ``.cmd`` files that Kbuild leaves
there. So a new kernel version needs no new code here: C flags and the options of objtool, modpost and the linker all
come from the tree.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from scons_kmod.base.atomic import write_text
from scons_kmod.base.errors import MachineError, StepError
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.sysroot import THIS_MACHINE, System, check_enter
from scons_kmod.engine.environment import variables_left_out
from scons_kmod.engine.remember import Answer, remembered
from scons_kmod.kernel import cmd_file
from scons_kmod.kernel.cmd_file import saved_programs
from scons_kmod.kernel.kernel_tree import KernelTree

PROBE_MODULE = "kmod_probe"
PROBE_KBUILD = f"obj-m := {PROBE_MODULE}.o\n{PROBE_MODULE}-y := part.o asm.o\n"
PROBE_SOURCE = '#include <linux/module.h>\nMODULE_LICENSE("GPL");\n'
PROBE_ASSEMBLY = "/* Nothing. */\n"


@dataclasses.dataclass(frozen=True)
class Kbuild:
    """The commands of one tree, as argument lists without the files of the probe. All run in the tree's directory.

    `cc` compiles C, `assembler` compiles assembly: both lack ``-c -o OUT IN``. `ld` links objects into one object.
    `objtool` checks and rewrites an object in place: each C object if `objtool_each`, else the whole module. If
    `objtool_generated`, it also runs on the objects that Kbuild adds to a module (7.2). `modpost` lacks
    ``-o OUT -T LIST``, and `ld_module` lacks ``-o OUT IN...``. `common` is the C source that is linked into every
    module (module-common.c), if the tree has one. `preamble` are the directives at the beginning of each ``.mod.c``,
    which include its headers.
    """

    cc: tuple[str, ...]
    assembler: tuple[str, ...]
    ld: tuple[str, ...]
    objtool: tuple[str, ...]
    objtool_each: bool
    modpost: tuple[str, ...]
    ld_module: tuple[str, ...]
    common: str | None
    preamble: str
    objtool_generated: bool = False

    @property
    def compiler(self) -> str:
        """The C compiler's name or path, as Kbuild calls it."""
        return self.cc[0]

    @property
    def linker(self) -> str:
        """The linker, as Kbuild calls it."""
        return self.ld[0]

    @property
    def archiver(self) -> str:
        """The archiver, as Kbuild calls it."""
        return self.binutil("ar")

    def binutil(self, name: str) -> str:
        """A program of the binutils. Kbuild calls it as it calls `ld`: $(CROSS_COMPILE) and the program's name."""
        return f"{self.linker.removesuffix('ld')}{name}"


def probe_kbuild(tree: KernelTree, directory: Path, kcflags: str, log: RunLog, system: System = THIS_MACHINE) -> Kbuild:
    """The commands of `tree`. The probe is in `directory`, and the answer is kept there.

    It is found again if the makefiles change, or if the compiler is another program: Kbuild asks the compiler which
    flags it has (scripts/Makefile.compiler, cc-option). Raises `StepError` if the tree's Kbuild can't build a module or
    its commands can't be understood, `MachineError` if make or the compiler is missing.
    """
    # The code too: another version of it may ask other questions.
    code = (Path(__file__), Path(cmd_file.__file__))
    inputs = [*makefiles(tree), tree.path / "include/config/auto.conf", *code]

    def ask() -> Answer:
        kbuild = run_probe(tree, directory, kcflags, log, system)
        compiler = first_program(kbuild.compiler, system)
        files = [Path(system.host_path(compiler))] if compiler else []
        return {"kbuild": dataclasses.asdict(kbuild), "compiler": compiler}, [*inputs, *files]

    key = [str(tree.path), str(directory), kcflags, sorted(map(str, inputs)), str(system.root)]
    answer = directory / "kbuild.json"
    if not probe_mod_c(directory).exists():
        # A step of the build reads this file (link/), so it must exist.
        answer.unlink(missing_ok=True)
    found = remembered(answer, key, ask)
    kbuild = kbuild_from_json(found["kbuild"])
    # One that is missing now is reported by those who look for it.
    if first_program(kbuild.compiler, system) in ("", found["compiler"]):
        return kbuild
    answer.unlink()
    return kbuild_from_json(remembered(answer, key, ask)["kbuild"])


def first_program(name: str, system: System) -> str:
    """The path of the program that is found first by this name. Empty if there is none."""
    return next(iter(system.programs(name)), "")


def probe_mod_c(directory: Path) -> Path:
    """The C file that modpost wrote for the probe's module."""
    return directory / "module" / f"{PROBE_MODULE}.mod.c"


def kbuild_from_json(raw: dict[str, Any]) -> Kbuild:
    """A `Kbuild` from the output of `dataclasses.asdict`."""
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()}
    return Kbuild(**fields)


def makefiles(tree: KernelTree) -> list[Path]:
    """The files that decide, with the configuration, which commands Kbuild runs."""
    patterns = ("Makefile", f"arch/{tree.arch}/Makefile*", "scripts/Makefile*", "scripts/Kbuild.include")
    roots = dict.fromkeys((tree.path, srctree(tree)))
    return [path for root in roots for pattern in patterns for path in sorted(root.glob(pattern))]


def srctree(tree: KernelTree) -> Path:
    """Kbuild's srctree. The Makefile of a build directory or of a distribution's headers includes that there."""
    text = (tree.path / "Makefile").read_text()
    expanded = text.replace("$(dir $(lastword $(MAKEFILE_LIST)))", f"{tree.path}/")
    included = re.search(r"^include ([^$\n]+)/Makefile$", expanded, re.MULTILINE)
    return Path(included[1]).resolve() if included else tree.path


def run_probe(tree: KernelTree, directory: Path, kcflags: str, log: RunLog, system: System) -> Kbuild:
    """Build the probe's module and read the commands. Raises `MachineError` or `StepError`."""
    check_enter(system, log)
    work = directory / "module"
    for name, text in (("Kbuild", PROBE_KBUILD), ("part.c", PROBE_SOURCE), ("asm.S", PROBE_ASSEMBLY)):
        write_text(work / name, text)
    argv = [
        "make",
        "-C",
        str(tree.path),
        f"M={work}",
        f"KCFLAGS={kcflags}",
        "CONFIG_DEBUG_INFO_BTF_MODULES=",
        "modules",
    ]
    if not system.programs("make"):
        raise MachineError("not found", where="make", fix="apt-get install make")
    try:
        log.inside(system.enter_args).run(argv, step="PROBE", unit=tree.release, env=variables_left_out())
    except StepError as error:
        compiler = tree.compiler.split()[0]
        if not system.programs(compiler):
            fix = f"apt-get install {compiler.removeprefix('x86_64-linux-gnu-')}"
            raise MachineError("not found, but the kernel was compiled with it", where=compiler, fix=fix) from error
        raise
    try:
        return read_commands(work)
    except (ValueError, IndexError, OSError) as error:
        raise StepError(
            f"the commands that this kernel's Kbuild left in {work} can't be understood: {error!r}",
            where=f"PROBE {tree.release}",
            fix="build with Kbuild itself, and report the kernel's version",
        ) from error


def read_commands(work: Path) -> Kbuild:
    """The commands in the ``.cmd`` files of a probe that was built in `work`. Raises `ValueError` or `IndexError`."""
    compile_ = saved_programs(work / ".part.o.cmd")
    link = saved_programs(work / f".{PROBE_MODULE}.o.cmd")
    objtool = next((args for args in (*compile_, *link) if is_objtool(args)), [])
    (modpost,) = (args for args in saved_programs(work / ".Module.symvers.cmd") if args[0].endswith("modpost"))
    link_module = saved_programs(work / f".{PROBE_MODULE}.ko.cmd")[0]
    common, generated = work / "..module-common.o.cmd", work / f".{PROBE_MODULE}.mod.o.cmd"
    return Kbuild(
        cc=tuple(without_files(compile_[0], work)),
        assembler=tuple(without_files(saved_programs(work / ".asm.o.cmd")[0], work)),
        ld=tuple(without_files(link[0], work)),
        objtool=tuple(arg for arg in objtool if not is_probe_file(arg, work) and arg != "--link"),
        objtool_each=any(map(is_objtool, compile_)),
        modpost=tuple(without_options(modpost, {"-o", "-T"})),
        ld_module=tuple(without_files(link_module, work)),
        common=saved_programs(common)[0][-1] if common.exists() else None,
        preamble=leading_directives((work / f"{PROBE_MODULE}.mod.c").read_text()),
        objtool_generated=generated.exists() and any(map(is_objtool, saved_programs(generated))),
    )


def leading_directives(text: str) -> str:
    """The preprocessor's directives before the first other line of a C source."""
    lines = takewhile(lambda line: not line or line.startswith("#"), text.splitlines())
    return "".join(f"{line}\n" for line in lines if line)


def is_objtool(args: list[str]) -> bool:
    """Whether a command runs objtool."""
    return args[0].endswith("/objtool")


def without_files(args: list[str], work: Path) -> list[str]:
    """A compiler's or linker's command without its output, its inputs and args that name the probe's module."""
    naming = ("-DKBUILD_BASENAME=", "-DKBUILD_MODNAME=", "-D__KBUILD_MODNAME=", "-DKBUILD_MODFILE=", "-Wp,-MMD,")
    rest = without_options(args, {"-o"})
    return [arg for arg in rest if arg != "-c" and not arg.startswith(naming) and not is_probe_file(arg, work)]


def is_probe_file(arg: str, work: Path) -> bool:
    """Whether an arg is a file of the probe. Since 6.13, Kbuild runs in the module's directory: paths are relative."""
    name = arg.removeprefix("@")
    return name.startswith(str(work)) or (not name.startswith(("-", "/")) and (work / name).is_file())


def without_options(args: Sequence[str], options: set[str]) -> list[str]:
    """`args` without these options and the value after each."""
    rest: list[str] = []
    is_value = False
    for arg in args:
        if is_value or arg in options:
            is_value = not is_value
        else:
            rest.append(arg)
    return rest
