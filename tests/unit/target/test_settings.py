# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest

from scons_kmod.base.errors import UserError
from scons_kmod.target.settings import UNSUPPORTED, VARIABLES, Settings, check_variables, read_settings

PROJECT = Path(__file__).resolve().parents[3]


def error_of(**arguments: str) -> str:
    with pytest.raises(UserError) as caught:
        read_settings(arguments)
    return str(caught.value)


def complaint(**arguments: str) -> str:
    with pytest.raises(UserError) as caught:
        check_variables(arguments)
    return str(caught.value)


def test_without_variables_everything_is_at_its_default() -> None:
    assert read_settings({}) == Settings()


def test_every_variable_fills_its_setting(tmp_path: Path) -> None:
    symbols = tmp_path / "Module.symvers"
    symbols.touch()
    arguments = {
        "TARGET": "debian-6.1,debian-6.12",
        "MODULES": "a,/b/c",
        "MODULE": "rust_kvm",
        "DIR": "mine",
        "DESTDIR": "/tmp/root",
        "INSTALL_MOD_PATH": "/stage",
        "INSTALL_MOD_DIR": "extra/ours",
        "INSTALL_MOD_STRIP": "1",
        "SIGN_KEY": "pkcs11:object=k",
        "SIGN_CERT": "/keys/k.x509",
        "SIGN_PIN_FILE": "/keys/pin",
        "V": "1",
        "KCFLAGS": "-DX='a b' -O1",
        "KRUSTFLAGS": "--cfg=x",
        "KBUILD_EXTRA_SYMBOLS": f"{symbols} {symbols}",
        "UPDATE": "1",
        "SOURCE": "1",
        "OLD": "debian-6.1",
        "NEW": "/usr/src/linux",
        "KBUILD_LINK": "make",
        "PROVIDER": "rebuilt",
        "ARCH": "x86_64",
    }
    assert read_settings(arguments) == Settings(
        arch="x86_64",
        targets=("debian-6.1", "debian-6.12"),
        module_dirs=(Path("a"), Path("/b/c")),
        module="rust_kvm",
        adopt_dir=Path("mine"),
        destdir=Path("/tmp/root"),
        mod_path=Path("/stage"),
        mod_dir="extra/ours",
        mod_strip="1",
        sign_key="pkcs11:object=k",
        sign_cert=Path("/keys/k.x509"),
        sign_pin_file=Path("/keys/pin"),
        verbose=True,
        kcflags=("-DX=a b", "-O1"),
        krustflags=("--cfg=x",),
        extra_symbols=(symbols, symbols),
        update=True,
        source=True,
        old="debian-6.1",
        new="/usr/src/linux",
        kbuild_link=True,
        provider="rebuilt",
    )
    assert read_settings({"KDIR": "/usr/src/linux"}).kdir == Path("/usr/src/linux")


def test_the_command_line_page_has_every_variable() -> None:
    page = (PROJECT / "docs/guide/command-line.md").read_text()
    assert [variable.name for variable in VARIABLES if f"`{variable.name}=" not in page] == []
    assert [variable.name for variable in UNSUPPORTED if f"`{variable.name}=`" not in page] == []
    assert [variable.name for variable in VARIABLES if not variable.doc or "\n" in variable.doc] == []


@pytest.mark.parametrize("off", ["", "0"])
def test_a_switch_can_be_off(off: str) -> None:
    assert read_settings({"V": off, "LLVM": off, "W": off}) == Settings()
    check_variables({"V": off, "LLVM": off, "W": off})


@pytest.mark.parametrize("value", ["", "/usr", "../up", "a/../../up"])
def test_modules_are_installed_below_the_kernels_directory(value: str) -> None:
    message = (
        f"INSTALL_MOD_DIR={value}: a directory below lib/modules/RELEASE is expected\n    write INSTALL_MOD_DIR=extra"
    )
    assert error_of(INSTALL_MOD_DIR=value) == message


def test_kbuild_links_by_make_only() -> None:
    assert error_of(KBUILD_LINK="1") == "KBUILD_LINK=1: make is expected, not '1'\n    write KBUILD_LINK=make"
    assert not read_settings({"KBUILD_LINK": ""}).kbuild_link


def test_there_are_three_providers() -> None:
    assert [read_settings({"PROVIDER": name}).provider for name in ("tree", "rebuilt", "carried", "")] == [
        "tree",
        "rebuilt",
        "carried",
        "",
    ]
    assert error_of(PROVIDER="bundled") == (
        "PROVIDER=bundled: there is no such provider\n    write one of tree, rebuilt, carried"
    )


@pytest.mark.parametrize(("name", "reason"), [(variable.name, variable.reason) for variable in UNSUPPORTED])
def test_what_cannot_be_done_yet_is_refused_with_the_reason(name: str, reason: str) -> None:
    assert complaint(**{name: "1"}) == f"{name}=1: this is not supported yet\n    leave {name} out: {reason}"


@pytest.mark.parametrize(("name", "near"), [("TARGTE", "TARGET"), ("target", "TARGET"), ("MODE", "MODULE")])
def test_a_variable_that_looks_like_another_is_an_error_unless_it_is_declared(name: str, near: str) -> None:
    assert complaint(**{name: "x"}) == (
        f"{name}=x: unknown variable\n"
        f'    did you mean {near}=? If it is your own: Environment(tools=["kmod"], KMOD_WORDS=["{name}"])'
    )
    check_variables({name: "x"}, declared={name})
    assert read_settings({name: "x"}) == Settings()


def test_other_variables_are_left_alone() -> None:
    check_variables({"PYTHON": "3", "PREFIX": "/usr", "MODULE": "one"})
    check_variables({"LLVM": "1"}, declared={"LLVM"})


def test_what_is_wrong_is_named() -> None:
    assert error_of(ARCH="arm64") == "ARCH=arm64: this architecture is not supported\n    supported: x86, x86_64"
    assert error_of(V="2") == "V=2: 0 or 1 is expected, not '2'\n    write V=1"
    assert error_of(KDIR="") == "KDIR=: a path is missing\n    write KDIR=/path"
    assert error_of(KCFLAGS="'") == "KCFLAGS=': no closing quotation\n    close the quotation"
    assert error_of(KBUILD_EXTRA_SYMBOLS="/absent") == (
        "KBUILD_EXTRA_SYMBOLS=/absent: there is no such file\n    name a Module.symvers file"
    )
    assert error_of(KDIR="/x", TARGET="y") == "KDIR= and TARGET=: both name a kernel\n    give one of them"


def test_a_macro_is_no_file_with_flags() -> None:
    assert read_settings({"KCFLAGS": "-DAT=@x -DMAIL=me@host"}).kcflags == ("-DAT=@x", "-DMAIL=me@host")


@pytest.mark.parametrize("flag", ["@flags", "-Wa,@flags", "-Wl,-z,now,@flags", "-Clink-arg=@flags"])
@pytest.mark.parametrize("name", ["KCFLAGS", "KRUSTFLAGS"])
def test_a_file_with_flags_is_refused(name: str, flag: str) -> None:
    text = (
        f"{name}: no build would notice a change of a file with flags: {flag}\n    write the flags of the file instead"
    )
    assert error_of(**{name: f"-O1 {flag}"}) == text


@pytest.mark.parametrize("name", ["TARGET", "MODULES"])
@pytest.mark.parametrize("value", ["", ","])
def test_a_list_that_names_nothing_is_refused(name: str, value: str) -> None:
    assert error_of(**{name: value}).startswith(f"{name}={value}: a name is missing\n")
