# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest

from scons_kmod.engine.key_text import c_key_text, key_text, rust_key_text

# Pairs of sources that their compiler can't tell apart.
SAME_RUST = [
    ("fn f() {} // a\n", "fn f() {}\n"),
    ("fn f() {} // a\n", "fn f() {} /* another */\n"),
    ("// a\nfn f() {}\n", "\nfn f() {}\n"),
    ("let a = /* xx */ 1;", "let a = /* yy */ 1;"),
    ("/* a /* b */ c */ fn", "/* a /* d */ c */ fn"),
    ("let c = '\"'; // \"x\n", "let c = '\"'; // \"y\n"),
    ("let c = b'\\''; // '\n", "let c = b'\\'';\n"),
    ("fn f<'a>(x: &'a str) // 'b'\n", "fn f<'a>(x: &'a str)\n"),
    ('let s = r#"x // "y"#; // z', 'let s = r#"x // "y"#;'),
    ('let s = br"\\"; // z', 'let s = br"\\";'),
    ("//// no doc\nfn f() {}", "\nfn f() {}"),
    ("/**/ fn", "     fn"),
    ("/*** no doc */ fn", "               fn"),
]
# Pairs that it can.
OTHER_RUST = [
    ("let a = /* xx */ 1;", "let a = /* x */ 1;"),
    ("// a\nfn f() {}\n", "fn f() {}\n"),
    ("/// a\nfn f() {}", "/// b\nfn f() {}"),
    ("/// a \nfn f() {}", "/// a\nfn f() {}"),
    ("//! a", "//! b"),
    ("/** a */ fn", "/** b */ fn"),
    ("/*! a */ fn", "/*! b */ fn"),
    ('let s = "a // b";', 'let s = "a // c";'),
    ('let s = "a  \n b";', 'let s = "a\n b";'),
    ('let s = r"a // b";', 'let s = r"a // c";'),
    ('let s = r##"a "# // b"##;', 'let s = r##"a "# // c"##;'),
    ('let s = "\\" // b";', 'let s = "\\" // c";'),
    ("let c = '/'; //", "let c = '*'; //"),
    ("fn f() {} /* a", "fn f() {} /* b"),
    ('let s = "// a', 'let s = "// b'),
]
SAME_C = [
    ("int a; /* x */\n", "int a;\n"),
    ("int a; // x\n", "int a;\n"),
    ("int   a;\t\n", "int a;\n"),
    ("/* a\n * b */\nint x;\n", "\n\nint x;\n"),
    ("int a;\n\n\n", "int a;\n"),
    ("f(a, /* x */ b)", "f(a, b)"),
    ("// a \\ \nint x;\n", "// a \\ \nint y;\n"),
]
SAME_TOKENS = [
    ("/* a\n * b */\nint x;\n", "int x;\n"),
    ("int x;\n\n\nint y;\n", "int x;\nint y;\n"),
    ("f(a, /* x\n */ b)", "f(a, b)"),
]
OTHER_C = [
    ("#define X 1 /*\n*/ 2\n", "#define X 1\n 2\n"),
    ("#define f(x)\n", "#define f (x)\n"),
    ("#define X a \\\n\nint y;\n", "#define X a \\\nint y;\n"),
    ("// a \\\nint x;\n", "// a\nint x;\n"),
    ('char *s = "a  b";', 'char *s = "a b";'),
    ('char *s = "a\tb";', 'char *s = "a b";'),
    ('char *s = "a /* x */";', 'char *s = "a /* y */";'),
    ('char *s = "\\"/* x */";', 'char *s = "\\"/* y */";'),
    ("s(a+b)", "s(a + b)"),
    ("s(a/**/b)", "s(ab)"),
    ('char c = \'"\'; /* x */ char *d = "";', 'char c = \'"\'; /* x */ char *d = " ";'),
    ("#error don't /* do */\n", "#error don't /* try */\n"),
    ("int x; /* no end", "int x; /* no END"),
    ('/** <div rustbindgen opaque="true"></div> */', "/** */"),
    # What goes on after a line that ends in a backslash, with blanks after it or not.
    ("int a = x\\\ny;\n", "int a = x\\\n y;\n"),
    ("int a = x\\ \ny;\n", "int a = x\\ \n\ty;\n"),
    ("int a = x\\\ny;\n", "int a = x\\\n/**/y;\n"),
    ("int a = 1\\\n2;\n", "int a = 1\\/* */\n2;\n"),
    ("// a \\ \n /*\nint x;\n/* */\n", "// a \\ \n /*\nint y;\n/* */\n"),
    ("/\\\n/ x /*\nint a;\n/* */\n", "/\\\n/ x /*\nint b;\n/* */\n"),
    ("int a = 1 /* x *\\\n/ + 1;\n", "int a = 1 /* x *\\\n/ + 2;\n"),
    # Raw strings of GNU C, and names of files.
    ('char *s = R"(// a)";\n', 'char *s = R"(// b)";\n'),
    ('char *s = u8R"x(" /* a */)x";\n', 'char *s = u8R"x(" /* b */)x";\n'),
    ('char *s = R\\\n"(// a)";\n', 'char *s = R\\\n"(// b)";\n'),
    ("#include <a//b.h>\n", "#include <a//c.h>\n"),
    ("#include <a\\ \n//b.h>\n", "#include <a\\ \n//c.h>\n"),
    ("#inc\\\nlude <a//b.h>\n", "#inc\\\nlude <a//c.h>\n"),
    ("#include <a/*b.h>\nint x; /* */\n", "#include <a/*b.h>\nint y; /* */\n"),
    ("#if __has_include(<a//b.h>)\n", "#if __has_include(<a//c.h>)\n"),
    ("int a; // x ??/\nint b;\n", "int a; // x\nint b;\n"),
    ("int a; // x\rint b;\n", "int a; // y\rint c;\n"),
]
# Pairs of which only the columns differ.
OTHER_COLUMNS = [
    ("int   a;\n", "int a;\n"),
    ("f(a, /* x */ b)", "f(a, b)"),
    ("f(/* x */ b)", "f(/* xy */ b)"),
    ("f(/* x\n */ b)", "f(/* x\n  */ b)"),
    ("f(/* \u00e4 */ b)", "f(/* a */ b)"),
    ("\tint a;", " int a;"),
    ("#define X \\\n a", "#define X \\\n  a"),
]
SAME_COLUMNS = [
    ("int a; /* x */\n", "int a;\n"),
    ("int a; // x\n", "int a;\n"),
    ("/* a\n * b */\nint x;\n", "\n\nint x;\n"),
    ("f(/* x */ b)", "f(/* y */ b)"),
    ("f(/* \u00e4 */ b)", "f(/* ab */ b)"),
    ("int a;  \t\n", "int a;\n"),
]


@pytest.mark.parametrize(("text", "other"), SAME_RUST)
def test_rust_that_compiles_to_the_same_has_the_same_key(text: str, other: str) -> None:
    assert rust_key_text(text) == rust_key_text(other)


@pytest.mark.parametrize(("text", "other"), OTHER_RUST)
def test_rust_that_may_compile_to_another_has_another_key(text: str, other: str) -> None:
    assert rust_key_text(text) != rust_key_text(other)


@pytest.mark.parametrize(("text", "other"), SAME_C)
def test_c_that_compiles_to_the_same_has_the_same_keys(text: str, other: str) -> None:
    assert c_key_text(text, lines=True) == c_key_text(other, lines=True)
    assert c_key_text(text, lines=False) == c_key_text(other, lines=False)


@pytest.mark.parametrize(("text", "other"), SAME_TOKENS)
def test_lines_matter_only_if_they_are_asked_for(text: str, other: str) -> None:
    assert c_key_text(text, lines=True) != c_key_text(other, lines=True)
    assert c_key_text(text, lines=False) == c_key_text(other, lines=False)


@pytest.mark.parametrize(("text", "other"), OTHER_C)
def test_c_that_may_compile_to_another_has_other_keys(text: str, other: str) -> None:
    assert c_key_text(text, lines=True) != c_key_text(other, lines=True)
    assert c_key_text(text, lines=False) != c_key_text(other, lines=False)


@pytest.mark.parametrize(("text", "other"), OTHER_COLUMNS)
def test_columns_matter_if_they_are_asked_for(text: str, other: str) -> None:
    assert c_key_text(text, lines=True, columns=True) != c_key_text(other, lines=True, columns=True)
    assert c_key_text(text, lines=True) == c_key_text(other, lines=True)


@pytest.mark.parametrize(("text", "other"), SAME_COLUMNS)
def test_comments_of_the_same_width_keep_the_columns(text: str, other: str) -> None:
    assert c_key_text(text, lines=True, columns=True) == c_key_text(other, lines=True, columns=True)


@pytest.mark.parametrize(("text", "other"), OTHER_C)
def test_what_differs_by_lines_differs_by_columns(text: str, other: str) -> None:
    assert c_key_text(text, lines=True, columns=True) != c_key_text(other, lines=True, columns=True)


def test_the_end_of_the_name_says_the_language() -> None:
    assert key_text("a.rs", "x // y", lines=True) == "x"
    assert key_text("a.h", "x // y", lines=True) == "x"
    assert key_text("a.lds", "x // y", lines=True) == "x // y"
