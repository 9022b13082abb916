# SPDX-License-Identifier: MIT
"""The variables of the command line, ``KEY=value``: declared once, as the fields of `Settings`, and read from there.

A new variable is one field of `Settings`. `VARIABLES` and `UNSUPPORTED` are for those who list variables: the help
text of ``scons -h``. Variables that Kbuild has mean what they mean to Kbuild.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import shlex
from collections.abc import Callable, Container, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from scons_kmod.base.errors import UserError
from scons_kmod.distro.target_file import PROVIDERS
from scons_kmod.kernel.kernel_tree import SUPPORTED_ARCHES

# A flag that names a file with more flags: of a compiler, or of a tool that the compiler runs. A macro may be anything.
FLAGS_FILE = re.compile(r"(-(?!D)\S*[,=])?@")
# From this ratio on, a variable looks like another (`difflib.SequenceMatcher.ratio`).
LIKENESS = 0.7
# Takes a variable's name and value, and returns what its field in `Settings` holds. Raises `UserError`.
Converter = Callable[[str, str], Any]


class Variable(NamedTuple):
    """A variable that can be given: its `name`, an example of a `value`, and one line that says what it does."""

    name: str
    value: str
    doc: str
    convert: Converter

    def __str__(self) -> str:
        """The variable as one writes it: ``KDIR=/path``."""
        return f"{self.name}={self.value}"


class UnsupportedVariable(NamedTuple):
    """A variable of Kbuild or of this project that nothing can be done about yet. `reason` is one sentence."""

    name: str
    reason: str


def as_given(_name: str, value: str) -> str:
    """The value as it is."""
    return value


def as_given_or_none(_name: str, value: str) -> str | None:
    """The value as it is; None if it is empty."""
    return value or None


def switch(name: str, value: str) -> bool:
    """Whether a variable that is 0 or 1 is on. Raises `UserError`."""
    if value not in ("", "0", "1"):
        raise UserError(f"0 or 1 is expected, not {value!r}", where=f"{name}={value}", fix=f"write {name}=1")
    return value == "1"


def path_value(name: str, value: str) -> Path:
    """A path as it is given. Raises `UserError` if it is empty."""
    if not value:
        raise UserError("a path is missing", where=f"{name}=", fix=f"write {name}=/path")
    return Path(value)


def comma_separated(name: str, value: str) -> tuple[str, ...]:
    """The names between commas. Raises `UserError` if there is none."""
    names = tuple(part for part in value.split(",") if part)
    if not names:
        raise UserError("a name is missing", where=f"{name}={value}", fix=f"write {name}=A or {name}=A,B")
    return names


def comma_separated_paths(name: str, value: str) -> tuple[Path, ...]:
    """The paths between commas. Raises `UserError` if there is none."""
    return tuple(map(Path, comma_separated(name, value)))


def directory_below(name: str, value: str) -> str:
    """A relative path that does not lead out of the directory it begins in. Raises `UserError`."""
    directory = PurePosixPath(value)
    if not value or directory.is_absolute() or ".." in directory.parts:
        raise UserError(
            "a directory below lib/modules/RELEASE is expected", where=f"{name}={value}", fix=f"write {name}=extra"
        )
    return str(directory)


def existing_files(name: str, value: str) -> tuple[Path, ...]:
    """Files separated by white space, as Kbuild takes them. Raises `UserError` for one that does not exist."""
    files = tuple(Path(part).absolute() for part in value.split())
    for file in files:
        if not file.is_file():
            raise UserError("there is no such file", where=f"{name}={file}", fix="name a Module.symvers file")
    return files


def shell_split(name: str, value: str) -> tuple[str, ...]:
    """Flags, separated as a shell separates arguments.

    Raises `UserError` for a quotation that does not end, and for a file with flags: compilers don't list it among the
    files that they have read.
    """
    try:
        flags = tuple(shlex.split(value))
    except ValueError as error:
        raise UserError(f"{error}".lower(), where=f"{name}={value}", fix="close the quotation") from error
    for flag in flags:
        if FLAGS_FILE.match(flag):
            fix = "write the flags of the file instead"
            raise UserError(f"no build would notice a change of a file with flags: {flag}", where=name, fix=fix)
    return flags


def strip_options(_name: str, value: str) -> str:
    """What to strip; empty for 0, as in Kbuild."""
    return "" if value == "0" else value


def provider_name(name: str, value: str) -> str:
    """The name of a provider, or nothing. Raises `UserError`."""
    if value and value not in PROVIDERS:
        fix = f"write one of {', '.join(PROVIDERS)}"
        raise UserError("there is no such provider", where=f"{name}={value}", fix=fix)
    return value


def is_make(name: str, value: str) -> bool:
    """Whether the kernel tree's own make links. Raises `UserError`."""
    if value not in ("", "make"):
        raise UserError(f"make is expected, not {value!r}", where=f"{name}={value}", fix=f"write {name}=make")
    return value == "make"


def supported_arch(name: str, value: str) -> str:
    """An architecture of Kbuild. Raises `UserError` if modules can't be built for it."""
    if value not in SUPPORTED_ARCHES:
        fix = f"supported: {', '.join(sorted(SUPPORTED_ARCHES))}"
        raise UserError("this architecture is not supported", where=f"{name}={value}", fix=fix)
    return value


def variable(name: str, convert: Converter, value: str, doc: str, *, default: Any = None) -> Any:
    """A field of `Settings`, and the variable that fills it. Without the variable, the field is `default`."""
    return dataclasses.field(default=default, metadata={"variable": Variable(name, value, doc, convert)})


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the user asked for, by the variables of the command line. Paths are as given."""

    targets: tuple[str, ...] = variable(
        "TARGET",
        comma_separated,
        "NAME,NAME",
        "the kernels to build for, by the names of files in targets/; all: every one that is available on this system",
        default=(),
    )
    kdir: Path | None = variable(
        "KDIR",
        path_value,
        "/path",
        "a prepared kernel tree to build for instead of a target; builds in build/kdir-<release>",
    )
    arch: str | None = variable(
        "ARCH", supported_arch, "x86_64", "the architecture: x86_64 and x86 are accepted, and change nothing"
    )
    module_dirs: tuple[Path, ...] = variable(
        "MODULES",
        comma_separated_paths,
        "DIR,DIR",
        "directories to take modules from, instead of modules/: each is a module, or has modules one level below",
        default=(),
    )
    module: str | None = variable(
        "MODULE", as_given, "name", "only this module: for the commands that work on modules, and for plain scons"
    )
    kcflags: tuple[str, ...] = variable(
        "KCFLAGS", shell_split, "'...'", "more flags for every C compilation, and for bindgen", default=()
    )
    krustflags: tuple[str, ...] = variable(
        "KRUSTFLAGS",
        shell_split,
        "'...'",
        "more flags for rustc: for bindings, kernel and the modules, not for the library crates and macros",
        default=(),
    )
    extra_symbols: tuple[Path, ...] = variable(
        "KBUILD_EXTRA_SYMBOLS", existing_files, "'A B'", "more Module.symvers files for modpost", default=()
    )
    kbuild_link: bool = variable(
        "KBUILD_LINK",
        is_make,
        "make",
        "the tree's own `make M=` links each .ko from the same objects: slower, and with the same bytes",
        default=False,
    )
    provider: str = variable(
        "PROVIDER",
        provider_name,
        "tree",
        f"where the mainline crates come from: {', '.join(PROVIDERS[:-1])} or {PROVIDERS[-1]}",
        default="",
    )
    update: bool = variable(
        "UPDATE",
        switch,
        "1",
        "download the package lists again and look for a newer kernel of the target",
        default=False,
    )
    verbose: bool = variable(
        "V",
        switch,
        "1",
        "print each command instead of a short line, with its directory and environment, so that a shell can run it",
        default=False,
    )
    audit: bool = variable(
        "AUDIT",
        switch,
        "1",
        "run the steps under strace, and fail if one of them reads, or looks for, a file that its trace does not know",
        default=False,
    )
    destdir: Path | None = variable(
        "DESTDIR",
        path_value,
        "/path",
        "for install and uninstall: the root directory, / by default; for stage: the directory to write to",
    )
    mod_path: Path | None = variable(
        "INSTALL_MOD_PATH", path_value, "/path", "for install and uninstall: a directory below DESTDIR"
    )
    mod_dir: str = variable(
        "INSTALL_MOD_DIR",
        directory_below,
        "extra",
        "for install and packages: the directory in lib/modules/<release>; updates by default",
        default="updates",
    )
    mod_strip: str = variable(
        "INSTALL_MOD_STRIP",
        strip_options,
        "1",
        "for install and packages: strip debug information; other values are options for strip",
        default="",
    )
    sign_key: str | None = variable(
        "SIGN_KEY", as_given_or_none, "KEY", "for install and packages: sign the modules with this key"
    )
    sign_cert: Path | None = variable("SIGN_CERT", path_value, "/path", "for SIGN_KEY: the certificate of the key")
    sign_pin_file: Path | None = variable(
        "SIGN_PIN_FILE", path_value, "/path", "for SIGN_KEY: a file with the PIN of the key in its first line"
    )
    source: bool = variable("SOURCE", switch, "1", "for deb and rpm: also make the source package", default=False)
    next: bool = variable("NEXT", switch, "1", "for why: the next build instead of the last", default=False)
    file: str | None = variable(
        "FILE",
        as_given_or_none,
        "path",
        "for why with NEXT=1: what an edit of this file would run; a header as in #include: linux/fs.h",
    )
    declaration: str | None = variable(
        "DECLARATION", as_given_or_none, "name", "for why with FILE=: the edit is of this declaration in the header"
    )
    old: str | None = variable(
        "OLD",
        as_given_or_none,
        "KERNEL",
        "for abi-diff: the older kernel, by the name of a target or the path of a tree",
    )
    new: str | None = variable("NEW", as_given_or_none, "KERNEL", "for abi-diff: the newer kernel, named like OLD")
    adopt_dir: Path | None = variable(
        "DIR",
        path_value,
        "path",
        "for adopt: the directory of a module; add MODULE=name if its Kbuild file describes several",
    )


# All variables, in the order of the help text.
VARIABLES: tuple[Variable, ...] = tuple(field.metadata["variable"] for field in dataclasses.fields(Settings))
# By the name of a variable: the field of `Settings` that it fills, and the variable.
_FIELDS: Mapping[str, tuple[str, Variable]] = {
    field.metadata["variable"].name: (field.name, field.metadata["variable"]) for field in dataclasses.fields(Settings)
}

# Variables that are understood, but that nothing here can do yet. They are never ignored.
UNSUPPORTED: tuple[UnsupportedVariable, ...] = (
    UnsupportedVariable("LLVM", "scons takes the C compiler that the kernel was built with"),
    UnsupportedVariable("W", "scons compiles with the warnings of the kernel's own Kbuild"),
    UnsupportedVariable("CROSS_COMPILE", "scons builds only for the architecture of this machine"),
    UnsupportedVariable("DEBUGINFO", "scons compiles C with -g0, so that a shifted line in a header changes no .ko"),
    UnsupportedVariable("BTF", "scons makes no debug information, which BTF is computed from"),
)
_UNSUPPORTED_REASONS = {variable.name: variable.reason for variable in UNSUPPORTED}


def read_settings(arguments: Mapping[str, str]) -> Settings:
    """Read the variables of a command line, values by names. Others are left to `check_variables`.

    Raises `UserError` for a malformed value.
    """
    known = [(*_FIELDS[name], value) for name, value in arguments.items() if name in _FIELDS]
    settings = Settings(**{field: declared.convert(declared.name, value) for field, declared, value in known})
    if settings.kdir and settings.targets:
        raise UserError("both name a kernel", where="KDIR= and TARGET=", fix="give one of them")
    return settings


def check_variables(arguments: Mapping[str, str], declared: Container[str] = ()) -> None:
    """Raise `UserError` for a variable that is not supported, or that looks like one of `VARIABLES` and is none.

    `declared` are the SConstruct's own. It may also read others without declaring them.
    """
    for name, value in arguments.items():
        if name in _FIELDS or name in declared:
            continue
        if reason := _UNSUPPORTED_REASONS.get(name):
            # One that is off changes nothing.
            if value not in ("", "0"):
                fix = f"leave {name} out: {reason}"
                raise UserError("this is not supported yet", where=f"{name}={value}", fix=fix)
        elif near := difflib.get_close_matches(name.upper(), [*_FIELDS, *_UNSUPPORTED_REASONS], 1, LIKENESS):
            fix = f'did you mean {near[0]}=? If it is your own: Environment(tools=["kmod"], KMOD_WORDS=["{name}"])'
            raise UserError("unknown variable", where=f"{name}={value}", fix=fix)
