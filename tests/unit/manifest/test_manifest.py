# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from miniature import write

from scons_kmod.base.errors import UserError
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.project import find_project
from scons_kmod.manifest.read import read_manifest


def manifest(directory: Path, text: str, *files: str) -> Path:
    """A module's directory, with its manifest of this text."""
    for name in files:
        write(directory / name, "")
    return write(directory / "module.toml", text)


def error_of(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_manifest(path)
    return str(caught.value).replace(f"{path.parent.resolve()}/", "").replace(str(path.parent.resolve()), "DIR")


def test_the_smallest_manifest(tmp_path: Path) -> None:
    path = manifest(tmp_path, '[module]\nname = "x"\n', "x.rs")
    assert read_manifest(path) == Manifest("x", tmp_path, tmp_path / "x.rs", None)


def test_root_and_test_may_be_named(tmp_path: Path) -> None:
    text = '[module]\nname = "x"\nroot = "src/lib.rs"\n[test]\nscript = "checks/run.sh"\n'
    found = read_manifest(manifest(tmp_path, text, "src/lib.rs", "checks/run.sh"))
    assert (found.root, found.test) == (tmp_path / "src/lib.rs", tmp_path / "checks/run.sh")


def test_a_test_beside_the_manifest_is_found(tmp_path: Path) -> None:
    path = manifest(tmp_path, '[module]\nname = "x"\n', "x.rs", "test.sh")
    assert read_manifest(path).test == tmp_path / "test.sh"


@pytest.mark.parametrize("root", ["snd-dummy.rs", "snd_dummy.rs"])
def test_a_name_with_a_dash_is_a_crate_with_an_underscore(tmp_path: Path, root: str) -> None:
    found = read_manifest(manifest(tmp_path, '[module]\nname = "snd-dummy"\n', root))
    assert (found.name, found.crate, found.root) == ("snd-dummy", "snd_dummy", tmp_path / root)


def test_a_directory_may_be_reached_through_a_link(tmp_path: Path) -> None:
    manifest(tmp_path / "real", '[module]\nname = "x"\n', "x.rs")
    (tmp_path / "link").symlink_to("real")
    assert read_manifest(tmp_path / "link/module.toml").directory == tmp_path / "real"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "module.toml:1: module: is missing"),
        ("[module]\n", "module.toml:1: [module] name: is missing"),
        ('[modul]\nname = "x"\n', 'module.toml:1: modul: unknown key\n    did you mean "module"?'),
        ('[module]\nnam = "x"\n', 'module.toml:2: [module] nam: unknown key\n    did you mean "name"?'),
        ("[module]\nname = 3\n", "module.toml:2: [module] name: must be a string, not the integer 3"),
        ('[module]\nname = ""\n', "module.toml:2: [module] name: must not be empty"),
        ("module = 3\n", "module.toml:1: module: must be a table, not the integer 3"),
        (
            '[module]\nname = "x"\nrooot = "x.rs"\n',
            'module.toml:3: [module] rooot: unknown key\n    did you mean "root"?',
        ),
        (
            '[module]\nname = "x"\nroot = "y.rs"\n',
            "module.toml:3: [module] root: y.rs does not exist\n    create y.rs, or name another file",
        ),
        (
            '[module]\nname = "y"\n',
            "module.toml:1: [module] root: y.rs does not exist\n    create y.rs, or name another file",
        ),
        (
            '[module]\nname = "x"\nroot = "../x.rs"\n',
            "module.toml:3: [module] root: ../x.rs is outside of the module's directory\n    move it into DIR",
        ),
        (
            '[module]\nname = "x"\nroot = "/etc/passwd"\n',
            "module.toml:3: [module] root: /etc/passwd is outside of the module's directory\n    move it into DIR",
        ),
        (
            '[module]\nname = "x"\nroot = "."\n',
            "module.toml:3: [module] root: . does not exist\n    create DIR, or name another file",
        ),
        (
            '[module]\nname = "x"\n[test]\n',
            "module.toml:3: [test] script: test.sh does not exist\n    create test.sh, or name another file",
        ),
        ("[module\n", "module.toml:1:8: invalid TOML: expected ']' at the end of a table declaration"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_key(tmp_path: Path, text: str, expected: str) -> None:
    assert error_of(manifest(tmp_path, text, "x.rs")) == expected


@pytest.mark.parametrize("name", ["1x", "x y", "x.y", "x/y", "../x", "ä", "-x", "x\\n"])
def test_a_name_that_the_kernel_cannot_take(tmp_path: Path, name: str) -> None:
    shown = name.encode().decode("unicode_escape") if "\\" in name else name
    assert error_of(manifest(tmp_path, f'[module]\nname = "{name}"\n')) == (
        f"module.toml:2: [module] name: {shown!r} is not a valid module name\n"
        "    use letters, digits, _ and -, first a letter or _"
    )


def test_a_name_has_a_longest_form(tmp_path: Path) -> None:
    longest = "x" * 55
    assert read_manifest(manifest(tmp_path, f'[module]\nname = "{longest}"\n', f"{longest}.rs")).name == longest
    assert "is longer than the 55 characters" in error_of(manifest(tmp_path, f'[module]\nname = "{longest}x"\n'))


def test_the_name_of_a_command_is_no_name_for_a_module(tmp_path: Path) -> None:
    path = manifest(tmp_path, '[module]\nname = "abi-diff"\n', "abi_diff.rs")
    with pytest.raises(UserError) as error:
        read_manifest(path, reserved=("test", "abi-diff"))
    assert str(error.value).removeprefix(f"{tmp_path}/") == (
        "module.toml:2: [module] name: 'abi-diff' is a command of scons\n    choose another name"
    )


def test_a_link_cannot_lead_out_of_the_module(tmp_path: Path) -> None:
    write(tmp_path / "secret", "")
    path = manifest(tmp_path / "module", '[module]\nname = "x"\n')
    path.with_name("x.rs").symlink_to("../secret")
    assert "is outside of the module's directory" in error_of(path)


def test_modules_are_found_by_name(tmp_path: Path) -> None:
    for name in ("b", "a"):
        manifest(tmp_path / "some" / name, f'[module]\nname = "{name}"\n', f"{name}.rs")
    own = manifest(tmp_path / "one", '[module]\nname = "c"\n', "c.rs").parent
    assert [module.name for module in find_project([own, tmp_path / "some"]).modules] == ["a", "b", "c"]


def test_a_directory_named_twice_is_a_single_module(tmp_path: Path) -> None:
    manifest(tmp_path / "a", '[module]\nname = "a"\n', "a.rs")
    assert len(find_project([tmp_path, tmp_path / "a"]).modules) == 1


@pytest.mark.parametrize("second", ["snd_dummy", "snd-dummy"])
def test_two_modules_with_the_same_name(tmp_path: Path, second: str) -> None:
    for folder, name in (("a", "snd_dummy"), ("b", second)):
        manifest(tmp_path / folder, f'[module]\nname = "{name}"\n', "snd_dummy.rs")
    with pytest.raises(UserError) as caught:
        find_project([tmp_path])
    assert str(caught.value) == (
        f"{tmp_path}/b/module.toml:2: [module] name: {second!r} is the name of the module in {tmp_path}/a too\n"
        "    rename one of them"
    )


def test_a_directory_that_is_not_there_or_has_no_modules(tmp_path: Path) -> None:
    fix = "name a module's directory, or one that holds several, with MODULES=DIR"
    with pytest.raises(UserError) as caught:
        find_project([Path("/absent")])
    assert str(caught.value) == f"/absent: there is no such directory\n    {fix}"
    with pytest.raises(UserError) as caught:
        find_project([tmp_path])
    assert str(caught.value) == (
        f"{tmp_path}: there is no module.toml in it, nor in a directory in it\n"
        f"    write {tmp_path}/module.toml, or {fix}"
    )


def test_programs_of_a_test(tmp_path: Path) -> None:
    text = '[module]\nname = "x"\n[test]\nprograms = ["a.c", "b.c"]\n'
    path = manifest(tmp_path, text, "x.rs", "test.sh", "a.c")
    assert error_of(path) == (
        "module.toml:4: [test.programs] element 2: b.c does not exist\n    create b.c, or name another file"
    )
    write(tmp_path / "b.c", "")
    assert read_manifest(path).programs == (tmp_path / "a.c", tmp_path / "b.c")


def test_a_crate_is_written_to_the_api_of_2021_unless_it_says_so(tmp_path: Path) -> None:
    path = manifest(tmp_path, '[module]\nname = "x"\n', "x.rs")
    assert read_manifest(path).api == "2021"
    assert read_manifest(manifest(tmp_path, '[module]\nname = "x"\napi = "mainline"\n')).api == "mainline"
    assert error_of(manifest(tmp_path, '[module]\nname = "x"\napi = "main"\n')) == (
        'module.toml:3: [module] api: there is no API "main"\n    write one of 2021, mainline'
    )


BOTH = '[module]\nname = "x"\nroot = "x.rs"\napi = "{api}"\n[c]\nsources = ["a.c"]\n'


@pytest.mark.parametrize("api", ["2021", "mainline"])
def test_a_module_may_have_c_sources_beside_its_crate(tmp_path: Path, api: str) -> None:
    found = read_manifest(manifest(tmp_path, BOTH.format(api=api), "x.rs", "a.c"))
    assert (found.crate_root, found.c.sources) == (tmp_path / "x.rs", (tmp_path / "a.c",))


def test_a_module_of_c_has_no_crate_though_there_is_a_file_of_that_name(tmp_path: Path) -> None:
    found = read_manifest(manifest(tmp_path, '[module]\nname = "x"\n[c]\nsources = ["a.c"]\n', "x.rs", "a.c"))
    assert (found.root, found.c.sources) == (None, (tmp_path / "a.c",))
    with pytest.raises(ValueError, match="x has no crate"):
        _ = found.crate_root


def test_headers_of_the_kernel_may_be_added_to_the_bindings(tmp_path: Path) -> None:
    text = '[module]\nname = "x"\n[bindings]\nheaders = ["linux/leds.h", "net/sock.h"]\n'
    assert read_manifest(manifest(tmp_path, text, "x.rs")).bindings.headers == ("linux/leds.h", "net/sock.h")


@pytest.mark.parametrize(
    "header", ["/etc/passwd.h", "../x.h", "linux/../../x.h", "linux/leds", "<linux/leds.h>", "a.h b.h"]
)
def test_what_is_no_header_of_the_kernel_is_refused(tmp_path: Path, header: str) -> None:
    text = f'[module]\nname = "x"\n[bindings]\nheaders = ["linux/leds.h", "{header}"]\n'
    assert error_of(manifest(tmp_path, text, "x.rs")) == (
        f"module.toml:4: [bindings.headers] element 2: {header!r} is not a header of the kernel\n"
        '    write it as in #include: "linux/leds.h"'
    )
