# SPDX-License-Identifier: MIT
"""What Kbuild would run for a module, asked of a tree's own Kbuild.

A module of one C file is built in a probe directory, and the command lines that Kbuild leaves in its ``.cmd`` files
(scripts/Kbuild.include, `if_changed`) are read. So a new kernel version needs no new code here: C flags, objtool's
options, modpost's and the linker's all come from the tree.
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
from scons_kmod.engine.remember import Answer, remembered
from scons_kmod.kernel import cmd_file
from scons_kmod.kernel.cmd_file import saved_programs
from scons_kmod.kernel.kernel_tree import KernelTree

PROBE = "kmod_probe"
KBUILD_FILE = f"obj-m := {PROBE}.o\n{PROBE}-y := part.o asm.o\n"
# The kernel's makefiles take these from the environment; only what we hand over may count.
KBUILD_ENVIRONMENT = (
    "ARCH",
    "CROSS_COMPILE",
    "CC",
    "LD",
    "KCFLAGS",
    "LLVM",
    "MAKEFLAGS",
    "MAKELEVEL",
    "KBUILD_OUTPUT",
    "W",
    "V",
)
SOURCE = '#include <linux/module.h>\nMODULE_LICENSE("GPL");\n'
ASSEMBLY = "/* Nothing. */\n"


@dataclasses.dataclass(frozen=True)
class Kbuild:
    """The commands of one tree, as argument lists without the files of the probe. All run in the tree's directory.

    `cc` compiles C and `assembler` assembly (``-c -o OUT IN`` is to be added); `ld` links objects into one; `objtool`
    checks and rewrites one object in place, `objtool_each` if not the whole module but each C object,
    `objtool_generated` if what Kbuild itself adds to a module as well (7.2); `modpost` lacks ``-o OUT -T LIST``;
    `ld_module` lacks ``-o OUT IN...``; `common` is the C source that is linked into every module (module-common.c), if
    the tree has one. `preamble` are the directives at the head of each ``.mod.c``, which bring in its headers.
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
        """A program of the binutils, which is called as `ld` is: both are $(CROSS_COMPILE) and the tool's own name."""
        return f"{self.linker.removesuffix('ld')}{name}"


def probe_kbuild(tree: KernelTree, directory: Path, kcflags: str, log: RunLog, system: System = THIS_MACHINE) -> Kbuild:
    """Ask `tree` for its commands, in `directory`; the answer is kept there while the tree's makefiles are the same.

    Raises `StepError` if the tree's Kbuild can't build a module, or leaves commands that can't be understood.
    """
    # The code too: another version of it may ask other questions.
    code = (Path(__file__), Path(cmd_file.__file__))
    inputs = [*makefiles(tree), tree.path / "include/config/auto.conf", *code]

    def ask() -> Answer:
        return dataclasses.asdict(run_probe(tree, directory, kcflags, log, system)), inputs

    key = [str(tree.path), str(directory), kcflags, sorted(map(str, inputs)), str(system.root)]
    answer = directory / "kbuild.json"
    if not probe_mod_c(directory).exists():
        # A step of the build reads it (link.py).
        answer.unlink(missing_ok=True)
    return kbuild_from_json(remembered(answer, key, ask))


def probe_mod_c(directory: Path) -> Path:
    """The C file that modpost has written for the probe's module."""
    return directory / "module" / f"{PROBE}.mod.c"


def kbuild_from_json(raw: dict[str, Any]) -> Kbuild:
    """A `Kbuild` from what `dataclasses.asdict` made of it."""
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()}
    return Kbuild(**fields)


def makefiles(tree: KernelTree) -> list[Path]:
    """The files that decide which commands Kbuild runs, apart from the configuration."""
    patterns = ("Makefile", f"arch/{tree.arch}/Makefile*", "scripts/Makefile*", "scripts/Kbuild.include")
    roots = dict.fromkeys((tree.path, srctree(tree)))
    return [path for root in roots for pattern in patterns for path in sorted(root.glob(pattern))]


def srctree(tree: KernelTree) -> Path:
    """Kbuild's srctree: the Makefile of a build directory, or of a distribution's headers, includes that there."""
    text = (tree.path / "Makefile").read_text()
    beside = text.replace("$(dir $(lastword $(MAKEFILE_LIST)))", f"{tree.path}/")
    wrapped = re.search(r"^include ([^$\n]+)/Makefile$", beside, re.MULTILINE)
    return Path(wrapped[1]).resolve() if wrapped else tree.path


def run_probe(tree: KernelTree, directory: Path, kcflags: str, log: RunLog, system: System) -> Kbuild:
    """Build the probe module and read the commands from it."""
    check_enter(system, log)
    work = directory / "module"
    for name, text in (("Kbuild", KBUILD_FILE), ("part.c", SOURCE), ("asm.S", ASSEMBLY)):
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
        log.inside(system.enter_args).run(argv, step="PROBE", unit=tree.release, env=dict.fromkeys(KBUILD_ENVIRONMENT))
    except StepError as error:
        compiler = tree.compiler.split()[0]
        if not system.programs(compiler):
            fix = f"apt-get install {compiler.removeprefix('x86_64-linux-gnu-')}"
            raise MachineError("not found, and the kernel was compiled by it", where=compiler, fix=fix) from error
        raise
    try:
        return read_commands(work)
    except (ValueError, IndexError, OSError) as error:
        raise StepError(
            f"the commands that this kernel's Kbuild left in {work} can't be understood: {error!r}",
            where=f"PROBE {tree.release}",
            fix="build by Kbuild itself, and report the kernel's version",
        ) from error


def read_commands(work: Path) -> Kbuild:
    """The commands in the ``.cmd`` files of a probe that was built in `work`. Raises `ValueError` or `IndexError`."""
    compile_ = saved_programs(work / ".part.o.cmd")
    link = saved_programs(work / f".{PROBE}.o.cmd")
    objtool = next((words for words in (*compile_, *link) if is_objtool(words)), [])
    (modpost,) = (w for w in saved_programs(work / ".Module.symvers.cmd") if w[0].endswith("modpost"))
    final = saved_programs(work / f".{PROBE}.ko.cmd")[0]
    common, generated = work / "..module-common.o.cmd", work / f".{PROBE}.mod.o.cmd"
    return Kbuild(
        cc=tuple(without_files(compile_[0], work)),
        assembler=tuple(without_files(saved_programs(work / ".asm.o.cmd")[0], work)),
        ld=tuple(without_files(link[0], work)),
        objtool=tuple(word for word in objtool if not is_probe_file(word, work) and word != "--link"),
        objtool_each=any(map(is_objtool, compile_)),
        modpost=tuple(without_options(modpost, {"-o", "-T"})),
        ld_module=tuple(without_files(final, work)),
        common=saved_programs(common)[0][-1] if common.exists() else None,
        preamble=leading_directives((work / f"{PROBE}.mod.c").read_text()),
        objtool_generated=generated.exists() and any(map(is_objtool, saved_programs(generated))),
    )


def leading_directives(text: str) -> str:
    """The preprocessor's lines at the head of a C source."""
    lines = takewhile(lambda line: not line or line.startswith("#"), text.splitlines())
    return "".join(f"{line}\n" for line in lines if line)


def is_objtool(words: list[str]) -> bool:
    """Whether this is a run of objtool."""
    return words[0].endswith("/objtool")


def without_files(words: list[str], work: Path) -> list[str]:
    """A compiler's or linker's command without its output, its inputs and what names the probe."""
    kept = without_options(words, {"-o"})
    ours = ("-DKBUILD_BASENAME=", "-DKBUILD_MODNAME=", "-D__KBUILD_MODNAME=", "-DKBUILD_MODFILE=", "-Wp,-MMD,")
    return [w for w in kept if w != "-c" and not w.startswith(ours) and not is_probe_file(w, work)]


def is_probe_file(word: str, work: Path) -> bool:
    """Whether a word names a file of the probe: from 6.13 on, Kbuild works in the module's own directory."""
    name = word.removeprefix("@")
    return name.startswith(str(work)) or (not name.startswith(("-", "/")) and (work / name).is_file())


def without_options(words: Sequence[str], options: set[str]) -> list[str]:
    """`words` without these options and the word after each."""
    kept: list[str] = []
    skip = False
    for word in words:
        if skip or word in options:
            skip = not skip
        else:
            kept.append(word)
    return kept
