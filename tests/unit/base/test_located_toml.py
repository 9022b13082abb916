# SPDX-License-Identifier: MIT
"""Lines of TOML keys, and what the table reader says about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Located, Table, read_toml

EVERY_FORM = r'''# a comment with [brackets] and = signs
title = "one [two] = three # four"

[module]
name = "x"        # behind it
"quoted key" = 'literal \ "with quotes"'
dotted . inner = 1
list = [
    "a",          # with a comment, [and brackets]
    ["b", "c"],
    { k = 1, l.m = 2 },
]
text = """
[not.a.table]
name = "no key"
quotes: ""\" and five: """""
raw = \'\'\'
[neither] = 1\'\'\'
when = 1979-05-27 07:32:00
inline = { one = 1, "two" = { three = [1,
    2] } }

[crates.helper]
root = "h.rs"

[[item]]
name = "first"

[[item]]
name = "second"
[item.sub]
key = true
[[item.part]]
x = 1
[[item.part]]
x = 2
[a."b.c".d]
z = 0'''.replace(r"\'", "'")


def located(tmp_path: Path, text: str) -> Located:
    path = tmp_path / "x.toml"
    path.write_text(text)
    return read_toml(path)


def table(tmp_path: Path, text: str) -> Table:
    return Table(located(tmp_path, text), ("module",))


def message(error: pytest.ExceptionInfo[UserError], tmp_path: Path) -> str:
    return str(error.value).replace(f"{tmp_path}/", "")


def test_every_key_knows_its_line(tmp_path: Path) -> None:
    found = located(tmp_path, EVERY_FORM)
    lines = EVERY_FORM.splitlines()

    def first(start: str, nth: int = 0) -> int:
        return [number for number, line in enumerate(lines, 1) if line.startswith(start)][nth]

    expected = {
        ("title",): first("title"),
        ("module",): first("[module]"),
        ("module", "name"): first("name"),
        ("module", "quoted key"): first('"quoted'),
        ("module", "dotted"): first("dotted"),
        ("module", "dotted", "inner"): first("dotted"),
        ("module", "list", 0): first('    "a"'),
        ("module", "list", 1, 1): first('    ["b"'),
        ("module", "list", 2, "l", "m"): first("    { k"),
        ("module", "text"): first("text"),
        ("module", "raw"): first("raw"),
        ("module", "when"): first("when"),
        ("module", "inline", "two", "three", 1): first("    2]"),
        ("crates",): first("[crates"),
        ("crates", "helper", "root"): first("root"),
        ("item", 0, "name"): first("name", 2),
        ("item", 1): first("[[item]]", 1),
        ("item", 1, "name"): first("name", 3),
        ("item", 1, "sub", "key"): first("key"),
        ("item", 1, "part", 1, "x"): first("x = 2"),
        ("a", "b.c", "d", "z"): first("z"),
    }
    assert {key: found.line_of(key) for key in expected} == expected


def test_the_lines_are_those_of_all_keys_that_tomllib_sees(tmp_path: Path) -> None:
    found = located(tmp_path, EVERY_FORM)

    def keys(value: object, at: tuple[str | int, ...]) -> set[tuple[str | int, ...]]:
        if isinstance(value, dict):
            inner = value.items()
        elif isinstance(value, list):
            inner = dict(enumerate(value)).items()
        else:
            return {at}
        return {at}.union(*(keys(element, (*at, name)) for name, element in inner))

    assert set(found.lines) == keys(found.data, ()) - {()}


def test_an_absent_key_has_the_line_of_its_table(tmp_path: Path) -> None:
    found = located(tmp_path, "\n[module]\nname = 'x'\n")
    assert found.line_of(("module", "root")) == 2
    assert found.line_of(("test", "script")) == 1
    assert found.where(("module", "root")) == f"{tmp_path}/x.toml:2: [module] root"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[module]\nname = x\n", "x.toml:2:8: invalid TOML: invalid value"),
        ("[module\n", "x.toml:1:8: invalid TOML: expected ']' at the end of a table declaration"),
        ("a = 1\na = 2\n", "x.toml:2:6: invalid TOML: cannot overwrite a value"),
        ('a = 1\nb = "half', "x.toml:2:10: invalid TOML: unterminated string"),
    ],
)
def test_invalid_toml_is_an_error_with_line_and_column(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(UserError) as error:
        located(tmp_path, text)
    assert message(error, tmp_path) == expected


def test_text_that_is_not_utf8_is_an_error_with_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"a = 1\nb = '\xff'\n")
    with pytest.raises(UserError) as error:
        read_toml(tmp_path / "x.toml")
    assert message(error, tmp_path) == "x.toml:2:6: this is not UTF-8, as TOML must be"


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        read_toml(tmp_path / "x.toml")
    assert message(error, tmp_path) == "x.toml: can't be read: No such file or directory"


def test_windows_line_ends_do_not_shift_lines(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"a = 1\r\n\r\nb = 2\r\n")
    assert read_toml(tmp_path / "x.toml").line_of(("b",)) == 3


def test_keys_are_read_by_their_types(tmp_path: Path) -> None:
    module = table(tmp_path, "[module]\nname = 'x'\nuses = ['a', 'b']\n[module.sub]\nkey = 'v'\n")
    assert module.string("name") == "x"
    assert module.string("root", default=None) is None
    assert module.strings("uses") == ("a", "b")
    assert module.strings("more", default=()) == ()
    assert module.table("sub").string("key") == "v"
    assert module.table("other", default=None) is None
    module.done()


@pytest.mark.parametrize(
    ("value", "description"),
    [
        ("3", "the integer 3"),
        ("3.5", "the number 3.5"),
        ("true", "the boolean true"),
        ("['x']", "an array"),
        ("{ a = 1 }", "a table"),
        ("1979-05-27", "the date 1979-05-27"),
        ("07:32:00", "the time 07:32:00"),
    ],
)
def test_the_error_for_a_wrong_type_has_the_value(tmp_path: Path, value: str, description: str) -> None:
    with pytest.raises(UserError) as error:
        table(tmp_path, f"[module]\nname = {value}\n").string("name")
    assert message(error, tmp_path) == f"x.toml:2: [module] name: must be a string, not {description}"


def test_a_string_instead_of_an_array_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        table(tmp_path, "[module]\nuses = 'a'\n").strings("uses")
    assert message(error, tmp_path) == 'x.toml:2: [module] uses: must be an array of strings, not the string "a"'


def test_the_error_for_a_wrong_element_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        table(tmp_path, "[module]\nuses = [\n 'a',\n 7,\n]\n").strings("uses")
    assert message(error, tmp_path) == "x.toml:4: [module.uses] element 2: must be a string, not the integer 7"


def test_a_value_instead_of_a_table_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        table(tmp_path, "module = 3\n")
    assert message(error, tmp_path) == "x.toml:1: module: must be a table, not the integer 3"


def test_an_empty_string_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        table(tmp_path, "[module]\nname = ''\n").string("name")
    assert message(error, tmp_path) == "x.toml:2: [module] name: must not be empty"


def test_a_missing_key_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        table(tmp_path, "\n[module]\nroot = 'x.rs'\n").string("name")
    assert message(error, tmp_path) == "x.toml:2: [module] name: is missing"


def test_a_misspelt_required_key_is_an_unknown_key(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        table(tmp_path, "[module]\n\nnam = 'x'\n").string("name")
    assert message(error, tmp_path) == 'x.toml:3: [module] nam: unknown key\n    did you mean "name"?'


def test_the_error_for_an_unknown_key_suggests_the_nearest_known_key(tmp_path: Path) -> None:
    module = table(tmp_path, "[module]\nname = 'x'\nrooot = 'x.rs'\n")
    module.string("name")
    module.string("root", default=None)
    with pytest.raises(UserError) as error:
        module.done()
    assert message(error, tmp_path) == 'x.toml:3: [module] rooot: unknown key\n    did you mean "root"?'


def test_the_error_for_an_unknown_key_like_no_other_lists_all(tmp_path: Path) -> None:
    module = table(tmp_path, "[module]\nname = 'x'\nzzz = 1\n")
    module.string("name")
    module.string("root", default=None)
    with pytest.raises(UserError) as error:
        module.done()
    assert message(error, tmp_path) == "x.toml:3: [module] zzz: unknown key\n    known here: name, root"
