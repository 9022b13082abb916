# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from scons_kmod.engine.digests import Digests
from scons_kmod.engine.views import ALWAYS_IMPORTED, IDENTIFIERS, SYMBOLS, View, ViewSeen, view_now


def write(path: Path, text: str) -> Path:
    """A file that was written longer than a tick of the clock ago."""
    path.write_text(text)
    time.sleep(0.02)
    return path


def row(name: str, crc: str = "0x1", module: str = "vmlinux", kind: str = "EXPORT_SYMBOL", namespace: str = "") -> str:
    return f"{crc}\t{name}\t{module}\t{kind}\t{namespace}\n"


class SeenView:
    """A view of files as it was seen, to be compared with what became of them."""

    def __init__(self, directory: Path, kind: str, by: Path, *texts: str) -> None:
        end = "symvers" if kind == SYMBOLS else "rs"
        self.paths = tuple(write(directory / f"{number}.{end}", text) for number, text in enumerate(texts))
        self.seen = view_now(View(kind, self.paths, (by,)), Digests())

    def changed_files(self) -> list[str]:
        """The names of the files that changed it, as a later run has them: from JSON, with digests of its own."""
        seen = ViewSeen.from_json(json.loads(json.dumps(self.seen.to_json())))
        return [Path(path).name for path in seen.changed_files(Digests())]


@pytest.fixture
def symbols(tmp_path: Path, compiled: Path) -> SeenView:
    texts = [row("module_layout") + row("imported") + row("other"), row("weak", module="extra") + row("another")]
    part = SeenView(tmp_path, SYMBOLS, compiled, *texts)
    assert part.changed_files() == []
    return part


def test_names_are_those_of_the_object_and_what_every_module_imports(symbols: SeenView) -> None:
    assert symbols.seen.names == tuple(sorted(("common", "data", "exported", "imported", "weak", *ALWAYS_IMPORTED)))


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
def test_lines_about_other_symbols_do_not_count(symbols: SeenView, text: str) -> None:
    write(symbols.paths[0], text)
    assert symbols.changed_files() == []


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
def test_all_that_a_line_says_of_a_named_symbol_counts(symbols: SeenView, line: str) -> None:
    write(symbols.paths[0], row("module_layout") + line)
    assert symbols.changed_files() == ["0.symvers"]


def test_what_every_module_imports_counts(symbols: SeenView) -> None:
    write(symbols.paths[0], row("module_layout", crc="0x2") + row("imported"))
    assert symbols.changed_files() == ["0.symvers"]


def test_which_of_two_files_has_a_symbol_counts(tmp_path: Path, compiled: Path) -> None:
    texts = [row("imported", crc=crc) for crc in ("0x1", "0x2")]
    part = SeenView(tmp_path, SYMBOLS, compiled, *texts)
    for path, text in zip(part.paths, reversed(texts), strict=True):
        write(path, text)
    assert part.changed_files() == ["0.symvers", "1.symvers"]


def test_a_file_that_is_gone_counts_and_can_come_back(symbols: SeenView) -> None:
    text = symbols.paths[1].read_text()
    symbols.paths[1].unlink()
    assert symbols.changed_files() == ["1.symvers"]
    write(symbols.paths[1], text)
    assert symbols.changed_files() == []


def test_bytes_that_are_no_text_do_not_hide_a_change(symbols: SeenView) -> None:
    line = row("imported").encode()
    symbols.paths[0].write_bytes(row("module_layout").encode() + line + b"0x3\t\xff\tvmlinux\tEXPORT_SYMBOL\t\n")
    time.sleep(0.02)
    assert symbols.changed_files() == []
    symbols.paths[0].write_bytes(row("module_layout").encode() + line.replace(b"EXPORT", b"\xff"))
    assert symbols.changed_files() == ["0.symvers"]


def test_without_the_object_there_is_no_part(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        SeenView(tmp_path, SYMBOLS, tmp_path / "absent.o", row("x"))


# Identifiers.


@pytest.fixture
def identifiers(tmp_path: Path) -> SeenView:
    by = write(tmp_path / "declared", "file\ninode\ntype\nspinlock\n")
    part = SeenView(tmp_path, IDENTIFIERS, by, "fn f(file: u32) {}\n", "fn g(local: u32) {}\n")
    assert part.changed_files() == []
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
def test_names_that_add_nothing_do_not_count(identifiers: SeenView, text: str) -> None:
    write(identifiers.paths[1], text)
    assert identifiers.changed_files() == []


@pytest.mark.parametrize("word", ["inode", "type_", "spinlock__bindgen_ty_1"])
def test_a_declared_name_counts_also_as_bindgen_spells_it(identifiers: SeenView, word: str) -> None:
    write(identifiers.paths[1], f"fn g(local: bindings::{word}) {{}}\n")
    assert identifiers.changed_files() == ["1.rs"]


def test_a_name_that_moves_to_another_file_does_not_count(identifiers: SeenView) -> None:
    write(identifiers.paths[0], "fn f() {}\n")
    assert identifiers.changed_files() == ["0.rs"]
    write(identifiers.paths[1], "fn g(file: u32) {}\n")
    assert identifiers.changed_files() == []


def test_a_source_that_is_gone_counts(identifiers: SeenView) -> None:
    identifiers.paths[1].unlink()
    assert identifiers.changed_files() == ["1.rs"]


def test_without_the_list_of_names_any_other_source_counts(identifiers: SeenView) -> None:
    names_list = Path(identifiers.seen.names_from)
    names_list.unlink()
    assert identifiers.changed_files() == []
    write(identifiers.paths[1], "fn h() {}\n")
    assert identifiers.changed_files() == ["1.rs"]


def test_a_damaged_list_of_names_is_no_end_of_the_build(identifiers: SeenView) -> None:
    Path(identifiers.seen.names_from).write_bytes(b"\xff\xfe\nfile\ninode\n")
    write(identifiers.paths[1], "fn g(inode: u32) {}\n")
    assert identifiers.changed_files() == ["1.rs"]


def test_c_sources_have_identifiers_too(tmp_path: Path) -> None:
    by = write(tmp_path / "declared", "file\ninode\n")
    source = write(tmp_path / "layout.c", "SIZE(file); /* inode */\n")
    seen = view_now(View(IDENTIFIERS, (source,), (by,)), Digests())
    write(source, "/* another */ SIZE(file);\n")
    assert seen.changed_files(Digests()) == []
    write(source, "SIZE(file); SIZE(inode);\n")
    assert seen.changed_files(Digests()) == [str(source)]


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
        ViewSeen.from_json(raw)  # type: ignore[arg-type]
