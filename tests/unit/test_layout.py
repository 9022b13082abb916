# SPDX-License-Identifier: MIT
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scons_kmod import layout
from scons_kmod.layout import constant_checks

# As bindgen 0.60 writes it: all on one line, with a space between any two tokens.
STRUCT = (
    "# [repr (C)] # [derive (Copy , Clone)] pub struct list_head { pub next : * mut list_head , pub r#type : u8 , }"
)
TEST = (
    "# [test] fn bindgen_test_layout_list_head () {"
    ' assert_eq ! (:: core :: mem :: size_of :: < list_head > () , 16usize , concat ! ("Size of: " ,'
    " stringify ! (list_head))) ;"
    " assert_eq ! (:: core :: mem :: align_of :: < list_head > () , 8usize ,"
    ' concat ! ("Alignment of " , stringify ! (list_head))) ;'
    " fn test_field_next () { assert_eq ! (unsafe {"
    " let uninit = :: core :: mem :: MaybeUninit :: < list_head > :: uninit () ; let ptr = uninit . as_ptr () ;"
    " :: core :: ptr :: addr_of ! ((* ptr) . next) as usize - ptr as usize } , 0usize ,"
    ' concat ! ("Offset of field: " , stringify ! (next))) ; } test_field_next () ;'
    " fn test_field_type () { assert_eq ! (unsafe {"
    " let uninit = :: core :: mem :: MaybeUninit :: < list_head > :: uninit () ; let ptr = uninit . as_ptr () ;"
    " :: core :: ptr :: addr_of ! ((* ptr) . r#type) as usize - ptr as usize } , 8usize ,"
    ' concat ! ("Offset of field: " , stringify ! (type))) ; } test_field_type () ; }'
)
CHECK = (
    "const _: () = assert!(::core::mem::size_of::<list_head>() == 16 && ::core::mem::align_of::<list_head>() == 8"
    " && ::core::mem::offset_of!(list_head, next) == 0 && ::core::mem::offset_of!(list_head, r#type) == 8);"
)


def test_tests_become_checks_that_the_compiler_makes() -> None:
    rust, _ = constant_checks(f"{STRUCT} {TEST} pub const X : u32 = 1 ;")
    assert [line for line in rust.splitlines() if line.startswith("const _")] == [CHECK]
    assert "test" not in rust


def test_what_is_no_test_is_kept_with_an_item_on_a_line() -> None:
    rust, _ = constant_checks(f'{STRUCT} {TEST} pub const X : u32 = 1 ; extern "C" {{ pub fn f () ; }} impl Y {{ }}')
    lines = [line.strip() for line in rust.splitlines() if line and not line.startswith("const _")]
    assert lines[0] == STRUCT
    assert "pub const X : u32 = 1 ;" in lines
    assert lines[-1] == "impl Y { }"


def test_sizes_go_into_a_header() -> None:
    _, header = constant_checks(f"{STRUCT} {TEST}")
    assert header == "#define BINDINGS_SIZEOF_list_head 16\n"


def test_bindings_without_structs_stay_as_they_are() -> None:
    assert constant_checks("pub const X : u32 = 1 ;") == ("pub const X : u32 = 1 ;", "")


def test_a_test_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown form"):
        constant_checks(TEST.replace("align_of", "alignment_of"))
    with pytest.raises(ValueError, match="does not end"):
        constant_checks(TEST[:-1])


def test_a_field_that_is_not_understood_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown form"):
        constant_checks(TEST.replace("addr_of ! ((* ptr) . next)", "offset_of ! (next)"))


def test_the_program_reads_and_writes_files(tmp_path: Path) -> None:
    (tmp_path / "raw.rs").write_text(f"{STRUCT} {TEST}")
    files = [str(tmp_path / name) for name in ("raw.rs", "made.rs", "made.h")]
    subprocess.run((sys.executable, "-I", layout.__file__, *files), check=True)
    rust, header = constant_checks(f"{STRUCT} {TEST}")
    assert (tmp_path / "made.rs").read_text() == rust
    assert (tmp_path / "made.h").read_text() == header
