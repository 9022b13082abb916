# SPDX-License-Identifier: MIT
"""Which of the declared names macros may put together."""

from __future__ import annotations

import pytest

from scons_kmod.bindings.pasted import Pasted
from scons_kmod.engine.identifiers import names_in_source

PASTE = "macros::paste! { unsafe { bindings::%s($arg) } }"
EXPORTED = "#[macro_export]\nmacro_rules! call { ($name:ident) => { %s } }"


def pasted(**sources: str) -> Pasted:
    texts = {f"{name}.rs": text for name, text in sources.items()}
    return Pasted(texts, {path: names_in_source(path, text) for path, text in texts.items()})


def group(text: str) -> str:
    return EXPORTED % (PASTE % text)


@pytest.mark.parametrize(
    ("text", "user", "name"),
    [
        ("[< do_trace_ $name >]", "call!(open)", "do_trace_open"),
        ("[<$name _done>]", "call!(open)", "open_done"),
        ("[<$name:upper _MAX>]", "call!(Open)", "OPEN_MAX"),
        ('[<"do_" $ name:lower "_it">]', "call!(OPEN)", "do_open_it"),
        ("[<plain _name>]", "", "plain_name"),
        ("[<a_ $name _ $other>]", "call!(one, two)", "a_one_two"),
    ],
)
def test_names_that_paste_puts_together(text: str, user: str, name: str) -> None:
    found, _ = pasted(macros=group(text), user=user).names([name, "do_trace_close", "unrelated"])
    assert found == {name}


def test_names_that_concat_idents_puts_together() -> None:
    source = EXPORTED % "$crate::macros::concat_idents!(IOCTL_, $name)"
    found, missing = pasted(macros=source, user="call!(GET)").names(["IOCTL_GET", "IOCTL_SET"])
    assert found == {"IOCTL_GET"}
    assert missing == {"set"}


def test_the_definition_of_concat_idents_itself_says_nothing() -> None:
    source = 'use proc_macro2::Ident;\nfn concat_idents(a: Ident, b: Ident) -> Ident { Ident::new(&format!("{a}{b}")) }'
    result = pasted(macros=source)
    assert not result.everything
    assert result.names(["ab"]) == (set(), set())


@pytest.mark.parametrize(
    ("literal", "name"),
    [('"__{ident}_init"', "__open_init"), ('"has_{}"', "HAS_OPEN"), ('r#"a "{0:?}_x" b"#', "open_x")],
)
def test_names_from_format_strings_of_proc_macros(literal: str, name: str) -> None:
    source = f"use proc_macro2::TokenStream;\nconst QUOTE: char = '\"';\nfn a() {{ format_ident!({literal}) }}"
    found, _ = pasted(macros=source, user="open").names([name, "close_x"])
    assert found == {name}


@pytest.mark.parametrize("literal", ['"{a}"', '"{a} {b}"', '"`{a}`: {{b}}c"', r'"\n{a}"'])
def test_format_strings_that_put_no_name_together(literal: str) -> None:
    result = pasted(macros=f"use proc_macro2::Span;\nfn a() {{ panic!({literal}) }}", user="a b")
    assert not result.everything
    assert result.names(["ab", "na"]) == (set(), set())


def test_format_strings_outside_proc_macros_are_text() -> None:
    assert pasted(user='pr_info!("open_{}", 1);').names(["open_1"]) == (set(), set())


@pytest.mark.parametrize("source", [group("[<$name $other>]"), group("[<$($name _)*>]")])
def test_two_variables_side_by_side_make_every_name_possible(source: str) -> None:
    result = pasted(macros=source)
    assert result.everything
    assert result.names(["one", "two"]) == ({"one", "two"}, set())


@pytest.mark.parametrize("before", ["fn", "pub const fn", "static", "static mut", "const", "mod"])
def test_an_item_that_is_defined_is_no_use_of_a_name(before: str) -> None:
    source = EXPORTED % f"paste! {{ {before} [<do_ $name>] }}"
    assert pasted(macros=source, user="open").names(["do_open"])[0] == set()


@pytest.mark.parametrize("before", ["*const", "&", "bindings::", "=", "("])
def test_all_else_is_a_use(before: str) -> None:
    source = EXPORTED % f"paste! {{ {before} [<do_ $name>] }}"
    assert pasted(macros=source, user="open").names(["do_open"])[0] == {"do_open"}


def test_a_macro_of_a_single_file_has_the_names_of_that_file() -> None:
    source = f"macro_rules! call {{ ($a:ident $b:ident) => {{ {PASTE % '[<$a _ $b>]'} }} }}\ncall!(atomic read);"
    result = pasted(macros=source, user="misc new_minor")
    found, missing = result.names(["atomic_read", "misc_new_minor", "atomic_open", "other_name"])
    assert found == {"atomic_read"}
    assert missing == set()
    assert result.pasting == ["macros.rs"], "the file counts as a whole"
    assert result.local_macros == {"call"}, "until another file names the macro"


def test_a_macro_of_a_single_file_may_get_a_name_that_was_put_together() -> None:
    source = f"macro_rules! call {{ ($a:ident $b:ident) => {{ {PASTE % '[<$a _ $b>]'} }} }}\nread acquire atomic"
    assert pasted(macros=source).names(["atomic_read_acquire"])[0] == {"atomic_read_acquire"}


def test_a_macro_that_another_file_names_has_the_names_of_all() -> None:
    source = f"macro_rules! call {{ ($a:ident) => {{ {PASTE % '[<do_ $a>]'} }} }}"
    assert pasted(macros=source, user="call!(open)").names(["do_open"])[0] == {"do_open"}


def test_parts_that_would_make_a_name_are_missing() -> None:
    source = group("[<do_ $name _ $other>]")
    found, missing = pasted(macros=source, user="call!(read)").names(["do_read_all", "do_Write_all", "unrelated"])
    assert found == set()
    assert {"all", "write"} <= missing


def test_comments_say_nothing() -> None:
    result = pasted(macros="// [<do_ $name>] with paste!\n/// `[<get_ $name>]`\nfn paste() {}", user="open")
    assert result.names(["do_open", "get_open"]) == (set(), set())
