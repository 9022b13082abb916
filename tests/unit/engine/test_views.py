# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from scons_kmod.engine.digests import Digests
from scons_kmod.engine.views import ALWAYS_IMPORTED, IDENTIFIERS, SYMBOLS, Seen, View, look, object_symbols

UNIT = """\
extern int imported(void);
extern int weak(void) __attribute__((weak));
extern int unused(void);
static int local(void) { return 1; }
int exported(void) { return imported() + (weak ? weak() : local()); }
int data = 1;
"""


def write(path: Path, text: str) -> Path:
    """A file that was written longer than a tick of the clock ago."""
    path.write_text(text)
    time.sleep(0.02)
    return path


@pytest.fixture(scope="session")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An object."""
    source = tmp_path_factory.mktemp("object") / "unit.c"
    source.write_text(UNIT)
    made = source.with_suffix(".o")
    subprocess.run(("gcc", "-fno-pic", "-c", "-o", made, source), check=True)
    return made


def test_symbols_that_an_object_names(linked: Path) -> None:
    assert object_symbols(linked) == ("data", "exported", "imported", "weak")


def test_an_object_without_symbols_names_none(tmp_path: Path, linked: Path) -> None:
    bare = tmp_path / "bare.o"
    subprocess.run(("objcopy", "--strip-all", linked, bare), check=True)
    assert object_symbols(bare) == ()


def row(name: str, crc: str = "0x1", module: str = "vmlinux", kind: str = "EXPORT_SYMBOL", namespace: str = "") -> str:
    return f"{crc}\t{name}\t{module}\t{kind}\t{namespace}\n"


class Part:
    """What was seen of some files, and what became of it."""

    def __init__(self, directory: Path, kind: str, by: Path, *texts: str) -> None:
        end = "symvers" if kind == SYMBOLS else "rs"
        self.paths = tuple(write(directory / f"{number}.{end}", text) for number, text in enumerate(texts))
        self.seen = look(View(kind, self.paths, by), Digests())

    def changed(self) -> list[str]:
        """The names of the files that changed it, as a later run has them: from JSON, with digests of its own."""
        seen = Seen.from_json(json.loads(json.dumps(self.seen.to_json())))
        return [Path(path).name for path in seen.changed(Digests())]


@pytest.fixture
def symbols(tmp_path: Path, linked: Path) -> Part:
    texts = [row("module_layout") + row("imported") + row("other"), row("weak", module="extra") + row("another")]
    part = Part(tmp_path, SYMBOLS, linked, *texts)
    assert part.changed() == []
    return part


def test_names_are_those_of_the_object_and_what_every_module_imports(symbols: Part) -> None:
    assert symbols.seen.names == tuple(sorted(("data", "exported", "imported", "weak", *ALWAYS_IMPORTED)))


@pytest.mark.parametrize(
    "text",
    [
        row("module_layout") + row("imported") + row("other", crc="0x2"),
        row("module_layout") + row("imported"),
        row("new") + row("imported") + row("module_layout"),
        row("module_layout") + row("imported") + "a line of another form\n\n",
    ],
    ids=["another CRC", "gone", "new and in another order", "a line of another form"],
)
def test_lines_about_other_symbols_do_not_count(symbols: Part, text: str) -> None:
    write(symbols.paths[0], text)
    assert symbols.changed() == []


@pytest.mark.parametrize(
    "line",
    [
        row("imported", crc="0x2"),
        row("imported", module="other"),
        row("imported", kind="EXPORT_SYMBOL_GPL"),
        row("imported", namespace="SPACE"),
        "",
        row("imported") + row("exported"),
        row("imported") + row("weak"),
    ],
    ids=["CRC", "module", "kind", "namespace", "gone", "one that the object exports", "also in another file"],
)
def test_all_that_a_line_says_of_a_named_symbol_counts(symbols: Part, line: str) -> None:
    write(symbols.paths[0], row("module_layout") + line)
    assert symbols.changed() == ["0.symvers"]


def test_what_every_module_imports_counts(symbols: Part) -> None:
    write(symbols.paths[0], row("module_layout", crc="0x2") + row("imported"))
    assert symbols.changed() == ["0.symvers"]


def test_which_of_two_files_has_a_symbol_counts(tmp_path: Path, linked: Path) -> None:
    texts = [row("imported", crc=crc) for crc in ("0x1", "0x2")]
    part = Part(tmp_path, SYMBOLS, linked, *texts)
    for path, text in zip(part.paths, reversed(texts), strict=True):
        write(path, text)
    assert part.changed() == ["0.symvers", "1.symvers"]


def test_a_file_that_is_gone_counts_and_can_come_back(symbols: Part) -> None:
    text = symbols.paths[1].read_text()
    symbols.paths[1].unlink()
    assert symbols.changed() == ["1.symvers"]
    write(symbols.paths[1], text)
    assert symbols.changed() == []


def test_bytes_that_are_no_text_do_not_hide_a_change(symbols: Part) -> None:
    line = row("imported").encode()
    symbols.paths[0].write_bytes(row("module_layout").encode() + line + b"0x3\t\xff\tvmlinux\tEXPORT_SYMBOL\t\n")
    time.sleep(0.02)
    assert symbols.changed() == []
    symbols.paths[0].write_bytes(row("module_layout").encode() + line.replace(b"EXPORT", b"\xff"))
    assert symbols.changed() == ["0.symvers"]


def test_without_the_object_there_is_no_part(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Part(tmp_path, SYMBOLS, tmp_path / "absent.o", row("x"))


# Identifiers.


@pytest.fixture
def identifiers(tmp_path: Path) -> Part:
    by = write(tmp_path / "declared", "file\ninode\ntype\nspinlock\n")
    part = Part(tmp_path, IDENTIFIERS, by, "fn f(file: u32) {}\n", "fn g(local: u32) {}\n")
    assert part.changed() == []
    return part


@pytest.mark.parametrize(
    "text",
    [
        "fn g(another: u32, local: u32) {}\n",
        "// inode\nfn g(local: u32) {}\n",
        "/// [`inode`]\nfn g(local: u32) {}\n",
        "fn g(inodes: u32) {}\n",
        "fn g(file: u32) {}\n",
        "",
    ],
    ids=["not declared", "in a comment", "in documentation", "a part of a word", "known from the other file", "none"],
)
def test_names_that_add_nothing_do_not_count(identifiers: Part, text: str) -> None:
    write(identifiers.paths[1], text)
    assert identifiers.changed() == []


@pytest.mark.parametrize("word", ["inode", "type_", "spinlock__bindgen_ty_1"])
def test_a_declared_name_counts_also_as_bindgen_spells_it(identifiers: Part, word: str) -> None:
    write(identifiers.paths[1], f"fn g(local: bindings::{word}) {{}}\n")
    assert identifiers.changed() == ["1.rs"]


def test_a_name_that_moves_to_another_file_does_not_count(identifiers: Part) -> None:
    write(identifiers.paths[0], "fn f() {}\n")
    assert identifiers.changed() == ["0.rs"]
    write(identifiers.paths[1], "fn g(file: u32) {}\n")
    assert identifiers.changed() == []


def test_a_source_that_is_gone_counts(identifiers: Part) -> None:
    identifiers.paths[1].unlink()
    assert identifiers.changed() == ["1.rs"]


def test_without_the_list_of_names_any_other_source_counts(identifiers: Part) -> None:
    by = Path(identifiers.seen.by)
    by.unlink()
    assert identifiers.changed() == []
    write(identifiers.paths[1], "fn h() {}\n")
    assert identifiers.changed() == ["1.rs"]


def test_a_damaged_list_of_names_is_no_end_of_the_build(identifiers: Part) -> None:
    Path(identifiers.seen.by).write_bytes(b"\xff\xfe\nfile\ninode\n")
    write(identifiers.paths[1], "fn g(inode: u32) {}\n")
    assert identifiers.changed() == ["1.rs"]


def test_c_sources_have_identifiers_too(tmp_path: Path) -> None:
    by = write(tmp_path / "declared", "file\ninode\n")
    source = write(tmp_path / "layout.c", "SIZE(file); /* inode */\n")
    seen = look(View(IDENTIFIERS, (source,), by), Digests())
    write(source, "/* another */ SIZE(file);\n")
    assert seen.changed(Digests()) == []
    write(source, "SIZE(file); SIZE(inode);\n")
    assert seen.changed(Digests()) == [str(source)]


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {},
        [],
        ["symbols", ["/a"], [], "/by", [None], ["piece"]],
        ["symbols", ["/a"], [], "/by", [None, None], ["piece"], "part"],
        ["symbols", None, [], "/by", [None], ["piece"], "part"],
    ],
)
def test_a_record_of_another_form_is_refused(raw: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        Seen.from_json(raw)  # type: ignore[arg-type]
