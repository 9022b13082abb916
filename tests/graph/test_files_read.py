# SPDX-License-Identifier: MIT
"""Files that compilers read without listing them, and files that they look for in vain: an edit of one reaches the .ko.

Each case is a module. All of them are built, edited and built again; then they are what a clean build makes.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from checkout import OwnProject

C = """\
// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
{}
MODULE_DESCRIPTION("Reads files");
MODULE_LICENSE("GPL");
"""
ASM_IN_C = """\
asm(".pushsection .rodata\\n.globl data\\ndata:\\n.{}\\n.popsection\\n");
extern const char data[];
const char *where_data_is(void);
const char *where_data_is(void)
{{
	return data;
}}"""
ASM = """\
/* SPDX-License-Identifier: GPL-2.0 */
	.section .rodata, "a"
	.globl data
data:
	.{}
"""
RUST = """\
// SPDX-License-Identifier: GPL-2.0
#![no_std]
#![feature(allocator_api, global_asm)]
use kernel::prelude::*;

module! {{
    type: Module,
    name: b"{}",
    author: b"the authors",
    description: b"Reads files",
    license: b"GPL",
    params: {{}},
}}

struct Module;

{}

impl KernelModule for Module {{
    fn init() -> Result<Self> {{
        pr_info!("{{}}\\n", VALUE);
        Ok(Module)
    }}
}}
"""


@dataclasses.dataclass(frozen=True)
class Case:
    """A module, and an edit of it: a file with another text, a new file, or (None) one that is removed."""

    files: dict[str, str]
    edited: str
    text: str | None
    manifest: str = ""

    def write(self, directory: Path) -> None:
        for name, text in self.files.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(text)

    def edit(self, directory: Path) -> None:
        path = directory / self.edited
        if self.text is None:
            path.unlink()
        else:
            path.write_text(self.text)


INCLUDE = 'include = ["first", "second"]\n'
IN_C = C.format(ASM_IN_C.format('incbin \\"payload\\"'))
ASKING = C.format("#if __has_include({0})\n#include {0}\n#else\n#define VALUE 1\n#endif\nconst int value = VALUE;")
VALUE = C.format('#include "outer.h"\nconst int value = VALUE;')
FIRST_VALUE, SECOND_VALUE = "#define VALUE 1\n", "#define VALUE 2\n"
CASES = {
    "incbin_in_c": Case({"m.c": IN_C, "second/payload": "one"}, "second/payload", "two", INCLUDE),
    "incbin_found_before": Case({"m.c": IN_C, "second/payload": "one"}, "first/payload", "two", INCLUDE),
    "incbin": Case(
        {"m.c": C.format(""), "a.S": ASM.format('incbin "payload"'), "first/payload": "one"},
        "first/payload",
        "two",
        INCLUDE,
    ),
    "include_in_assembly": Case(
        {"m.c": C.format(""), "a.S": ASM.format('include "values.inc"'), "first/values.inc": ".byte 1\n"},
        "first/values.inc",
        ".byte 2\n",
        INCLUDE,
    ),
    "asks_quoted": Case({"m.c": ASKING.format('"extra.h"')}, "extra.h", SECOND_VALUE),
    "asks_angled": Case({"m.c": ASKING.format("<extra.h>")}, "second/extra.h", SECOND_VALUE, INCLUDE),
    "asks_removed": Case({"m.c": ASKING.format('"extra.h"'), "extra.h": SECOND_VALUE}, "extra.h", None),
    "beside_the_header": Case(
        {"m.c": VALUE, "first/outer.h": '#include "inner.h"\n', "second/inner.h": FIRST_VALUE},
        "first/inner.h",
        SECOND_VALUE,
        INCLUDE,
    ),
    "beside_the_first": Case(
        {
            "m.c": C.format("const int value = VALUE;"),
            "part/outer.h": '#include "inner.h"\n',
            "second/inner.h": FIRST_VALUE,
        },
        "part/inner.h",
        SECOND_VALUE,
        f'{INCLUDE}include-first = ["part/outer.h"]\n',
    ),
    "system_header": Case(
        {"m.c": VALUE, "outer.h": '#pragma GCC system_header\n#include "inner.h"\n', "inner.h": FIRST_VALUE},
        "inner.h",
        SECOND_VALUE,
    ),
    "rust_in_a_header": Case(
        {"code.h": "pub const VALUE: u32 = column!();\n", "m.rs": 'include!("code.h");'},
        "code.h",
        "pub const VALUE: u32 =  column!();\n",
    ),
    "rust_text_by_a_macro": Case(
        {
            "m.rs": 'const VALUE: &str = texts::text!("note.rs");',
            "note.rs": "// One.\n",
            "texts/src/lib.rs": "#![no_std]\n#[macro_export]\nmacro_rules! text {\n"
            "    ($name:expr) => {\n        include_str!($name)\n    };\n}\n",
        },
        "note.rs",
        "// Two.\n",
        '[crates.texts]\npath = "texts"\n',
    ),
    "rust_incbin": Case(
        {
            "m.rs": "const VALUE: u32 = 0;\ncore::arch::global_asm!(\n"
            r'    ".pushsection .init.rodata\n.incbin \"../../../../../../modules/rust_incbin/payload\"\n.popsection"'
            "\n);",
            "payload": "one",
        },
        "payload",
        "two",
    ),
}


def written(path: Path) -> OwnProject:
    """A project with all modules, before their edits."""
    project = OwnProject(path)
    for name, case in CASES.items():
        rust = "m.rs" in case.files
        sources = "" if rust else '[c]\nsources = ["*.[cS]"]\n'
        files = {file: RUST.format(name, text) if file == "m.rs" else text for file, text in case.files.items()}
        root = 'root = "m.rs"\n' if rust else ""
        project.module(name, {}, f'[module]\nname = "{name}"\n{root}\n{sources}{case.manifest}')
        for directory in ("first", "second"):
            (project.path / "modules" / name / directory).mkdir()
        dataclasses.replace(case, files=files).write(project.path / "modules" / name)
    return project


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """The modules before the edits, after them, and as a clean build makes them after the edits."""
    project, other = (written(tmp_path_factory.mktemp("files-read") / name) for name in ("project", "other"))
    project.scons()
    before = project.modules()
    project.scons()
    assert project.ran() == []
    for path in (project.path, other.path):
        for name, case in CASES.items():
            case.edit(path / "modules" / name)
    project.scons()
    other.scons()
    return before, project.modules(), other.modules()


@pytest.mark.parametrize("name", CASES)
def test_an_edit_reaches_the_module(built: tuple[dict[str, str], dict[str, str], dict[str, str]], name: str) -> None:
    before, after, clean = (modules[f"{name}.ko"] for modules in built)
    assert after == clean
    assert after != before
