# SPDX-License-Identifier: MIT
"""The ``KEY=value`` words of the command line, checked. They mean what they mean to Kbuild where Kbuild has them."""

from __future__ import annotations

import dataclasses
import difflib
import shlex
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from scons_kmod.base.errors import UserError
from scons_kmod.distro.target_file import PROVIDERS
from scons_kmod.kernel.kernel_tree import SUPPORTED_ARCHES

# Kbuild's and our own variables that are understood, but that nothing here can do yet: never ignored.
UNSUPPORTED = ("LLVM", "W", "CROSS_COMPILE", "DEBUGINFO", "BTF")


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the user asked for. Paths are as given; the flags are split into words as a shell would."""

    targets: tuple[str, ...] = ()
    kdir: Path | None = None
    module_dirs: tuple[Path, ...] = ()
    module: str | None = None
    adopted: Path | None = None
    destdir: Path | None = None
    mod_path: Path | None = None
    mod_dir: str = "updates"
    mod_strip: str = ""
    sign_key: str | None = None
    sign_cert: Path | None = None
    sign_pin_file: Path | None = None
    verbose: bool = False
    kcflags: tuple[str, ...] = ()
    krustflags: tuple[str, ...] = ()
    extra_symbols: tuple[Path, ...] = ()
    update: bool = False
    next: bool = False
    source: bool = False
    old: str | None = None
    new: str | None = None
    kbuild_link: bool = False
    provider: str = ""


# Each word's name and the setting it fills.
VARIABLES = {
    "TARGET": "targets",
    "KDIR": "kdir",
    "MODULES": "module_dirs",
    "MODULE": "module",
    "DIR": "adopted",
    "DESTDIR": "destdir",
    "INSTALL_MOD_PATH": "mod_path",
    "INSTALL_MOD_DIR": "mod_dir",
    "INSTALL_MOD_STRIP": "mod_strip",
    "SIGN_KEY": "sign_key",
    "SIGN_CERT": "sign_cert",
    "SIGN_PIN_FILE": "sign_pin_file",
    "V": "verbose",
    "KCFLAGS": "kcflags",
    "KRUSTFLAGS": "krustflags",
    "KBUILD_EXTRA_SYMBOLS": "extra_symbols",
    "UPDATE": "update",
    "NEXT": "next",
    "SOURCE": "source",
    "OLD": "old",
    "NEW": "new",
    "KBUILD_LINK": "kbuild_link",
    "PROVIDER": "provider",
}


def read_settings(words: Mapping[str, str]) -> Settings:
    """Check the words of a command line. Raises `UserError` for one that is unknown, unsupported or malformed."""
    for name, value in words.items():
        refuse(name, value)
    fields = {VARIABLES[name]: convert(name, value) for name, value in words.items() if name in VARIABLES}
    settings = Settings(**fields)  # type: ignore[arg-type]  # each setting's converter gives its type
    if settings.kdir and settings.targets:
        raise UserError("both name a kernel", where="KDIR= and TARGET=", fix="give one of them")
    return settings


def refuse(name: str, value: str) -> None:
    """Raise `UserError` unless the word is known and supported."""
    if name == "ARCH":
        if value not in SUPPORTED_ARCHES:
            raise UserError(
                "this architecture is not supported",
                where=f"ARCH={value}",
                fix=f"supported: {', '.join(sorted(SUPPORTED_ARCHES))}",
            )
    elif name in UNSUPPORTED:
        if value not in ("", "0"):
            raise UserError("this is not supported yet", where=f"{name}={value}", fix=f"leave {name} out")
    elif name not in VARIABLES:
        near = difflib.get_close_matches(name.upper(), [*VARIABLES, *UNSUPPORTED, "ARCH"], n=1)
        known = f"did you mean {near[0]}=?" if near else f"known: {', '.join(sorted([*VARIABLES, 'ARCH']))}"
        raise UserError("unknown variable", where=f"{name}={value}", fix=known)


def convert(name: str, value: str) -> object:
    """The value of a word in the type of its setting."""
    match name:
        case "TARGET":
            return listed(name, value)
        case "MODULES":
            return tuple(map(Path, listed(name, value)))
        case "INSTALL_MOD_DIR":
            return directory_below(name, value)
        case "INSTALL_MOD_STRIP":
            return "" if value == "0" else value
        case "SIGN_KEY" | "OLD" | "NEW":
            return value or None
        case "KDIR" | "DIR" | "DESTDIR" | "INSTALL_MOD_PATH" | "SIGN_CERT" | "SIGN_PIN_FILE":
            if not value:
                raise UserError("a path is missing", where=f"{name}=", fix=f"write {name}=/path")
            return Path(value)
        case "KBUILD_EXTRA_SYMBOLS":
            return existing_files(name, value)
        case "KCFLAGS" | "KRUSTFLAGS":
            return split_words(name, value)
        case "PROVIDER":
            if value and value not in PROVIDERS:
                fix = f"write one of {', '.join(PROVIDERS)}"
                raise UserError("there is no such provider", where=f"{name}={value}", fix=fix)
            return value
        case "KBUILD_LINK":
            if value not in ("", "make"):
                raise UserError(f"make is expected, not {value!r}", where=f"{name}={value}", fix=f"write {name}=make")
            return value == "make"
        case "V" | "UPDATE" | "NEXT" | "SOURCE":
            if value not in ("", "0", "1"):
                raise UserError(f"0 or 1 is expected, not {value!r}", where=f"{name}={value}", fix=f"write {name}=1")
            return value == "1"
        case _:
            return value


def listed(name: str, value: str) -> tuple[str, ...]:
    """Names with commas between them, one at least."""
    names = tuple(part for part in value.split(",") if part)
    if not names:
        raise UserError("a name is missing", where=f"{name}={value}", fix=f"write {name}=A or {name}=A,B")
    return names


def directory_below(name: str, value: str) -> str:
    """A relative path that leads to no other place than below where it starts."""
    path = PurePosixPath(value)
    if not value or path.is_absolute() or ".." in path.parts:
        raise UserError(
            "a directory below lib/modules/RELEASE is expected", where=f"{name}={value}", fix=f"write {name}=extra"
        )
    return str(path)


def existing_files(name: str, value: str) -> tuple[Path, ...]:
    """Files separated by white space, as Kbuild takes them."""
    paths = tuple(Path(part).absolute() for part in value.split())
    for path in paths:
        if not path.is_file():
            raise UserError("there is no such file", where=f"{name}={path}", fix="name a Module.symvers file")
    return paths


def split_words(name: str, value: str) -> tuple[str, ...]:
    """Flags separated as a shell separates words."""
    try:
        return tuple(shlex.split(value))
    except ValueError as error:
        raise UserError(f"{error}".lower(), where=f"{name}={value}", fix="close the quotation") from error
