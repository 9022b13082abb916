# SPDX-License-Identifier: MIT
"""Which edits of headers change the fingerprint: real headers, read by the real libclang."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from miniature import write

from scons_kmod.base import library_process
from scons_kmod.base.run_log import RunLog
from scons_kmod.bindings import fingerprint
from scons_kmod.bindings.libclang import HeaderError
from scons_kmod.distro.sysroot import THIS_MACHINE
from scons_kmod.distro.target_choice import default_target
from scons_kmod.distro.target_file import read_targets
from scons_kmod.engine.depfile import read_depfile
from scons_kmod.kernel.tool_finder import ToolFinder

# The tools that kernels of this system ask for.
NEED = default_target(read_targets(Path(__file__).resolve().parents[3] / "targets")).toolchain
LIBCLANG = ToolFinder(THIS_MACHINE, RunLog(), Path()).find_libclang(NEED.libclang)
HEADER = """\
typedef unsigned int u32;
struct list { struct list *next, *prev; };
struct other { int a; };
struct unnamed_target { int a; };
struct file {
	u32 mode;
	struct list list;
	struct other *other;
	struct unnamed_target *target;
	void (*call)(struct file *file, struct other *argument);
	unsigned low : 3;
	unsigned high : 5;
};
enum color { RED, GREEN = 5 };
enum { LOOSE = 9 };
#define BASE 4
#define FLAG (BASE << 2)
#define CALLED(x) ((x) + BASE)
static const u32 value = FLAG;
static inline int short_one(int a) { return a; }
int open_file(struct file *file, int flags);
struct unreached { int a; };
"""
NAMES = "file color_RED LOOSE FLAG CALLED value short_one open_file"

Make = Callable[..., dict[str, Any]]


def request(directory: Path, names: str) -> dict[str, Any]:
    source = directory / "source.rs"
    source.write_text(names)
    return {
        "libclang": LIBCLANG,
        "header": str(directory / "unit.h"),
        "flags": ["-std=gnu11", "-w", f"-I{directory}"],
        "kernel": {},
        "headers": [],
        "modules": [str(source)],
        **{name: str(directory / name) for name in ("fingerprint", "declared", "depfile")},
    }


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """The fingerprint of a header's text."""

    def make_fingerprint(text: str = HEADER, names: str = NAMES, **more: str) -> dict[str, Any]:
        for name, content in {"unit": text, **more}.items():
            (tmp_path / f"{name}.h").write_text(content)
        fingerprint.write_fingerprint(request(tmp_path, names))
        result: dict[str, Any] = json.loads((tmp_path / "fingerprint").read_text())
        return result

    return make_fingerprint


def changed(make: Make, old: str, new: str, names: str = NAMES) -> list[str]:
    """The names whose digests are not the same if one piece of the header is replaced."""
    assert HEADER.count(old) == 1
    before, after = make(names=names), make(HEADER.replace(old, new), names)
    assert before["opaque"] == after["opaque"]
    old_digests, new_digests = before["declarations"], after["declarations"]
    return sorted(name for name in {*old_digests, *new_digests} if old_digests.get(name) != new_digests.get(name))


def test_reached_and_opaque_names(make: Make) -> None:
    digests = make()
    assert sorted(digests["declarations"]) == sorted(
        [*(name for name in NAMES.split() if name != "color_RED"), "color", "list", "u32"]
    )
    assert digests["opaque"] == ["other", "unnamed_target"]


def test_the_fingerprint_is_sorted_and_reproducible(make: Make, tmp_path: Path) -> None:
    make()
    text = (tmp_path / "fingerprint").read_text()
    make()
    assert (tmp_path / "fingerprint").read_text() == text
    names = list(json.loads(text)["declarations"])
    assert names == sorted(names)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("struct unreached { int a; };", "struct unreached { int b; };", id="unreached field"),
        pytest.param("struct other { int a; };", "struct other { long a, b; };", id="field behind a pointer"),
        pytest.param("struct other { int a; };", "struct other;", id="content of an opaque type gone"),
        pytest.param("struct unreached {", "struct added; extern int x;\nstruct unreached {", id="unreached added"),
        pytest.param("struct list {", "/* why\n * not */ struct list {\n", id="comment and lines"),
        pytest.param("u32 mode;", "u32\n\tmode; // mode", id="comment in a record"),
        pytest.param("((x) + BASE)", "((x) + BASE + 1)", id="macro with parameters"),
        pytest.param("(BASE << 2)", "(BASE /* by */ << \\\n 2)", id="comment in a macro"),
        pytest.param("return a;", "return a + 1;", id="body of a function"),
        pytest.param("short_one(int a)", "short_one(long a)", id="parameter of an inline function"),
        pytest.param("#define BASE 4", "#define NEW 3\n#define BASE 4", id="unreached macro"),
        pytest.param("struct unreached {", "enum { EXTRA };\nstruct unreached {", id="unreached enum"),
    ],
)
def test_edits_that_change_nothing(make: Make, old: str, new: str) -> None:
    assert changed(make, old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        pytest.param("u32 mode;", "u32 flags;", ["file"], id="name of a field"),
        pytest.param("u32 mode;", "int mode;", ["file"], id="type of a field"),
        pytest.param("u32 mode;", "u32 mode, more;", ["file"], id="field added"),
        pytest.param("next, *prev", "prev, *next", ["list"], id="order of fields"),
        pytest.param("high : 5;\n}", "high : 5;\n} __attribute__((packed))", ["file"], id="packed"),
        pytest.param("high : 5;\n}", "high : 5;\n} __attribute__((aligned(64)))", ["file"], id="aligned"),
        pytest.param("low : 3", "low : 4", ["file"], id="width of a bit-field"),
        pytest.param("*argument)", "*renamed)", ["file"], id="parameter of a function pointer"),
        pytest.param("unsigned int u32", "unsigned long u32", ["file", "u32", "value"], id="typedef"),
        pytest.param("GREEN = 5", "GREEN = 6", ["color"], id="value in an enum"),
        pytest.param("LOOSE = 9", "LOOSE = 10", ["LOOSE"], id="value in an enum without a name"),
        pytest.param("int flags)", "int mode)", ["open_file"], id="name of a parameter"),
        pytest.param("int flags)", "int flags, ...)", ["open_file"], id="variadic"),
        pytest.param("int flags);", 'int flags) __asm__("other");', ["open_file"], id="symbol"),
        pytest.param("int flags);", "int flags) __attribute__((noreturn));", ["open_file"], id="noreturn"),
        pytest.param("int open_file", "static inline int open_file", ["open_file"], id="inline"),
        pytest.param("#define BASE 4", "#define BASE 5", ["FLAG", "value"], id="macro in a macro"),
        pytest.param("#define BASE 4", "#define BASE 4L", ["FLAG"], id="text of a macro"),
        pytest.param("#define FLAG (BASE << 2)\n", "", ["FLAG", "value"], id="macro gone"),
        pytest.param("value = FLAG", "value = FLAG + 1", ["value"], id="value of a constant"),
        pytest.param("static const u32 value = FLAG", "extern const u32 value", ["value"], id="constant to variable"),
    ],
)
def test_edits_that_change_digests(make: Make, old: str, new: str, names: list[str]) -> None:
    # Without FLAG, the constant that uses it would not compile.
    new = new or "#define FLAG() 0\n#undef FLAG\nenum { FLAG = 3 };\n"
    assert changed(make, old, new) == names


def test_the_target_of_a_pointer_is_reached_by_the_fields_name(make: Make) -> None:
    assert "other" in make(names="file")["opaque"]
    assert "other" in make(names="file other")["declarations"]
    assert changed(make, "struct other { int a; };", "struct other { long a; };", "file") == []
    assert changed(make, "struct other { int a; };", "struct other { long a; };", "file call") == ["other"]


def test_the_order_of_declarations_does_not_matter(make: Make) -> None:
    lines = ["enum color { RED, GREEN = 5 };\n", "enum { LOOSE = 9 };\n"]
    assert make() == make(HEADER.replace("".join(lines), "".join(reversed(lines))))


def test_a_definition_may_move_to_another_file(make: Make) -> None:
    line = "struct list { struct list *next, *prev; };\n"
    assert make() == make(HEADER.replace(line, '#include "lists.h"\n'), lists=f"\n\n{line}")


def test_a_macro_counts_where_it_is_defined(make: Make) -> None:
    before = make("#define A 1\n#define B A\n", "B")
    assert before != make("#define B A\n#define A 1\n", "B")
    assert before != make("#define A 1\n#define A 2\n#define B A\n", "B")
    assert before != make("#define A 1\n#define B A\n#undef B\n#define B 3\n", "B")
    # bindgen does not notice that a macro is no more.
    assert before == make("#define A 1\n#define B A\n#undef A\n", "B")
    assert before == make("#if 0\n#define B 2\n#endif\n#define A 1\n#define B A\n", "B")


def test_a_parameter_with_the_name_of_a_macro(make: Make) -> None:
    # bindgen takes this for 1 + 3.
    before = make("#define A 1\n#define F(A) + 3\n", "F")
    assert before != make("#define A 2\n#define F(A) + 3\n", "F")
    assert before != make("#define A 1\n#define F(A) + 4\n", "F")


def test_types_within_types(make: Make) -> None:
    text = "struct outer { struct inner { int a; enum { DEEP = 1 } e; } in; union { int x; long y; }; };\n"
    before = make(text, "outer_inner_DEEP")
    assert sorted(before["declarations"]) == ["outer", "outer_inner"]
    assert before != make(text.replace("DEEP = 1", "DEEP = 2"), "outer_inner_DEEP")
    assert before != make(text.replace("long y", "int y"), "outer_inner_DEEP")
    # bindgen calls it `inner` if that is declared outside first.
    assert before != make(f"struct inner;\n{text}", "outer_inner_DEEP")
    assert before == make(f"{text}struct inner;\n", "outer_inner_DEEP")
    assert sorted(make(text, "outer__bindgen_ty_1")["declarations"]) == ["outer", "outer_inner"]


def test_types_within_an_opaque_type_are_opaque(make: Make) -> None:
    text = "struct cut { struct inner { int a; } in; }; struct top { struct cut *p; };\n"
    assert make(text, "top")["opaque"] == ["cut", "cut_inner", "inner"]


def test_a_type_that_only_a_typedef_names(make: Make) -> None:
    text = "typedef struct { int a; } pages_t;\nstruct top { pages_t *pages; pages_t **more; };\n"
    digests = make(text, "top")
    assert digests["opaque"] == ["pages_t"]
    assert digests == make(text.replace("int a", "long a"), "top")
    assert make(text, "top pages") != make(text.replace("int a", "long a"), "top pages")


def test_a_type_without_content_is_always_opaque(make: Make) -> None:
    assert make("struct a;\nstruct a *get(void);\n", "get a")["opaque"] == ["a"]


def test_a_pointer_to_a_type_without_a_name_is_followed(make: Make) -> None:
    text = "struct top { struct { int a; } *p; };\n"
    assert make(text, "top") != make(text.replace("int a", "long a"), "top")


def test_a_type_that_a_parameter_list_declares_is_a_type_of_its_own(make: Make) -> None:
    text = "struct late { int a; };\n"
    use = "int use(struct late *late);\n"
    assert make(text + use, "use") != make(use + text, "use")


def test_everything_with_a_reached_name_is_reached(make: Make) -> None:
    # bindgen gets names, not kinds: it would write the function, too.
    text = "struct node { int a; };\nstruct top { struct node node; };\nint node(int a);\n"
    assert make(text, "top") != make(text.replace("int node(int a)", "int node(long a)"), "top")


def test_keywords_of_rust(make: Make) -> None:
    text = "struct target { int a; };\nstruct top { struct target *type; };\n"
    assert make(text, "top type_") != make(text.replace("int a", "long a"), "top type_")


def test_declared_names(make: Make, tmp_path: Path) -> None:
    make()
    names = (tmp_path / "declared").read_text().splitlines()
    assert names == sorted(names)
    expected = "u32 list other file color RED color_RED LOOSE BASE FLAG CALLED value short_one open_file unreached"
    assert set(expected.split()) <= set(names)
    # A field's name decides whether its pointer is followed.
    assert {"mode", "target", "next"} <= set(names)
    assert "argument" not in names


def test_the_depfile_has_all_headers(make: Make, tmp_path: Path) -> None:
    make('#include "a b.h"\n#include "c.h"\n', "x", **{"a b": '#include "c.h"\n', "c": "extern int x;\n"})
    found = read_depfile(tmp_path / "depfile", tmp_path)
    assert {path.name for path in found} == {"unit.h", "a b.h", "c.h"}


def test_headers_that_do_not_compile(make: Make) -> None:
    with pytest.raises(HeaderError, match=r"unit\.h:1:.*unknown type name 'nothing'"):
        make("nothing x;\n", "x")
    with pytest.raises(HeaderError, match=r"'none\.h' file not found"):
        make('#include "none.h"\n', "x")


def test_the_fingerprint_says_which_crates_of_kernel_name_a_declaration(tmp_path: Path) -> None:
    (tmp_path / "unit.h").write_text(HEADER)
    texts = {"base.rs": "file", "tree.rs": "file list nowhere", "own.h": "struct list x;", "m.rs": "FLAG"}
    paths = {name: str(write(tmp_path / name, text)) for name, text in texts.items()}
    kernel = {"bindings": [paths["base.rs"]], "kernel_tree": [paths["tree.rs"]], "kernel_none": []}
    sources = {"kernel": kernel, "headers": [paths["own.h"]], "modules": [paths["m.rs"]]}
    fingerprint.write_fingerprint(request(tmp_path, "") | sources)
    found = json.loads((tmp_path / "fingerprint").read_text())
    assert found["named"] == {"bindings": ["file"], "kernel_tree": ["file", "list"], "kernel_none": []}
    assert found["elsewhere"] == ["list"]
    assert {"FLAG", "file", "list"} <= found["declarations"].keys()


def test_the_process_reads_identifiers_from_sources(tmp_path: Path) -> None:
    (tmp_path / "unit.h").write_text(HEADER)
    (tmp_path / "a.rs").write_text("// color_RED\nfn f(file: *mut bindings::file) { unsafe { (*file).target } }\n")
    (tmp_path / "b.c").write_text("SAME_SIZE(struct list, list);\n")
    process_request = request(tmp_path, "") | {"modules": [str(tmp_path / "a.rs"), str(tmp_path / "b.c")]}
    (tmp_path / "request.json").write_text(json.dumps(process_request))
    command = (sys.executable, "-I", library_process.__file__, "bindings.fingerprint", str(tmp_path / "request.json"))
    subprocess.run(command, check=True)
    digests = json.loads((tmp_path / "fingerprint").read_text())
    assert sorted(digests["declarations"]) == ["file", "list", "u32", "unnamed_target"]
    (tmp_path / "unit.h").write_text("nothing x;\n")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "unknown type name 'nothing'" in done.stderr
