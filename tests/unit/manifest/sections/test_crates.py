# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from manifest_table import read_table
from miniature import write

from scons_kmod.base.errors import UserError
from scons_kmod.manifest.crate import CrateSpec, sort_crates


def crates(directory: Path, text: str, *files: str) -> tuple[CrateSpec, ...]:
    for name in files:
        write(directory / name, "")
    found: tuple[CrateSpec, ...] = read_table(directory, "crates", text)
    return found


def crate(directory: Path, text: str, *files: str) -> CrateSpec:
    (found,) = crates(directory, text, *files)
    return found


def error_of(directory: Path, text: str, *files: str) -> str:
    with pytest.raises(UserError) as caught:
        crates(directory, text, *files)
    return str(caught.value).replace(f"{directory}/", "").replace(str(directory), "DIR")


def spec(name: str, *needs: str, library: Path | None = None) -> CrateSpec:
    return CrateSpec(name, Path(f"/{name}/lib.rs"), Path(f"/{name}"), needs=needs, library=library, where=f"at {name}")


def sorting_error(*specs: CrateSpec) -> str:
    with pytest.raises(UserError) as caught:
        sort_crates(specs)
    return str(caught.value)


def test_a_crate_may_be_a_single_file(tmp_path: Path) -> None:
    found = crate(tmp_path, '[crates.x]\npath = "parts/x.rs"\n', "parts/x.rs")
    assert found == CrateSpec(
        name="x",
        root=tmp_path / "parts/x.rs",
        directory=tmp_path / "parts",
        edition="2021",
        where=f"{tmp_path}/module.toml:1: [crates] x",
    )


@pytest.mark.parametrize("root", ["lib.rs", "src/lib.rs"])
def test_a_crate_of_a_directory(tmp_path: Path, root: str) -> None:
    found = crate(tmp_path, '[crates.x]\npath = "x"\n', f"x/{root}")
    assert (found.root, found.directory) == (tmp_path / "x" / root, tmp_path / "x")


def test_all_that_a_crate_can_say(tmp_path: Path) -> None:
    text = """\
[crates.x]
path = "x.rs"
edition = "2018"
features = ["big", "with-dash"]
cfg = ["fast", 'size="2"']
env = { NAME = "a b" }
crates = ["y"]
proc-macro = true
"""
    found = crate(tmp_path, text, "x.rs")
    assert (found.edition, found.needs, found.proc_macro, found.quiet) == ("2018", ("y",), True, False)
    assert found.cfg == ('feature="big"', 'feature="with-dash"', "fast", 'size="2"')
    assert found.env == (("NAME", "a b"),)


def test_a_vendored_crate_is_what_its_cargo_file_says(tmp_path: Path) -> None:
    write(
        tmp_path / "v/Cargo.toml",
        '[package]\nname = "v"\nversion = "1.0.0"\nedition = "2018"\n[lib]\npath = "v.rs"\n'
        '[features]\ndefault = ["a"]\na = []\nb = []\n[dependencies]\nneeded-one = "1"\n',
    )
    found = crate(tmp_path, '[crates.v]\npath = "v"\nfeatures = ["b"]\n', "v/v.rs")
    assert (found.root, found.edition, found.needs) == (tmp_path / "v/v.rs", "2018", ("needed_one",))
    assert found.cfg == ('feature="a"', 'feature="b"', 'feature="default"')
    assert ("CARGO_PKG_VERSION", "1.0.0") in found.env
    assert found.quiet


def test_the_manifest_has_the_last_word_on_a_vendored_crate(tmp_path: Path) -> None:
    write(tmp_path / "v/Cargo.toml", '[package]\nversion = "1.0.0"\n[dependencies]\nnot-needed = "1"\n')
    text = '[crates.v]\npath = "v"\nedition = "2021"\ncrates = []\nenv = { CARGO_PKG_VERSION = "2" }\n'
    found = crate(tmp_path, text, "v/src/lib.rs")
    assert (found.edition, found.needs, dict(found.env)["CARGO_PKG_VERSION"]) == ("2021", (), "2")


def test_the_edition_in_a_cargo_file_must_be_known(tmp_path: Path) -> None:
    write(tmp_path / "v/Cargo.toml", '[package]\nedition = "2027"\n')
    assert error_of(tmp_path, '[crates.v]\npath = "v"\n', "v/lib.rs").startswith(
        "module.toml:1: [crates.v] edition: there is no such edition of Rust"
    )
    assert crate(tmp_path, '[crates.v]\npath = "v"\nedition = "2021"\n').edition == "2021"


def test_a_cargo_file_beside_a_crate_root_that_is_named_is_of_something_else(tmp_path: Path) -> None:
    write(tmp_path / "Cargo.toml", "no TOML")
    assert not crate(tmp_path, '[crates.x]\npath = "x.rs"\n', "x.rs").quiet


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[crates.x]\n", "module.toml:1: [crates.x] path: is missing"),
        (
            '[crates.x]\npath = "y.rs"\n',
            "module.toml:2: [crates.x] path: y.rs does not exist\n    create y.rs, or name another file",
        ),
        (
            '[crates.x]\npath = "../x.rs"\n',
            "module.toml:2: [crates.x] path: ../x.rs is outside of the module's directory\n    move it into DIR",
        ),
        (
            '[crates.x]\npath = "empty"\n',
            "module.toml:2: [crates.x] path: there is no src/lib.rs or lib.rs in empty\n    name the crate root itself",
        ),
        (
            '[crates.with-dash]\npath = "x.rs"\n',
            "module.toml:1: [crates] with-dash: 'with-dash' is not a valid name of a crate\n"
            "    use letters, digits and _",
        ),
        (
            '[crates."é"]\npath = "x.rs"\n',
            "module.toml:1: [crates] é: 'é' is not a valid name of a crate\n    use letters, digits and _",
        ),
        (
            '[crates.kernel]\npath = "x.rs"\n',
            "module.toml:1: [crates] kernel: 'kernel' is a crate of the kernel or of the compiler\n"
            "    choose another name",
        ),
        (
            '[crates.x]\npath = "x.rs"\nedition = "2020"\n',
            "module.toml:3: [crates.x] edition: there is no such edition of Rust\n"
            "    write one of 2015, 2018, 2021, 2024",
        ),
        (
            '[crates.x]\npath = "x.rs"\ncfg = ["a b"]\n',
            "module.toml:3: [crates.x] cfg: 'a b' is not a valid cfg\n    write 'NAME' or 'NAME=\"VALUE\"'",
        ),
        (
            """[crates.x]\npath = "x.rs"\nfeatures = ['a"b']\n""",
            "module.toml:3: [crates.x] features: 'a\"b' is not a valid name of a feature\n"
            "    use letters, digits, _, -, + and .",
        ),
        (
            '[crates.x]\npath = "x.rs"\nenv = { RUSTC_BOOTSTRAP = "0" }\n',
            "module.toml:3: [crates.x.env] RUSTC_BOOTSTRAP: can't be set for the compiler\n    choose another name",
        ),
        (
            '[crates.x]\npath = "x.rs"\ndefault-features = false\n',
            "module.toml:3: [crates.x] default-features: is for a crate with a Cargo.toml, and DIR has none\n"
            "    leave default-features out",
        ),
    ],
)
def test_a_table_that_makes_no_sense(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "empty").mkdir()
    assert error_of(tmp_path, text, "x.rs") == expected


def test_each_crate_comes_after_what_it_needs() -> None:
    found = sort_crates([spec("a", "b", "c"), spec("b", "c"), spec("c"), spec("d", "a")])
    assert [crate.name for crate in found] == ["c", "b", "a", "d"]


def test_crates_that_need_each_other() -> None:
    assert sorting_error(spec("x", "a"), spec("a", "b"), spec("b", "c"), spec("c", "a")) == (
        "at a: these crates need each other: a -> b -> c -> a\n    move what both need to a crate of its own"
    )
    assert "a -> a" in sorting_error(spec("a", "a"))


def test_a_crate_that_is_not_there() -> None:
    assert sorting_error(spec("a", "tiny_bits")) == (
        "at a: it needs the crate 'tiny_bits', which does not exist\n"
        '    copy it to a directory of the module and write [crates.tiny_bits] path = "DIR"'
    )
    assert sorting_error(spec("a", "cfg_iff"), spec("cfg_if")).endswith('did you mean "cfg_if"?')
    assert sorting_error(spec("a", "b", library=Path("/a"))).endswith(
        'give it a module.toml of its own: [library] name = "b"'
    )


def test_two_crates_with_the_same_name() -> None:
    expected = "at a: 'a' is the name of the crate in /a too\n    rename one of them"
    assert sorting_error(spec("a", library=Path("/a")), spec("a")) == expected
