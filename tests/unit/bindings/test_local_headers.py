# SPDX-License-Identifier: MIT
"""Local bindings: own headers, read by the real libclang and bindgen, and their C code, compiled by the real gcc."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scons_kmod.base.run_log import RunLog
from scons_kmod.bindings import local_headers
from scons_kmod.distro.sysroot import THIS_MACHINE
from scons_kmod.distro.target_choice import default_target
from scons_kmod.distro.target_file import read_targets
from scons_kmod.engine.depfile import read_depfile
from scons_kmod.kernel.tool_finder import ToolFinder

# The tools that kernels of this system ask for.
NEED = default_target(read_targets(Path(__file__).resolve().parents[3] / "targets")).toolchain
LIBCLANG = ToolFinder(THIS_MACHINE, RunLog(), Path()).find_libclang(NEED.libclang)
KERNEL = """\
typedef unsigned int u32;
struct list_head { struct list_head *next, *prev; };
struct lock { union { struct { int a; } raw; long b; }; };
struct late { struct list_head entry; };
struct opaque { int a; };
static inline int of_the_kernel(void) { return 1; }
int kernel_function(void);
"""
# The kernel's bindings: they lack some of its types, and one type has no content.
SHARED = """\
pub struct list_head { pub next : * mut list_head , pub prev : * mut list_head , }
pub struct lock { pub __bindgen_anon_1 : lock__bindgen_ty_1 , }
pub union lock__bindgen_ty_1 { pub b : core :: ffi :: c_long , }
pub struct mine__bindgen_ty_1 { pub other : u8 , }
pub struct mine { pub other : u8 , }
pub struct opaque { _opaque: [u8; 0] }
"""
HEADER = """\
#include "kernel.h"
#define BEST 7
enum kind { A, B = 4 };
struct mine {
	struct list_head entry;
	struct lock lock;
	u32 low : 3;
	enum kind kind;
	union { u32 whole; unsigned char bytes[4]; };
	struct { int x; u32 whole; } place;
	u32 *many[BEST];
};
typedef struct { struct late late; struct opaque *opaque; } mine_t;
struct open { int count; u32 rest[]; };
int function(struct mine *mine);
static inline u32 sum(const struct mine *mine, u32 (*one)(u32 *), ...) { return mine->whole; }
static inline u32 first(const struct mine *mine, u32 (*one)(u32 *)) { return one(mine->many[0]); }
static void plain(void) { }
static struct mine *match(struct mine *match) { return match; }
static int declared(void);
"""

Make = Callable[..., str]


class LocalBindings:
    """A directory with a module's header, and its local bindings."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.module = directory / "my module: 1+1"
        self.module.mkdir()
        (directory / "kernel.h").write_text(KERNEL)

    def text(self, name: str) -> str:
        return (self.directory / name).read_text()

    def request(self, **patterns: list[str]) -> dict[str, Any]:
        shared = self.directory / "shared.rs"
        shared.write_text(SHARED)
        header = self.module / "own.h"
        (self.directory / "unit.h").write_text(f'#include "{header}"\n')
        names = ("prototypes.h", "raw", "bindings", "callers.c", "layout.c", "depfile")
        args = ["--use-core", "--ctypes-prefix=core::ffi", "--with-derive-default", "--no-rustfmt-bindings"]
        return {
            "libclang": LIBCLANG,
            "unit": str(self.directory / "unit.h"),
            "flags": ["-std=gnu11", "-w", f"-I{self.directory}"],
            "includes": f'#include "{header}"\n',
            "headers": [str(header)],
            "directories": [str(self.module)],
            "shared": str(shared),
            "crate": "echo",
            "bindgen": ["bindgen", str(self.directory / "prototypes.h"), *args],
            **{"allow": [], "block": [], "opaque": [], **patterns},
            **{name.partition(".")[0]: str(self.directory / name) for name in names},
        }

    def make(self, text: str = HEADER, **patterns: list[str]) -> str:
        """The bindings of a header."""
        (self.module / "own.h").write_text(text)
        assert local_headers.main(self.request(**patterns)) == 0
        return self.text("bindings")

    def gcc_messages(self, name: str, *flags: str) -> str:
        """gcc's messages about one of the C sources."""
        argv = ["gcc", "-std=gnu11", "-Wall", "-Wmissing-prototypes", "-Wno-unused", "-fsyntax-only"]
        argv += [f"-I{self.directory}", '-DFOR=""', *flags, str(self.directory / name)]
        done = subprocess.run(
            argv, capture_output=True, text=True, check=False, env={"LC_ALL": "C", "PATH": "/usr/bin"}
        )
        return done.stderr


@pytest.fixture
def bindings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalBindings:
    monkeypatch.setenv("LIBCLANG_PATH", LIBCLANG)
    return LocalBindings(tmp_path)


def defined(rust: str) -> set[str]:
    """The names of the structures and unions in bindings."""
    return set(re.findall(r"\bpub (?:struct|union) (\w+)", rust)) - {"__BindgenBitfieldUnit", "__IncompleteArrayField"}


def functions(rust: str) -> set[str]:
    return set(re.findall(r"\bpub fn (\w+)", " ".join(re.findall(r'extern "C" \{.*', rust))))


def test_types_in_the_kernels_bindings_are_not_written_again(bindings: LocalBindings) -> None:
    rust = bindings.make()
    own = {"mine", "mine__bindgen_ty_1", "mine__bindgen_ty_2", "mine_t", "open"}
    # The kernel's bindings lack this one: only its size is known.
    assert defined(rust) == {*own, "late"}
    assert "pub struct late { pub _bindgen_opaque_blob : [u64 ; 2usize] , }" in rust
    assert "pub entry : list_head , pub lock : lock ," in rust
    assert "pub opaque : * mut opaque ," in rust


def test_a_field_of_a_type_that_the_kernels_bindings_only_point_to_has_its_size(bindings: LocalBindings) -> None:
    rust = bindings.make(f"{HEADER}struct whole {{ struct opaque parts[2]; struct lock *lock; }};\n")
    assert "pub struct opaque { pub _bindgen_opaque_blob : u32 , }" in rust
    assert "pub struct whole { pub parts : [opaque ; 2usize] , pub lock : * mut lock , }" in rust


def test_a_module_may_have_a_type_with_the_name_of_a_kernel_type(bindings: LocalBindings) -> None:
    assert "pub struct mine { pub entry : list_head ," in bindings.make()
    assert "pub union mine__bindgen_ty_1 { pub whole : u32_ ," in bindings.text("bindings")


def test_constants(bindings: LocalBindings) -> None:
    rust = bindings.make()
    assert "pub const BEST : u32 = 7 ;" in rust
    assert "pub const kind_B : kind = 4 ;" in rust


def test_static_functions_have_callers(bindings: LocalBindings) -> None:
    rust = bindings.make()
    assert functions(rust) == {"function", "first", "plain", "match_"}
    assert '# [link_name = "echo_calls_match"] pub fn match_ (parameter_0 : * mut mine) -> * mut mine ;' in rust
    assert bindings.gcc_messages("callers.c") == ""
    assert "\treturn first(mine, one);\n" in bindings.text("callers.c")
    assert "\tplain();\n" in bindings.text("callers.c")
    assert "sum" not in bindings.text("callers.c"), "a caller can't pass on its parameters"
    assert "of_the_kernel" not in bindings.text("callers.c")


def test_a_parameter_without_a_name_and_types_that_only_clang_can_name(bindings: LocalBindings) -> None:
    rust = bindings.make("static void f(struct { int a; } *unnamed) { }\nstatic int g(int, int b) { return b; }\n")
    assert functions(rust) == {"g"}
    assert "\treturn g(parameter_0, b);\n" in bindings.text("callers.c")


def test_layouts_are_those_of_gcc(bindings: LocalBindings) -> None:
    bindings.make()
    assert bindings.gcc_messages("layout.c") == ""
    text = bindings.text("layout.c")
    assert 'SAME("struct mine: the field whole of 4 bytes at byte 32"' in text, "of the union without a name"
    assert 'SAME("struct mine: the field place of 8 bytes at byte 36"' in text
    assert 'SAME("mine_t: a size of 24"' in text
    assert 'SAME("struct open: the field rest of' in text
    assert "the field low" not in text, "a bit field has no address"
    assert "list_head:" not in text, "the kernel's"


@pytest.mark.parametrize(
    ("old", "new", "complaints"),
    [
        (
            "u32 *many[BEST];",
            "u32 *many[BEST MORE];",
            [
                "struct mine: a size of 104 for Rust, not so for C",
                "struct mine: the field many of 56 bytes at byte 48 for Rust, not so for C",
            ],
        ),
        (
            "enum kind { A, B = 4 };",
            "enum kind { A, B = 4 } PACKED;",
            ["enum kind: a size of 4 for Rust, not so for C"],
        ),
        (
            "int x; u32 whole;",
            "int x; u32 whole OTHER;",
            ["struct mine: the field place of 8 bytes at byte 36 for Rust, not so for C"],
        ),
    ],
)
def test_a_type_with_another_layout_in_c_is_named(
    bindings: LocalBindings, old: str, new: str, complaints: list[str]
) -> None:
    other = "#ifdef WIDE\n#define MORE +1\n#define PACKED __attribute__((packed))\n#define OTHER ; int y\n#else\n"
    other += "#define MORE\n#define PACKED\n#define OTHER\n#endif\n"
    assert old in HEADER
    bindings.make(other + HEADER.replace(old, new))
    assert bindings.gcc_messages("layout.c") == ""
    messages = bindings.gcc_messages("layout.c", "-DWIDE", '-DFOR=" with the flags of a.c"')
    for complaint in complaints:
        text = f'static assertion failed: "{complaint} with the flags of a.c: both must see the same; look for defines'
        assert text in messages


def test_patterns(bindings: LocalBindings) -> None:
    rust = bindings.make(block=["fir.*", "function", "BEST"], opaque=["mine_t"])
    assert functions(rust) == {"plain", "match_"}
    assert "BEST" not in rust
    assert "pub struct mine_t { pub _bindgen_opaque_blob" in rust
    assert "first" not in bindings.text("callers.c")
    rust = bindings.make(allow=["mine_t", "fir..|kind_.*"])
    assert functions(rust) == {"first"}
    assert defined(rust) == {"mine", "mine__bindgen_ty_1", "mine__bindgen_ty_2", "mine_t", "late"}
    assert "BEST" not in rust
    assert "struct open" not in bindings.text("layout.c"), "Rust does not see it"


def test_comments_and_the_order_of_declarations_do_not_matter(bindings: LocalBindings) -> None:
    names = ("bindings", "callers.c", "layout.c")
    bindings.make()
    before = [bindings.text(name) for name in names]
    bindings.make(f"/* Nothing\n */\n{HEADER}")
    assert [bindings.text(name) for name in names] == before
    function = "int function(struct mine *mine);\n"
    bindings.make(HEADER.replace(function, "") + function)
    assert bindings.text("bindings") == before[0]


def test_the_body_of_a_function_does_not_matter(bindings: LocalBindings) -> None:
    before = bindings.make(), bindings.text("callers.c")
    assert (bindings.make(HEADER.replace("return match;", "return match + 1;")), bindings.text("callers.c")) == before


@pytest.mark.parametrize("bad", ["struct mine2 { struct nowhere a; };", "static inline int f(void) { return x; }"])
def test_an_error_names_file_and_line(bindings: LocalBindings, capfd: pytest.CaptureFixture[str], bad: str) -> None:
    (bindings.module / "own.h").write_text(f"\n{bad}\n")
    assert local_headers.main(bindings.request()) == 1
    assert re.match(rf"{re.escape(str(bindings.module))}/own\.h:2:\d+: error: ", capfd.readouterr().err)


def test_the_depfile_has_all_files_that_were_read(bindings: LocalBindings) -> None:
    bindings.make()
    read = {path.name for path in read_depfile(bindings.directory / "depfile", bindings.directory)}
    assert {"own.h", "kernel.h"} <= read
