# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from miniature import RECORDED, write

from scons_kmod.kernel.cmd_file import SavedCommand, parse_commands, read_cmd_file, saved_programs

RECORDER = ("/usr/bin/python3", "-I", "/library/recorder.py")


def parse(text: str) -> SavedCommand:
    """The only command in a text."""
    (command,) = parse_commands(text, RECORDER)
    return command


# As in Linux 6.12, and as in 6.1.
@pytest.mark.parametrize("variable", ["savedcmd", "cmd"])
def test_what_kbuild_escaped_for_make_is_unescaped(tmp_path: Path, variable: str) -> None:
    text = f"{variable}_rust/a.rs := sed 's/ko$$/$(pound)[x]/' $(pound)\n\nsource_rust/a.rs := x\n"
    path = write(tmp_path / ".a.rs.cmd", text)
    assert read_cmd_file(path) == ("rust/a.rs", "sed 's/ko$/#[x]/' #")
    assert saved_programs(path) == [["sed", "s/ko$/#[x]/", "#"]]


def test_a_file_without_a_command_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / ".a.rs.cmd", "source_rust/a.rs := x\n")
    for read in (read_cmd_file, saved_programs):
        with pytest.raises(ValueError, match=f"no command in {path}"):
            read(path)


@pytest.mark.parametrize("variable", ["savedcmd", "cmd"])
def test_programs_of_all_pipelines_are_found(tmp_path: Path, variable: str) -> None:
    text = f"""{variable}_x.o := sed 's/ko$$/o/' a | gcc -DX='"y"' "a b" ; true\nsource_x.o := x\n"""
    expected = [["sed", "s/ko$/o/", "a"], ["gcc", '-DX="y"', "a b"], ["true"]]
    assert saved_programs(write(tmp_path / "x.cmd", text)) == expected


def test_programs_are_found_beside_constructs_of_the_shell(tmp_path: Path) -> None:
    path = write(tmp_path / "x.cmd", "cmd_x := gcc -c x.c; if [ -f x ]; then rm x; fi; ld x.o\n")
    programs = saved_programs(path)
    assert programs[0] == ["gcc", "-c", "x.c"]
    assert programs[-1] == ["ld", "x.o"]


@pytest.mark.parametrize(
    ("version", "target", "program"),
    [("6.1", "@WORK@/part.o", "gcc-12"), ("6.12", "@WORK@/part.o", "x86_64-linux-gnu-gcc-12")],
)
def test_files_of_real_kernels_are_read(version: str, target: str, program: str) -> None:
    path = RECORDED / f"kbuild-{version}/.part.o.cmd"
    assert read_cmd_file(path)[0] == target
    assert saved_programs(path)[0][0] == program
    assert next(parse_commands(read_cmd_file(path)[1])).programs[0][0] == program


def test_a_command_with_a_single_program() -> None:
    assert parse("rustc --emit=obj=x.o  x.rs") == SavedCommand((("rustc", "--emit=obj=x.o", "x.rs"),), (), "")


def test_commands_in_sequence() -> None:
    commands = parse_commands("bindgen a.h -o a.rs ; sed -i x a.rs;objcopy a.o ;", RECORDER)
    assert [command.programs for command in commands] == [
        (("bindgen", "a.h", "-o", "a.rs"),),
        (("sed", "-i", "x", "a.rs"),),
        (("objcopy", "a.o"),),
    ]


def test_programs_that_read_what_others_print() -> None:
    programs = (("gcc", "-E", "a.S"), ("sed", "1d"), ("cat",))
    assert parse("gcc -E a.S | sed 1d|cat >a.rs") == SavedCommand(programs, (), "a.rs")


def test_variables_before_a_program_are_set_for_it() -> None:
    command = parse("OBJTREE=/a/b X='a b' rustc --cfg=x NAME=value")
    assert command == SavedCommand((("rustc", "--cfg=x", "NAME=value"),), (("OBJTREE", "/a/b"), ("X", "a b")), "")


@pytest.mark.parametrize(
    ("text", "arg"),
    [
        ("""--cfg='feature="proc-macro"'""", '--cfg=feature="proc-macro"'),
        ("""-DKBUILD_MODNAME='"x"'""", '-DKBUILD_MODNAME="x"'),
        (r'-DX="\"x y\""', '-DX="x y"'),
        ("'1,/^\\/\\/ Cut here.$/d'", r"1,/^\/\/ Cut here.$/d"),
        ("""'s/fn (\\w+)/#[link_name="\\1"]\\n&/g'""", r's/fn (\w+)/#[link_name="\1"]\n&/g'),
        ("'a;b|c>d<e&f'", "a;b|c>d<e&f"),
        ("a\\ b", "a b"),
        ("'.*'", ".*"),
        ("uv_cb.*", "uv_cb.*"),
        ("__kernel_s?size_t", "__kernel_s?size_t"),
        ("#", "#"),
        ("''", ""),
    ],
)
def test_args_are_read_as_the_shell_reads_them(text: str, arg: str) -> None:
    assert parse(f"sed {text} x").programs == (("sed", arg, "x"),)


@pytest.mark.parametrize(
    "text",
    [
        *("a < b", "a <b", "a >> b", "a || b", "a && b", "a&&b", "a & b", "a& b", "a ;; b"),
        *("a 2>&1", "a 2>/dev/null", "a >&2", "a > b c", "a > b | c", "a > b > c", "a >"),
        *("a $(b)", "a `b`", "a $b", 'a "$b"', 'a "`b`"', "(a)", "{ a; }", "a | ", "| a", "X=1", "a 'b", 'a "b'),
    ],
)
def test_what_else_a_shell_can_do_is_an_error_not_a_guess(text: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        list(parse_commands(text, RECORDER))


@pytest.mark.parametrize("tool", ["rustc", "bindgen", "objcopy", "objtool"])
def test_recorded_tools_have_their_own_names(tool: str) -> None:
    assert parse(f"X=1 {' '.join(RECORDER)} {tool} -a b").programs == ((tool, "-a", "b"),)


def test_other_python_programs_keep_their_names() -> None:
    assert parse("/usr/bin/python3 -I x.py a").programs == (("/usr/bin/python3", "-I", "x.py", "a"),)
